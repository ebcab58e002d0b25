"""Errors: each survives a trip through pickle, and the drawn tree is the true one."""

from __future__ import annotations

import copy
import pickle  # noqa: TID251  what other programs do to errors
import re

import pytest

from atlas_hub_core import errors
from atlas_hub_core.errors import AtlasError, CurrencyMismatch


def all_errors(kind: type[AtlasError] = AtlasError) -> list[type[AtlasError]]:
    return [kind, *(sub for child in kind.__subclasses__() for sub in all_errors(child))]


CORE_ERRORS = [kind for kind in all_errors() if kind.__module__ == errors.__name__]


@pytest.mark.parametrize("kind", CORE_ERRORS)
def test_an_error_survives_copying_and_pickling(kind: type[AtlasError]) -> None:
    extra = {} if kind is CurrencyMismatch else {"code": "some_code"}
    error = kind("Say what to do.", field="a.0", **extra)
    for other in (copy.copy(error), pickle.loads(pickle.dumps(error))):  # noqa: S301
        assert type(other) is kind
        assert str(other) == other.message == "Say what to do."
        assert (other.code, other.field) == (error.code, "a.0")


def test_the_tree_in_the_documentation_is_the_true_one() -> None:
    drawn = re.findall(r"^[│├└─ ]*([A-Z]\w+) {2,}", errors.__doc__ or "", re.MULTILINE)
    assert sorted(drawn) == sorted(kind.__name__ for kind in CORE_ERRORS)
