"""Bad input: each a 4xx with a stable code, a field and a remedy; nothing is ever a 5xx."""

import gzip
import json
import tracemalloc
import zlib

import httpx2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from atlas_hub.usage.body import MAX_BYTES


async def send(api, content, kind="application/json", **headers):
    headers = {"content-type": kind} | headers
    return await api.post("/v1/events", content=content, headers=headers)


def problem(response) -> tuple[int, str, str | None]:
    body = response.json()
    assert response.headers["content-type"] == "application/problem+json"
    assert body["status"] == response.status_code
    assert body["detail"].endswith(".")
    return response.status_code, body["code"], body["field"]


WRONG = {
    "no id": ({"id": None}, "missing_field", "id"),
    "no name": ({"name": None}, "missing_field", "name"),
    "no customer": ({"customer": None}, "missing_field", "customer"),
    "no time": ({"timestamp": None}, "missing_field", "timestamp"),
    "empty customer": ({"customer": ""}, "missing_field", "customer"),
    "blank name": ({"name": " \t"}, "missing_field", "name"),
    "empty source": ({"source": ""}, "missing_field", "source"),
    "number as id": ({"id": 5}, "invalid_type", "id"),
    "fraction as id": ({"id": 5.5}, "invalid_type", "id"),
    "list as customer": ({"customer": ["a"]}, "invalid_type", "customer"),
    "number as time": ({"timestamp": 1700000000}, "invalid_type", "timestamp"),
    "list as properties": ({"properties": [1]}, "invalid_type", "properties"),
    "text as properties": ({"properties": "x"}, "invalid_type", "properties"),
    "unknown field": ({"user": "u"}, "unknown_field", "user"),
    "long id": ({"id": "x" * 256}, "text_too_long", "id"),
    "long source": ({"source": "x" * 256}, "text_too_long", "source"),
    "NUL in the id": ({"id": "a\0"}, "invalid_text", "id"),
    "half a pair": ({"name": "\ud83d"}, "invalid_text", "name"),
    "NUL inside": ({"properties": {"a": [{"b": "\0"}]}}, "invalid_text", "properties.a.0.b"),
    "NUL as a key": ({"properties": {"\0": 1}}, "invalid_text", "properties"),
    "half a pair inside": ({"properties": {"a": "\udc00"}}, "invalid_text", "properties.a"),
    "naive": ({"timestamp": "2026-11-01T00:00:00"}, "naive_timestamp", "timestamp"),
    "no time at all": ({"timestamp": "yesterday"}, "invalid_timestamp", "timestamp"),
    "no such day": ({"timestamp": "2026-02-30T00:00:00Z"}, "invalid_timestamp", "timestamp"),
    "year 0": ({"timestamp": "0000-01-01T00:00:00Z"}, "invalid_timestamp", "timestamp"),
    "year 1": ({"timestamp": "0001-01-01T00:00:00Z"}, "timestamp_out_of_range", "timestamp"),
    "year 9999": ({"timestamp": "9999-12-31T23:59:59Z"}, "timestamp_out_of_range", "timestamp"),
    "huge integer": ({"properties": {"a": 10**100}}, "number_out_of_range", "properties.a"),
    "vast integer": ({"properties": {"a": 10**4000}}, "number_out_of_range", "properties.a"),
    "deep": (
        {"properties": json.loads('{"a":' * 33 + "1" + "}" * 33)},
        "nested_too_deep",
        "properties",
    ),
}


@pytest.mark.parametrize("case", WRONG)
async def test_a_bad_event_is_a_problem_alone_and_a_rejected_item_in_a_list(
    api, event, stored, case
):
    changes, code, field = WRONG[case]
    bad = json.dumps(event(**changes))
    assert problem(await send(api, bad)) == (422, code, field)
    good = json.dumps(event())
    answer = (await send(api, f"[{good}, {bad}, {good}]")).json()
    assert (answer["accepted"], answer["duplicates"]) == (1, 1)
    (rejected,) = answer["rejected"]
    assert (rejected["index"], rejected["code"]) == (1, code)
    assert (field or "").partition(".")[0] in rejected["message"]
    assert rejected["message"].endswith(".")
    assert len(await stored()) == 1


@pytest.mark.parametrize("number", ["1e100", "1e-101", "1e400", "1e99999999999999999999", "-1E400"])
async def test_a_number_beyond_the_bounds_is_rejected(api, event, number):
    body = json.dumps(event(properties={"a": "?"})).replace('"?"', number)
    status, code, field = problem(await send(api, body))
    assert (status, code) == (422, "number_out_of_range")
    assert field.startswith("properties")


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity"])
async def test_what_json_does_not_have_makes_a_body_unreadable(api, event, stored, number):
    body = json.dumps(event(properties={"a": [1, "?"]})).replace('"?"', number)
    assert problem(await send(api, body)) == (400, "not_a_number", "properties.a.1")
    in_list = f"[{json.dumps(event())}, {body}]"
    assert problem(await send(api, in_list)) == (400, "not_a_number", "1.properties.a.1")
    assert await stored() == []


UNREADABLE = {
    "nothing": b"",
    "spaces": b" \n",
    "text": b"hello",
    "half a list": b'[{"id": "a"}',
    "no comma": b'[{"id": "a"} {"id": "b"}]',
    "a comma too many": b'[{"id": "a"},]',
    "only a comma": b"[,]",
    "more after the list": b"[] []",
    "more after the event": b'{"id": "a"} {"id": "b"}',
    "not UTF-8": b'[{"id": "\xff"}]',
    "UTF-16": '[{"id": "a"}]'.encode("utf-16"),
    "a comment": b"[] // none",
    "single quotes": b"{'id': 'a'}",
}


@pytest.mark.parametrize("case", UNREADABLE)
async def test_a_body_that_is_not_json_is_refused_as_a_whole(api, stored, case):
    assert problem(await send(api, UNREADABLE[case])) == (400, "malformed_json", None)
    assert await stored() == []


@pytest.mark.parametrize("value", ["5", '"text"', "null", "true"])
async def test_json_that_is_no_event_is_refused(api, value):
    assert problem(await send(api, value)) == (422, "invalid_type", None)
    answer = (await send(api, f"[{value}]")).json()
    assert [each["code"] for each in answer["rejected"]] == ["invalid_type"]


@pytest.mark.parametrize("depth", [1_000, 100_000, 2_000_000])
@pytest.mark.parametrize("pair", ["[]", '{"a":}'])
async def test_bottomless_nesting_is_refused(api, event, depth, pair):
    opened, closed = pair[:-1], pair[-1]
    inside = opened * min(depth, MAX_BYTES // 12) + "1" + closed * min(depth, MAX_BYTES // 12)
    body = json.dumps(event(properties={"a": "?"})).replace('"?"', inside)
    for content in (body, f"[{body}]"):
        response = await send(api, content)
        code = response.json().get("code") or response.json()["rejected"][0]["code"]
        assert (response.status_code < 500, code) == (True, "nested_too_deep")


async def test_ndjson_without_a_line_of_json_is_unreadable(api):
    response = await send(api, "hello\nworld\n", "application/x-ndjson")
    assert problem(response) == (400, "malformed_json", None)


async def test_more_than_ten_thousand_events_are_too_many(api, event, stored):
    batch = [event(id=str(number)) for number in range(10_001)]
    assert problem(await send(api, json.dumps(batch))) == (413, "too_many_events", None)
    lines = "\n".join(map(json.dumps, batch))
    response = await send(api, lines, "application/x-ndjson")
    assert problem(response) == (413, "too_many_events", None)
    broken = json.dumps([{}, *batch])
    assert problem(await send(api, broken)) == (413, "too_many_events", None)
    assert (await send(api, json.dumps(batch[:-1]))).json()["accepted"] == 10_000


@pytest.mark.parametrize("kind", ["text/csv", "application/x-www-form-urlencoded", "text/plain"])
async def test_other_content_types_are_refused(api, event, kind):
    response = await send(api, json.dumps(event()), kind)
    assert problem(response) == (415, "unsupported_content_type", "content-type")


@pytest.mark.parametrize("kind", ["application/json; charset=utf-8", "Application/JSON"])
async def test_json_may_be_written_in_other_ways(api, event, kind):
    assert (await send(api, json.dumps(event()), kind)).status_code == 200


async def test_another_charset_is_refused(api, event):
    response = await send(api, json.dumps(event()), "application/json; charset=latin-1")
    assert response.status_code == 415


@pytest.mark.parametrize("encoding", ["br", "deflate", "gzip, gzip", "zstd"])
async def test_other_encodings_are_refused(api, event, encoding):
    response = await send(api, json.dumps(event()), **{"content-encoding": encoding})
    assert problem(response) == (415, "unsupported_encoding", "content-encoding")


async def test_gzip_is_read_also_in_many_members(api, event):
    parts = json.dumps([event(), event()]).partition(",")
    packed = b"".join(gzip.compress(part.encode()) for part in parts)
    response = await send(api, packed, **{"content-encoding": "gzip"})
    assert response.json()["accepted"] == 2


PACKED = gzip.compress(b"[]" + b" " * 10_000, mtime=0)


@pytest.mark.parametrize("body", [b"", b"[]", PACKED[:-1], PACKED[:5], PACKED + b"x", b"\x1f\x8b"])
async def test_broken_gzip_is_refused(api, body):
    response = await send(api, body, **{"content-encoding": "gzip"})
    assert problem(response) == (400, "malformed_gzip", "content-encoding")


async def test_a_body_over_the_limit_is_refused(api):
    assert (await send(api, b" " * MAX_BYTES + b"[]")).status_code == 413
    response = await send(api, b" " * (MAX_BYTES - 2) + b"[]")
    assert response.status_code == 200


@pytest.mark.parametrize("path", ["/v1/events", "/v1/customers"])
async def test_fifty_megabytes_are_refused(api, path):
    response = await api.post(path, content=b" " * 50_000_000)
    assert problem(response)[:2] == (413, "body_too_large")


@pytest.mark.parametrize("path", ["/v1/events", "/v1/customers"])
async def test_a_body_without_end_is_cut_off(api, path):
    sent = 0

    async def endless():
        nonlocal sent
        while sent < 1_000_000_000:
            sent += 1_000_000
            yield b" " * 1_000_000

    response = await api.post(path, content=endless())
    assert problem(response)[:2] == (413, "body_too_large")
    assert sent < 20_000_000


async def test_a_gzip_bomb_is_cut_while_it_unfolds(api):
    packer = zlib.compressobj(9, wbits=31)
    bomb = b"".join(packer.compress(bytes(1_000_000)) for _ in range(1000)) + packer.flush()
    assert len(bomb) < 1_100_000
    tracemalloc.start()
    response = await send(api, bomb, **{"content-encoding": "gzip"})
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert problem(response) == (413, "body_too_large", None)
    assert peak < 50_000_000


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(codec=None, exclude_categories=[]), max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=12,
)
FIELDS = ["id", "source", "name", "customer", "timestamp", "properties", "other"]
NEARLY_EVENTS = st.fixed_dictionaries(
    {},
    optional={name: JSON | st.sampled_from(["a", "2026-11-01T00:00:00Z"]) for name in FIELDS},
)
BODIES = (
    st.binary(max_size=200)
    | st.builds(lambda value: json.dumps(value).encode(), JSON | NEARLY_EVENTS)
    | st.builds(lambda values: json.dumps(values).encode(), st.lists(JSON | NEARLY_EVENTS))
)


@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    body=BODIES,
    kind=st.sampled_from(["application/json", "application/x-ndjson"]),
    packing=st.sampled_from(["", "gzip", "as gzip"]),
)
async def test_no_body_makes_the_hub_fail(api: httpx2.AsyncClient, body, kind, packing):
    headers = {"content-encoding": "gzip"} if packing else {}
    content = gzip.compress(body) if packing == "gzip" else body
    response = await send(api, content, kind, **headers)
    assert response.status_code in {200, 400, 409, 413, 415, 422}, response.text
    answer = response.json()
    if response.status_code == 200:
        assert all(each["code"] and each["message"] for each in answer["rejected"])
    else:
        assert answer["code"]
        assert answer["detail"]
