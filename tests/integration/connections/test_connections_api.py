"""Connections: typed config, secrets that are never seen again, links."""

import logging

import pytest
from sqlalchemy import text

from atlas_hub.connections.secrets import SecretBox
from atlas_hub_core.errors import Unavailable

CANARY = "sk_test_canary_7f3d9b1e"
BODY = {
    "connector": "stripe",
    "name": "Stripe",
    "config": {"api_base": "http://127.0.0.1:9"},
    "secrets": {"api_key": CANARY, "webhook_secret": "whsec_canary"},
}


async def make(api, **changes) -> dict:
    response = await api.post("/v1/connections", json={**BODY, **changes})
    assert response.status_code == 201, response.text
    return response.json()


async def test_connectors_are_listed_with_state_and_what_they_take(api) -> None:
    listed = {each["name"]: each for each in (await api.get("/v1/connectors")).json()["data"]}
    stripe = listed["stripe"]
    assert (stripe["state"], stripe["capabilities"]) == ("loaded", ["payments"])
    (connector,) = stripe["connectors"]
    assert "api_base" in connector["config_schema"]["properties"]
    assert set(connector["secrets"]) == {"api_key", "webhook_secret"}
    assert listed["hubspot"]["state"] == "planned"


async def test_a_secret_is_nowhere_to_be_seen(api, hub, caplog) -> None:
    """Not in answers, logs, audit, errors or the clear text of any row."""
    with caplog.at_level(logging.DEBUG):
        made = await make(api)
        answers = [str(made)]
        for method, path, body in (
            ("GET", "/v1/connections", None),
            ("GET", "/v1/connections/Stripe", None),
            ("PATCH", "/v1/connections/Stripe", {"secrets": {"api_key": CANARY + "2"}}),
            ("PATCH", "/v1/connections/Stripe", {"secrets": {"api_keyy": CANARY}}),
            ("POST", "/v1/connections/Stripe/test", {}),
            ("GET", "/v1/audit", None),
        ):
            answers.append((await api.request(method, path, json=body)).text)
    async with hub.database.session() as session:
        for table in ("connection", "connection_secret", "audit_entry", "job"):
            dump = f"select t::text from {table} t"  # noqa: S608 - names of this list
            rows = await session.execute(text(dump))
            answers += rows.scalars()
    assert CANARY not in "\n".join([*answers, caplog.text])


async def test_a_secret_opens_only_where_it_was_sealed() -> None:
    box = SecretBox("a" * 40)
    row = box.seal("cnx_1", "api_key", CANARY)
    assert box.open(row) == CANARY
    row.connection_id = "cnx_2"
    with pytest.raises(Unavailable, match="does not open"):
        box.open(row)
    row.connection_id = "cnx_1"
    with pytest.raises(Unavailable, match="ATLAS_SECRET_KEY"):
        SecretBox("b" * 40).open(row)


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"connector": "strype"}, "unknown_connector", "connector"),
        ({"config": {"api_base": "http://example.com"}}, "insecure_address", "config.api_base"),
        ({"config": {"colour": "red"}}, "invalid_connection", "config.colour"),
        ({"secrets": {}}, "invalid_connection", "secrets.api_key"),
        ({"secrets": {"api_key": 5}}, "invalid_value", "secrets.api_key"),
        ({"name": ""}, "invalid_value", "name"),
        ({"extra": 1}, "unknown_field", "extra"),
    ],
)
async def test_bad_connections_are_refused_with_field_and_code(
    api, changes: dict, code: str, field: str
) -> None:
    refused = await api.post("/v1/connections", json={**BODY, **changes})
    problem = refused.json()
    assert (refused.status_code, problem["code"], problem["field"]) == (422, code, field)


async def test_names_are_unique(api) -> None:
    await make(api)
    refused = await api.post("/v1/connections", json=BODY)
    assert (refused.status_code, refused.json()["code"]) == (409, "connection_exists")


async def test_a_connection_test_says_what_is_wrong(api) -> None:
    """Nothing listens on port 9 of this machine."""
    await make(api)
    answer = (await api.post("/v1/connections/Stripe/test", json={})).json()
    assert answer["ok"] is False
    assert any(check["remedy"] for check in answer["checks"] if check["status"] == "failed")


async def test_a_customer_is_linked_once(api) -> None:
    await make(api)
    for name in ("a", "b"):
        body = {"name": name, "email": "a@b.example", "external_id": name}
        await api.post("/v1/customers", json=body)
    pair = {"connection": "Stripe", "resource": "customer", "hub": "a", "vendor": "cus_X"}
    first = (await api.post("/v1/links", json=pair)).json()
    assert (await api.post("/v1/links", json=pair)).json() == first
    for clash in ({"hub": "b"}, {"vendor": "cus_Y"}):
        refused = await api.post("/v1/links", json={**pair, **clash})
        assert (refused.status_code, refused.json()["code"]) == (409, "already_linked")
    assert (await api.delete(f"/v1/links/{first['id']}")).status_code == 204
    assert (await api.get("/v1/links?connection=Stripe")).json()["data"] == []
    assert (await api.post("/v1/links", json={**pair, "vendor": "cus_Y"})).status_code == 201


async def test_stored_secrets_do_not_follow_a_changed_address(api) -> None:
    """Else whoever may change a connection could read its secrets from a server of their own."""
    await make(api)
    elsewhere = {"config": {"api_base": "https://elsewhere.example"}}
    refused = await api.patch("/v1/connections/Stripe", json=elsewhere)
    assert (refused.status_code, refused.json()["code"]) == (422, "secrets_required")
    entered = {**elsewhere, "secrets": BODY["secrets"]}
    assert (await api.patch("/v1/connections/Stripe", json=entered)).status_code == 200
