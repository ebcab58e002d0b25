"""Answers kept for repeated requests."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from atlas_hub.db.columns import created


class IdempotencyRecord(SQLModel, table=True):
    """The answer to one write, kept 30 days under its caller's `Idempotency-Key`."""

    __tablename__ = "idempotency_record"
    actor: str = Field(primary_key=True)
    key: str = Field(primary_key=True)
    request_hash: bytes
    status: int
    body: bytes
    created_at: datetime = created()
