"""Charges, invoices, their lines, and where they were delivered."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from atlas_hub.db.columns import created, id_column, jsonb, numeric, utc


class Invoice(SQLModel, table=True):
    """What a customer owes for a period. A trigger keeps content as it was once `open`."""

    __tablename__ = "invoice"
    __table_args__ = (
        Index("invoice_due_to_finalize", "finalize_at", postgresql_where=text("status = 'draft'")),
        CheckConstraint("total >= 0", name="invoice_total_not_negative"),
        CheckConstraint("amount_due >= 0", name="invoice_amount_due_not_negative"),
        CheckConstraint("(number is null) = (status = 'draft')", name="invoice_numbered_when_open"),
    )
    id: str = id_column("inv")
    number: str | None = Field(default=None, unique=True)
    status: str = "draft"  # draft | open | paid | void | uncollectible
    customer_id: str = Field(foreign_key="customer.id", index=True)
    currency: str
    period_start: datetime = utc()
    period_end: datetime = utc()
    net_days: int
    finalize_at: datetime = utc()
    finalized_at: datetime | None = utc(default=None)
    due_date: datetime | None = utc(default=None)
    paid_at: datetime | None = utc(default=None)
    voided_at: datetime | None = utc(default=None)
    bill_to: dict[str, Any] = jsonb(default={})
    subtotal: Decimal = numeric(default=Decimal(0))
    discount: Decimal = numeric(default=Decimal(0))
    tax_rate: Decimal = numeric(default=Decimal(0))
    tax: Decimal = numeric(default=Decimal(0))
    total: Decimal = numeric(default=Decimal(0))
    credits_applied: Decimal = numeric(default=Decimal(0))
    amount_due: Decimal = numeric(default=Decimal(0))
    amount_paid: Decimal = numeric(default=Decimal(0))
    created_at: datetime = created()


class InvoiceLine(SQLModel, table=True):
    """One line of an invoice, with the trace that explains its amount."""

    __tablename__ = "invoice_line"
    id: str = id_column("ilr")
    invoice_id: str = Field(foreign_key="invoice.id", index=True)
    position: int
    kind: str  # fee | usage | entitlement
    metric_key: str | None = None
    description: str
    quantity: Decimal = numeric()
    amount: Decimal = numeric()
    tax: Decimal = numeric(default=Decimal(0))
    trace: dict[str, Any] = jsonb(default={})


class Charge(SQLModel, table=True):
    """What one subscription item owes for one service period, at most one of a reason live.

    The reason is `period`, or `late-1`, `late-2`, ... for usage that arrived after it was charged.
    It has no line where it cost nothing and the invoice does not show that.
    Every event of the period whose transaction id is below `seen_below` was counted.
    """

    __tablename__ = "charge"
    __table_args__ = (
        Index(
            "charge_once",
            "subscription_item_id",
            "period_start",
            "period_end",
            "reason",
            unique=True,
            postgresql_where=text("status = 'live'"),
        ),
        Index("charge_by_item", "subscription_item_id", "period_start"),
    )
    id: str = id_column("chg")
    subscription_item_id: str = Field(foreign_key="subscription_item.id")
    period_start: datetime = utc()
    period_end: datetime = utc()
    reason: str = "period"  # period | late-1, late-2, ...
    status: str = "live"  # live | void
    invoice_id: str = Field(foreign_key="invoice.id", index=True)
    invoice_line_id: str | None = Field(default=None, foreign_key="invoice_line.id")
    quantity: Decimal = numeric()
    exact: Decimal = numeric()
    seen_below: int = Field(sa_type=BigInteger)
    created_at: datetime = created()


class InvoiceCounter(SQLModel, table=True):
    """The last number given, per series; its row lock makes numbers gapless."""

    __tablename__ = "invoice_counter"
    series: str = Field(primary_key=True)
    last: int


class Delivery(SQLModel, table=True):
    """One invoice at one payment connection, and the gateway's last known word on it.

    An invoice has at most one that is not void, so no two gateways can collect it.
    """

    __tablename__ = "delivery"
    __table_args__ = (
        Index(
            "delivery_once",
            "invoice_id",
            unique=True,
            postgresql_where=text("status <> 'void'"),
        ),
        UniqueConstraint("connection_id", "vendor_id"),
        Index(
            "delivery_unsettled",
            "connection_id",
            postgresql_where=text("status not in ('paid', 'void')"),
        ),
    )
    id: str = id_column("dlv")
    invoice_id: str = Field(foreign_key="invoice.id")
    connection_id: str = Field(foreign_key="connection.id")
    vendor_id: str | None = None
    # pending | open | action_required | failed | paid | void | uncollectible
    status: str = "pending"
    amount_paid: Decimal = numeric(default=Decimal(0))
    url: str | None = None
    detail: str | None = None
    created_at: datetime = created()
    updated_at: datetime = created()
