"""Routes: each declares its permission and runs in one transaction.

A handler gets `Session` and `Caller`, changes rows, and returns its answer; the route commits after
the answer is made, or rolls everything back. A route without a declared permission is refused when
the application is built.
"""

from collections.abc import Awaitable, Callable, Coroutine
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Request, Response
from fastapi.routing import APIRoute
from sqlalchemy.ext.asyncio import AsyncSession

from atlas_hub.http.actor import Actor, Guard
from atlas_hub.http.idempotency import answer_once
from atlas_hub.http.problems import documented
from atlas_hub.http.requests import StrictRequest
from atlas_hub.hub import Hub

PUBLIC: Final = "public"
_EXTENSION: Final = "x-permission"
_ONCE: Final = "x-answered-once"


def needs(permission: str, *, secret_answer: bool = False) -> dict[str, Any]:
    """Declare a route's permission: `openapi_extra=needs("customers:write")`.

    A secret answer is given once and not kept for a repeated `Idempotency-Key`.
    """
    extra: dict[str, Any] = {_EXTENSION: permission}
    if secret_answer:
        extra[_ONCE] = True
    if permission != PUBLIC:
        extra["security"] = [{"ApiKey": []}]
    return extra


class GuardedRoute(APIRoute):
    """A route that checks its permission, then answers inside one transaction."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        permission = (options.get("openapi_extra") or {}).get(_EXTENSION)
        if permission is None:
            message = f"{path} declares no permission: pass openapi_extra=needs(...)"
            raise TypeError(message)
        self.permission: Final[str] = permission
        self.keeps_answer: Final = not options["openapi_extra"].get(_ONCE, False)
        super().__init__(path, endpoint, **options)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Wrap FastAPI's handler."""
        act = super().get_route_handler()

        async def handle(request: Request) -> Response:
            return await _answer(StrictRequest(request.scope, request.receive), self, act)

        return handle


async def _answer(
    request: Request, route: GuardedRoute, act: Callable[[Request], Awaitable[Response]]
) -> Response:
    guard: Guard = request.app.state.guard
    if request.method != "GET":
        await request.body()  # before a connection is taken: whoever sends slowly waits alone
    async with hub_of(request).database.session() as session:
        request.state.session = session
        if route.permission == PUBLIC:
            response = await act(request)
        else:
            actor = request.state.actor = await guard(request, session, route.permission)
            once = request.method != "GET"
            response = await (
                answer_once(request, session, actor.id, act, keep=route.keeps_answer)
                if once
                else act(request)
            )
        await session.commit()
        return response


class Router(APIRouter):
    """A router of guarded routes whose possible problems are documented."""

    def __init__(self, tag: str) -> None:
        super().__init__(
            tags=[tag],
            route_class=GuardedRoute,
            strict_content_type=False,  # a browser cannot send our keys, so JSON needs no header
            responses=documented(400, 401, 403, 404, 409, 413, 415, 422, 500, 503),
        )


def hub_of(request: Request) -> Hub:
    """Return what this process shares."""
    hub: Hub = request.app.state.hub
    return hub


def _session_of(request: Request) -> AsyncSession:
    session: AsyncSession = request.state.session
    return session


def _actor_of(request: Request) -> Actor:
    actor: Actor = request.state.actor
    return actor


Session = Annotated[AsyncSession, Depends(_session_of)]
Caller = Annotated[Actor, Depends(_actor_of)]
HubDep = Annotated[Hub, Depends(hub_of)]
