"""Prefixed, sortable ids such as `cus_06f8k2m4x...`."""

import secrets
import time
from typing import Final

_ALPHABET: Final = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford base32: sorts like the number
_LENGTH: Final = 26
_RANDOM_BITS: Final = 80

PREFIXES: Final = frozenset(
    (
        "aud chg cnx con cus dlv ent evt ilr inv itn job key lnk met pli pln plv sbi sub whk wrk"
    ).split()
)


def new_id(prefix: str) -> str:
    """Return `prefix_` and 26 characters: 48 bits of milliseconds, 80 random bits."""
    number = (time.time_ns() // 1_000_000 << _RANDOM_BITS) | secrets.randbits(_RANDOM_BITS)
    characters = []
    for _ in range(_LENGTH):
        number, digit = divmod(number, 32)
        characters.append(_ALPHABET[digit])
    return f"{prefix}_{''.join(reversed(characters))}"


def has_our_prefix(text: str) -> bool:
    """Say whether `text` could be taken for one of our ids."""
    prefix, separator, _ = text.partition("_")
    return bool(separator) and prefix in PREFIXES
