"""Who may call, and what they changed."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Identity, Index, text
from sqlmodel import Field, SQLModel

from atlas_hub.db.columns import created, id_column, jsonb, utc


class ApiKey(SQLModel, table=True):
    """A bearer key. Only the SHA-256 of the whole key is stored."""

    __tablename__ = "api_key"
    id: str = id_column("key")
    name: str
    key_hash: bytes = Field(unique=True)
    scopes: list[str] = jsonb(default=[])
    created_at: datetime = created()
    expires_at: datetime | None = utc(default=None)
    revoked_at: datetime | None = utc(default=None)
    last_used_at: datetime | None = utc(default=None)


class AuditEntry(SQLModel, table=True):
    """One change by one actor, written in the transaction of the change.

    `chain_hash` is SHA-256 over the hash of the entry before it in the chain and this row. A job
    appends entries to the chain, at `chain_position`, once their transactions have committed.
    """

    __tablename__ = "audit_entry"
    __table_args__ = (
        Index("audit_entry_resource", "resource", "resource_id"),
        Index("audit_entry_unsealed", "sequence", postgresql_where=text("chain_hash is null")),
    )
    sequence: int | None = Field(
        default=None, primary_key=True, sa_type=BigInteger, sa_column_args=(Identity(always=True),)
    )
    at: datetime = created()
    actor: str
    action: str
    resource: str
    resource_id: str
    changes: dict[str, Any] = jsonb(default={})
    transaction_id: int | None = Field(
        default=None,
        sa_type=BigInteger,
        sa_column_kwargs={
            "server_default": text("pg_current_xact_id()::text::bigint"),
            "nullable": False,
        },
    )
    chain_position: int | None = Field(default=None, sa_type=BigInteger, unique=True)
    chain_hash: bytes | None = None
