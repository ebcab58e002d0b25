"""Entitlement keys: plain, stable, never used twice."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from atlas_hub_core.entitlements import MAX_KEY_LENGTH, entitlement_key


@pytest.mark.parametrize(
    ("name", "taken", "key"),
    [
        ("API access", set(), "api-access"),
        ("API access", {"api-access"}, "api-access-2"),
        ("api_access!", {"api-access", "api-access-2"}, "api-access-3"),
        ("  Größe / Café 10 % ", set(), "groe-cafe-10"),
        ("超级", set(), "entitlement"),
        ("", {"entitlement"}, "entitlement-2"),
        ("x" * 100, set(), "x" * 64),
        ("x" * 100, {"x" * 64}, "x" * 62 + "-2"),
        ("x" * 63 + " y", set(), "x" * 63),
    ],
)
def test_key_of_a_name(name: str, taken: set[str], key: str) -> None:
    assert entitlement_key(name, taken) == key


@given(st.lists(st.text(max_size=80), max_size=30))
def test_keys_are_short_plain_and_all_different(names: list[str]) -> None:
    taken: set[str] = set()
    for name in names:
        key = entitlement_key(name, taken)
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", key)
        assert len(key) <= MAX_KEY_LENGTH
        assert key not in taken
        taken.add(key)
