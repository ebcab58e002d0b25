"""Connections: made, changed, opened."""

import ipaddress
import logging
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from pydantic import BaseModel, ValidationError
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from atlas_hub.access import audit
from atlas_hub.connections.secrets import secret_box
from atlas_hub.connections.tables import Connection, ConnectionSecret
from atlas_hub.http.actor import Actor
from atlas_hub.hub import Hub
from atlas_hub.jobs.queue import enqueue
from atlas_hub.sdk import Check, ConnectionSettings, Connector, ConnectorError
from atlas_hub_core.errors import Conflict, InvalidInput, NotFound

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class OpenConnection:
    """A connection with its connector and its secrets in clear; never stored, never logged."""

    row: Connection
    connector: Connector
    settings: ConnectionSettings


async def create_connection(
    session: AsyncSession,
    hub: Hub,
    actor: Actor,
    *,
    connector: str,
    name: str,
    config: dict[str, Any],
    secrets: dict[str, str],
) -> Connection:
    """Add a configured account of an installed connector."""
    plugin = connector_named(hub, connector)
    checked = _check(plugin.config_model, config, "config")
    _check(plugin.secrets_model, secrets, "secrets")
    if await _named(session, name) is not None:
        message = f"There is already a connection named {name!r}. Choose another name."
        raise Conflict(message, code="connection_exists", field="name")
    row = Connection(connector=connector, name=name, config=checked.model_dump(mode="json"))
    session.add(row)
    await session.flush()
    _seal_all(session, hub, row.id, secrets)
    details = {"connector": connector, "name": name, "secrets": sorted(secrets)}
    audit.record(session, actor, "create", "connection", row.id, details)
    await session.flush()
    await session.refresh(row)
    return row


async def change_connection(
    session: AsyncSession,
    hub: Hub,
    actor: Actor,
    row: Connection,
    *,
    config: dict[str, Any] | None,
    secrets: dict[str, str] | None,
    enabled: bool | None,
) -> None:
    """Change what is given. Secrets that are not named stay as they are."""
    plugin = connector_named(hub, row.connector)
    changes: dict[str, Any] = {}
    if config is not None:
        before = row.config
        row.config = _check(plugin.config_model, config, "config").model_dump(mode="json")
        await _keep_secrets_home(session, row, before, secrets or {})
        changes["config"] = row.config
    if secrets is not None:
        kept = await read_secrets(session, hub, row.id)
        _check(plugin.secrets_model, kept | secrets, "secrets")
        for old in await _secret_rows(session, row.id):
            if old.name in secrets:
                await session.delete(old)
        await session.flush()
        _seal_all(session, hub, row.id, secrets)
        changes["secrets"] = sorted(secrets)
    if enabled is not None:
        row.enabled = changes["enabled"] = enabled
        if enabled:
            await enqueue(session, "payments.resume", row.id)
    audit.record(session, actor, "change", "connection", row.id, changes)
    await session.flush()


async def _keep_secrets_home(
    session: AsyncSession, row: Connection, before: dict[str, Any], given: dict[str, str]
) -> None:
    """Refuse to send stored secrets to an address they were not entered for."""
    names = {name for name in (*before, *row.config) if name.endswith("_base")}
    moved = [name for name in sorted(names) if before.get(name) != row.config.get(name)]
    kept = [each.name for each in await _secret_rows(session, row.id) if each.name not in given]
    if moved and kept:
        message = (
            f"config.{moved[0]} changes where secrets are sent, so enter them again: "
            f"{', '.join(sorted(kept))}."
        )
        raise InvalidInput(message, code="secrets_required", field="secrets")


async def get_connection(session: AsyncSession, reference: str) -> Connection:
    """Return a connection by id or name."""
    row = await session.get(Connection, reference) or await _named(session, reference)
    if row is None:
        message = f"There is no connection {reference!r}. GET /v1/connections lists them."
        raise NotFound(message, code="connection_not_found")
    return row


async def open_connection(session: AsyncSession, hub: Hub, row: Connection) -> OpenConnection:
    """Return a connection ready for use: its connector, typed config and opened secrets."""
    plugin = connector_named(hub, row.connector)
    secrets = await read_secrets(session, hub, row.id)
    settings = ConnectionSettings(
        id=row.id,
        config=_check(plugin.config_model, row.config, "config"),
        secrets=_check(plugin.secrets_model, secrets, "secrets"),
    )
    return OpenConnection(row, plugin, settings)


async def enabled_connections(session: AsyncSession, hub: Hub, capability: str) -> list[Connection]:
    """Return the enabled connections whose connector has `capability`, oldest first."""
    slugs = [info.name for info in hub.plugins.plugins() if capability in info.capabilities]
    found = await session.execute(
        select(Connection)
        .where(col(Connection.enabled), col(Connection.connector).in_(slugs))
        .order_by(col(Connection.id))
    )
    return list(found.scalars())


def connector_named(hub: Hub, slug: str) -> Connector:
    """Return the installed, working connector of that name."""
    found = hub.plugins.connectors().get(slug)
    if found is None:
        known = ", ".join(sorted(hub.plugins.connectors())) or "none"
        message = (
            f"No working connector {slug!r} is installed (working: {known}). "
            "GET /v1/connectors shows the state of each and why."
        )
        raise InvalidInput(message, code="unknown_connector", field="connector")
    return found()


async def run_test(opened: OpenConnection) -> tuple[Check, ...]:
    """Try a connection; whatever the connector raises becomes a failed check."""
    try:
        return await opened.connector.test(opened.settings)
    except ConnectorError as error:
        return (Check(error.code, "failed", error.message),)
    except Exception as error:
        logger.exception("the test of connector %s failed", opened.row.connector)
        remedy = "This is a fault of the connector; the hub's log has the details."
        return (Check("plugin_bug", "failed", f"The test raised {type(error).__name__}.", remedy),)


async def prefer(
    session: AsyncSession, hub: Hub, actor: Actor, row: Connection, *, preferred: bool
) -> None:
    """Make `row` the one that is used where several connections could be, or stop that."""
    if preferred:
        await session.execute(
            update(Connection)
            .where(col(Connection.connector).in_(_rivals(hub, row.connector)))
            .values(preferred=False)
        )
    row.preferred = preferred
    audit.record(session, actor, "change", "connection", row.id, {"preferred": preferred})
    await session.flush()


def _rivals(hub: Hub, slug: str) -> list[str]:
    """Return the connectors that share a capability with one of them, itself included."""
    capabilities = {info.name: set(info.capabilities) for info in hub.plugins.plugins()}
    mine = capabilities.get(slug, set())
    return [slug, *(name for name, others in capabilities.items() if mine & others)]


async def read_secrets(session: AsyncSession, hub: Hub, connection_id: str) -> dict[str, str]:
    """Return the secrets of a connection in clear."""
    box = secret_box(hub.settings)
    return {row.name: box.open(row) for row in await _secret_rows(session, connection_id)}


async def _secret_rows(session: AsyncSession, connection_id: str) -> list[ConnectionSecret]:
    found = await session.execute(
        select(ConnectionSecret).where(col(ConnectionSecret.connection_id) == connection_id)
    )
    return list(found.scalars())


async def _named(session: AsyncSession, name: str) -> Connection | None:
    found = await session.execute(select(Connection).where(col(Connection.name) == name))
    return found.scalar_one_or_none()


def _seal_all(session: AsyncSession, hub: Hub, connection_id: str, secrets: dict[str, str]) -> None:
    box = secret_box(hub.settings)
    session.add_all(box.seal(connection_id, name, secret) for name, secret in secrets.items())


def _check(model: type[BaseModel], values: dict[str, Any], field: str) -> BaseModel:
    try:
        checked = model.model_validate(values)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        path = ".".join([field, *(str(part) for part in first["loc"])])
        message = f"{path}: {first['msg']}. GET /v1/connectors shows what the connector takes."
        raise InvalidInput(message, code="invalid_connection", field=path) from None
    for name, value in checked.model_dump(mode="json").items():
        if name.endswith("_base") and value is not None:
            _check_base(f"{field}.{name}", str(value))
    return checked


def _check_base(field: str, url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme == "https" and parts.hostname:
        return
    if parts.scheme == "http" and parts.hostname and _is_loopback(parts.hostname):
        return
    message = f"{field} must be an https address; plain http is taken only to this machine."
    raise InvalidInput(message, code="insecure_address", field=field)


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
