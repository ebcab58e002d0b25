"""`atlas-hub events import`: a real command against a real server."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import uvicorn

from atlas_hub.api import create_app
from atlas_hub.usage.importer.options import Options
from atlas_hub.usage.importer.progress import Progress
from atlas_hub.usage.importer.report import Counts

KEY = "test-key-of-thirty-two-characters-or-more"
COMMON = ("--event-name", "llm.request", "--timestamp-column", "TIMESTAMP")
ACME = (*COMMON, "--customer", "acme", "--timezone", "UTC")
TOKENS = ("--property", "context=ContextTokens:integer", "--property", "out=GeneratedTokens:number")


@dataclass
class Tap:
    """Stands before the API and may answer or wait first."""

    app: Callable[..., Awaitable[None]]
    posts: int = 0
    refuse: dict[int, int] = field(default_factory=dict)
    hold_from: int = 10**9
    held: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self, scope, receive, send) -> None:
        if scope["type"] == "http" and scope["path"] == "/v1/events" and scope["method"] == "POST":
            self.posts += 1
            if self.posts >= self.hold_from:
                self.held.set()
                await asyncio.sleep(3600)
            if status := self.refuse.get(self.posts):
                start = {"type": "http.response.start", "status": status, "headers": []}
                await send(start)
                await send({"type": "http.response.body", "body": b""})
                return
        await self.app(scope, receive, send)


@dataclass
class Importer:
    """Runs the command; `tap` is between it and the hub."""

    url: str
    tap: Tap
    folder: Path

    async def start(self, *arguments: str, key: str = KEY) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "atlas_hub.cli", "events", "import", *arguments),
            env={
                **os.environ,
                "ATLAS_URL": self.url,
                "ATLAS_API_KEY": key,
                "XDG_CACHE_HOME": str(self.folder / "cache"),
                "COLUMNS": "500",
            },
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )

    async def __call__(self, *arguments: str, key: str = KEY) -> tuple[int, str]:
        process = await self.start(*arguments, key=key)
        out, err = await process.communicate()
        assert b"Traceback" not in err, err.decode()
        return process.returncode, (out + err).decode()

    def write(self, name: str, content: str | bytes) -> str:
        path = self.folder / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return str(path)


@pytest.fixture
async def run(hub, tmp_path):
    tap = Tap(create_app(hub))
    config = uvicorn.Config(tap, port=0, log_level="error", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn offers no event
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield Importer(f"http://127.0.0.1:{port}", tap, tmp_path)
    server.should_exit = True
    await task


def csv_of(rows: int, *, tokens: int = 7) -> str:
    lines = ["TIMESTAMP,ContextTokens,GeneratedTokens"]
    lines += [
        f"2023-11-16 18:{n // 60 % 60:02}:{n % 60:02}.1234567,{tokens},1" for n in range(rows)
    ]
    return "\r\n".join(lines)


async def test_a_csv_becomes_events_as_it_was_told(run, stored):
    content = (
        "\ufeffwhen,who,id,model,tokens,cost,cached,extra,unused\r\n"
        '2023-11-16 18:17:03.9799609,acme,"a,1","m ""x""\r\nline",12,0.10,TRUE,"{""n"": 1.5}",x\r\n'
        "2023-11-16T18:17:04+02:00,globex,b,,,,,,\r\n"
        "\r\n"
        "2023-07-01 12:00,acme,c,ключ,-3,12345678901234567890.5,0,[],"
    )
    file = run.write("usage.csv", content)
    code, said = await run(
        *(file, "--event-name", "n", "--timestamp-column", "when", "--customer-column", "who"),
        *("--id-column", "id", "--timezone", "Europe/Berlin", "--source", "crm"),
        *("--property", "model=model:string", "--property", "tokens=tokens:integer"),
        *("--property", "cost=cost:number", "--property", "cached=cached:boolean"),
        *("--property", "extra=extra:json"),
    )
    assert (code, said.splitlines()[-1]) == (0, "3 rows: 3 accepted, 0 repeated, 0 rejected")
    found = {event["id"]: event for event in await stored(source="crm")}
    assert found["a,1"]["timestamp"] == "2023-11-16T17:17:03.979960Z"
    assert found["a,1"]["properties"] == {
        "model": 'm "x"\r\nline',
        "tokens": 12,
        "cost": 0.10,
        "cached": True,
        "extra": {"n": 1.5},
    }
    assert (found["b"]["customer"], found["b"]["properties"]) == ("globex", {})
    assert found["b"]["timestamp"] == "2023-11-16T16:17:04Z"
    assert found["c"]["timestamp"] == "2023-07-01T10:00:00Z"
    assert found["c"]["properties"]["model"] == "ключ"


async def test_importing_twice_changes_nothing_and_changed_rows_are_conflicts(run, stored):
    file = run.write("acme.csv", csv_of(2500))
    arguments = (file, *ACME, *TOKENS)
    code, said = await run(*arguments)
    assert (code, said.splitlines()[-1]) == (
        0,
        "2,500 rows: 2,500 accepted, 0 repeated, 0 rejected",
    )
    code, said = await run(*arguments)
    assert (code, said.splitlines()[-1]) == (
        0,
        "2,500 rows: 0 accepted, 2,500 repeated, 0 rejected",
    )
    before = await stored()
    assert len(before) == 2500
    assert {(event["source"], event["name"]) for event in before} == {("acme.csv", "llm.request")}
    lines = csv_of(2500).split("\r\n")
    lines[2000] = lines[2000].replace(",7,", ",8,")
    run.write("acme.csv", "\n".join(lines) + "\n")
    report = run.folder / "rejected.ndjson"
    code, said = await run(*arguments, "--report", str(report))
    assert code == 1
    assert said.splitlines()[-1] == "2,500 rows: 0 accepted, 2,499 repeated, 1 rejected"
    entry = json.loads(report.read_text())
    assert (entry["row"], entry["line"], entry["code"]) == (2000, 2001, "event_conflict")
    assert await stored() == before


async def test_bad_rows_are_named_and_good_ones_taken(run, stored):
    lines = [
        "TIMESTAMP,ContextTokens,GeneratedTokens",
        "2023-03-26 01:59:59,1,1",
        "2023-03-26 02:30:00,1,1",
        "2023-10-29 02:30:00,1,1",
        "2023-10-29 02:30:00+01:00,1,1",
        "yesterday,1,1",
        "2023-01-01 00:00:00,one,1",
        "2023-01-01 00:00:00,1.5,1",
        "2023-01-01 00:00:00,1",
        "2023-01-01 00:00:00,1,1,1",
        "0001-01-01 00:00:00,1,1",
        ",1,1",
    ]
    file = run.write("bad.csv", "\n".join(lines))
    report = run.folder / "rejected.ndjson"
    arguments = (*COMMON, "--customer", "acme", "--timezone", "Europe/Berlin")
    code, said = await run(file, *arguments, *TOKENS, "--report", str(report))
    assert (code, said.splitlines()[-1]) == (1, "11 rows: 2 accepted, 0 repeated, 9 rejected")
    noted = [json.loads(line) for line in report.read_text().splitlines()]
    assert [(each["line"], each["code"]) for each in noted] == [
        (3, "ambiguous_timestamp"),
        (4, "ambiguous_timestamp"),
        (6, "invalid_timestamp"),
        (7, "wrong_type"),
        (8, "wrong_type"),
        (9, "unreadable_row"),
        (10, "unreadable_row"),
        (11, "timestamp_out_of_range"),
        (12, "missing_value"),
    ]
    assert len(await stored()) == 2


async def test_ndjson_keeps_numbers_and_names_bad_lines(run, stored):
    lines = [
        '{"TIMESTAMP": "2026-01-01T00:00:00Z", "n": 9007199254740993, "x": {"y": 0.10}}',
        "",
        "{oops",
        '{"TIMESTAMP": "2026-01-01T00:00:00Z", "n": NaN}',
        '{"TIMESTAMP": "2026-01-01T00:00:00Z", "n": "\\ud800"}',
        "[1]",
        '{"TIMESTAMP": "2026-01-01T00:00:00Z", "n": "12"}',
        '{"TIMESTAMP": "2026-01-01T00:00:00Z", "n": "\\u0000"}',
        "[" * 100_000,
    ]
    file = run.write("usage.ndjson", "\n".join(lines))
    properties = ("--property", "n=n:json", "--property", "x=x:json", "--property", "s=n:string")
    code, said = await run(file, *COMMON, "--customer", "acme", *properties)
    assert (code, said.splitlines()[-1]) == (1, "8 rows: 2 accepted, 0 repeated, 6 rejected")
    assert [line.partition(" ")[2][:1] for line in said.splitlines()[:1]] == ["3"]
    found = {event["id"]: event["properties"] for event in await stored()}
    assert found["1"] == {"n": 9007199254740993, "x": {"y": 0.1}, "s": "9007199254740993"}
    assert found["6"] == {"n": 12, "s": "12"}


async def test_a_killed_import_goes_on_and_every_row_is_there_once(run, stored):
    lines = csv_of(4500).split("\r\n")
    lines[10] = lines[10].replace(",7,", ",x,")
    lines[4000] = lines[4000].replace(",7,", ",y,")
    file = run.write("big.csv", "\n".join(lines))
    report = run.folder / "rejected.ndjson"
    arguments = (file, *ACME, *TOKENS, "--report", str(report))
    run.tap.hold_from = 4
    process = await run.start(*arguments)
    await run.tap.held.wait()
    process.send_signal(signal.SIGKILL)
    await process.communicate()
    assert len(await stored()) == 2999
    run.tap.hold_from = 10**9
    code, said = await run(*arguments)
    assert code == 1
    assert "Going on after row 3,000" in said
    assert said.splitlines()[-1] == "4,500 rows: 4,498 accepted, 0 repeated, 2 rejected"
    assert [json.loads(line)["row"] for line in report.read_text().splitlines()] == [10, 4000]
    found = await stored()
    assert sorted(int(event["id"]) for event in found) == [
        number for number in range(1, 4501) if number not in (10, 4000)
    ]


async def test_a_hub_that_was_started_afresh_gets_everything(run, stored, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(run.folder / "cache"))
    file = run.write("big.csv", csv_of(2500))
    options = Options(
        file=Path(file),
        event_name="llm.request",
        customer="acme",
        customer_column=None,
        timestamp_column="TIMESTAMP",
        timezone="UTC",
        id_column=None,
        properties=(),
        source="big.csv",
    )
    Progress(options, run.url).save(Counts(rows=2000, accepted=2000))
    code, said = await run(file, *ACME)
    assert code == 0
    assert "Going on" not in said
    assert said.splitlines()[-1].startswith("2,500 rows: ")
    assert len(await stored()) == 2500


async def test_a_hub_that_is_away_for_a_moment_is_waited_for(run, stored):
    run.tap.refuse = {1: 503, 3: 429}
    file = run.write("a.csv", csv_of(1500))
    code, said = await run(file, *ACME)
    assert (code, said.splitlines()[-1]) == (
        0,
        "1,500 rows: 1,500 accepted, 0 repeated, 0 rejected",
    )
    assert run.tap.posts == 4


async def test_a_batch_that_is_too_large_goes_in_parts(run, stored):
    lines = [
        json.dumps({"TIMESTAMP": "2026-01-01T00:00:00Z", "text": "x" * size})
        for size in (4_000_000, 4_000_000, 4_000_000, 11_000_000, 1)
    ]
    file = run.write("large.ndjson", "\n".join(lines))
    text = ("--property", "text=text:string")
    code, said = await run(file, *COMMON, "--customer", "acme", *text)
    assert (code, said.splitlines()[-1]) == (1, "5 rows: 4 accepted, 0 repeated, 1 rejected")
    assert "line 4 (row 4): body_too_large" in said


async def test_a_dry_run_shows_events_and_sends_none(run):
    file = run.write("a.csv", csv_of(5))
    code, said = await run(file, *ACME, *TOKENS, "--dry-run")
    assert code == 0
    assert run.tap.posts == 0
    assert said.count('"llm.request"') == 3
    assert '"context": 7' in said
    assert said.splitlines()[-1] == "5 rows: 5 accepted, 0 repeated, 0 rejected"


MISTAKES = {
    "no zone": ((*COMMON, "--customer", "acme"), "--timezone"),
    "no such column": ((*COMMON, "--customer-column", "who"), "'who'"),
    "no customer": (COMMON, "--customer"),
    "no such zone": ((*COMMON, "--customer", "a", "--timezone", "Mars/Base"), "Mars/Base"),
    "no such type": ((*ACME, "--property", "a=ContextTokens:float"), "float"),
    "a property twice": ((*ACME, "--property", "a=X:json", "--property", "a=Y:json"), "'a'"),
    "a wrong address": ((*ACME, "--url", "localhost:8000"), "localhost:8000"),
}


@pytest.mark.parametrize("case", MISTAKES)
async def test_a_wrong_call_is_explained_and_sends_nothing(run, case):
    arguments, named = MISTAKES[case]
    file = run.write("a.csv", csv_of(3))
    code, said = await run(file, *arguments)
    assert (code, run.tap.posts) == (2, 0), said
    assert named in said


async def test_a_wrong_key_or_none_is_a_wrong_call(run):
    file = run.write("a.csv", csv_of(3))
    code, said = await run(file, *ACME, key="wrong")
    assert (code, "unknown or revoked" in said) == (2, True)
    code, said = await run(file, *ACME, key="")
    assert (code, "ATLAS_API_KEY" in said) == (2, True)


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00", b"TIMESTAMP,TIMESTAMP\n"])
async def test_a_file_that_is_no_table_is_explained(run, content):
    code, said = await run(run.write("a.csv", content), *ACME)
    assert (code, run.tap.posts) == (2, 0), said
