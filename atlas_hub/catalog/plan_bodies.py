"""Bodies of plans and their items."""

from typing import Annotated, Any, Literal

from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncSession

from atlas_hub.catalog.contents import ItemContent, VersionContent, load_versions
from atlas_hub.catalog.items import Terms
from atlas_hub.catalog.plans import DRAFT, PUBLISHED
from atlas_hub.catalog.tables import Plan
from atlas_hub.http.bodies import (
    Answer,
    Body,
    Change,
    Json,
    JsonObject,
    Key,
    Name,
    Reference,
    Text,
    Timestamp,
    left_out,
)
from atlas_hub_core.plans import ItemKind

Currency = Annotated[
    str, Field(max_length=10, description="Three letters of ISO 4217.", examples=["USD"])
]
Cadence = Literal["once", "day", "week", "month", "quarter", "half_year", "year"]
Timing = Literal["arrears", "advance"]
Status = Literal["draft", "published"]
Price = Annotated[
    dict[str, Any],
    Field(
        description="A price model by its type, with its parameters; every price may carry a "
        "minimum and a maximum.",
        examples=[{"type": "per_unit", "unit": "0.0000015"}],
    ),
]


class PaymentTerms(Body):
    """When invoices are due."""

    net_days: int = Field(default=30, ge=0, le=365, description="Days after the invoice's date.")


class NewPlan(Body):
    """An offer in one currency."""

    key: Key | None = Field(default=None, description="Made from the name if left out.")
    name: Name
    description: Text = ""
    currency: Currency
    payment_terms: PaymentTerms = PaymentTerms()

    def columns(self) -> dict[str, Any]:
        """Return the columns of the plan."""
        columns = self.model_dump(exclude={"payment_terms"})
        return columns | {"net_days": self.payment_terms.net_days}


class NewPlanItem(Body):
    """One line of a plan: exactly one of metric, entitlement and fee."""

    metric: Reference | None = Field(default=None, description="Usage that is billed.")
    entitlement: Reference | None = Field(default=None, description="What is given.")
    value: Json = Field(default=None, description="What the entitlement gives.")
    fee: Name | None = Field(default=None, description="What is billed whatever is used.")
    cadence: Cadence = "month"
    timing: Timing = "arrears"
    price: Price | None = Field(default=None, description="Optional for an entitlement.")
    currency: Currency | None = Field(default=None, description="If sent, the plan's.")

    def subject(self) -> dict[ItemKind, str]:
        """Return what the item is about; more or less than one entry is for the service to say."""
        about = {
            ItemKind.METRIC: self.metric,
            ItemKind.ENTITLEMENT: self.entitlement,
            ItemKind.FEE: self.fee,
        }
        return {kind: name for kind, name in about.items() if name is not None}

    def terms(self) -> Terms:
        """Return the rest."""
        given = "value" in self.model_fields_set
        return Terms(self.cadence, self.timing, self.price, self.value, given)


class PlanItemChange(Change):
    """What to change of an item; what it is about stays."""

    value: Json = None
    cadence: Cadence = left_out()
    timing: Timing = left_out()
    price: Price | None = None


class PlanItemAnswer(Answer):
    """One line of a plan."""

    id: str
    metric: str | None
    entitlement: str | None
    value: Json
    fee: str | None
    cadence: Cadence
    timing: Timing
    price: JsonObject | None


class PlanVersionAnswer(Answer):
    """What a plan contains; a published version never changes."""

    id: str
    number: int
    status: Status
    published_at: Timestamp | None
    created_at: Timestamp
    items: list[PlanItemAnswer]


class PlanAnswer(Answer):
    """A plan; `status` is published once it has a published version. Versions are oldest first."""

    id: str
    key: str
    name: str
    description: str
    currency: str
    payment_terms: PaymentTerms
    status: Status
    created_at: Timestamp
    versions: list[PlanVersionAnswer]


def item_answer(content: ItemContent) -> PlanItemAnswer:
    """Answer an item, with the keys of what it is about."""
    row = content.row
    entitlement = content.entitlement
    return PlanItemAnswer(
        id=row.id,
        metric=content.metric.key if content.metric is not None else None,
        entitlement=entitlement.entitlement_key if entitlement is not None else None,
        value=row.value,
        fee=row.fee,
        cadence=row.cadence,
        timing=row.timing,
        price=row.price,
    )


async def plan_answers(session: AsyncSession, rows: list[Plan]) -> list[PlanAnswer]:
    """Answer plans with their versions and items, in two queries for all."""
    versions = await load_versions(session, [row.id for row in rows])
    return [_plan_answer(row, versions[row.id]) for row in rows]


def _plan_answer(row: Plan, versions: list[VersionContent]) -> PlanAnswer:
    published = any(version.row.status == PUBLISHED for version in versions)
    return PlanAnswer(
        id=row.id,
        key=row.key,
        name=row.name,
        description=row.description,
        currency=row.currency,
        payment_terms=PaymentTerms(net_days=row.net_days),
        status=PUBLISHED if published else DRAFT,
        created_at=row.created_at,
        versions=[_version_answer(version) for version in versions],
    )


def _version_answer(version: VersionContent) -> PlanVersionAnswer:
    columns = version.row.model_dump()
    return PlanVersionAnswer(**columns, items=[item_answer(each) for each in version.items])
