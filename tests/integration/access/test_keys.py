"""Who may call what: keys, scopes, and every route in one table."""

import asyncio
from typing import cast

import pytest
from fastapi import FastAPI
from sqlalchemy import text

from atlas_hub.access.guard import CACHE_SECONDS
from atlas_hub.access.permissions import PERMISSIONS
from atlas_hub.api import create_app
from atlas_hub.http.routing import PUBLIC, GuardedRoute, Router
from atlas_hub.hub import Hub


def declared(app: FastAPI) -> list[tuple[str, str, str]]:
    """Return method, path and permission of every operation."""
    return [
        (method.upper(), path, operation["x-permission"])
        for path, item in app.openapi()["paths"].items()
        for method, operation in item.items()
    ]


OPERATIONS = declared(create_app(cast(Hub, None)))
PRIVATE = [each for each in OPERATIONS if each[2] != PUBLIC]


async def new_key(api, *scopes: str) -> dict:
    response = await api.post("/v1/api_keys", json={"name": "k", "scopes": list(scopes)})
    assert response.status_code == 201, response.text
    return response.json()


def test_every_permission_that_routes_need_exists() -> None:
    assert {permission for *_, permission in PRIVATE} <= PERMISSIONS


def test_only_health_and_webhooks_are_public() -> None:
    public = {path for _, path, permission in OPERATIONS if permission == PUBLIC}
    assert public == {"/healthz", "/readyz", "/v1/connections/{connection}/webhook"}


def test_a_route_without_a_permission_is_refused() -> None:
    with pytest.raises(TypeError, match="declares no permission"):
        Router("x").get("/v1/forgotten")(lambda: None)
    assert GuardedRoute  # the class that refuses is the one every router uses


@pytest.mark.parametrize(("method", "path", "permission"), PRIVATE)
async def test_a_key_without_the_scope_is_refused(
    api, connect, method: str, path: str, permission: str
) -> None:
    others = sorted(PERMISSIONS - {permission})
    key = (await new_key(api, *others))["key"]
    path = path.replace("{", "").replace("}", "")
    async with connect(key) as client:
        response = await client.request(method, path, json={})
    assert (response.status_code, response.json()["code"]) == (403, "missing_scope")
    nobody = await client_without_key(api, method, path)
    assert (nobody.status_code, nobody.json()["code"]) == (401, "missing_key")


async def client_without_key(api, method: str, path: str):
    request = api.build_request(method, path, json={})
    del request.headers["authorization"]
    return await api.send(request)


async def test_a_revoked_key_is_useless_within_a_second(api, connect) -> None:
    made = await new_key(api, "customers:read")
    async with connect(made["key"]) as client:
        assert (await client.get("/v1/customers")).status_code == 200
        await api.post(f"/v1/api_keys/{made['id']}/revoke")
        await asyncio.sleep(CACHE_SECONDS + 0.1)
        refused = await client.get("/v1/customers")
    assert (refused.status_code, refused.json()["code"]) == (401, "invalid_key")


async def test_an_expired_key_is_refused(api, connect) -> None:
    body = {"name": "k", "scopes": ["*"], "expires_at": "2020-01-01T00:00:00Z"}
    key = (await api.post("/v1/api_keys", json=body)).json()["key"]
    async with connect(key) as client:
        refused = await client.get("/v1/customers")
    assert (refused.status_code, refused.json()["code"]) == (401, "key_expired")


async def test_a_key_cannot_give_away_what_it_does_not_have(api, connect) -> None:
    made = await new_key(api, "api_keys:write")
    async with connect(made["key"]) as client:
        refused = await client.post("/v1/api_keys", json={"name": "k", "scopes": ["*"]})
    assert (refused.status_code, refused.json()["code"]) == (403, "scope_not_held")


async def test_a_key_is_shown_once_and_stored_as_a_hash(api, hub) -> None:
    made = await new_key(api, "usage:write")
    listed = (await api.get("/v1/api_keys")).text
    assert made["key"] not in listed
    async with hub.database.session() as session:
        dump = await session.execute(text("select api_key::text from api_key"))
        assert all(made["key"] not in row for row in dump.scalars())


async def test_an_unknown_scope_is_refused_by_name(api) -> None:
    refused = await api.post("/v1/api_keys", json={"name": "k", "scopes": ["billing:wirte"]})
    assert (refused.status_code, refused.json()["code"]) == (422, "unknown_scope")
    assert "billing:write" in refused.json()["detail"]


async def test_a_repeated_request_for_a_key_does_not_find_the_key_again(api, hub) -> None:
    body, headers = {"name": "k", "scopes": ["*"]}, {"Idempotency-Key": "once"}
    key = (await api.post("/v1/api_keys", json=body, headers=headers)).json()["key"]
    again = await api.post("/v1/api_keys", json=body, headers=headers)
    assert (again.status_code, again.json()["code"]) == (409, "answer_not_kept")
    async with hub.database.session() as session:
        kept = (await session.execute(text("select body from idempotency_record"))).scalars().all()
    assert all(key.encode() not in each for each in kept)
