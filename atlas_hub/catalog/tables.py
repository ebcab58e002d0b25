"""Metrics, entitlements, plans and their versions and items."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from atlas_hub.db.columns import created, id_column, jsonb, utc


class Metric(SQLModel, table=True):
    """How matching events become a quantity: event name, filter, aggregation."""

    __tablename__ = "metric"
    id: str = id_column("met")
    key: str = Field(unique=True)
    name: str
    description: str = ""
    show_on_invoice: bool = True
    event_name: str
    filter: dict[str, Any] | None = jsonb(default=None)
    aggregation: dict[str, Any] = jsonb()
    group_by: list[str] = jsonb(default=[])
    late_events: str = "next_invoice"  # next_invoice | ignore
    created_at: datetime = created()


class Entitlement(SQLModel, table=True):
    """A capability or limit that plans give. Its key is made from its name and never reused."""

    __tablename__ = "entitlement"
    id: str = id_column("ent")
    entitlement_key: str = Field(unique=True)
    name: str
    description: str = ""
    type: str  # boolean | static | metered
    value_type: str | None = None  # of a static one: text | number | json | contract_item
    metric_id: str | None = Field(default=None, foreign_key="metric.id")
    created_at: datetime = created()


class Plan(SQLModel, table=True):
    """A named offer in one currency; what it contains lies in its versions."""

    __tablename__ = "plan"
    id: str = id_column("pln")
    key: str = Field(unique=True)
    name: str
    description: str = ""
    currency: str
    net_days: int = 30
    created_at: datetime = created()


class PlanVersion(SQLModel, table=True):
    """What a plan contains. Immutable once published; a trigger holds that."""

    __tablename__ = "plan_version"
    __table_args__ = (
        UniqueConstraint("plan_id", "number"),
        Index(
            "plan_version_one_draft",
            "plan_id",
            unique=True,
            postgresql_where=text("status = 'draft'"),
        ),
    )
    id: str = id_column("plv")
    plan_id: str = Field(foreign_key="plan.id")
    number: int
    status: str = "draft"  # draft | published
    published_at: datetime | None = utc(default=None)
    created_at: datetime = created()


class PlanItem(SQLModel, table=True):
    """One line of a plan version: a metric, an entitlement or a fee, with cadence and price."""

    __tablename__ = "plan_item"
    __table_args__ = (UniqueConstraint("plan_version_id", "position"),)
    id: str = id_column("pli")
    plan_version_id: str = Field(foreign_key="plan_version.id")
    position: int
    metric_id: str | None = Field(default=None, foreign_key="metric.id")
    entitlement_id: str | None = Field(default=None, foreign_key="entitlement.id")
    fee: str | None = None
    value: Any | None = jsonb(default=None)
    cadence: str
    timing: str
    price: dict[str, Any] | None = jsonb(default=None)
