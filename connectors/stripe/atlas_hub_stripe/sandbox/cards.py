"""Stripe's test cards: what each one does when it is charged."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TestCard:
    """A test card. It pays unless it has a `code` (declines) or wants a person's consent."""

    brand: str
    number: str
    code: str | None = None
    decline_code: str | None = None
    needs_action: bool = False


def _declined(number: str, decline_code: str, code: str = "card_declined") -> TestCard:
    return TestCard("visa", number, code, decline_code)


CARDS = {
    "visa": TestCard("visa", "4242424242424242"),
    "visa_debit": TestCard("visa", "4000056655665556"),
    "mastercard": TestCard("mastercard", "5555555555554444"),
    "amex": TestCard("amex", "378282246310005"),
    "chargeCustomerFail": _declined("4000000000000341", "generic_decline"),
    "chargeDeclined": _declined("4000000000000002", "generic_decline"),
    "chargeDeclinedInsufficientFunds": _declined("4000000000009995", "insufficient_funds"),
    "chargeDeclinedLostCard": _declined("4000000000009987", "lost_card"),
    "chargeDeclinedStolenCard": _declined("4000000000009979", "stolen_card"),
    "chargeDeclinedVelocityLimitExceeded": _declined("4000000000006975", "card_velocity_exceeded"),
    "chargeDeclinedExpiredCard": _declined("4000000000000069", "expired_card", "expired_card"),
    "chargeDeclinedIncorrectCvc": _declined("4000000000000127", "incorrect_cvc", "incorrect_cvc"),
    "chargeDeclinedProcessingError": _declined(
        "4000000000000119", "processing_error", "processing_error"
    ),
    "authenticationRequired": TestCard("visa", "4000002760003184", needs_action=True),
    "threeDSecure2Required": TestCard("visa", "4000000000003220", needs_action=True),
}
MESSAGES = {
    "insufficient_funds": "Your card has insufficient funds.",
    "expired_card": "Your card has expired.",
    "incorrect_cvc": "Your card's security code is incorrect.",
    "processing_error": (
        "An error occurred while processing your card. Try again in a little bit."
    ),
}


def card_named(reference: str) -> str | None:
    """The card meant by `pm_card_visa`, `tok_visa`, `pm_card_visa_chargeDeclined`, ... or None."""
    for prefix in ("pm_card_", "tok_"):
        if reference.startswith(prefix):
            name = reference.removeprefix(prefix)
            return next((n for n in (name, name.removeprefix("visa_")) if n in CARDS), None)
    return None


def card_numbered(number: str) -> str | None:
    """The card with this number, or None."""
    return next((name for name, card in CARDS.items() if card.number == number), None)


def decline_message(card: TestCard) -> str:
    """What Stripe tells the shopper."""
    return MESSAGES.get(card.decline_code or "", "Your card was declined.")
