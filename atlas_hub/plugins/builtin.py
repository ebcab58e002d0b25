"""The hub's own price models and aggregations, offered through the hooks that plugins use."""

from __future__ import annotations

from importlib.metadata import EntryPoint, version
from typing import Any, Final

from atlas_hub.plugins.discovery import Candidate
from atlas_hub.plugins.manifest import Manifest
from atlas_hub.sdk.hookspecs import PROJECT, hookimpl
from atlas_hub_core.aggregations import BUILT_IN_AGGREGATIONS, Aggregation
from atlas_hub_core.prices import BUILT_IN_PRICES, Price

VERSION: Final = version("atlas-hub")
BUILT_IN: Final = Candidate(
    EntryPoint("atlas-hub", __name__, PROJECT),
    "atlas-hub",
    VERSION,
    Manifest(slug="atlas-hub", name="Atlas Hub", version=VERSION, api=">=1.0"),
)


@hookimpl
def atlas_price_models() -> list[type[Price]]:
    """Return the hub's price models."""
    return list(BUILT_IN_PRICES)


@hookimpl
def atlas_aggregations() -> list[type[Aggregation[Any, Any]]]:
    """Return the hub's aggregations."""
    return list(BUILT_IN_AGGREGATIONS)
