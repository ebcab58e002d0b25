"""What a connection to Stripe is configured with."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, StringConstraints

ApiBase = Annotated[
    str,
    StringConstraints(pattern=r"^https?://[^\s/?#@]+(/[^\s?#]*)?$"),
    AfterValidator(lambda url: url.rstrip("/")),
]


class StripeConfig(BaseModel):
    """How invoices are delivered."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    api_base: ApiBase = Field(
        "https://api.stripe.com",
        title="Address of the API",
        description="Where requests go: Stripe itself, a proxy of yours, or a sandbox. "
        "Plain http is taken only to this machine.",
        examples=["https://api.stripe.com", "http://127.0.0.1:8420"],
    )
    collect: bool = Field(
        default=True,
        title="Collect automatically",
        description="Charge the customer's payment method as soon as an invoice is delivered. "
        "Otherwise the invoice waits on its page at Stripe until the customer pays it there.",
    )
    statement_descriptor: str | None = Field(
        None,
        title="Statement descriptor",
        description="What customers read on their card statement; empty leaves it to the account. "
        "5 to 22 characters with at least one letter, none of < > \\ ' \" *.",
        pattern=r"^[^<>\\'\"*]{5,22}$",
        examples=["ACME METERED API"],
    )
    timeout_seconds: int = Field(
        30,
        ge=1,
        le=80,
        title="Timeout",
        description="Seconds to wait for an answer. What was sent may still take effect; the hub "
        "then asks Stripe before it sends anything again.",
    )


class StripeSecrets(BaseModel):
    """What proves who we are to Stripe, and Stripe to us."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    api_key: SecretStr = Field(
        title="Secret key",
        description="A secret (sk_...) or restricted (rk_...) key. A restricted one needs Write on "
        "Customers and Invoices, Read on Events, Payment Intents and Payment Methods.",
        min_length=8,
    )
    webhook_secret: SecretStr | None = Field(
        None,
        title="Signing secret",
        description="The signing secret (whsec_...) of the webhook endpoint. Without one, "
        "webhooks are refused and payments are found by polling.",
    )
