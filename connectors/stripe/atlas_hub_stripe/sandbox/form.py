"""Stripe's form encoding: `a[b][0][c]=v` becomes nested dicts."""

import re
from collections.abc import Iterable
from typing import Any

from atlas_hub_stripe.sandbox.errors import Refusal

Tree = dict[str, Any]
"""Names to text or to another tree. Lists are trees with the names 0, 1, 2 ..."""

NAME = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])*)")
PART = re.compile(r"\[([^\[\]]*)\]")


def decode(pairs: Iterable[tuple[str, str]]) -> Tree:
    """Unfold the pairs; a name that is both text and a tree is refused."""
    tree: Tree = {}
    for name, value in pairs:
        _put(tree, name, value)
    return tree


def _put(tree: Tree, name: str, value: str) -> None:
    found = NAME.fullmatch(name)
    if found is None:
        raise Refusal(f"Invalid parameter name: {name}", param=name)
    node = tree
    *path, last = [found[1], *PART.findall(found[2])]
    for part in path:
        node = node.setdefault(part or str(len(node)), {})
        if not isinstance(node, dict):
            raise Refusal(f"Invalid object: {name} is given as text too.", param=name)
    key = last or str(len(node))
    if key in node:
        raise Refusal(f"Invalid request: {name} is given twice.", param=name)
    node[key] = value
