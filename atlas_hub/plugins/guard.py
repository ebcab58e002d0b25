"""Turns whatever comes out of a plugin, or never comes out, into one sentence."""

from __future__ import annotations

import threading
import traceback
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Final, TypeVar

from atlas_hub_core.errors import AtlasError

LONGEST_REASON: Final = 500

T = TypeVar("T")


class PluginError(AtlasError):
    """Why a plugin is not loaded; `code` is `plugin_broken` or `plugin_incompatible`."""

    def __init__(self, message: str, *, code: str = "plugin_broken") -> None:
        super().__init__(message, code=code)


class Guard:
    """Runs a plugin's code step by step and knows which step it is at.

    Attributes:
        stage: The step that was tried last, as the beginning of a sentence.
    """

    def __init__(self, announce: Callable[[str], None] = lambda _: None) -> None:
        """Tell `announce` about each step before it is tried."""
        self.stage = "Loading"
        self._announce = announce

    def attempt(self, stage: str, action: Callable[[], T]) -> T:
        """Return what `action` returns.

        Raises:
            PluginError: Whatever `action` raised, also `SystemExit` and `KeyboardInterrupt`: the
                interrupt of a person reaches the main thread, which waits in `within`.
        """
        self.stage = stage
        self._announce(stage)
        try:
            return action()
        except PluginError:
            raise
        except BaseException as error:
            raise PluginError(f"{stage} failed: {describe(error)}") from error

    def within(self, seconds: float, action: Callable[[], T]) -> T:
        """Return what `action` returns, from a thread that is given up when time is over.

        Raises:
            PluginError: What `action` raised, or the step that took too long.
        """
        future: Future[T] = Future()
        run = threading.Thread(target=_settle, args=(future, action), daemon=True)
        run.start()
        try:
            return future.result(timeout=seconds)
        except TimeoutError as error:
            raise PluginError(took_too_long(self.stage, seconds)) from error


def _settle(future: Future[T], action: Callable[[], T]) -> None:
    try:
        future.set_result(action())
    except BaseException as error:  # noqa: BLE001  handed over to the thread that waits
        future.set_exception(error)


def took_too_long(stage: str, seconds: float) -> str:
    """Return the reason of a plugin that hangs."""
    return f"{stage} took longer than {seconds:g} s."


def describe(error: BaseException) -> str:
    """Return type, message and place of an error on one line, fit for a terminal."""
    try:
        message = str(error)
    except Exception:  # noqa: BLE001  a plugin's own exception class
        message = "(its message cannot be read)"
    frames = traceback.extract_tb(error.__traceback__, limit=-1)
    place = f" ({Path(frames[0].filename).name}:{frames[0].lineno})" if frames else ""
    line = f"{type(error).__name__}: {message}" if message else type(error).__name__
    printable = "".join(letter if letter.isprintable() else " " for letter in line)
    return f"{printable[:LONGEST_REASON]}{place}"
