"""Delivery of invoices to payment gateways."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from atlas_hub.db.columns import created, id_column, jsonb, numeric, utc


class Delivery(SQLModel, table=True):
    """One invoice at one payment connection, and the gateway's last known word on it."""

    __tablename__ = "delivery"
    __table_args__ = (
        UniqueConstraint("invoice_id", "connection_id"),
        UniqueConstraint("connection_id", "vendor_id"),
        Index(
            "delivery_unsettled",
            "connection_id",
            postgresql_where=text("status not in ('paid', 'void', 'uncollectible')"),
        ),
    )
    id: str = id_column("dlv")
    invoice_id: str = Field(foreign_key="invoice.id")
    connection_id: str = Field(foreign_key="connection.id")
    vendor_id: str | None = None
    # pending | open | action_required | failed | paid | void | uncollectible
    status: str = "pending"
    amount_paid: Decimal = numeric(default=Decimal(0))
    url: str | None = None
    detail: str | None = None
    created_at: datetime = created()
    updated_at: datetime = created()


class Intent(SQLModel, table=True):
    """A vendor write that was decided, committed before the call that carries it out.

    `parameters` are what is sent, byte for byte, on every try of the same intent; the intent's id
    is the idempotency key. `result` is the vendor's answer, as far as later steps need it.
    """

    __tablename__ = "intent"
    __table_args__ = (UniqueConstraint("delivery_id", "step"),)
    id: str = id_column("itn")
    delivery_id: str = Field(foreign_key="delivery.id")
    step: str
    parameters: dict[str, Any] = jsonb(default={})
    state: str = "prepared"  # prepared | done | refused
    first_sent_at: datetime | None = utc(default=None)
    result: dict[str, Any] | None = jsonb(default=None)
    error: str | None = None
    created_at: datetime = created()


class InboundWebhook(SQLModel, table=True):
    """A verified message from a gateway, stored before it is answered."""

    __tablename__ = "inbound_webhook"
    __table_args__ = (UniqueConstraint("connection_id", "vendor_event_id"),)
    id: str = id_column("whk")
    connection_id: str = Field(foreign_key="connection.id")
    vendor_event_id: str
    type: str
    received_at: datetime = created()


class PollCursor(SQLModel, table=True):
    """Where the last poll of a connection's changes ended."""

    __tablename__ = "poll_cursor"
    connection_id: str = Field(foreign_key="connection.id", primary_key=True)
    cursor: str | None = None
    polled_at: datetime = utc()
