"""The shape of an invoice, as created."""

from atlas_hub_stripe.sandbox.objects import Object

ALWAYS_NULL = (
    "account_name",
    "account_tax_ids",
    "application",
    "customer_account",
    "customer_shipping",
    "default_source",
    "effective_at",
    "ending_balance",
    "from_invoice",
    "hosted_invoice_url",
    "invoice_pdf",
    "last_finalization_error",
    "latest_revision",
    "next_payment_attempt",
    "number",
    "on_behalf_of",
    "parent",
    "receipt_number",
    "rendering",
    "shipping_cost",
    "shipping_details",
    "test_clock",
    "webhooks_delivered_at",
)
ALWAYS_ZERO = (
    "amount_due",
    "amount_overpaid",
    "amount_paid",
    "amount_remaining",
    "amount_shipping",
    "attempt_count",
    "post_payment_credit_notes_amount",
    "pre_payment_credit_notes_amount",
    "starting_balance",
    "subtotal",
    "subtotal_excluding_tax",
    "total",
    "total_excluding_tax",
)
ALWAYS_EMPTY = (
    "customer_tax_ids",
    "default_tax_rates",
    "discounts",
    "total_discount_amounts",
    "total_pretax_credit_amounts",
    "total_taxes",
)
OPTIONAL = (
    "automatically_finalizes_at",
    "custom_fields",
    "default_payment_method",
    "description",
    "due_date",
    "footer",
    "statement_descriptor",
)


def blank(customer: Object, currency: str, now: int) -> Object:
    """A draft for this customer with nothing on it."""
    return {
        **dict.fromkeys((*ALWAYS_NULL, *OPTIONAL)),
        **dict.fromkeys(ALWAYS_ZERO, 0),
        **{name: [] for name in ALWAYS_EMPTY},
        "object": "invoice",
        "account_country": "US",
        "attempted": False,
        "auto_advance": False,
        "automatic_tax": {
            "disabled_reason": None,
            "enabled": False,
            "liability": None,
            "provider": None,
            "status": None,
        },
        "billing_reason": "manual",
        "collection_method": "charge_automatically",
        "created": now,
        "currency": currency,
        "customer": customer["id"],
        "issuer": {"type": "self"},
        "lines": {"object": "list", "data": [], "has_more": False, "url": ""},
        "livemode": False,
        "metadata": {},
        "payment_settings": {
            "default_mandate": None,
            "payment_method_options": None,
            "payment_method_types": None,
        },
        "period_end": now,
        "period_start": now,
        "status": "draft",
        "status_transitions": {
            "finalized_at": None,
            "marked_uncollectible_at": None,
            "paid_at": None,
            "voided_at": None,
        },
    } | addressee(customer)


def addressee(customer: Object) -> Object:
    """What an invoice copies from its customer, until it is finalized."""
    copied = ("address", "email", "name", "phone", "shipping", "tax_exempt")
    return {f"customer_{name}": customer[name] for name in copied}
