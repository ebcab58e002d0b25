"""The hooks a plugin may answer.

    start-up  atlas_connectors, atlas_price_models, atlas_aggregations

A plugin is a module or object named by an entry point in the group `atlas_hub`; it answers a hook
by a function of the hook's name marked with `@hookimpl`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pluggy

if TYPE_CHECKING:
    from atlas_hub.sdk.connector import Connector
    from atlas_hub_core.aggregations import Aggregation
    from atlas_hub_core.prices import Price

PROJECT: Final = "atlas_hub"
API_VERSION: Final = (1, 0)

hookspec: Final = pluggy.HookspecMarker(PROJECT)
hookimpl: Final = pluggy.HookimplMarker(PROJECT)


@hookspec
def atlas_connectors() -> list[type[Connector]]:  # type: ignore[empty-body] # pluggy: a spec has no body
    """Return the connector classes this plugin brings."""


@hookspec
def atlas_price_models() -> list[type[Price]]:  # type: ignore[empty-body] # pluggy: a spec has no body
    """Return price models, each told apart by its `type`."""


@hookspec
def atlas_aggregations() -> list[type[Aggregation[Any, Any]]]:  # type: ignore[empty-body] # pluggy: a spec has no body
    """Return aggregations, each told apart by its `type`."""
