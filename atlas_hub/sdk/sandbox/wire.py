"""One exchange on the wire: reading a request, answering it, cutting it, or leaving it hanging."""

import asyncio
import json
import socket
import struct
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

from atlas_hub.sdk.sandbox.messages import Answer, Request

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


class CuttableProtocol(H11Protocol):
    """uvicorn's HTTP protocol, with a way for the application to cut the connection."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Offer the cut to the application as `scope["state"]["cut"]`."""
        super().connection_made(transport)
        self.app_state = {**self.app_state, "cut": lambda: _cut(transport)}


def _cut(transport: asyncio.Transport) -> None:
    if transport.is_closing():
        return
    sock: socket.socket = transport.get_extra_info("socket")
    # Lingering zero seconds makes the kernel send RST instead of an orderly end.
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


class Exchange:
    """A request together with the ways to end it."""

    def __init__(self, scope: Message, receive: Receive, send: Send) -> None:
        self._scope = scope
        self._receive = receive
        self._send = send

    async def request(self) -> Request:
        """Read the whole request."""
        body = b""
        while True:
            message = await self._receive()
            body += message.get("body", b"")
            if not message.get("more_body", False):
                break
        headers = {
            name.decode("latin-1"): v.decode("latin-1") for name, v in self._scope["headers"]
        }
        query = self._scope["query_string"].decode("latin-1")
        return Request(self._scope["method"], self._scope["path"], query, headers, body)

    async def reply(self, answer: Answer) -> None:
        """Send `answer` as JSON."""
        await self.reply_raw(answer.status, answer.headers, encode(answer.content))

    async def reply_raw(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        """Send these bytes, as JSON unless `headers` name another content type."""
        full = {"content-type": "application/json", "content-length": str(len(body)), **headers}
        raw = [(name.lower().encode(), value.encode("latin-1")) for name, value in full.items()]
        await self._send({"type": "http.response.start", "status": status, "headers": raw})
        await self._send({"type": "http.response.body", "body": body})

    async def cut(self) -> None:
        """Reset the connection without an answer."""
        self._scope["state"]["cut"]()
        await self._gone()

    async def hang(self, seconds: float, stopping: asyncio.Event) -> None:
        """Say nothing until the client leaves, `seconds` pass or the server stops, then cut."""
        waits = [asyncio.create_task(self._gone()), asyncio.create_task(stopping.wait())]
        await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        for wait in waits:
            wait.cancel()
        await asyncio.gather(*waits, return_exceptions=True)
        await self.cut()

    async def _gone(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass


def encode(content: Any) -> bytes:
    """Compact JSON bytes."""
    return json.dumps(content, separators=(",", ":"), ensure_ascii=False).encode()
