"""Aggregations: how the events that a metric matches become one quantity."""

from __future__ import annotations

from typing import Any

from atlas_hub_core.aggregations.average import Average
from atlas_hub_core.aggregations.base import (
    Aggregation,
    Fold,
    NumberAggregation,
    Unrated,
    Usage,
    aggregate,
)
from atlas_hub_core.aggregations.count import Count
from atlas_hub_core.aggregations.extremes import Max, Min
from atlas_hub_core.aggregations.latest import Latest
from atlas_hub_core.aggregations.sum import Sum
from atlas_hub_core.aggregations.unique import Unique

BUILT_IN_AGGREGATIONS: tuple[type[Aggregation[Any, Any]], ...] = (
    Count,
    Sum,
    Min,
    Max,
    Average,
    Latest,
    Unique,
)
"""What the hub itself offers; it registers them through the hook that plugins use."""

__all__ = [
    "BUILT_IN_AGGREGATIONS",
    "Aggregation",
    "Average",
    "Count",
    "Fold",
    "Latest",
    "Max",
    "Min",
    "NumberAggregation",
    "Sum",
    "Unique",
    "Unrated",
    "Usage",
    "aggregate",
]
