"""Which customer has which plan version, since when."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from atlas_hub.db.columns import created, id_column, jsonb, utc


class Subscription(SQLModel, table=True):
    """A customer on a plan version. Periods run from `anchor` in `timezone`, both fixed at start.

    `starts_at` is where billing begins, `ends_at` where it ends (null: open).
    """

    __tablename__ = "subscription"
    id: str = id_column("sub")
    customer_id: str = Field(foreign_key="customer.id", index=True)
    plan_version_id: str = Field(foreign_key="plan_version.id", index=True)
    anchor: date
    timezone: str
    starts_at: datetime = utc()
    ends_at: datetime | None = utc(default=None)
    quantity: int = 1
    overrides: dict[str, Any] = jsonb(default={})
    created_at: datetime = created()


class SubscriptionItem(SQLModel, table=True):
    """One plan item as this subscription has it; what charges are unique by.

    `billed_until` is the end of the last service period charged: where the next one begins.
    `due_at` is when that next one is to be charged; null until the billing run has worked it out.
    """

    __tablename__ = "subscription_item"
    __table_args__ = (
        UniqueConstraint("subscription_id", "plan_item_id"),
        Index("subscription_item_due", "due_at", postgresql_where=text("not ended")),
    )
    id: str = id_column("sbi")
    subscription_id: str = Field(foreign_key="subscription.id")
    plan_item_id: str = Field(foreign_key="plan_item.id")
    billed_until: datetime | None = utc(default=None)
    due_at: datetime | None = utc(default=None)
    ended: bool = False
