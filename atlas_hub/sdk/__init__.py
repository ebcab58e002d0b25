"""All that a plugin may import."""

from atlas_hub.sdk.connector import Check, ConnectionSettings, Connector, Sandbox
from atlas_hub.sdk.errors import (
    AuthFailed,
    ConnectorError,
    InvalidSignature,
    NotReady,
    RateLimited,
    Rejected,
    SchemaDrift,
    UnknownOutcome,
)
from atlas_hub.sdk.hookspecs import API_VERSION, hookimpl
from atlas_hub.sdk.payments import (
    INVOICE_STEP,
    Changes,
    GatewayState,
    GatewayStatus,
    JsonObject,
    PaymentCustomer,
    PaymentGateway,
    PaymentInvoice,
    PaymentLine,
    Signal,
    Steps,
)

__all__ = [
    "API_VERSION",
    "INVOICE_STEP",
    "AuthFailed",
    "Changes",
    "Check",
    "ConnectionSettings",
    "Connector",
    "ConnectorError",
    "GatewayState",
    "GatewayStatus",
    "InvalidSignature",
    "JsonObject",
    "NotReady",
    "PaymentCustomer",
    "PaymentGateway",
    "PaymentInvoice",
    "PaymentLine",
    "RateLimited",
    "Rejected",
    "Sandbox",
    "SchemaDrift",
    "Signal",
    "Steps",
    "UnknownOutcome",
    "hookimpl",
]
