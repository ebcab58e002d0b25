"""Who pays, and the people there."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlmodel import Field, SQLModel

from atlas_hub.db.columns import created, id_column, jsonb, numeric


class Customer(SQLModel, table=True):
    """Who pays. `timezone` fixes where days and months begin; `tax_rate` is a percentage."""

    __tablename__ = "customer"
    id: str = id_column("cus")
    external_id: str | None = Field(default=None, unique=True)
    name: str
    email: str
    timezone: str = "UTC"
    tax_rate: Decimal = numeric(default=Decimal(0))
    attributes: dict[str, Any] = jsonb(default={})
    created_at: datetime = created()


class Contact(SQLModel, table=True):
    """A person at a customer; `role` is billing, technical or other."""

    __tablename__ = "contact"
    id: str = id_column("con")
    customer_id: str = Field(foreign_key="customer.id", index=True)
    name: str
    email: str
    role: str
    created_at: datetime = created()
