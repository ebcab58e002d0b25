"""No request brings more bytes than the hub takes, whether it says how many or not."""

from typing import Final

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from atlas_hub_core.errors import TooLarge


class BodyLimit:
    """ASGI middleware: reading a body raises `TooLarge` where it would pass the limit.

    FastAPI's own `max_body_size` answers with plain text; raised from within, it is a problem.
    """

    def __init__(self, app: ASGIApp, *, max_bytes: int) -> None:
        self._app: Final = app
        self._max_bytes: Final = max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, counting what is read of its body."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        announced = Headers(scope=scope).get("content-length", "")
        size = 0

        async def receive_counted() -> Message:
            nonlocal size
            if announced.isdecimal() and int(announced) > self._max_bytes:
                raise self._too_large()
            message = await receive()
            size += len(message.get("body", b""))
            if size > self._max_bytes:
                raise self._too_large()
            return message

        await self._app(scope, receive_counted, send)

    def _too_large(self) -> TooLarge:
        message = f"The body is over {self._max_bytes >> 20} MB; send it in parts."
        return TooLarge(message, code="body_too_large")
