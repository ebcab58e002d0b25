"""Webhook endpoints: where events are sent."""

from atlas_hub_stripe.sandbox.objects import API_VERSION, Object, deleted, merged_metadata
from atlas_hub_stripe.sandbox.paging import page
from atlas_hub_stripe.sandbox.params import (
    EXPAND,
    PAGE,
    Boolean,
    Choice,
    Field,
    ListOf,
    Metadata,
    Text,
)
from atlas_hub_stripe.sandbox.routes import Call, Route

EVENT_TYPES = Text(pattern=r"\*|[a-z0-9_]+(\.[a-z0-9_]+)+")
URL = Text(required=True, pattern=r"https?://\S+")
CREATE: dict[str, Field] = EXPAND | {
    "api_version": Choice((API_VERSION,)),
    "description": Text(),
    "enabled_events": ListOf(EVENT_TYPES, required=True),
    "metadata": Metadata(),
    "url": URL,
}
UPDATE: dict[str, Field] = EXPAND | {
    "description": Text(),
    "disabled": Boolean(),
    "enabled_events": ListOf(EVENT_TYPES),
    "metadata": Metadata(),
    "url": Text(pattern=r"https?://\S+"),
}


def create(call: Call) -> Object:
    """POST /v1/webhook_endpoints: the only answer that carries the signing secret."""
    params = call.params
    endpoint = call.account.webhook_endpoints.add(
        {
            "object": "webhook_endpoint",
            "api_version": params.get("api_version"),
            "application": None,
            "created": call.account.now(),
            "description": params.get("description"),
            "enabled_events": params["enabled_events"],
            "livemode": False,
            "metadata": merged_metadata({}, params.get("metadata") or {}),
            "status": "enabled",
            "url": params["url"],
        }
    )
    call.account.touch()
    return endpoint | {"secret": call.account.webhook_secret}


def retrieve(call: Call) -> Object:
    """GET /v1/webhook_endpoints/{webhook_endpoint}."""
    return call.account.webhook_endpoints.in_path(call.target)


def update(call: Call) -> Object:
    """POST /v1/webhook_endpoints/{webhook_endpoint}."""
    endpoint = call.account.webhook_endpoints.in_path(call.target)
    plain = ("description", "enabled_events", "url")
    changes: Object = {name: call.params[name] for name in plain if name in call.params}
    if "metadata" in call.params:
        changes["metadata"] = merged_metadata(endpoint["metadata"], call.params["metadata"])
    if "disabled" in call.params:
        changes["status"] = "disabled" if call.params["disabled"] else "enabled"
    call.account.update(endpoint, changes)
    call.account.touch()
    return endpoint


def delete(call: Call) -> Object:
    """DELETE /v1/webhook_endpoints/{webhook_endpoint}."""
    endpoint = call.account.webhook_endpoints.in_path(call.target)
    call.account.webhook_endpoints.remove(endpoint)
    call.account.touch()
    return deleted(endpoint)


def listed(call: Call) -> Object:
    """GET /v1/webhook_endpoints."""
    return page(call.account.webhook_endpoints.newest_first(), call.params, call.path)


ROUTES = [
    Route("POST", "/v1/webhook_endpoints", CREATE, create),
    Route("GET", "/v1/webhook_endpoints", PAGE, listed),
    Route("GET", "/v1/webhook_endpoints/{webhook_endpoint}", EXPAND, retrieve),
    Route("POST", "/v1/webhook_endpoints/{webhook_endpoint}", UPDATE, update),
    Route("DELETE", "/v1/webhook_endpoints/{webhook_endpoint}", {}, delete),
]
