"""Filters: what each operator means, and that bad trees are refused before they cost anything."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from atlas_hub_core.errors import InvalidInput
from atlas_hub_core.filters import MAX_DEPTH, parse_filter

ABSENT = ...  # its repr is the same in every process, as the ids of tests must be


def condition(op: str, value: Any = ABSENT, name: str = "p") -> dict[str, Any]:
    return {"property": name, "op": op} | ({} if value is ABSENT else {"value": value})


def matches(filter_: Any, **properties: Any) -> bool:
    return parse_filter(filter_).matches(properties)


MATCHING: list[tuple[str, Any, list[Any], list[Any]]] = [
    ("eq", "m1", ["m1"], ["M1", "m1 ", 1, None, ["m1"], True]),
    ("eq", 1, [1, Decimal("1.0")], ["1", True, 2, None, [1]]),
    ("eq", True, [True], [1, "true", False, None]),
    ("eq", 0.1, [Decimal("0.1"), Decimal("0.10")], [Decimal("0.1000000001"), "0.1"]),
    ("ne", 1, ["1", True, 2, None, [1], {}], [1, Decimal("1.0")]),
    ("gt", 5, [6, Decimal("5.0000001")], [5, 4, "6", None, True, [6]]),
    ("gte", 5, [5, Decimal("5.0"), 6], [4, "5", None]),
    ("lt", 5, [4, -1], [5, "4", None, False]),
    ("lte", 5, [5, 4], [6, "4", None]),
    ("gt", "b", ["c", "ba", "é"], ["b", "a", "B", "", 1, None, True]),
    ("lte", "b", ["b", "a", "B", ""], ["c", "ba", 1, None]),
    ("in", ["a", 1, True], ["a", 1, Decimal("1.0"), True], ["b", "1", None, False, ["a"]]),
    ("in", [], [], ["a", None]),
    ("contains", "ell", ["hello", ["ell"], [1, "ell"]], ["HELLO", ["hello"], 1, None, {"ell": 1}]),
    ("contains", "", ["", "x"], [[], ["x"], None]),
    ("contains", 1, [[1], [Decimal("1.0"), 2]], ["1", 1, [True], ["1"], [[1]], None]),
    ("exists", True, [0, "", False, [], {}], [None]),
    ("exists", ABSENT, [0], [None]),
    ("exists", False, [None], [0, "", False]),
]


@pytest.mark.parametrize(
    ("tree", "found", "expected"),
    [
        pytest.param(
            condition(op, value), found, expected, id=f"{found!r} {op} {value!r} {expected}"
        )
        for op, value, yes, no in MATCHING
        for found, expected in [*((f, True) for f in yes), *((f, False) for f in no)]
    ],
)
def test_an_operator_means_what_its_documentation_says(
    tree: dict[str, Any], found: Any, expected: bool
) -> None:
    assert matches(tree, p=found) is expected


@pytest.mark.parametrize(("op", "value", "yes", "no"), MATCHING)
def test_a_missing_property_is_a_null_one(op: str, value: Any, yes: Any, no: Any) -> None:
    assert matches(condition(op, value)) is matches(condition(op, value), p=None)


def test_and_needs_every_part_and_or_needs_one() -> None:
    a, b = condition("eq", 1, "a"), condition("eq", 1, "b")
    assert matches({"and": [a, b]}, a=1, b=1)
    assert not matches({"and": [a, b]}, a=1, b=2)
    assert matches({"or": [a, b]}, a=1, b=2)
    assert not matches({"or": [a, b]}, a=2, b=2)
    assert matches({"and": []})
    assert not matches({"or": []})
    assert matches({"and": [a, {"or": [b, {"and": [condition("ne", 1, "c")]}]}]}, a=1)


SCALARS = st.one_of(
    st.integers(-(10**19), 10**19), st.booleans(), st.text(st.characters(codec="utf-8"), max_size=5)
).filter(lambda value: "\0" not in str(value))
CONDITIONS = st.builds(condition, st.sampled_from(["eq", "ne", "contains"]), SCALARS)
TREES = st.recursive(
    CONDITIONS,
    lambda parts: st.builds(
        lambda word, nodes: {word: nodes},
        st.sampled_from(["and", "or"]),
        st.lists(parts, max_size=3),
    ),
    max_leaves=10,
)


@given(TREES, SCALARS)
def test_a_filter_comes_back_from_json_and_matches_the_same(tree: Any, found: Any) -> None:
    try:
        filter_ = parse_filter(tree)
    except InvalidInput as error:
        assert "deep" in error.message  # noqa: PT017  hypothesis may nest deeper than allowed
        return
    again = parse_filter(json.loads(json.dumps(filter_.to_json())))
    assert again == filter_
    assert again.matches({"p": found}) is filter_.matches({"p": found})


@given(SCALARS, SCALARS)
def test_ne_is_the_opposite_of_eq(value: Any, found: Any) -> None:
    assert matches(condition("ne", value), p=found) is not matches(condition("eq", value), p=found)


@pytest.mark.parametrize("value", [Decimal("0.1"), 0.1, 1.0, Decimal("1.00"), [0.5, 2.0], 1e15])
def test_numbers_of_a_filter_are_kept_as_they_were_written(value: Any) -> None:
    op = "in" if isinstance(value, list) else "eq"
    written = json.dumps(parse_filter(condition(op, value)).to_json()["value"])
    assert json.loads(written, parse_float=Decimal) == json.loads(
        json.dumps(value, default=float), parse_float=Decimal
    )


def nested(depth: int) -> Any:
    tree: Any = condition("eq", 1)
    for _ in range(depth - 1):
        tree = {"and": [tree]}
    return tree


def test_depth_and_size_have_limits() -> None:
    assert matches(nested(MAX_DEPTH), p=1)
    assert matches({"and": [condition("eq", 1)] * 99}, p=1)


@pytest.mark.parametrize(
    ("tree", "field", "message"),
    [
        (nested(MAX_DEPTH + 1), "filter", "nested at most 8 deep"),
        (nested(10_000), "filter", "nested at most 8 deep"),
        ({"and": [condition("eq", 1)] * 100}, "filter", "at most 100 parts"),
        (condition("in", [1] * 101), "filter.value", "at most 100 values"),
        (condition("eq", "x" * 1001), "filter.value", "at most 1000 characters"),
        (condition("eq", "\0"), "filter.value", "NUL"),
        (condition("eq", "\ud800"), "filter.value", "surrogate"),
        (condition("eq", None), "filter.value", "use `exists`"),
        (condition("eq", {}), "filter.value", "must be a string"),
        (condition("eq", float("nan")), "filter.value", "at most 20 digits"),
        (condition("eq", 1e300), "filter.value", "at most 20 digits"),
        (condition("eq", 10**1_000_000), "filter.value", "at most 20 digits"),
        (condition("eq", Decimal("0.1234567890123456789")), "filter.value", "15 significant"),
        (condition("eq"), "filter", "`eq` on 'p' needs a value"),
        (condition("eq", [1]), "filter", "compares with a string, number or boolean"),
        (condition("gt", True), "filter", "compares with a number or a string"),
        (condition("in", 1), "filter", "compares with a list"),
        (condition("exists", 1), "filter", "compares with true or false"),
        (condition("like", "x"), "filter.op", "'eq'"),
        (condition("eq", 1, ""), "filter.property", "at least 1"),
        ({"property": "p", "value": 1}, "filter.op", "is required"),
        ({"and": {}}, "filter.and", "tuple"),
        ({"and": [], "or": []}, "filter.or", "remove it"),
        (
            {"and": [condition("eq", 1), {"or": [condition("gt", None)]}]},
            "filter.and.1.or.0.value",
            "null",
        ),
        ([], "filter", "is wrong"),
        ("p = 1", "filter", "is wrong"),
        (None, "filter", "is wrong"),
    ],
    ids=lambda value: value if isinstance(value, str) and len(value) < 40 else "",
)
def test_a_bad_filter_names_the_field_and_the_remedy(tree: Any, field: str, message: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_filter(tree)
    assert (caught.value.code, caught.value.field) == ("invalid_filter", field)
    assert message in caught.value.message
    assert len(caught.value.message) < 300
