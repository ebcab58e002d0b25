"""The plugins of one process: what they bring, and the state of each."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeVar

from atlas_hub.plugins.checks import ConnectorInfo, type_of
from atlas_hub.plugins.discovery import Candidate
from atlas_hub.plugins.guard import PluginError
from atlas_hub.plugins.loading import Offer
from atlas_hub.plugins.manifest import Manifest
from atlas_hub.sdk import Connector
from atlas_hub_core.aggregations import Aggregation
from atlas_hub_core.params import Params
from atlas_hub_core.prices import Price

log = logging.getLogger("atlas_hub.plugins")

State = Literal["loaded", "broken", "incompatible", "disabled", "planned"]
Kind = TypeVar("Kind", bound=Params)


@dataclass(frozen=True, slots=True)
class PluginInfo:
    """One installed plugin as lists show it.

    Attributes:
        name: Its slug, the name of its entry point.
        distribution: What `pip` calls it; empty if its metadata is lost.
        version: Version of the distribution; empty if its metadata is lost.
        state: `loaded`, or what it is instead.
        reason: Why it is not loaded.
        manifest: What it says of itself, if that can be read.
        connectors: The connectors it brings.
        load_seconds: How long loading took in this process.
    """

    name: str
    distribution: str
    version: str
    state: State
    reason: str | None = None
    manifest: Manifest | None = None
    connectors: tuple[ConnectorInfo, ...] = ()
    load_seconds: float = 0.0

    @property
    def capabilities(self) -> tuple[str, ...]:
        """What its connector can do, as its manifest says."""
        return tuple(self.manifest.capabilities) if self.manifest else ()


class PluginHost:
    """Holds what the loaded plugins bring. `load_plugins` builds it."""

    def __init__(self) -> None:
        self._infos = list[PluginInfo]()
        self._connectors = dict[str, type[Connector]]()
        self._price_models = dict[str, type[Price]]()
        self._aggregations = dict[str, type[Aggregation[Any, Any]]]()

    def plugins(self) -> tuple[PluginInfo, ...]:
        """Return every plugin, the hub's own first, then by name."""
        return tuple(self._infos)

    def connectors(self) -> Mapping[str, type[Connector]]:
        """Return the connectors by slug."""
        return self._connectors

    def price_models(self) -> tuple[type[Price], ...]:
        """Return the price models, each with a `type` of its own."""
        return tuple(self._price_models.values())

    def aggregations(self) -> tuple[type[Aggregation[Any, Any]], ...]:
        """Return the aggregations, each with a `type` of its own."""
        return tuple(self._aggregations.values())

    def add(self, candidate: Candidate, offer: Offer, load_seconds: float) -> None:
        """Take all that a plugin brings, or nothing.

        Raises:
            PluginError: If another plugin has brought a price model or aggregation of that name.
        """
        prices = _joined("price model", self._price_models, offer.price_models)
        aggregations = _joined("aggregation", self._aggregations, offer.aggregations)
        self._price_models, self._aggregations = prices, aggregations
        self._connectors |= {each.slug: each for each in offer.connectors}
        info = replace(
            _info(candidate, "loaded"),
            connectors=tuple(offer.infos),
            load_seconds=round(load_seconds, 4),
        )
        self._infos.append(info)

    def refuse(self, candidate: Candidate, state: State, reason: str) -> None:
        """List a plugin that is not loaded, and why."""
        level = logging.WARNING if state in ("broken", "incompatible") else logging.DEBUG
        log.log(level, "plugin %s (%s) is %s: %s", candidate.name, candidate.title, state, reason)
        self._infos.append(replace(_info(candidate, state), reason=reason))


def _info(candidate: Candidate, state: State) -> PluginInfo:
    manifest = candidate.manifest if isinstance(candidate.manifest, Manifest) else None
    return PluginInfo(
        candidate.name, candidate.distribution, candidate.version, state, manifest=manifest
    )


def _joined(
    noun: str, known: Mapping[str, type[Kind]], new: Sequence[type[Kind]]
) -> dict[str, type[Kind]]:
    joined = dict(known)
    for kind in new:
        name = type_of(kind)
        if name in joined:
            first = joined[name]
            raise PluginError(
                f"Its {noun} {name!r} is called like {first.__module__}.{first.__qualname__}. "
                "Rename it."
            )
        joined[name] = kind
    return joined
