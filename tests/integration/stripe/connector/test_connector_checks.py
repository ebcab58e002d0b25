"""The connection test, and what every connector has to keep to."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from atlas_hub.sdk import ConnectionSettings
from atlas_hub.testing.connector_suite import connector_suite
from atlas_hub_stripe import StripeConnector
from atlas_hub_stripe import checks as tested
from atlas_hub_stripe.signals import WATCHED

TestStripe = connector_suite(
    StripeConnector,
    config=lambda sandbox: {"api_base": sandbox.url},
    secrets=lambda sandbox: sandbox.credentials,
)


async def check(sandbox, *, api_base: str | None = None, **secrets: str | None):
    connector = StripeConnector()
    config = connector.config_model(api_base=api_base or sandbox.url, timeout_seconds=2)
    merged = connector.secrets_model(**{**sandbox.credentials, **secrets})
    found = await connector.test(ConnectionSettings("cnx_1", config, merged))
    return {entry.name: entry for entry in found}


async def test_all_is_well(sandbox):
    found = await check(sandbox)
    names = ["reachable", "authenticated", "clock", "permissions", "mode", "webhook"]
    assert [(name, found[name].status) for name in found] == [(name, "ok") for name in names]
    assert "Test mode" in found["mode"].message


async def test_nothing_is_changed(sandbox):
    await check(sandbox)
    assert [entry for entry in sandbox.ledger if entry.changed or entry.method != "GET"] == []


async def test_a_wrong_key(sandbox):
    found = await check(sandbox, api_key="sk_test_wrong_key")
    assert found["reachable"].status == "ok"
    assert found["authenticated"].status == "failed"
    assert "sk_test_wrong_key" not in str(found)


async def test_a_publishable_key(sandbox):
    assert (await check(sandbox, api_key="pk_test_123456"))["mode"].status == "failed"


async def test_a_live_key(sandbox):
    assert "real money" in (await check(sandbox, api_key="rk_live_123456"))["mode"].message


@pytest.mark.parametrize("secret", [None, "sk_test_in_the_wrong_field"])
async def test_a_missing_or_wrong_webhook_secret(sandbox, secret):
    found = (await check(sandbox, webhook_secret=secret))["webhook"]
    assert found.status == "warning"
    assert found.remedy


@pytest.mark.parametrize("fault", ["reset_before", "hang_before", "html_200", "500_before"])
async def test_stripe_is_away(sandbox, fault):
    sandbox.faults.add("GET /v1/customers", fault, seconds=4)
    found = await check(sandbox)
    assert found["reachable"].status == "failed"
    assert "permissions" not in found


async def test_nobody_is_there(sandbox):
    found = await check(sandbox, api_base="http://127.0.0.1:9")
    assert found["reachable"].status == "failed"


async def test_a_list_that_may_not_be_read(sandbox):
    sandbox.faults.add("GET /v1/events", "401")
    found = (await check(sandbox))["permissions"]
    assert found.status == "failed"
    assert "Events" in found.message


@pytest.mark.parametrize(
    ("seconds", "status"), [(10, "ok"), (90, "warning"), (-90, "warning"), (400, "failed")]
)
def test_clocks_that_differ(seconds, status):
    server = datetime.now(UTC) + timedelta(seconds=seconds)
    assert tested._clock(server).status == status


@pytest.mark.parametrize(
    "api_base", ["ftp://x", "api.stripe.com", "https://user:pw@x", "https://x/?a=b", ""]
)
def test_addresses_that_are_none(api_base):
    with pytest.raises(ValueError, match="api_base"):
        StripeConnector.config_model(api_base=api_base)


def test_a_trailing_slash_is_dropped():
    assert StripeConnector.config_model(api_base="https://x.example/").api_base == (
        "https://x.example"
    )


def test_the_readme_names_every_setting_and_every_event():
    readme = Path(__file__).parents[4].joinpath("connectors/stripe/README.md").read_text()
    models = (StripeConnector.config_model, StripeConnector.secrets_model)
    settings = {name for model in models for name in model.model_fields}
    assert settings <= set(re.findall(r"^\| `(\w+)` \|", readme, re.MULTILINE))
    assert set(WATCHED) == set(re.findall(r"`([a-z_]+\.[a-z_]+)`[,.]", readme))
