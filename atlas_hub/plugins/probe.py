"""Loads a plugin in a process of its own first, where it may exit, crash or hang.

The process writes each step to a report before it is tried, and its verdict at the end. A report
without a verdict tells at which step the process died.
"""

from __future__ import annotations

import faulthandler
import json
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from importlib.metadata import EntryPoint
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from atlas_hub.plugins.discovery import Candidate
from atlas_hub.plugins.guard import Guard, PluginError, took_too_long
from atlas_hub.plugins.loading import load
from atlas_hub.plugins.manifest import Manifest
from atlas_hub.sdk.hookspecs import PROJECT

MOST_MEMORY: Final = 1 << 30
AT_ONCE: Final = 4
START: Final = (
    "import json, sys; request = json.loads(sys.argv[1]); sys.path[:] = request['path']; "
    "from atlas_hub.plugins.probe import main; main(request)"
)


def probe_all(candidates: Iterable[Candidate], seconds: float) -> list[PluginError | None]:
    """Return for each candidate why it cannot be loaded, or None; `seconds` are for each."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(lambda candidate: probe(candidate, seconds), candidates))


def probe(candidate: Candidate, seconds: float) -> PluginError | None:
    """Return why the candidate cannot be loaded, or None."""
    with TemporaryDirectory(prefix="atlas-probe-") as folder:
        report = Path(folder) / "report"
        report.touch()
        request = {
            "path": sys.path,
            "name": candidate.entry.name,
            "value": candidate.entry.value,
            "manifest": candidate.check().model_dump_json(),
            "report": str(report),
            "seconds": seconds,
        }
        return _verdict(report, _run(request, seconds), seconds)


def _run(request: dict[str, Any], seconds: float) -> int | None:
    """Return the exit status of the probe, None if it was given up; leaves no process behind."""
    process = subprocess.Popen(  # noqa: S603  our own interpreter
        [sys.executable, "-c", START, json.dumps(request)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        return process.wait(seconds)
    except subprocess.TimeoutExpired:
        return None
    finally:
        with suppress(ProcessLookupError):  # also what the plugin started
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _verdict(report: Path, status: int | None, seconds: float) -> PluginError | None:
    lines = [json.loads(line) for line in report.read_text().splitlines()]
    last = lines[-1] if lines else {"stage": "Starting the probe"}
    if "verdict" in last:
        return PluginError(last["verdict"]) if last["verdict"] else None
    stage = last["stage"]
    if status is None:
        return PluginError(took_too_long(stage, seconds))
    if status < 0:
        return PluginError(f"{stage} killed the process ({signal.Signals(-status).name}).")
    return PluginError(f"{stage} ended the process (exit status {status}).")


def main(request: dict[str, Any]) -> None:
    """Load the requested plugin, report, and end this process."""
    report = Path(request["report"])

    def say(**line: str | None) -> None:
        with report.open("a") as file:
            file.write(json.dumps(line) + "\n")

    _limit_process(request["seconds"])
    forks = _refuse_forks()
    entry = EntryPoint(request["name"], request["value"], PROJECT)
    verdict = None
    try:
        manifest = Manifest.model_validate_json(request["manifest"])
        load(Guard(lambda stage: say(stage=stage)), entry, manifest)
    except PluginError as error:
        verdict = error.message
    if forks:
        verdict = "It forks the process while it is loaded; the copy would be a second hub."
    say(verdict=verdict)
    os._exit(0)  # whatever threads and exit handlers the plugin has left


def _limit_process(seconds: float) -> None:
    resource.setrlimit(resource.RLIMIT_DATA, (MOST_MEMORY, MOST_MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    faulthandler.dump_traceback_later(seconds + 5, exit=True)  # if the hub is not there to kill it


def _refuse_forks() -> list[str]:
    """End every copy of this process at once; the list that is returned is then not empty."""
    forks = list[str]()
    os.register_at_fork(
        after_in_child=lambda: os._exit(0), after_in_parent=lambda: forks.append("fork")
    )
    return forks
