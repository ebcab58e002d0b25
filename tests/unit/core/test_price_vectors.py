"""Prices of every model, against figures that other billing systems and their tests publish."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from atlas_hub_core.params import Registry
from atlas_hub_core.prices import BUILT_IN_PRICES, Price, evaluate

PRICES: Registry[Price] = Registry("price", BUILT_IN_PRICES)


def tiers(*rows: tuple[str | None, str, str]) -> list[dict[str, str | None]]:
    """Build tiers from (up_to, unit, flat)."""
    return [{"up_to": up_to, "unit": unit, "flat": flat} for up_to, unit, flat in rows]


LAGO_GRADUATED = {
    "type": "graduated",
    "tiers": tiers(("10", "10", "2"), ("20", "5", "3"), (None, "5", "3")),
    "flat_at_zero": True,
}
LAGO_VOLUME = {
    "type": "volume",
    "tiers": tiers(("100", "2", "10"), ("200", "1", "0"), (None, "0.5", "50")),
    "flat_at_zero": True,
}
OPENMETER_GRADUATED = {
    "type": "graduated",
    "tiers": tiers(("5", "0", "100"), ("10", "0", "50"), ("15", "10", "0"), (None, "5", "0")),
    "flat_at_zero": True,
}
OPENMETER_VOLUME = {
    "type": "volume",
    "tiers": tiers(("5", "0", "100"), ("10", "0", "150"), ("15", "10", "0"), (None, "5", "0")),
    "flat_at_zero": True,
}
FLEXPRICE_TIERS = tiers(("10", "50", "0"), ("20", "40", "0"), (None, "30", "0"))
STRIPE_TIERS = tiers(("5", "7", "0"), ("10", "6.5", "0"), (None, "6", "0"))
KILLBILL_TIERS = tiers(
    ("10", "1.5", "0"), ("110", "1", "0"), ("1110", "0.5", "0"), (None, "0", "0")
)

VECTORS: dict[str, tuple[dict[str, Any], str, str]] = {
    "L1": (LAGO_GRADUATED, "0 1 10 11 12 21", "2 12 102 110 115 163"),
    "L2": (
        {
            "type": "graduated",
            "tiers": tiers(("0.1", "10", "0"), ("1", "5", "0"), (None, "2", "0")),
        },
        "0.05 0.5",
        "0.5 3",
    ),
    "L3": (LAGO_VOLUME, "0 1 100 100.5 101 200 210 300", "10 12 210 100.5 101 200 155 200"),
    "L5": ({"type": "package", "size": "10", "amount": "100"}, "121", "1300"),
    "L5 free 10": ({"type": "package", "size": "10", "amount": "100", "free": "10"}, "121", "1200"),
    "L5 free 200": ({"type": "package", "size": "10", "amount": "100", "free": "200"}, "121", "0"),
    "L15": (
        {
            "type": "graduated_percentage",
            "tiers": [
                {"up_to": "10", "rate": "1", "flat": "200"},
                {"up_to": "20", "rate": "2", "flat": "300"},
                {"up_to": None, "rate": "3", "flat": "400"},
            ],
            "flat_at_zero": True,
        },
        "0 1 10 11 12",
        "200 200.01 200.1 500.12 500.14",
    ),
    "L22": (
        {
            "type": "volume",
            "tiers": tiers(
                ("10000", "0.0010", "10"), ("50000", "0.0008", "10"), (None, "0.0006", "10")
            ),
        },
        "65000",
        "49",
    ),
    "O1": (
        {
            "type": "graduated",
            "tiers": tiers(
                ("5", "0", "100"), ("10", "0", "50"), ("15", "5", "0"), (None, "1", "0")
            ),
        },
        "12 22",
        "160 182",
    ),
    "O2": (OPENMETER_GRADUATED, "0 3 5 5.001 7 12 22", "100 100 100 150 150 170 235"),
    "O4": (OPENMETER_VOLUME, "0 3 5 7 14 15 16 100", "100 100 100 150 140 150 80 500"),
    "O5 minimum": (OPENMETER_VOLUME | {"minimum": "150"}, "0", "150"),
    "O5 maximum": (OPENMETER_VOLUME | {"maximum": "125"}, "7", "125"),
    "O6": ({"type": "package", "size": "10", "amount": "15"}, "0 5 10 17 22", "0 15 15 30 45"),
    "F1": ({"type": "volume", "tiers": FLEXPRICE_TIERS}, "5 15 25", "250 600 750"),
    "F2": ({"type": "graduated", "tiers": FLEXPRICE_TIERS}, "5 15 25", "250 700 1050"),
    "F3": (
        {"type": "package", "size": "100", "amount": "1", "round": "up"},
        "0 2 99 100 101 150 300",
        "0 1 1 1 2 2 3",
    ),
    "F4": ({"type": "package", "size": "100", "amount": "1", "round": "down"}, "50 250", "0 2"),
    "K3 all": ({"type": "graduated", "tiers": KILLBILL_TIERS}, "111", "115.5"),
    "K3 top": ({"type": "volume", "tiers": KILLBILL_TIERS}, "111", "55.5"),
    "S1": ({"type": "volume", "tiers": STRIPE_TIERS}, "1 5 6 20 25", "7 35 39 120 150"),
    "S2": ({"type": "graduated", "tiers": STRIPE_TIERS}, "6 20 25", "41.5 127.5 157.5"),
    "M3": (
        {
            "type": "volume",
            "tiers": tiers(("100", "3", "0"), ("200", "2", "0"), (None, "1", "0")),
        },
        "199.5",
        "399",
    ),
    "flat": ({"type": "flat", "amount": "49.00"}, "0 1 7.5", "49 49 49"),
    "per unit": ({"type": "per_unit", "unit": "0.0000015"}, "0 4088665", "0 6.1329975"),
    "included": ({"type": "per_unit", "unit": "2", "included": "10"}, "9 10 10.5", "0 0 1"),
    "volume, nothing due at zero": (
        {"type": "volume", "tiers": tiers((None, "1", "9"))},
        "0 1",
        "0 10",
    ),
    "graduated percentage, nothing due at zero": (
        {"type": "graduated_percentage", "tiers": [{"rate": "1", "flat": "9"}]},
        "0 1",
        "0 9.01",
    ),
    "graduated, nothing due at zero": (
        {"type": "graduated", "tiers": tiers(("5", "0", "9"), (None, "1", "0"))},
        "0 1",
        "0 9",
    ),
}


@pytest.mark.parametrize(
    ("params", "quantity", "amount"),
    [
        pytest.param(params, quantity, amount, id=f"{name} at {quantity}")
        for name, (params, quantities, amounts) in VECTORS.items()
        for quantity, amount in zip(quantities.split(), amounts.split(), strict=True)
    ],
)
def test_price_of_a_quantity_is_the_published_one(
    params: dict[str, Any], quantity: str, amount: str
) -> None:
    assert evaluate(PRICES.parse(params), quantity=Decimal(quantity)).exact == Decimal(amount)


LAGO_PERCENTAGE = {"type": "percentage", "rate": "1.3", "fixed": "2"}


@pytest.mark.parametrize(
    ("params", "events", "amount"),
    [
        pytest.param(LAGO_PERCENTAGE, "200 200 200 200", "18.4", id="L6"),
        pytest.param(LAGO_PERCENTAGE | {"free_events": 3}, "50 100 250 400", "7.2", id="L7"),
        pytest.param(
            LAGO_PERCENTAGE | {"free_events": 3, "free_amount": "250"},
            "50 100 250 400",
            "11.15",
            id="L8",
        ),
        pytest.param(
            LAGO_PERCENTAGE | {"free_amount": "100"}, "60 40 10", "2.13", id="free amount used up"
        ),
        pytest.param(
            LAGO_PERCENTAGE | {"free_amount": "100"}, "60 60 10", "4.39", id="free amount passed"
        ),
        pytest.param({"type": "percentage", "rate": "1"}, "", "0", id="no event"),
        pytest.param(
            {"type": "percentage", "rate": "10", "event_min": "2", "event_max": "5"},
            "1 30 900",
            "10",
            id="each event within its limits",
        ),
        pytest.param({"type": "dynamic"}, "0.102 0.2 0.1", "0.402", id="L21"),
        pytest.param({"type": "dynamic", "maximum": "0.3"}, "0.2 0.2", "0.3", id="capped"),
    ],
)
def test_price_of_events_is_the_published_one(
    params: dict[str, Any], events: str, amount: str
) -> None:
    amounts = [Decimal(text) for text in events.split()]
    assert evaluate(PRICES.parse(params), events=amounts).exact == Decimal(amount)
