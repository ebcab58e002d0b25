"""Price models: how a quantity, or the amounts of events, become money."""

from __future__ import annotations

from atlas_hub_core.prices.base import EventsPrice, Price, QuantityPrice, evaluate
from atlas_hub_core.prices.dynamic import Dynamic
from atlas_hub_core.prices.evaluation import (
    Evaluation,
    Step,
    trace_from_json,
    trace_to_json,
)
from atlas_hub_core.prices.flat import Flat
from atlas_hub_core.prices.graduated import Graduated
from atlas_hub_core.prices.graduated_percentage import GraduatedPercentage
from atlas_hub_core.prices.package import Package
from atlas_hub_core.prices.per_unit import PerUnit
from atlas_hub_core.prices.percentage import Percentage
from atlas_hub_core.prices.volume import Volume

BUILT_IN_PRICES: tuple[type[Price], ...] = (
    Flat,
    PerUnit,
    Graduated,
    Volume,
    Package,
    Percentage,
    GraduatedPercentage,
    Dynamic,
)
"""What the hub itself offers; it registers them through the hook that plugins use."""

__all__ = [
    "BUILT_IN_PRICES",
    "Dynamic",
    "Evaluation",
    "EventsPrice",
    "Flat",
    "Graduated",
    "GraduatedPercentage",
    "Package",
    "PerUnit",
    "Percentage",
    "Price",
    "QuantityPrice",
    "Step",
    "Volume",
    "evaluate",
    "trace_from_json",
    "trace_to_json",
]
