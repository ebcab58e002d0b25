"""Many ways of being a broken package, each installed by pip, all loaded by one hub at once."""

import json
import os
import subprocess
import sys
import textwrap
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.xdist_group("broken_packages")  # pip and the hub run once

CONNECTOR = """
from pydantic import BaseModel, SecretStr
from atlas_hub.sdk import Connector, hookimpl

class Config(BaseModel):
    account: str = "main"

class Secrets(BaseModel):
    token: SecretStr

class Vendor(Connector):
    slug = "NAME"
    config_model = Config
    secrets_model = Secrets

    async def test(self, connection):
        return ()

    def payments(self, connection):
        return None

@hookimpl
def atlas_connectors():
    return [Vendor]
"""
PRICES = """
from decimal import Decimal
from typing import Literal
from atlas_hub.sdk import hookimpl
from atlas_hub_core.prices import QuantityPrice, Step

class Price(QuantityPrice):
    type: Literal["NAME"] = "NAME"

    def steps(self, quantity):
        return [Step("twice", quantity * 2)]

@hookimpl
def atlas_price_models():
    return [Price]
"""
NO_CONNECTOR = {"capabilities": [], "secrets": []}


def changed(old: str, new: str, source: str = CONNECTOR) -> str:
    assert old in source
    return source.replace(old, new)


def hook(body: str, head: str = "def atlas_connectors():", mark: str = "@hookimpl") -> str:
    """A plugin whose one hook is wrong."""
    return f"import os, time\nfrom atlas_hub.sdk import hookimpl\n{mark}\n{head}\n    {body}\n"


@dataclass(frozen=True)
class Package:
    """A package to install: its source, what is odd about it, what the hub should say."""

    name: str
    source: str
    reason: str | None = None
    state: str = "broken"
    manifest: dict[str, Any] = field(default_factory=dict)
    manifest_text: str | None = None
    distribution: str = ""
    entry: str = ""

    @property
    def module(self) -> str:
        return self.distribution_name.replace("-", "_")

    @property
    def distribution_name(self) -> str:
        return self.distribution or f"some-{self.name}"


def broken(name: str, source: str, reason: str, **others: Any) -> Package:
    return Package(name, source, reason, **others)


BROKEN = (
    broken(
        "raises", "raise RuntimeError('boom\\x1b[2J')", "failed: RuntimeError: boom [2J (__init"
    ),
    broken("exits", "raise SystemExit(3)", "Importing some_exits failed: SystemExit: 3"),
    broken("interrupts", "raise KeyboardInterrupt", "failed: KeyboardInterrupt"),
    broken("ends", "import os; os._exit(0)", "ended the process (exit status 0)"),
    broken("kills", "import os; os.kill(os.getpid(), 9)", "killed the process (SIGKILL)"),
    broken("crashes", "import ctypes; ctypes.string_at(0)", "killed the process (SIGSEGV)"),
    broken("hangs", "import time; time.sleep(3600)", "Importing some_hangs took longer than 8 s"),
    broken("spins", "while True: pass", "took longer than 8 s"),
    broken(
        "keeps-the-interpreter",
        "import re; re.match('(a+)+$', 'a' * 60 + 'b')",
        "Importing some_keeps_the_interpreter took longer than 8 s",
    ),
    broken("recurses", "def f(): f()\nf()", "RecursionError: maximum recursion depth exceeded"),
    broken("hoards", "x = bytearray(1 << 34)", "failed: MemoryError"),
    broken("forks", f"import os; os.fork()\n{CONNECTOR}", "It forks the process"),
    broken("misspelled-python", "def f(:", "failed: SyntaxError"),
    broken("lacks-dependency", "import no_such_thing", "No module named 'no_such_thing'"),
    broken("lacks-attribute", CONNECTOR, "has no attribute 'plugin'", entry="{}:plugin"),
    broken("lacks-module", CONNECTOR, "No module named 'some_lacks_module.a'", entry="{}.a"),
    broken("names-a-class", CONNECTOR, "It is a class", entry="{}:Vendor"),
    broken("mute", "", "It answers no hook"),
    broken(
        "misspells-hook",
        hook("return []", "def atlas_conectors():"),
        "unknown hook 'atlas_conectors'",
    ),
    broken(
        "misspells-unmarked-hook",
        hook("return []", "def atlas_conectors():", mark=""),
        "atlas_conectors is not a hook",
    ),
    broken(
        "forgets-the-mark",
        changed("@hookimpl", ""),
        "atlas_connectors is not marked with @hookimpl",
    ),
    broken(
        "wants-arguments", hook("return []", "def atlas_connectors(hub):"), "Registering its hooks"
    ),
    broken("hook-raises", hook("return 1 / 0"), "Calling atlas_connectors failed: ZeroDivision"),
    broken("hook-exits", hook("raise SystemExit"), "Calling atlas_connectors failed: SystemExit"),
    broken("hook-ends", hook("os._exit(4)"), "Calling atlas_connectors ended the process"),
    broken("hook-hangs", hook("time.sleep(3600)"), "Calling atlas_connectors took longer than 8 s"),
    broken(
        "answers-twice",
        CONNECTOR + "\n@hookimpl(specname='atlas_connectors')\ndef more():\n    return []\n",
        "It answers atlas_connectors by more than one function",
    ),
    broken("answers-nothing", hook("pass"), "atlas_connectors answered with NoneType"),
    broken("answers-a-dict", hook("return {}"), "atlas_connectors answered with dict"),
    broken(
        "answers-later",
        hook("return []", "async def atlas_connectors():"),
        "atlas_connectors answered with a coroutine",
    ),
    broken("no-class", changed("[Vendor]", "[Vendor()]"), "with Vendor where a class is due"),
    broken("no-connector", changed("(Connector)", ""), "Vendor, which is no Connector"),
    broken("abstract", changed("async def test", "async def tset"), "is abstract: it lacks test"),
    broken("no-slug", changed('slug = "NAME"', ""), "Vendor.slug is None"),
    broken("other-slug", changed("NAME", "stripe"), "Vendor.slug is 'stripe'"),
    broken("two-connectors", changed("[Vendor]", "[Vendor, Vendor]"), "more than one connector"),
    broken(
        "no-payments",
        changed("def payments", "def paymnets"),
        "Vendor does not override payments(), but the manifest declares it",
    ),
    broken(
        "no-model",
        changed("config_model = Config", "config_model = dict"),
        "Vendor.config_model is not a pydantic model",
    ),
    broken(
        "no-schema",
        changed('account: str = "main"', "account: type(lambda: 0)").replace(
            "(BaseModel):\n    account", "(BaseModel, arbitrary_types_allowed=True):\n    account"
        ),
        "Describing its connector failed: PydanticInvalidForJsonSchema",
    ),
    broken("open-secret", changed("token: SecretStr", "token: str"), "'token' is not a SecretStr"),
    broken("other-secrets", changed("token:", "key:"), "has the secrets ['key'], but"),
    broken("manifest-missing", CONNECTOR, "There is no atlas_connector.toml", manifest_text=""),
    broken("manifest-garbled", CONNECTOR, "cannot be read: TOMLDecodeError", manifest_text="slug"),
    broken(
        "manifest-invalid",
        CONNECTOR,
        "capabilities.0: Input should be 'payments'",
        manifest={"capabilities": ["paymnets"]},
    ),
    broken("manifest-other-slug", CONNECTOR, "manifest says slug = 'x'", manifest={"slug": "x"}),
    broken(
        "from-the-future",
        "raise SystemExit('never imported')",
        "works with plugin API >=2, but this hub has 1.0",
        state="incompatible",
        manifest={"api": ">=2"},
    ),
    broken("loses-metadata", CONNECTOR, "Its METADATA is missing"),
    broken(
        "flat-again",
        changed("NAME", "flat", PRICES),
        "Its price model 'flat' is called like atlas_hub_core.prices.flat.Flat",
        manifest=NO_CONNECTOR,
    ),
    broken(
        "untyped-price",
        changed("Literal[", "str #", PRICES),
        "Price lacks its own type",
        manifest=NO_CONNECTOR,
    ),
    broken(
        "hangs-later",
        "import threading, time\n"
        "if threading.current_thread() is not threading.main_thread(): time.sleep(3600)\n"
        + CONNECTOR,
        "Importing some_hangs_later took longer than 8 s",
    ),
    broken(
        "twin",
        CONNECTOR,
        "Both some-twin-a 1.2.0 and some-twin-b 1.2.0 are called 'twin'",
        distribution="some-twin-b",
    ),
)
GOOD = (
    Package("good", CONNECTOR, state="loaded"),
    Package("twin", CONNECTOR, state="loaded", distribution="some-twin-a"),
    Package("good-price", PRICES, state="loaded", manifest=NO_CONNECTOR),
    Package(
        "noisy",
        'print("the secret is hunter2")\nprint("x" * 1_000_000)\n' + CONNECTOR,
        state="loaded",
    ),
    Package(
        "lingers",
        "import subprocess, sys, threading, time\n"
        "threading.Thread(target=time.sleep, args=(3600,)).start()\n"
        "if 'probe' in sys.orig_argv[2]:\n"
        "    child = subprocess.Popen(['sleep', '3600'])\n"
        "    open(__file__ + '.pid', 'w').write(str(child.pid))\n" + CONNECTOR,
        state="loaded",
    ),
)
SECONDS = 8
HUB = f"""
import json, os, sys, time
from atlas_hub.plugins.start import load_plugins
host = load_plugins(seconds={SECONDS})
json.dump({{
    "plugins": [[p.name, p.distribution, p.state, p.reason] for p in host.plugins()],
    "connectors": sorted(host.connectors()),
    "schema": {{p.name: p.connectors[0].config_schema for p in host.plugins() if p.connectors}},
    "prices": [price.model_fields["type"].default for price in host.price_models()],
    "aggregations": len(host.aggregations()),
    "modules": sorted(sys.modules),
}}, sys.stdout)
sys.stdout.flush()
os._exit(0)  # one good plugin leaves a thread behind
"""


def build_wheel(package: Package, folder: Path) -> Path:
    distribution, module = package.distribution_name, package.module
    info = f"{module}-1.2.0.dist-info"
    entry = (package.entry or "{}").format(module)
    files = {
        f"{module}/__init__.py": package.source.replace("NAME", package.name),
        f"{module}/atlas_connector.toml": manifest_text(package),
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.2.0\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/entry_points.txt": f"[atlas_hub]\n{package.name} = {entry}\n",
    }
    files = {path: text for path, text in files.items() if text or path.endswith(".py")}
    record = "".join(f"{path},,\n" for path in [*files, f"{info}/RECORD"])
    wheel = folder / f"{module}-1.2.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for path, text in [*files.items(), (f"{info}/RECORD", record)]:
            archive.writestr(path, text)
    return wheel


def manifest_text(package: Package) -> str:
    if package.manifest_text is not None:
        return package.manifest_text
    values = {
        "slug": package.name,
        "name": package.name.title(),
        "version": "1.2.0",
        "api": ">=1.0,<2",
        "capabilities": ["payments"],
        "secrets": ["token"],
        **package.manifest,
    }
    return "".join(f"{key} = {json.dumps(value)}\n" for key, value in values.items())


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which pip has installed all packages."""
    wheels = tmp_path_factory.mktemp("wheels")
    site = tmp_path_factory.mktemp("site")
    files = [str(build_wheel(package, wheels)) for package in (*BROKEN, *GOOD)]
    options = ["--quiet", "--no-deps", "--no-index", "--no-compile", "--target", str(site)]
    pip = [sys.executable, "-m", "pip", "install", "--disable-pip-version-check"]
    subprocess.run([*pip, *options, *files], check=True, capture_output=True)
    (site / "some_loses_metadata-1.2.0.dist-info" / "METADATA").unlink()
    return site


@pytest.fixture(scope="module")
def hub(site: Path) -> dict[str, Any]:
    """What a fresh hub says when all packages are installed."""
    run = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(HUB)],
        env={**os.environ, "PYTHONPATH": str(site)},
        capture_output=True,
        text=True,
        timeout=240,
        check=True,
    )
    answer: dict[str, Any] = json.loads(run.stdout)
    return answer


def found(hub: dict[str, Any], package: Package) -> tuple[str, str]:
    distribution = "" if package.name == "loses-metadata" else package.distribution_name
    (plugin,) = [p for p in hub["plugins"] if p[:2] == [package.name, distribution]]
    return plugin[2], plugin[3] or ""


@pytest.mark.parametrize("package", BROKEN, ids=lambda package: str(package.name))
def test_a_broken_package_is_listed_with_its_reason(hub: dict[str, Any], package: Package) -> None:
    state, reason = found(hub, package)
    assert state == package.state
    assert package.reason
    assert package.reason in reason
    assert reason.isprintable()


@pytest.mark.parametrize("package", GOOD, ids=lambda package: str(package.name))
def test_a_good_package_works_among_broken_ones(hub: dict[str, Any], package: Package) -> None:
    assert found(hub, package) == ("loaded", "")


def test_there_are_at_least_twenty_ways() -> None:
    assert len({package.name for package in BROKEN}) >= 20


def test_only_good_plugins_bring_something(hub: dict[str, Any]) -> None:
    ours = {"stripe"} & set(hub["connectors"])
    assert set(hub["connectors"]) == {"good", "twin", "noisy", "lingers"} | ours
    assert hub["schema"]["good"]["properties"]["account"]["default"] == "main"
    assert "good-price" in hub["prices"]
    assert hub["prices"].count("flat") == 1
    assert hub["aggregations"] >= 7


def test_what_fails_its_probe_is_never_imported_by_the_hub(hub: dict[str, Any]) -> None:
    imported = {name for name in hub["modules"] if name.startswith("some_")}
    passed = {package.module for package in GOOD} | {"some_flat_again", "some_hangs_later"}
    assert imported == passed


def test_the_probe_leaves_no_process_behind(hub: dict[str, Any], site: Path) -> None:
    pid = int((site / "some_lingers" / "__init__.py.pid").read_text())
    state = Path(f"/proc/{pid}/stat")
    assert not state.exists() or state.read_text().rpartition(")")[2].split()[0] == "Z"
