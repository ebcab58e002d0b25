"""Delivery of invoices to payment gateways."""

from datetime import datetime
from typing import Any

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, SQLModel

from atlas_hub.db.columns import created, id_column, jsonb, utc


class Intent(SQLModel, table=True):
    """A vendor write that was decided, committed before the call that carries it out.

    `scope` is the record it is about (an invoice's delivery, or a customer), so that two jobs that
    need the same write share one intent. `parameters` are what is sent, the same on every try. The
    idempotency key is `key`: the intent's id and a number that rises only when the vendor answered
    with an error and a look-up proved that nothing was written.
    """

    __tablename__ = "intent"
    __table_args__ = (UniqueConstraint("connection_id", "scope", "step"),)
    id: str = id_column("itn")
    connection_id: str = Field(foreign_key="connection.id")
    scope: str
    step: str
    parameters: dict[str, Any] = jsonb(default={})
    state: str = "prepared"  # prepared | sent | answered | done | refused
    key_number: int = 1
    result: dict[str, Any] | None = jsonb(default=None)
    error: str | None = None
    error_code: str | None = None
    created_at: datetime = created()

    @property
    def key(self) -> str:
        """The idempotency key of the present try."""
        return f"{self.id}-{self.key_number}"


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
