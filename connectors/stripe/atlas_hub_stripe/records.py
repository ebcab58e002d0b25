"""What the connector reads of Stripe's objects; everything else is ignored."""

from typing import Literal, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from atlas_hub.sdk import JsonObject, SchemaDrift


class Record(BaseModel):
    """A part of one of Stripe's objects, taken as it is sent."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)


class MethodRef(Record):
    """A payment method inside another object."""

    id: str


class PaymentError(Record):
    """Why the last try to pay failed."""

    message: str | None = None
    payment_method: MethodRef | None = None


class PaymentIntent(Record):
    """The collection of one invoice. `last_payment_error` is None when nothing failed."""

    status: str
    payment_method: str | None = None
    last_payment_error: PaymentError | None = None


class PaidBy(Record):
    """What pays an invoice; there is no intent when it is paid outside of Stripe."""

    payment_intent: PaymentIntent | None = None


class InvoicePayment(Record):
    """One payment of an invoice."""

    is_default: bool
    payment: PaidBy


class InvoicePayments(Record):
    """The payments of an invoice."""

    data: list[InvoicePayment]


class Invoice(Record):
    """An invoice at Stripe, amounts in Stripe's units, read with its payments."""

    id: str
    status: Literal["draft", "open", "paid", "void", "uncollectible"]
    currency: str
    total: int
    amount_due: int
    amount_paid: int
    hosted_invoice_url: str | None = None
    payments: InvoicePayments

    @property
    def intent(self) -> PaymentIntent | None:
        """The intent by which Stripe collects it, if there is one."""
        mine = (entry.payment.payment_intent for entry in self.payments.data if entry.is_default)
        return next(mine, None)


class InvoiceSettings(Record):
    """What a customer's invoices are paid with."""

    default_payment_method: str | None = None


class Customer(Record):
    """A customer at Stripe; of a deleted one only the id is left."""

    id: str
    deleted: bool = False
    balance: int = 0
    invoice_settings: InvoiceSettings = InvoiceSettings()


R = TypeVar("R", bound=Record)


def parsed(model: type[R], answer: JsonObject) -> R:
    """Return what we read of an answer.

    Raises:
        SchemaDrift: A field is missing or of another type than in our version of the API.
    """
    try:
        return model.model_validate(answer)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        field = ".".join(str(part) for part in first["loc"])
        message = f"Stripe's {model.__name__.lower()} is not as expected: {field}: {first['msg']}."
        raise SchemaDrift(message, code="schema_drift", field=field) from error
