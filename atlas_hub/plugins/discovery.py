"""Finds installed plugins by their entry points, running none of their code."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import Distribution, EntryPoint, distributions
from pathlib import Path

from packaging.utils import canonicalize_name

from atlas_hub.plugins.guard import Guard, PluginError
from atlas_hub.plugins.manifest import Manifest, find_manifest, read_manifest
from atlas_hub.sdk.hookspecs import PROJECT

log = logging.getLogger("atlas_hub.plugins")


@dataclass(frozen=True, slots=True)
class Candidate:
    """One entry point of the group `atlas_hub`, and what its distribution says.

    Attributes:
        entry: The entry point.
        distribution: Name of the distribution; empty if its metadata is lost.
        version: Version of the distribution; empty if its metadata is lost.
        manifest: The manifest, or why it cannot be read.
        folder: The folder that holds the manifest: the plugin's package.
    """

    entry: EntryPoint
    distribution: str
    version: str
    manifest: Manifest | PluginError
    folder: Path | None = None

    @property
    def name(self) -> str:
        """Name of the entry point, which is the plugin's slug."""
        return self.entry.name

    @property
    def title(self) -> str:
        """Distribution and version, for messages."""
        return f"{self.distribution} {self.version}".strip() or self.entry.value

    def check(self) -> Manifest:
        """Return the manifest if the plugin may be loaded, as far as that is known unloaded.

        Raises:
            PluginError: With what is wrong, and the code `plugin_incompatible` if another version
                of the plugin API is wanted.
        """
        if isinstance(self.manifest, PluginError):
            raise self.manifest
        if not (self.distribution and self.version):
            raise PluginError("Its METADATA is missing or names no version. Install it again.")
        if self.manifest.slug != self.name:
            raise PluginError(
                f"Its entry point is called {self.name!r}, but its manifest says slug = "
                f"{self.manifest.slug!r}. Make them equal."
            )
        self.manifest.check_api()
        return self.manifest


def find_candidates() -> list[Candidate]:
    """Return all candidates by name; of equal names `atlas-hub-NAME` first, then by alphabet."""
    found = [_examine(entry, dist) for dist in _distinct() for entry in _entries(dist)]
    return sorted(found, key=_order)


def _order(candidate: Candidate) -> tuple[str, bool, str, str]:
    own = candidate.distribution == f"atlas-hub-{candidate.name}"
    return candidate.name, not own, candidate.distribution, candidate.entry.value


def _distinct() -> Iterator[Distribution]:
    """Yield every distribution that Python would use: the first on the path of each name."""
    seen = set[str]()
    for distribution in distributions():
        name = _metadata(distribution)[0]
        if not name or name not in seen:
            seen.add(name)
            yield distribution


def _entries(distribution: Distribution) -> list[EntryPoint]:
    try:
        return [entry for entry in distribution.entry_points if entry.group == PROJECT]
    except Exception:  # noqa: BLE001  any installed package may have a mangled list
        log.warning("Entry points of %s cannot be read", _metadata(distribution)[0] or "a package")
        return []


def _metadata(distribution: Distribution) -> tuple[str, str]:
    """Return name and version, empty where they are lost."""
    try:
        fields = distribution.metadata
        name = fields["Name"] if "Name" in fields else ""  # noqa: SIM401  there is no get
        version = fields["Version"] if "Version" in fields else ""  # noqa: SIM401
    except Exception:  # noqa: BLE001  newer Pythons raise where 3.11 answers nothing
        return "", ""
    return canonicalize_name(name), version


def _examine(entry: EntryPoint, distribution: Distribution) -> Candidate:
    name, version = _metadata(distribution)
    try:
        path = Guard().attempt("Finding its manifest", lambda: find_manifest(entry, distribution))
        return Candidate(entry, name, version, read_manifest(path), path.parent)
    except PluginError as error:
        return Candidate(entry, name, version, error)
