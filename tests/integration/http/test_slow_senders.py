"""Whoever sends slowly waits alone: unfinished bodies take nothing that others need."""

import asyncio
import socket

import uvicorn

from atlas_hub.api import create_app


async def test_unfinished_bodies_hold_up_nobody(hub, api) -> None:
    """More of them than there are database connections, and none with a key."""
    connection = {
        "connector": "stripe",
        "name": "x",
        "secrets": {"api_key": "sk_test_x1234567890", "webhook_secret": "whsec_x1234567890"},
    }
    made = await api.post("/v1/connections", json=connection)
    assert made.status_code == 201, made.text
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(create_app(hub), log_config=None, lifespan="off"))
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    host, port = listener.getsockname()
    head = b"POST /v1/connections/x/webhook HTTP/1.1\r\nHost: hub\r\nContent-Length: 100\r\n\r\n{"
    slow = [await asyncio.open_connection(host, port) for _ in range(40)]
    for _, writer in slow:
        writer.write(head)
        await writer.drain()
    await asyncio.sleep(0.5)
    reader, writer = await asyncio.open_connection(host, port)
    writer.write(b"GET /readyz HTTP/1.1\r\nHost: hub\r\nConnection: close\r\n\r\n")
    async with asyncio.timeout(5):
        answer = await reader.readline()
    assert b"200" in answer
    for _, each in (*slow, (reader, writer)):
        each.close()
        await each.wait_closed()
    server.should_exit = True
    await serving
