"""The demo as a newcomer runs it: one command, no account, a story that ends in paid invoices."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import httpx2

from atlas_hub.cli.demo.traffic import Traffic, write_traffic

DEMO = [sys.executable, "-m", "atlas_hub.cli", "demo"]
ENVIRONMENT = {name: value for name, value in os.environ.items() if "ATLAS" not in name}
WIDE = {**ENVIRONMENT, "COLUMNS": "200"}


def run(arguments: Sequence[str], folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*DEMO, *arguments], env=WIDE, cwd=folder, capture_output=True, text=True, timeout=200
    )


def test_the_demo_tells_how_usage_becomes_paid_invoices(tmp_path: Path) -> None:
    done = run([], tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    invoices = re.findall(r"(INV-\d{6})  (\w+ \w+), 2023-11-01 to 2023-12-01", done.stdout)
    assert sorted(number for number, _ in invoices) == ["INV-000001", "INV-000002", "INV-000003"]
    assert done.stdout.count("paid, at the gateway as in_") == 3
    assert "0 accepted, 3,000 repeated" in done.stdout
    assert "10,000,000 x 0.0000005 = 5.00" in done.stdout
    assert list(tmp_path.iterdir()) == [], "the demo leaves nothing behind"


def test_given_files_are_billed_instead(tmp_path: Path) -> None:
    start = datetime(2026, 3, 5, tzinfo=UTC)
    write_traffic(tmp_path / "one.csv", Traffic(10, 2_000_000, 1_000_000), start=start, seed=1)
    write_traffic(tmp_path / "two.csv", Traffic(1_001, 5_000, 70), start=start, seed=2)
    done = run(["--input", "one.csv", "two.csv"], tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    # 49.00 + 2,000,000 x 0.0000005 + 1,000,000 x 0.0000015 + 1 x 0.25; 49.00 + 0 + 0 + 2 x 0.25
    assert re.findall(r"Total +(\S+) USD", done.stdout) == ["51.75", "49.50"]
    assert "One, 2026-03-01 to 2026-04-01" in done.stdout


def test_a_file_it_cannot_bill_is_refused_before_anything_starts(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("when,what\n1,2\n")
    done = run(["--input", "x.csv"], tmp_path)
    assert done.returncode == 2, "a wrong call"
    assert "has no column 'TIMESTAMP'" in done.stderr
    assert "Traceback" not in done.stderr


def test_it_can_be_left_running_to_look_around(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [*DEMO, "--keep"],
        env={**WIDE, "PYTHONUNBUFFERED": "1"},
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    told = ""
    for line in process.stdout:
        told += line
        if "Ctrl-C" in line:
            break
    url, key = re.search(r"the hub at (\S+) \(API key (\S+)\)", told).groups()
    headers = {"Authorization": f"Bearer {key}"}
    listed = httpx2.get(f"{url}/v1/invoices", headers=headers).json()["data"]
    assert [invoice["status"] for invoice in listed] == ["paid"] * 3
    os.killpg(process.pid, signal.SIGINT)
    assert process.wait(60) == 0
    process.stdout.close()
    try:
        httpx2.get(f"{url}/healthz")
    except httpx2.ConnectError:
        return
    raise AssertionError("the hub still serves")
