"""Prices as they come in: read with the installed price models, in one currency."""

from collections.abc import Mapping
from typing import Any

from atlas_hub.hub import Hub
from atlas_hub_core.errors import CurrencyMismatch
from atlas_hub_core.prices import Price


def check_currency(stated: object, currency: str, field: str) -> None:
    """Raise `CurrencyMismatch` unless `stated`, where an amount names its currency, is it."""
    if stated is not None and stated != currency:
        message = (
            f"{field} is {str(stated)[:10]!r}, but the price is in {currency}. Use {currency}."
        )
        raise CurrencyMismatch(message, field=field)


def parse_price(hub: Hub, currency: str, parameters: Mapping[str, Any]) -> Price:
    """Read the parameters of a price, which may name the currency they are in.

    Raises:
        InvalidInput: With code `invalid_price` and the path of the field at fault.
        CurrencyMismatch: If they name another currency.
    """
    check_currency(parameters.get("currency"), currency, "price.currency")
    return hub.prices.parse({k: v for k, v in parameters.items() if k != "currency"})
