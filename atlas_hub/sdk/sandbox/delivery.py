"""Sending one webhook: a bare HTTP/1.1 POST that can be cancelled at any point."""

import asyncio
import contextlib
from collections.abc import Mapping
from urllib.parse import urlsplit

TIMEOUT = 10.0


async def post(url: str, body: bytes, headers: Mapping[str, str]) -> int | None:
    """POST `body` and return the status; None when nobody answered within ten seconds."""
    try:
        async with asyncio.timeout(TIMEOUT):
            return await _exchange(url, body, headers)
    except (OSError, TimeoutError, ValueError, asyncio.LimitOverrunError):
        return None


async def _exchange(url: str, body: bytes, headers: Mapping[str, str]) -> int:
    target = urlsplit(url)
    secure = target.scheme == "https"
    port = target.port or (443 if secure else 80)
    reader, writer = await asyncio.open_connection(target.hostname, port, ssl=secure or None)
    try:
        writer.write(_head(target.netloc, target.path or "/", target.query, len(body), headers))
        writer.write(body)
        await writer.drain()
        status = (await reader.readline()).split(b" ")
        if len(status) < 2:
            raise ConnectionResetError(f"{url} closed the connection without an answer.")
        return int(status[1])
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


def _head(host: str, path: str, query: str, length: int, headers: Mapping[str, str]) -> bytes:
    target = f"{path}?{query}" if query else path
    lines = [
        f"POST {target} HTTP/1.1",
        f"Host: {host}",
        "Content-Type: application/json; charset=utf-8",
        f"Content-Length: {length}",
        "Connection: close",
        *(f"{name}: {value}" for name, value in headers.items()),
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
