"""What changed, by whom: one row per change, in the change's own transaction."""

from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from atlas_hub.access.tables import AuditEntry
from atlas_hub.http.actor import Actor


def record(
    session: AsyncSession,
    actor: Actor,
    action: str,
    resource: str,
    resource_id: str,
    changes: dict[str, Any] | None = None,
) -> None:
    """Add an audit row, such as `record(session, actor, "create", "customer", customer.id)`.

    `changes` holds names and new values; never a secret.
    """
    session.add(
        AuditEntry(
            actor=actor.id,
            action=action,
            resource=resource,
            resource_id=resource_id,
            changes=changes or {},
        )
    )
