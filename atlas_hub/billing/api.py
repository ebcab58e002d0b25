"""Routes: invoices and the billing run."""

from typing import Annotated, Literal

from fastapi import Query
from pydantic import Field
from sqlalchemy import select
from sqlmodel import col

from atlas_hub.billing.answers import InvoiceAnswer, answer_invoices, get_invoice
from atlas_hub.billing.explain import InvoiceExplanation, explain_invoice
from atlas_hub.billing.finalize import finalize_invoices
from atlas_hub.billing.late_report import LateUsage, report_late
from atlas_hub.billing.run import run_billing
from atlas_hub.billing.tables import Invoice
from atlas_hub.billing.void import void_invoice
from atlas_hub.customers.service import resolve_customer
from atlas_hub.http.bodies import Answer, Body, Timestamp
from atlas_hub.http.paging import Cursor, Limit, Page, fetch_page
from atlas_hub.http.routing import Caller, HubDep, Router, Session, needs
from atlas_hub_core.errors import Conflict, Forbidden

router = Router("billing")


class BillingRun(Body):
    """What to bill."""

    as_of: Timestamp | None = Field(
        default=None, description="Bill what is due at this time; business time now if left out."
    )
    finalize: bool = Field(
        default=False, description="Finalize all drafts at once, collection window or not."
    )


class BillingRunAnswer(Answer):
    """The invoices that the run wrote, finalized, or left as drafts, and what it could not bill.

    `failed` says why, by the id of the subscription or invoice; the next run tries it again.
    """

    invoices: list[str]
    failed: dict[str, str]


Status = Literal["draft", "open", "paid", "void", "uncollectible"]


@router.post("/v1/billing/run", openapi_extra=needs("billing:write"))
async def bill(body: BillingRun, hub: HubDep, caller: Caller) -> BillingRunAnswer:
    """Bill everything that is due, and answer when it is done."""
    if body.finalize and not caller.may("invoices:write"):
        message = "finalize needs the scope invoices:write, which your API key does not have."
        raise Forbidden(message, code="missing_scope", field="finalize")
    run = await run_billing(hub, caller, body.as_of, finalize=body.finalize)
    return BillingRunAnswer(invoices=run.invoices, failed=run.failed)


@router.get("/v1/billing/late", openapi_extra=needs("invoices:read"))
async def list_late(
    session: Session,
    hub: HubDep,
    customer: Annotated[str | None, Query(description="Id or external id.")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[LateUsage]:
    """List usage that came after the invoice of its period was final and is not billed."""
    row = await resolve_customer(session, customer) if customer is not None else None
    late, following = await report_late(
        session, hub, row.id if row else None, limit=limit, cursor=cursor
    )
    return Page(data=late, next_cursor=following)


@router.get("/v1/invoices", openapi_extra=needs("invoices:read"))
async def list_invoices(
    session: Session,
    customer: Annotated[str | None, Query(description="Id or external id.")] = None,
    status: Annotated[Status | None, Query(description="Only invoices in this state.")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[InvoiceAnswer]:
    """List invoices, newest first."""
    statement = select(Invoice)
    if customer is not None:
        row = await resolve_customer(session, customer)
        statement = statement.where(col(Invoice.customer_id) == row.id)
    if status is not None:
        statement = statement.where(col(Invoice.status) == status)
    rows, following = await fetch_page(
        session, statement, col(Invoice.id), limit=limit, cursor=cursor
    )
    return Page(data=await answer_invoices(session, rows), next_cursor=following)


@router.get("/v1/customers/{customer}/invoices", openapi_extra=needs("invoices:read"))
async def list_customer_invoices(
    customer: str, session: Session, limit: Limit = 50, cursor: Cursor = None
) -> Page[InvoiceAnswer]:
    """List the invoices of a customer, newest first."""
    return await list_invoices(session, customer, None, limit, cursor)


@router.get("/v1/invoices/{invoice}", openapi_extra=needs("invoices:read"))
async def read_invoice(invoice: str, session: Session) -> InvoiceAnswer:
    """Answer one invoice, by id or number."""
    row = await get_invoice(session, invoice)
    return (await answer_invoices(session, [row]))[0]


@router.post("/v1/invoices/{invoice}/finalize", openapi_extra=needs("invoices:write"))
async def finalize(invoice: str, session: Session, hub: HubDep, caller: Caller) -> InvoiceAnswer:
    """Freeze a draft, give it a number, and deliver it. An open one is answered as it is."""
    row = await get_invoice(session, invoice)
    if row.status not in ("draft", "open", "paid"):
        message = f"Invoice {row.id} is {row.status}; only a draft can be finalized."
        raise Conflict(message, code="invoice_not_draft")
    await finalize_invoices(session, hub, caller, [row.id])
    await session.refresh(row)
    return (await answer_invoices(session, [row]))[0]


@router.post("/v1/invoices/{invoice}/void", openapi_extra=needs("invoices:write"))
async def void(invoice: str, session: Session, hub: HubDep, caller: Caller) -> InvoiceAnswer:
    """Void an open invoice, here and at the gateway it was delivered to."""
    row = await get_invoice(session, invoice)
    await void_invoice(session, hub, caller, row)
    return (await answer_invoices(session, [row]))[0]


@router.get("/v1/invoices/{invoice}/explain", openapi_extra=needs("invoices:read"))
async def explain(invoice: str, session: Session) -> InvoiceExplanation:
    """Say how every number on an invoice came to be."""
    return await explain_invoice(session, await get_invoice(session, invoice))
