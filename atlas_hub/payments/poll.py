"""Find what webhooks lost: read each gateway's changes, and look at what has been quiet long."""

from datetime import timedelta
from typing import Final

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from atlas_hub.billing.tables import Delivery
from atlas_hub.connections.service import enabled_connections, open_connection
from atlas_hub.connections.tables import Connection
from atlas_hub.hub import Hub
from atlas_hub.jobs.kinds import JobRun
from atlas_hub.jobs.queue import enqueue_many
from atlas_hub.payments.deliver import SETTLED
from atlas_hub.payments.gateways import CAPABILITY, open_gateway
from atlas_hub.payments.signals import look_again
from atlas_hub.payments.tables import PollCursor

QUIET: Final = timedelta(hours=1)
BATCH: Final = 500


async def poll_all(hub: Hub, job: JobRun) -> None:
    """Run the job `payments.poll_all`: ask for a poll of every enabled payment connection."""
    async with job.transaction() as session:
        connections = await enabled_connections(session, hub, CAPABILITY)
        await enqueue_many(session, "payments.poll", [row.id for row in connections])


async def poll(hub: Hub, job: JobRun) -> None:
    """Run the job `payments.poll`; its key is the connection's id."""
    async with hub.database.session() as session:
        connection = await session.get(Connection, job.key)
        if connection is None or not connection.enabled:
            return
        opened = await open_connection(session, hub, connection)
        position = await session.get(PollCursor, connection.id)
    async with open_gateway(opened) as gateway:
        changes = await gateway.changes(position.cursor if position else None)
    async with job.transaction() as session:
        await look_again(session, job.key, changes.signals)
        await _look_at_quiet(session, job.key)
        now = (await session.execute(select(func.now()))).scalar_one()
        await session.merge(PollCursor(connection_id=job.key, cursor=changes.cursor, polled_at=now))


async def resume(_: Hub, job: JobRun) -> None:
    """Run the job `payments.resume`: look at all that waited while a connection was disabled."""
    async with job.transaction() as session:
        waiting = await session.execute(
            select(col(Delivery.id)).where(
                col(Delivery.connection_id) == job.key, col(Delivery.status).not_in(SETTLED)
            )
        )
        await enqueue_many(session, "payments.deliver", waiting.scalars())


async def _look_at_quiet(session: AsyncSession, connection_id: str) -> None:
    """Ask for what nothing was heard of for long, longest first, each once per such while."""
    quiet = (
        select(col(Delivery.id))
        .where(
            col(Delivery.connection_id) == connection_id,
            col(Delivery.status).not_in(SETTLED | {"failed"}),
            col(Delivery.updated_at) < func.now() - QUIET,
        )
        .order_by(col(Delivery.updated_at))
        .limit(BATCH)
    )
    asked = await session.execute(
        update(Delivery)
        .where(col(Delivery.id).in_(quiet))
        .values(updated_at=func.now())
        .returning(col(Delivery.id))
    )
    await enqueue_many(session, "payments.deliver", asked.scalars())
