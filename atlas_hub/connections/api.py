"""Routes: installed connectors and configured connections."""

from typing import Annotated, Any

from pydantic import Field, SecretStr
from sqlalchemy import select
from sqlmodel import col

from atlas_hub.connections import service
from atlas_hub.connections.tables import Connection
from atlas_hub.http.bodies import Answer, Body, Name, Reference, Timestamp
from atlas_hub.http.paging import Cursor, Limit, Page, fetch_page
from atlas_hub.http.routing import Caller, HubDep, Router, Session, needs

router = Router("connections")

Config = Annotated[dict[str, Any], Field(description="As the connector's config_schema says.")]
Secrets = Annotated[
    dict[str, SecretStr], Field(description="Sealed at once and never answered again.")
]


class NewConnection(Body):
    """An account of a connector to be configured."""

    connector: Reference = Field(examples=["stripe"])
    name: Name
    config: Config = {}
    secrets: Secrets = {}


class ConnectionChange(Body):
    """What to change of a connection; what is left out stays."""

    config: Config | None = None
    secrets: Secrets | None = None
    enabled: bool | None = None
    preferred: bool | None = None


class ConnectionAnswer(Answer):
    """A connection, without its secrets."""

    id: str
    connector: str
    name: str
    config: dict[str, Any]
    enabled: bool
    preferred: bool
    created_at: Timestamp


class ConnectorAnswer(Answer):
    """What one connector's connections take: the JSON Schema of config, the names of secrets."""

    slug: str
    config_schema: dict[str, Any]
    secrets: list[str]


class PluginAnswer(Answer):
    """An installed plugin; `reason` says why one is not loaded."""

    name: str
    distribution: str
    version: str
    state: str
    reason: str | None
    capabilities: list[str]
    connectors: list[ConnectorAnswer]


class CheckAnswer(Answer):
    """One finding of a connection test."""

    name: str
    status: str
    message: str
    remedy: str | None


class TestAnswer(Answer):
    """The findings of a connection test."""

    ok: bool
    checks: list[CheckAnswer]


@router.get("/v1/connectors", openapi_extra=needs("connections:read"))
async def list_connectors(hub: HubDep) -> Page[PluginAnswer]:
    """List installed plugins: version, state, and what their connections take."""
    return Page(data=[PluginAnswer.model_validate(info) for info in hub.plugins.plugins()])


@router.post("/v1/connections", status_code=201, openapi_extra=needs("connections:write"))
async def create_connection(
    body: NewConnection, session: Session, hub: HubDep, caller: Caller
) -> ConnectionAnswer:
    """Configure an account of an installed connector."""
    row = await service.create_connection(
        session,
        hub,
        caller,
        connector=body.connector,
        name=body.name,
        config=body.config,
        secrets=_clear(body.secrets),
    )
    return ConnectionAnswer.model_validate(row)


@router.get("/v1/connections", openapi_extra=needs("connections:read"))
async def list_connections(
    session: Session, limit: Limit = 50, cursor: Cursor = None
) -> Page[ConnectionAnswer]:
    """List connections, newest first."""
    rows, following = await fetch_page(
        session, select(Connection), col(Connection.id), limit=limit, cursor=cursor
    )
    data = [ConnectionAnswer.model_validate(row) for row in rows]
    return Page(data=data, next_cursor=following)


@router.get("/v1/connections/{connection}", openapi_extra=needs("connections:read"))
async def get_connection(connection: str, session: Session) -> ConnectionAnswer:
    """Answer one connection, by id or name."""
    return ConnectionAnswer.model_validate(await service.get_connection(session, connection))


@router.patch("/v1/connections/{connection}", openapi_extra=needs("connections:write"))
async def change_connection(
    connection: str, body: ConnectionChange, session: Session, hub: HubDep, caller: Caller
) -> ConnectionAnswer:
    """Change config, secrets or state of a connection."""
    row = await service.get_connection(session, connection)
    await service.change_connection(
        session,
        hub,
        caller,
        row,
        config=body.config,
        secrets=None if body.secrets is None else _clear(body.secrets),
        enabled=body.enabled,
    )
    if body.preferred is not None:
        await service.prefer(session, hub, caller, row, preferred=body.preferred)
    return ConnectionAnswer.model_validate(row)


@router.post("/v1/connections/{connection}/test", openapi_extra=needs("connections:write"))
async def test_connection(connection: str, session: Session, hub: HubDep) -> TestAnswer:
    """Try a connection, without changing anything at the vendor."""
    row = await service.get_connection(session, connection)
    opened = await service.open_connection(session, hub, row)
    checks = [CheckAnswer.model_validate(check) for check in await service.run_test(opened)]
    return TestAnswer(ok=all(check.status != "failed" for check in checks), checks=checks)


def _clear(secrets: dict[str, SecretStr]) -> dict[str, str]:
    return {name: secret.get_secret_value() for name, secret in secrets.items()}
