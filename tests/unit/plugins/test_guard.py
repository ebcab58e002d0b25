"""The guard: whatever comes out of a plugin is one sentence; a hang is given up."""

import signal
import threading
import time

import pytest

from atlas_hub.plugins.guard import LONGEST_REASON, Guard, PluginError, describe


class Unprintable(Exception):
    def __str__(self) -> str:
        raise ValueError


def raising(error: BaseException) -> None:
    raise error


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (RuntimeError("no\r\n\x1b[31mway"), "RuntimeError: no   [31mway (test_guard.py:"),
        (SystemExit(), "SystemExit (test_guard.py:"),
        (KeyboardInterrupt("x"), "KeyboardInterrupt: x (test_guard.py:"),
        (Unprintable(), "Unprintable: (its message cannot be read)"),
    ],
)
def test_anything_raised_becomes_one_line(error: BaseException, text: str) -> None:
    guard = Guard()
    with pytest.raises(PluginError) as caught:
        guard.attempt("Importing x", lambda: raising(error))
    assert caught.value.message.startswith(f"Importing x failed: {text}")
    assert caught.value.message.isprintable()


def test_a_long_message_is_cut() -> None:
    assert len(describe(RuntimeError("x" * 10_000))) == LONGEST_REASON


def test_a_plugin_error_passes_unchanged() -> None:
    error = PluginError("wrong", code="plugin_incompatible")
    with pytest.raises(PluginError) as caught:
        Guard().within(5, lambda: Guard().attempt("Importing x", lambda: raising(error)))
    assert caught.value is error


def test_each_stage_is_announced_before_it_is_tried() -> None:
    seen = list[str]()
    guard = Guard(seen.append)
    assert guard.attempt("One", lambda: list(seen)) == ["One"]
    assert guard.attempt("Two", lambda: list(seen)) == ["One", "Two"]


def test_a_hang_is_given_up_with_its_stage() -> None:
    guard, release = Guard(), threading.Event()
    with pytest.raises(PluginError, match=r"^Importing x took longer than 0\.1 s\.$"):
        guard.within(0.1, lambda: guard.attempt("Importing x", release.wait))
    release.set()


def test_a_timeout_that_the_plugin_raises_is_not_a_hang() -> None:
    guard = Guard()
    with pytest.raises(PluginError, match="Importing x failed: TimeoutError: slow"):
        guard.within(
            60, lambda: guard.attempt("Importing x", lambda: raising(TimeoutError("slow")))
        )


def test_the_interrupt_of_a_person_is_not_swallowed() -> None:
    guard, release = Guard(), threading.Event()
    main = threading.main_thread().ident
    timer = threading.Timer(0.2, signal.pthread_kill, (main, signal.SIGINT))
    started = time.monotonic()
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        guard.within(30, lambda: guard.attempt("Importing x", release.wait))
    assert time.monotonic() - started < 20
    release.set()
    timer.join()
