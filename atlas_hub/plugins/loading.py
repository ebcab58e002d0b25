"""Loads one plugin: imports it, registers its hooks, asks them and checks the answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import EntryPoint
from typing import Any

from atlas_hub.plugins.checks import ConnectorInfo, check_kind, classes_in, describe_connector
from atlas_hub.plugins.guard import Guard, PluginError
from atlas_hub.plugins.hooks import PluginHooks
from atlas_hub.plugins.manifest import Manifest
from atlas_hub.sdk import Connector
from atlas_hub_core.aggregations import Aggregation
from atlas_hub_core.params import Params
from atlas_hub_core.prices import EventsPrice, Price, QuantityPrice


@dataclass(frozen=True, slots=True)
class Offer:
    """What one plugin brings, checked; `infos` describes `connectors`, in the same order."""

    connectors: list[type[Connector]]
    infos: list[ConnectorInfo]
    price_models: list[type[Price]]
    aggregations: list[type[Aggregation[Any, Any]]]


def load(guard: Guard, entry: EntryPoint, manifest: Manifest) -> Offer:
    """Return what a plugin brings.

    Raises:
        PluginError: Says which step went wrong, and how.
    """
    plugin = guard.attempt(f"Importing {entry.value}", entry.load)
    hooks = guard.attempt("Registering its hooks", lambda: PluginHooks(entry.name, plugin))
    connectors = _ask(guard, "atlas_connectors", hooks.connectors, Connector)
    prices = _ask(guard, "atlas_price_models", hooks.price_models, (QuantityPrice, EventsPrice))
    aggregations = _ask(guard, "atlas_aggregations", hooks.aggregations, Aggregation)
    guard.attempt("Describing its parameters", lambda: _check_kinds([*prices, *aggregations]))
    infos = guard.attempt("Describing its connector", lambda: _describe(connectors, manifest))
    return Offer(connectors, infos, prices, aggregations)


def _ask(
    guard: Guard, hook: str, call: Callable[[], object], base: type | tuple[type, ...]
) -> list[type[Any]]:
    return guard.attempt(f"Calling {hook}", lambda: classes_in(hook, call(), base))


def _check_kinds(kinds: list[type[Params]]) -> None:
    for kind in kinds:
        check_kind(kind)


def _describe(connectors: list[type[Connector]], manifest: Manifest) -> list[ConnectorInfo]:
    if manifest.capabilities and not connectors:
        raise PluginError(
            f"Its manifest declares {', '.join(manifest.capabilities)}, "
            "but atlas_connectors answers with no connector."
        )
    if len(connectors) > 1:
        raise PluginError("It brings more than one connector; make it one plugin for each.")
    return [describe_connector(connector, manifest) for connector in connectors]
