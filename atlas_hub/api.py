"""The application: every room's routes on one FastAPI app."""

from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from atlas_hub.access import api as access
from atlas_hub.access.guard import KeyGuard
from atlas_hub.billing import api as billing
from atlas_hub.catalog import api as catalog
from atlas_hub.connections import api as connections
from atlas_hub.customers import api as customers
from atlas_hub.http import problems
from atlas_hub.http.headers import SecurityHeaders
from atlas_hub.http.limits import BodyLimit
from atlas_hub.hub import Hub
from atlas_hub.operations import api as operations
from atlas_hub.payments import api as payments
from atlas_hub.subscriptions import api as subscriptions
from atlas_hub.sync import api as sync
from atlas_hub.usage import api as usage

MAX_BODY_BYTES: Final = 12 * 1024 * 1024  # a little above what events may take, which say it better

_ROOMS: Final = (
    access, billing, catalog, connections, customers,
    operations, payments, subscriptions, sync, usage,
)  # fmt: skip


def create_app(hub: Hub) -> FastAPI:
    """Build the application around the parts in `hub`, which the caller opens and closes."""
    app = FastAPI(
        title="Atlas Hub",
        version=operations.VERSION,
        docs_url=None,
        redoc_url=None,
    )
    app.state.hub = hub
    app.state.guard = KeyGuard()
    problems.install(app)
    app.add_middleware(SecurityHeaders)
    app.add_middleware(BodyLimit, max_bytes=MAX_BODY_BYTES)
    for room in _ROOMS:
        app.include_router(room.router)
    app.openapi = lambda: _openapi(app)  # type: ignore[method-assign] # FastAPI's own way
    return app


def _openapi(app: FastAPI) -> dict[str, Any]:
    if app.openapi_schema is None:
        schema = get_openapi(title=app.title, version=app.version, routes=app.routes)
        components = schema.setdefault("components", {})
        components.setdefault("schemas", {}).update(problems.schemas())
        components["securitySchemes"] = {"ApiKey": {"type": "http", "scheme": "bearer"}}
        app.openapi_schema = schema
    return app.openapi_schema
