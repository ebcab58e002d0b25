"""What the demo sells: an LLM plan with three metrics, a fee, and an entitlement."""

from collections.abc import Callable
from typing import Any, Final

EVENT: Final = "llm.request"

METRICS: Final[list[dict[str, Any]]] = [
    {
        "key": "context_tokens",
        "name": "Context tokens",
        "event_name": EVENT,
        "aggregation": {"type": "sum", "property": "context_tokens"},
    },
    {
        "key": "generated_tokens",
        "name": "Generated tokens",
        "event_name": EVENT,
        "aggregation": {"type": "sum", "property": "generated_tokens"},
    },
    {
        "key": "requests",
        "name": "Requests",
        "event_name": EVENT,
        "aggregation": {"type": "count"},
    },
]

ENTITLEMENT: Final = {"name": "Priority support", "type": "boolean"}

PLAN: Final = {
    "key": "llm-pro",
    "name": "LLM Pro",
    "currency": "USD",
    "payment_terms": {"net_days": 30},
}


def describe_metric(metric: dict[str, Any]) -> str:
    """Say what a metric counts."""
    aggregation = metric["aggregation"]
    what = f"{aggregation['type']} of {aggregation.get('property', 'events')}"
    return f"{what} over {metric['event_name']}"


def describe_item(item: dict[str, Any]) -> str:
    """Say what a plan item is and costs."""
    name = item.get("fee") or item.get("metric") or item["entitlement"]
    price = item.get("price")
    if price is None:
        return f"{name}: included"
    sentence = _PRICES[price["type"]]
    return f"{name}: USD {sentence(price)}, monthly in arrears"


def _graduated(price: dict[str, Any]) -> str:
    first, rest = price["tiers"]
    return f"{first['unit']} each up to {int(first['up_to']):,}, then {rest['unit']} each"


_PRICES: Final[dict[str, Callable[[dict[str, Any]], str]]] = {
    "flat": lambda price: price["amount"],
    "graduated": _graduated,
    "per_unit": lambda price: f"{price['unit']} each",
    "package": lambda price: f"{price['amount']} per {int(price['size']):,}",
}


def items(entitlement_key: str) -> list[dict[str, Any]]:
    """Return the items of the plan, as the API takes them."""
    monthly = {"cadence": "month", "timing": "arrears"}
    return [
        {"fee": "Platform fee", "price": {"type": "flat", "amount": "49.00"}, **monthly},
        {
            "metric": "context_tokens",
            "price": {
                "type": "graduated",
                "tiers": [
                    {"up_to": "10000000", "unit": "0.0000005"},
                    {"up_to": None, "unit": "0.0000003"},
                ],
            },
            **monthly,
        },
        {
            "metric": "generated_tokens",
            "price": {"type": "per_unit", "unit": "0.0000015"},
            **monthly,
        },
        {
            "metric": "requests",
            "price": {"type": "package", "size": "1000", "amount": "0.25"},
            **monthly,
        },
        {"entitlement": entitlement_key, "value": True, **monthly},
    ]
