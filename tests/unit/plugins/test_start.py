"""Loading: what is chosen, what is probed, what is remembered."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from atlas_hub.plugins import start
from atlas_hub.plugins.discovery import Candidate
from atlas_hub.plugins.guard import PluginError
from atlas_hub.plugins.host import PluginHost, PluginInfo
from atlas_hub.plugins.start import load_plugins
from atlas_hub_core.aggregations import BUILT_IN_AGGREGATIONS
from atlas_hub_core.prices import BUILT_IN_PRICES

Install = Callable[..., Path]

PRICE = """
from typing import Literal
from atlas_hub.sdk import hookimpl
from atlas_hub_core.prices import QuantityPrice, Step

class Price(QuantityPrice):
    type: Literal["TYPE"] = "TYPE"

    def steps(self, quantity):
        return [Step("nothing", quantity * 0)]

@hookimpl
def atlas_price_models():
    return [Price]
"""


def of(host: PluginHost, name: str) -> list[PluginInfo]:
    return [info for info in host.plugins() if info.name == name]


def types(host: PluginHost) -> list[str]:
    return [str(price.model_fields["type"].default) for price in host.price_models()]


def test_the_hub_registers_its_own_kinds_through_the_hooks() -> None:
    host = load_plugins(safe_mode=True)
    assert host.price_models() == BUILT_IN_PRICES
    assert host.aggregations() == BUILT_IN_AGGREGATIONS
    (own,) = of(host, "atlas-hub")
    assert (own.state, own.distribution) == ("loaded", "atlas-hub")


def test_safe_mode_loads_nothing_that_is_installed(install: Install) -> None:
    install("alpha", "raise SystemExit")
    host = load_plugins(safe_mode=True)
    (alpha,) = of(host, "alpha")
    assert (alpha.state, alpha.connectors) == ("disabled", ())
    assert alpha.reason == "Safe mode loads only what the hub brings itself."
    assert host.connectors() == {}


def test_an_empty_list_loads_nothing(install: Install) -> None:
    install("alpha", "raise SystemExit")
    host = load_plugins([])
    assert {info.state for info in host.plugins()[1:]} == {"disabled"}


@pytest.mark.parametrize("listed", ["alpha", "unit-alpha"])
def test_only_what_is_listed_is_loaded(install: Install, listed: str) -> None:
    install("alpha", PRICE.replace("TYPE", "alpha"))
    install("beta", PRICE.replace("TYPE", "beta"))
    host = load_plugins([listed])
    assert [of(host, name)[0].state for name in ("alpha", "beta")] == ["loaded", "disabled"]
    assert "alpha" in types(host)
    assert "beta" not in types(host)


def test_a_listed_plugin_that_is_not_installed_is_shown() -> None:
    (strpe,) = of(load_plugins(["strpe"]), "strpe")
    assert strpe.state == "broken"
    assert strpe.reason == "ATLAS_PLUGINS lists it, but no such plugin is installed."


def test_planned_connectors_are_listed_and_not_imported() -> None:
    for name in ("hubspot", "launchdarkly", "salesforce"):
        (info,) = of(load_plugins([name]), name)
        assert (info.state, info.capabilities) == ("planned", ())


def test_of_two_with_one_name_the_distribution_called_like_it_is_first(install: Install) -> None:
    install("beta", PRICE.replace("TYPE", "thief"), distribution="aaa-beta")
    install("beta", PRICE.replace("TYPE", "owner"), distribution="atlas-hub-beta")
    first, second = of(load_plugins(["beta"]), "beta")
    assert (first.distribution, first.state) == ("atlas-hub-beta", "loaded")
    assert (second.distribution, second.state) == ("aaa-beta", "broken")
    assert second.reason
    assert second.reason.startswith("Both atlas-hub-beta 1.0 and aaa-beta 1.0 are called 'beta'")


def test_listing_the_distribution_settles_which_of_two_is_loaded(install: Install) -> None:
    install("beta", PRICE.replace("TYPE", "thief"), distribution="aaa-beta")
    install("beta", PRICE.replace("TYPE", "owner"), distribution="atlas-hub-beta")
    host = load_plugins(["aaa-beta"])
    assert [info.state for info in of(host, "beta")] == ["disabled", "loaded"]
    assert "thief" in types(host)


def test_two_plugins_with_one_price_type(install: Install) -> None:
    install("alpha", PRICE.replace("TYPE", "same"))
    install("beta", PRICE.replace("TYPE", "same"))
    host = load_plugins(["alpha", "beta"])
    (beta,) = of(host, "beta")
    assert beta.state == "broken"
    assert beta.reason == "Its price model 'same' is called like unit_alpha.Price. Rename it."
    assert types(host).count("same") == 1


def test_a_passed_probe_is_remembered_until_a_file_changes(
    install: Install, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = install("alpha", PRICE.replace("TYPE", "alpha"))
    install("beta", "raise RuntimeError")
    memory = tmp_path / "plugins.json"
    probed = list[str]()

    def probe_all(candidates: list[Candidate], seconds: float) -> list[PluginError | None]:
        probed.extend(candidate.name for candidate in candidates)
        return [PluginError("no") if each.name == "beta" else None for each in candidates]

    monkeypatch.setattr(start, "probe_all", probe_all)
    load = lambda: load_plugins(["alpha", "beta"], memory=memory)  # noqa: E731
    load()
    assert probed == ["alpha", "beta"]
    load()
    assert probed[2:] == ["beta"], "failures are not remembered"
    (package / "extra.py").write_text("")
    load()
    assert probed[3:] == ["alpha", "beta"]
    install("gamma", "")  # whatever is installed may change what a plugin does
    load()
    assert probed[5:] == ["alpha", "beta"]


@pytest.mark.parametrize("content", ["", "[]", "{", "\x00"])
def test_a_damaged_memory_is_no_memory(install: Install, tmp_path: Path, content: str) -> None:
    install("alpha", PRICE.replace("TYPE", "alpha"))
    memory = tmp_path / "plugins.json"
    memory.write_text(content)
    host = load_plugins(["alpha"], memory=memory)
    assert of(host, "alpha")[0].state == "loaded"
    assert set(json.loads(memory.read_text())) == {"alpha"}


def test_a_memory_that_cannot_be_written_harms_nothing(
    install: Install, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    install("alpha", PRICE.replace("TYPE", "alpha"))
    host = load_plugins(["alpha"], memory=tmp_path / "missing" / "plugins.json")
    assert of(host, "alpha")[0].state == "loaded"
    assert "Plugins will be probed again" in caplog.text


def test_what_a_plugin_prints_stays_out_of_stdout(
    install: Install, capsys: pytest.CaptureFixture[str]
) -> None:
    install("alpha", "print('noise')\n" + PRICE.replace("TYPE", "alpha"))
    load_plugins(["alpha"])
    assert capsys.readouterr() == ("", "noise\n")


def test_hook_calls_are_traced_at_debug(install: Install, caplog: pytest.LogCaptureFixture) -> None:
    install("alpha", PRICE.replace("TYPE", "alpha"))
    with caplog.at_level("DEBUG", logger="atlas_hub.plugins"):
        load_plugins(["alpha"])
    assert "alpha answered atlas_price_models" in caplog.text
