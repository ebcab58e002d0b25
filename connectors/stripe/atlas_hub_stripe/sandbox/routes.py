"""Routes: which method and path does what, with which parameters."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from atlas_hub_stripe.sandbox.account import Account
from atlas_hub_stripe.sandbox.errors import Refusal
from atlas_hub_stripe.sandbox.objects import Object
from atlas_hub_stripe.sandbox.params import Fields


@dataclass(frozen=True, slots=True)
class Call:
    """One request after routing and reading. `target` is the id in the path, if there is one."""

    account: Account
    params: dict[str, Any]
    path: str
    target: str


@dataclass(frozen=True, slots=True)
class Route:
    """A method and a path with at most one `{name}`, the parameters, and what to do."""

    method: str
    path: str
    fields: Fields
    run: Callable[[Call], Object]

    def target(self, method: str, path: str) -> str | None:
        """The id in `path` ("" if the route has none), or None when it is another route."""
        if method != self.method:
            return None
        pattern = re.sub(r"\\\{\w+\\\}", "([^/]+)", re.escape(self.path))
        found = re.fullmatch(pattern, path)
        return (found[1] if found.groups() else "") if found else None


def find(routes: Sequence[Route], method: str, path: str) -> tuple[Route, str]:
    """The route for a request and the id in its path; Stripe's 404 when there is none."""
    for route in routes:
        if (target := route.target(method, path)) is not None:
            return route, target
    message = f"Unrecognized request URL ({method}: {path}). Not a route of this sandbox."
    raise Refusal(message, status=404)
