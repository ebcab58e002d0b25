"""One plugin's hooks behind pluggy: one typed method per hook.

Every plugin has a pluggy manager of its own, so that what one answers, raises or wraps cannot
reach another's.
"""

from __future__ import annotations

import inspect
import logging
from typing import Any, Final

import pluggy

from atlas_hub.plugins.guard import PluginError
from atlas_hub.sdk import hookspecs

log = logging.getLogger("atlas_hub.plugins")

PREFIX: Final = "atlas_"


class PluginHooks:
    """The hooks that one plugin answers. Answers are not checked here."""

    def __init__(self, name: str, plugin: object) -> None:
        """Register the plugin; `PluginError` or pluggy's own error says what does not fit."""
        self._manager = pluggy.PluginManager(hookspecs.PROJECT)
        self._manager.add_hookspecs(hookspecs)
        _check_names(self._manager, plugin)
        self._manager.register(plugin, name)
        self._manager.check_pending()
        self._answered = _answered(self._manager, plugin)
        if log.isEnabledFor(logging.DEBUG):
            self._manager.add_hookcall_monitoring(_before, _after(name))

    def connectors(self) -> object:
        """Return the answer to `atlas_connectors`, an empty list if it has none."""
        return self._answer("atlas_connectors")

    def price_models(self) -> object:
        """Return the answer to `atlas_price_models`, an empty list if it has none."""
        return self._answer("atlas_price_models")

    def aggregations(self) -> object:
        """Return the answer to `atlas_aggregations`, an empty list if it has none."""
        return self._answer("atlas_aggregations")

    def _answer(self, hook: str) -> object:
        if hook not in self._answered:
            return []
        answers: list[object] = getattr(self._manager.hook, hook)()
        return answers[0] if answers else None  # pluggy leaves out an answer of None


def _check_names(manager: pluggy.PluginManager, plugin: object) -> None:
    """Refuse what pluggy lets pass: a class, and functions that look like hooks but are none."""
    if inspect.isclass(plugin):
        raise PluginError(
            f"It is a class; let the entry point name an instance of {plugin.__name__}."
        )
    known = [name for name in vars(hookspecs) if name.startswith(PREFIX)]
    for name in (name for name in dir(plugin) if name.startswith(PREFIX)):
        if not inspect.isroutine(getattr(plugin, name)):
            continue
        if manager.parse_hookimpl_opts(plugin, name) is None:
            mistake = "is not marked with @hookimpl" if name in known else "is not a hook"
            raise PluginError(f"{name} {mistake}. The hooks are {', '.join(known)}.")


def _answered(manager: pluggy.PluginManager, plugin: object) -> frozenset[str]:
    """Return the names of the hooks that the plugin answers, each by one function."""
    callers = manager.get_hookcallers(plugin) or []
    if not callers:
        raise PluginError("It answers no hook. Mark its functions with @hookimpl.")
    for caller in callers:
        if len(caller.get_hookimpls()) > 1:
            raise PluginError(f"It answers {caller.name} by more than one function. Join them.")
    return frozenset(caller.name for caller in callers)


def _before(hook: str, _implementations: Any, _arguments: Any) -> None:
    log.debug("calling %s", hook)


def _after(name: str) -> Any:
    def after(outcome: pluggy.Result[Any], hook: str, *_: Any) -> None:
        log.debug("%s answered %s: %r", name, hook, outcome.exception or outcome.get_result())

    return after
