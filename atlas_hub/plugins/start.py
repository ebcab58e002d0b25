"""Loads the installed plugins: metadata first, then a probe, then the import."""

from __future__ import annotations

import sys
import time
from collections.abc import Collection, Iterator
from contextlib import redirect_stdout
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Final

from atlas_hub.plugins.builtin import BUILT_IN
from atlas_hub.plugins.discovery import Candidate, find_candidates
from atlas_hub.plugins.guard import Guard, PluginError
from atlas_hub.plugins.host import PluginHost, State
from atlas_hub.plugins.loading import load
from atlas_hub.plugins.memory import ProbeMemory
from atlas_hub.plugins.probe import probe_all
from atlas_hub.sdk.hookspecs import PROJECT

PLUGIN_SECONDS: Final = 10.0

Refusal = tuple[State, str]


def load_plugins(
    only: Collection[str] | None = None,
    *,
    safe_mode: bool = False,
    seconds: float = PLUGIN_SECONDS,
    memory: Path | None = None,
) -> PluginHost:
    """Return the host of all plugins that can be loaded; nothing a plugin does is raised.

    Args:
        only: Names of plugins or distributions to load; None loads all that are installed.
        safe_mode: Load only what the hub brings itself.
        seconds: How long a plugin may take, in its probe and again in this process.
        memory: File that remembers which plugins have passed their probe, so that it is not
            repeated until something changes; None probes every time.
    """
    host = PluginHost()
    _load(host, BUILT_IN, seconds)
    chosen = list(_choose(find_candidates(), only, safe_mode=safe_mode))
    failures = _probe([each for each, refusal in chosen if not refusal], seconds, memory)
    for candidate, refusal in chosen:
        if refusal:
            host.refuse(candidate, *refusal)
        elif candidate.name in failures:
            host.refuse(candidate, "broken", failures[candidate.name].message)
        else:
            _load(host, candidate, seconds)
    return host


def _choose(
    candidates: Collection[Candidate], only: Collection[str] | None, *, safe_mode: bool
) -> Iterator[tuple[Candidate, Refusal | None]]:
    """Yield every candidate, and why it is not to be loaded as far as is known unloaded."""
    owners = dict[str, Candidate]()
    for candidate in [*candidates, *_not_installed(candidates, only or ())]:
        refusal = _disabled(candidate, only, safe_mode=safe_mode) or _unfit(candidate)
        if not refusal:
            owner = owners.setdefault(candidate.name, candidate)
            refusal = _taken(candidate, owner) if owner is not candidate else None
        yield candidate, refusal


def _not_installed(candidates: Collection[Candidate], only: Collection[str]) -> Iterator[Candidate]:
    known = {name for each in candidates for name in (each.name, each.distribution)}
    for name in sorted(set(only) - known):
        problem = PluginError("ATLAS_PLUGINS lists it, but no such plugin is installed.")
        yield Candidate(EntryPoint(name, "", PROJECT), "", "", problem)


def _disabled(
    candidate: Candidate, only: Collection[str] | None, *, safe_mode: bool
) -> Refusal | None:
    if safe_mode:
        return "disabled", "Safe mode loads only what the hub brings itself."
    if only is not None and not {candidate.name, candidate.distribution} & set(only):
        return "disabled", "ATLAS_PLUGINS does not list it."
    return None


def _unfit(candidate: Candidate) -> Refusal | None:
    try:
        manifest = candidate.check()
    except PluginError as error:
        return "incompatible" if error.code == "plugin_incompatible" else "broken", error.message
    return ("planned", "There is nothing to load yet.") if manifest.planned else None


def _taken(candidate: Candidate, owner: Candidate) -> Refusal:
    return "broken", (
        f"Both {owner.title} and {candidate.title} are called {candidate.name!r}; the first is "
        "taken. Uninstall one, or list in ATLAS_PLUGINS the distribution to load."
    )


def _probe(
    candidates: Collection[Candidate], seconds: float, path: Path | None
) -> dict[str, PluginError]:
    """Return why plugins have failed their probe, by name."""
    memory = ProbeMemory(path)
    fresh = [candidate for candidate in candidates if not memory.has_passed(candidate)]
    verdicts = zip(fresh, probe_all(fresh, seconds), strict=True)
    failures = {candidate.name: verdict for candidate, verdict in verdicts if verdict}
    memory.remember(each for each in candidates if each.name not in failures)
    return failures


def _load(host: PluginHost, candidate: Candidate, seconds: float) -> None:
    started = time.perf_counter()
    guard = Guard()
    try:
        with redirect_stdout(sys.stderr):  # what plugins print must not mix with our answers
            offer = guard.within(seconds, lambda: load(guard, candidate.entry, candidate.check()))
        host.add(candidate, offer, time.perf_counter() - started)
    except PluginError as error:
        host.refuse(candidate, "broken", error.message)
