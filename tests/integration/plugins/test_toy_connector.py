"""The example connector, installed by pip as a stranger would, then loaded and tested."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.xdist_group("toy_connector")

TOY = Path(__file__).parents[3] / "examples" / "toy_connector"
HUB = """
import json
from atlas_hub.plugins.start import load_plugins
host = load_plugins(["paper"])
paper, = [p for p in host.plugins() if p.name == "paper"]
print(json.dumps({
    "state": paper.state, "reason": paper.reason, "version": paper.version,
    "capabilities": paper.capabilities, "schema": paper.connectors[0].config_schema,
    "connector": str(host.connectors()["paper"]),
}))
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    site = tmp_path_factory.mktemp("site")
    options = ["--quiet", "--no-deps", "--no-index", "--no-build-isolation", "--target", str(site)]
    pip = [sys.executable, "-m", "pip", "install", "--disable-pip-version-check"]
    subprocess.run([*pip, *options, str(TOY)], check=True, capture_output=True)
    return site


def python(site: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        env={**os.environ, "PYTHONPATH": str(site), **environment},
        cwd=TOY,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_it_loads(site: Path) -> None:
    run = python(site, "-c", HUB)
    assert run.returncode == 0, run.stderr
    paper: dict[str, Any] = json.loads(run.stdout)
    assert (paper["state"], paper["reason"], paper["version"]) == ("loaded", None, "0.1.0")
    assert paper["capabilities"] == ["payments"]
    assert paper["schema"]["required"] == ["folder"]
    assert paper["connector"] == "<class 'atlas_hub_paper.connector.Paper'>"


def test_its_own_tests_pass(site: Path) -> None:
    """The conformance suite and its unit tests, against the installed package."""
    options = ["-p", "pytest_asyncio.plugin", "-p", "no:cacheprovider", "-q"]
    run = python(site, "-m", "pytest", *options, PYTEST_DISABLE_PLUGIN_AUTOLOAD="1")
    assert run.returncode == 0, run.stdout + run.stderr
    assert "15 passed" in run.stdout


def test_it_imports_the_sdk_alone() -> None:
    imports = [
        line.split()[1]
        for file in (TOY / "atlas_hub_paper").glob("*.py")
        for line in file.read_text().splitlines()
        if line.lstrip().startswith(("from atlas_hub", "import atlas_hub"))
    ]
    assert imports
    assert {name.partition(".")[0] for name in imports} == {"atlas_hub", "atlas_hub_paper"}
    assert all(name == "atlas_hub.sdk" for name in imports if name.startswith("atlas_hub."))
