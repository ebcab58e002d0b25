"""Each event counts once: repeats, conflicts, answers per item, many writers at a time."""

import asyncio
import json
import random

import pytest


async def post(api, body, **headers):
    return await api.post("/v1/events", content=json.dumps(body), headers=headers)


def nothing_but(**counts):
    return {"accepted": 0, "duplicates": 0, "rejected": []} | counts


async def test_a_single_event_is_accepted_and_listed(api, event, stored):
    sent = event(id="one", source="app", properties={"tokens": 7})
    response = await post(api, sent)
    assert (response.status_code, response.json()) == (200, nothing_but(accepted=1))
    (found,) = await stored()
    received = found.pop("received_at")
    assert received.endswith("Z")
    assert found == sent


async def test_a_repeat_is_a_duplicate_however_it_is_spelled(api, stored):
    first = """{"id": "a", "name": "n", "customer": "c",
        "timestamp": "2026-11-01T00:00:00.1234567Z",
        "properties": {"x": 1.50, "y": [1, {"p": 100, "q": null}], "z": 0}}"""
    again = """{"customer": "c", "id": "a", "name": "\\u006e", "source": "default",
        "timestamp": "2026-11-01T02:00:00.123456+02:00",
        "properties": {"z": -0.0, "y": [1.0, {"q": null, "p": 1e2}], "x": 15e-1}}"""
    assert (await api.post("/v1/events", content=first)).json() == nothing_but(accepted=1)
    assert (await api.post("/v1/events", content=again)).json() == nothing_but(duplicates=1)
    assert len(await stored()) == 1


@pytest.mark.parametrize(
    "other",
    [
        {"name": "n2"},
        {"customer": "c2"},
        {"timestamp": "2026-11-01T00:00:00.000001Z"},
        {"properties": {"tokens": "12", "model": "m1"}},
        {"properties": {"tokens": 12}},
    ],
)
async def test_the_same_id_with_other_content_is_a_conflict(api, event, stored, other):
    sent = event(id="a")
    await post(api, sent)
    response = await post(api, sent | other)
    assert response.status_code == 409
    assert response.json()["code"] == "event_conflict"
    assert response.json()["field"] == "id"
    batch = await post(api, [sent | other, sent])
    assert batch.status_code == 200
    assert [(each["index"], each["code"]) for each in batch.json()["rejected"]] == [
        (0, "event_conflict")
    ]
    assert batch.json()["duplicates"] == 1
    (found,) = await stored()
    assert {name: found[name] for name in sent} == sent


async def test_sources_keep_ids_apart(api, event, stored):
    sent = [event(id="a", source=source) for source in ("s", "t")]
    assert (await post(api, sent)).json() == nothing_but(accepted=2)
    # A source and an id that read alike when written together are not one key.
    alike = [event(id="b c", source="a"), event(id="c", source="a b")]
    assert (await post(api, alike)).json() == nothing_but(accepted=2)
    assert len(await stored()) == 4


async def test_a_batch_is_answered_item_by_item(api, event, stored):
    twin = event(id="twin")
    batch = [
        twin,
        event(customer=None),
        twin,
        twin | {"customer": "other"},
        event(timestamp="2026-11-01T00:00:00"),
        event(),
    ]
    answer = (await post(api, batch)).json()
    assert (answer["accepted"], answer["duplicates"]) == (2, 1)
    assert [(each["index"], each["code"]) for each in answer["rejected"]] == [
        (1, "missing_field"),
        (3, "event_conflict"),
        (4, "naive_timestamp"),
    ]
    assert len(await stored()) == 2


async def test_a_batch_again_and_again_changes_nothing(api, event, stored):
    batch = [event(id=f"b{number}") for number in range(1000)]
    assert (await post(api, batch)).json() == nothing_but(accepted=1000)
    for _ in range(3):
        assert (await post(api, batch)).json() == nothing_but(duplicates=1000)
    assert len(await stored()) == 1000


async def test_many_writers_of_the_same_events_store_each_once(api, event, stored):
    batch = [event(id=f"w{number}") for number in range(200)]
    dice = random.Random(7)
    orders = [dice.sample(batch, len(batch)) for _ in range(12)]
    answers = [each.json() for each in await asyncio.gather(*(post(api, o) for o in orders))]
    assert sum(answer["accepted"] for answer in answers) == 200
    assert sum(answer["duplicates"] for answer in answers) == 11 * 200
    assert all(answer["rejected"] == [] for answer in answers)
    assert len(await stored()) == 200


async def test_of_many_bodies_of_one_id_one_is_stored_and_the_rest_conflict(api, event, stored):
    bodies = [event(id="same", properties={"n": number}) for number in range(20)]
    answers = await asyncio.gather(*(post(api, body) for body in bodies))
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 19
    assert len(await stored()) == 1


async def test_ndjson_takes_what_is_good_and_names_what_is_not(api, event):
    lines = [json.dumps(event()), "", "{nonsense", '{"id": NaN}', "7", json.dumps(event()), "\r"]
    response = await api.post(
        "/v1/events",
        content="\n".join(lines),
        headers={"content-type": "application/x-ndjson"},
    )
    assert response.status_code == 200
    answer = response.json()
    assert answer["accepted"] == 2
    assert [(each["index"], each["code"]) for each in answer["rejected"]] == [
        (1, "malformed_json"),
        (2, "not_a_number"),
        (3, "invalid_type"),
    ]


@pytest.mark.parametrize("body", [b"[]", b" [ ]\n"])
async def test_an_empty_list_is_no_mistake(api, body):
    assert (await api.post("/v1/events", content=body)).json() == nothing_but()


async def test_numbers_keep_every_digit(api):
    digits = "12345678901234567890.123456789012345678901234567890"
    body = (
        '{"id": "a", "name": "n", "customer": "c", "timestamp": "2026-11-01T00:00:00Z",'
        f' "properties": {{"x": {digits}, "y": 0.10, "z": 9007199254740993}}}}'
    )
    assert (await api.post("/v1/events", content=body)).status_code == 200
    text = (await api.get("/v1/events")).text
    assert f'"x": {digits}' in text
    assert '"y": 0.10' in text
    assert '"z": 9007199254740993' in text


async def test_times_are_cut_to_microseconds_not_rounded(api, event, stored):
    await post(api, event(timestamp="2023-11-16T18:17:03.9799609Z"))
    assert (await stored())[0]["timestamp"] == "2023-11-16T18:17:03.979960Z"


async def test_an_idempotency_key_answers_a_batch_alike(api, event):
    batch = [event()]
    first = await post(api, batch, **{"idempotency-key": "k"})
    second = await post(api, batch, **{"idempotency-key": "k"})
    assert first.json() == second.json() == nothing_but(accepted=1)
    assert second.headers["idempotent-replayed"] == "true"


async def test_events_are_listed_by_customer_name_source_and_time(api, event, stored):
    customer = {"name": "Acme", "email": "a@acme.example", "external_id": "acme"}
    made = (await api.post("/v1/customers", json=customer)).json()
    batch = [
        event(id="ext"),
        event(id="own", customer=made["id"], timestamp="2026-11-02T00:00:00Z"),
        event(id="other", customer="globex", name="search", source="s"),
    ]
    await post(api, batch)

    async def ids(**query: str) -> set[str]:
        return {found["id"] for found in await stored(**query)}

    assert await ids(customer="acme") == {"ext", "own"}
    assert await ids(customer=made["id"]) == {"ext", "own"}
    assert await ids(customer="globex") == {"other"}
    assert await ids(customer="nobody") == set()
    assert await ids(name="search") == await ids(source="s") == {"other"}
    assert await ids(**{"from": "2026-11-02T00:00:00Z"}) == {"own"}
    assert await ids(to="2026-11-02T00:00:00Z") == {"ext", "other"}


async def test_pages_hold_every_event_once(api, event, stored):
    await post(api, [event(id=f"p{number}") for number in range(25)])
    found = await stored(limit="10")
    assert sorted(each["id"] for each in found) == sorted(f"p{number}" for number in range(25))


async def test_a_cursor_that_is_none_is_refused(api):
    response = await api.get("/v1/events", params={"cursor": "evt_1"})
    assert (response.status_code, response.json()["code"]) == (422, "invalid_cursor")


async def test_reading_needs_usage_read_and_writing_usage_write(api, connect, event):
    made = (await api.post("/v1/api_keys", json={"name": "r", "scopes": ["usage:read"]})).json()
    async with connect(made["key"]) as reader:
        assert (await reader.get("/v1/events")).status_code == 200
        assert (await post(reader, event())).status_code == 403
