"""Accepted usage events."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Identity, Index, text
from sqlmodel import Field, SQLModel

from atlas_hub.db.columns import created, jsonb, utc


class UsageEvent(SQLModel, table=True):
    """One usage fact, immutable once accepted.

    `key` is 16 bytes of BLAKE2b over source and event id: the unique key that makes a repeat a
    repeat. `body_hash` is the same over the rest, to tell a repeat from a conflict.
    `customer_ref` is what the sender wrote: a customer's id or external id, known yet or not.
    `transaction_id` lets a fold read only rows that no running transaction can still precede.
    """

    __tablename__ = "usage_event"
    __table_args__ = (
        Index(
            "usage_event_by_customer",
            "customer_ref",
            "name",
            "timestamp",
            postgresql_include=["transaction_id"],
        ),
        Index("usage_event_by_name", "name", "timestamp"),
    )
    sequence: int | None = Field(
        default=None, primary_key=True, sa_type=BigInteger, sa_column_args=(Identity(always=True),)
    )
    key: bytes = Field(unique=True)
    body_hash: bytes
    source: str
    event_id: str
    name: str
    customer_ref: str
    timestamp: datetime = utc()
    properties: dict[str, Any] = jsonb(default={})
    received_at: datetime = created()
    transaction_id: int | None = Field(
        default=None,
        sa_type=BigInteger,
        sa_column_kwargs={
            "server_default": text("pg_current_xact_id()::text::bigint"),
            "nullable": False,
        },
    )
