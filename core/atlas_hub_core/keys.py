"""Keys made from names: stable words by which programs ask for what people call otherwise."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Container
from functools import partial
from itertools import count

MAX_KEY_LENGTH = 64


def key_from_name(name: str, taken: Container[str], *, nameless: str) -> str:
    """Make a key from a name: lower-case ASCII letters, digits and single hyphens.

    Args:
        name: What people call the thing; may change later, the key never does.
        taken: Every key ever given, so that none is used twice.
        nameless: What to start from if the name has no ASCII letter or digit.

    Returns:
        The first free one of `api-access`, `api-access-2`, `api-access-3`, ...
    """
    stem = _slug(name) or nameless
    return next(key for key in map(partial(_numbered, stem), count(1)) if key not in taken)


def _numbered(stem: str, number: int) -> str:
    suffix = f"-{number}" if number > 1 else ""
    return stem[: MAX_KEY_LENGTH - len(suffix)].rstrip("-") + suffix


def _slug(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
