"""Customers and contacts through the API."""

import asyncio

ACME = {"name": "Acme", "email": "billing@acme.example"}


async def test_name_and_email_are_enough(api, post):
    made = await post("/v1/customers", ACME)
    assert made["id"].startswith("cus_")
    assert made["created_at"].endswith("Z")
    assert {k: v for k, v in made.items() if k not in ("id", "created_at")} == {
        **ACME,
        "external_id": None,
        "timezone": "UTC",
        "tax_rate": "0",
        "attributes": {},
    }
    assert (await api.get(f"/v1/customers/{made['id']}")).json() == made


async def test_external_id_stands_for_the_id(api, post):
    body = {**ACME, "external_id": "acme", "timezone": "Europe/Berlin", "tax_rate": "19.00"}
    made = await post("/v1/customers", {**body, "attributes": {"tier": "gold"}})
    assert (await api.get("/v1/customers/acme")).json() == made
    assert made["tax_rate"] == "19"
    assert made["attributes"] == {"tier": "gold"}


async def test_change_keeps_what_is_left_out_and_null_removes(api, post):
    made = await post("/v1/customers", {**ACME, "external_id": "acme", "tax_rate": "7"})
    response = await api.patch("/v1/customers/acme", json={"name": "Acme Inc"})
    assert response.json() == {**made, "name": "Acme Inc"}


async def test_an_external_id_that_events_may_carry_stays(api, post, is_problem):
    made = await post("/v1/customers", ACME)
    given = {"external_id": "acme"}
    assert (await api.patch(f"/v1/customers/{made['id']}", json=given)).json()["external_id"]
    for other in ("acme-2", None):
        response = await api.patch("/v1/customers/acme", json={"external_id": other})
        is_problem(response, 409, "external_id_fixed", "external_id")


async def test_taken_external_id_is_refused_on_create_and_change(api, post):
    await post("/v1/customers", {**ACME, "external_id": "acme"})
    other = await post("/v1/customers", ACME)
    for response in (
        await api.post("/v1/customers", json={**ACME, "external_id": "acme"}),
        await api.patch(f"/v1/customers/{other['id']}", json={"external_id": "acme"}),
    ):
        assert (response.status_code, response.json()["code"]) == (409, "customer_exists")
        assert "'acme'" in response.json()["detail"]
    assert (await api.get(f"/v1/customers/{other['id']}")).json() == other


async def test_concurrent_creates_of_one_external_id_make_one_customer(api):
    body = {**ACME, "external_id": "race"}
    answers = await asyncio.gather(*(api.post("/v1/customers", json=body) for _ in range(10)))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 9


async def test_list_is_paged_newest_first_and_filtered_by_email(api, post):
    ids = [(await post("/v1/customers", {**ACME, "email": f"{n}@x.example"}))["id"] for n in "abc"]
    first = (await api.get("/v1/customers", params={"limit": 2})).json()
    rest = (
        await api.get("/v1/customers", params={"limit": 2, "cursor": first["next_cursor"]})
    ).json()
    assert [each["id"] for each in first["data"] + rest["data"]] == sorted(ids, reverse=True)
    assert rest["next_cursor"] is None
    found = (await api.get("/v1/customers", params={"email": "b@x.example"})).json()
    assert [each["id"] for each in found["data"]] == [ids[1]]


BAD_FIELDS = [
    ({"name": None}, "invalid_value", "name"),
    ({"name": " "}, "invalid_value", "name"),
    ({"email": "nobody"}, "invalid_value", "email"),
    ({"email": "a b@x.example"}, "invalid_value", "email"),
    ({"external_id": "cus_1"}, "reserved_prefix", "external_id"),
    ({"external_id": ""}, "invalid_value", "external_id"),
    ({"timezone": "Mars/Olympus"}, "unknown_time_zone", "timezone"),
    ({"timezone": "../UTC"}, "unknown_time_zone", "timezone"),
    ({"tax_rate": True}, "invalid_decimal", "tax_rate"),
    ({"tax_rate": "1e2"}, "invalid_decimal", "tax_rate"),
    ({"tax_rate": "101"}, "invalid_value", "tax_rate"),
    ({"tax_rate": "-1"}, "invalid_value", "tax_rate"),
    ({"attributes": {"n": 1}}, "invalid_value", "attributes.n"),
    ({"attributes": {str(n): "" for n in range(51)}}, "invalid_value", "attributes"),
    ({"tax": "7"}, "unknown_field", "tax"),
]


async def test_bad_fields_are_named(api, post, is_problem, subtests):
    made = await post("/v1/customers", {**ACME, "external_id": "acme"})
    for change, code, field in BAD_FIELDS:
        with subtests.test(change=change):
            is_problem(await api.post("/v1/customers", json={**ACME, **change}), 422, code, field)
            is_problem(await api.patch("/v1/customers/acme", json=change), 422, code, field)
            assert (await api.get("/v1/customers")).json()["data"] == [made]


async def test_required_fields(api, is_problem, subtests):
    for missing in ("name", "email"):
        with subtests.test(missing=missing):
            body = {name: value for name, value in ACME.items() if name != missing}
            is_problem(await api.post("/v1/customers", json=body), 422, "missing_field", missing)


async def test_unreadable_bodies_and_unknown_customers(api, is_problem):
    broken = await api.post("/v1/customers", content=b'{"name": ')
    is_problem(broken, 400, "malformed_json", None)
    nan = await api.post("/v1/customers", content=b'{"name": NaN}')
    is_problem(nan, 400, "not_a_number", None)
    for reference in ("nobody", "cus_nobody", "con_nobody"):
        for response in (
            await api.get(f"/v1/customers/{reference}"),
            await api.patch(f"/v1/customers/{reference}", json={"name": "x"}),
            await api.get(f"/v1/customers/{reference}/contacts"),
        ):
            is_problem(response, 404, "customer_not_found", None)


async def test_contacts(api, post, is_problem):
    await post("/v1/customers", {**ACME, "external_id": "acme"})
    await post("/v1/customers", {**ACME, "external_id": "other"})
    path = "/v1/customers/acme/contacts"
    ann = await post(path, {"name": "Ann", "email": "ann@acme.example", "role": "billing"})
    bob = await post(path, {"name": "Bob", "email": "bob@acme.example"})
    assert (ann["role"], bob["role"]) == ("billing", "other")
    changed = await api.patch(f"{path}/{bob['id']}", json={"role": "technical"})
    assert changed.json() == {**bob, "role": "technical"}
    assert (await api.get(path)).json()["data"] == [changed.json(), ann]
    elsewhere = f"/v1/customers/other/contacts/{ann['id']}"
    is_problem(await api.delete(elsewhere), 404, "contact_not_found", None)
    is_problem(await api.patch(elsewhere, json={}), 404, "contact_not_found", None)
    bad = await api.patch(f"{path}/{ann['id']}", json={"role": "boss"})
    is_problem(bad, 422, "invalid_value", "role")
    assert (await api.delete(f"{path}/{ann['id']}")).status_code == 204
    assert [each["id"] for each in (await api.get(path)).json()["data"]] == [bob["id"]]


async def test_every_change_is_audited(api, post):
    made = await post("/v1/customers", {**ACME, "tax_rate": "7.5"})
    await api.patch(f"/v1/customers/{made['id']}", json={"tax_rate": "19"})
    entries = (await api.get("/v1/audit", params={"resource_id": made["id"]})).json()["data"]
    assert [(each["action"], each["changes"]["tax_rate"]) for each in entries] == [
        ("change", "19"),
        ("create", "7.5"),
    ]
