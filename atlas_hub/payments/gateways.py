"""Which connection delivers, and the open gateway of one."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy.ext.asyncio import AsyncSession

from atlas_hub.connections.service import OpenConnection, enabled_connections
from atlas_hub.connections.tables import Connection
from atlas_hub.hub import Hub
from atlas_hub.sdk import PaymentGateway
from atlas_hub_core.errors import Conflict

CAPABILITY = "payments"


async def default_connection(session: AsyncSession, hub: Hub) -> Connection | None:
    """Return the payment connection that invoices go to; None if there is none.

    It is the preferred enabled one, or the only enabled one.

    Raises:
        Conflict: several are enabled and none is preferred.
    """
    enabled = await enabled_connections(session, hub, CAPABILITY)
    preferred = [row for row in enabled if row.preferred]
    candidates = preferred or enabled
    if len(candidates) > 1:
        names = ", ".join(repr(row.name) for row in candidates)
        message = (
            f"Several payment connections are enabled ({names}) and none is preferred. "
            'PATCH one with {"preferred": true}.'
        )
        raise Conflict(message, code="no_default_connection")
    return candidates[0] if candidates else None


@asynccontextmanager
async def open_gateway(connection: OpenConnection) -> AsyncIterator[PaymentGateway]:
    """Yield the gateway of a connection and close it afterwards."""
    gateway = connection.connector.payments(connection.settings)
    if gateway is None:
        message = f"The connector {connection.row.connector} cannot deliver invoices."
        raise Conflict(message, code="capability_missing")
    try:
        yield gateway
    finally:
        await gateway.close()
