"""Configured accounts of connectors, their sealed secrets, and linked records."""

from datetime import datetime
from typing import Any

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, SQLModel

from atlas_hub.db.columns import created, id_column, jsonb


class Connection(SQLModel, table=True):
    """One configured account of an installed connector.

    Of several enabled connections with the same capability, the preferred one is used.
    """

    __tablename__ = "connection"
    id: str = id_column("cnx")
    connector: str
    name: str = Field(unique=True)
    config: dict[str, Any] = jsonb(default={})
    enabled: bool = True
    preferred: bool = False
    created_at: datetime = created()


class ConnectionSecret(SQLModel, table=True):
    """A secret sealed with AES-256-GCM, bound to its connection and name."""

    __tablename__ = "connection_secret"
    connection_id: str = Field(foreign_key="connection.id", primary_key=True)
    name: str = Field(primary_key=True)
    key_id: str
    nonce: bytes
    ciphertext: bytes


class Link(SQLModel, table=True):
    """A hub record and the vendor record that stands for it in one connection."""

    __tablename__ = "link"
    __table_args__ = (
        UniqueConstraint("connection_id", "resource", "hub_id"),
        UniqueConstraint("connection_id", "resource", "vendor_id"),
    )
    id: str = id_column("lnk")
    connection_id: str = Field(foreign_key="connection.id")
    resource: str
    hub_id: str
    vendor_id: str
    created_at: datetime = created()
