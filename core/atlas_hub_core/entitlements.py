"""Keys of entitlements: the stable names by which programs and flag systems ask for them."""

from __future__ import annotations

from collections.abc import Container

from atlas_hub_core.keys import MAX_KEY_LENGTH, key_from_name

__all__ = ["MAX_KEY_LENGTH", "entitlement_key"]


def entitlement_key(name: str, taken: Container[str]) -> str:
    """Make the key of an entitlement from its name, as `key_from_name` does.

    A name without any ASCII letter or digit gives `entitlement`, `entitlement-2`, ...
    """
    return key_from_name(name, taken, nameless="entitlement")
