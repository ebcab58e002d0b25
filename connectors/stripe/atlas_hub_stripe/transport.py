"""How requests travel: Stripe's client on top, httpx2 below.

No proxies from the environment, no redirects, no retries: the hub decides what happens next. What
matters to it is whether a request that failed can have reached Stripe, so the two ways to fail
are two errors.
"""

import asyncio
from collections.abc import Mapping
from typing import Any, Final

import httpx2
import stripe

CONNECT_SECONDS: Final = 5
MOST_BYTES: Final = 16 * 1024 * 1024
MOST_CONNECTIONS: Final = 10


class Failed(stripe.APIConnectionError):
    """There is no answer."""

    def __init__(self, message: str) -> None:
        super().__init__(message)  # type: ignore[no-untyped-call]  # Stripe's errors are untyped


class Unsent(Failed):
    """No connection came about: Stripe never saw the request."""


class Unanswered(Failed):
    """The connection broke or was silent: Stripe may have done what was asked."""


class Transport(stripe.HTTPClient):
    """Carries requests of one Stripe client.

    Args:
        timeout: Seconds that one exchange may take from connecting to the last byte.
    """

    name = "httpx2"

    def __init__(self, timeout: float) -> None:
        super().__init__()
        self._timeout = timeout
        self._client = httpx2.AsyncClient(
            trust_env=False,
            follow_redirects=False,
            timeout=httpx2.Timeout(timeout, connect=min(CONNECT_SECONDS, timeout)),
            limits=httpx2.Limits(max_connections=MOST_CONNECTIONS),
        )

    async def request_async(
        self, method: str, url: str, headers: Mapping[str, str], post_data: Any = None
    ) -> tuple[bytes, int, Mapping[str, str]]:
        """Exchange one request for body, status and headers.

        Raises:
            Unsent: There was no connection.
            Unanswered: There was no whole answer in time, or one of more than 16 MB.
        """
        try:
            async with (
                asyncio.timeout(self._timeout),
                self._client.stream(method, url, headers=headers, content=post_data) as response,
            ):
                return await _body(response), response.status_code, response.headers
        except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout) as error:
            raise Unsent(f"no connection ({type(error).__name__})") from error
        except TimeoutError as error:
            raise Unanswered(f"no answer within {self._timeout:g} seconds") from error
        except httpx2.RequestError as error:
            raise Unanswered(f"the connection failed ({type(error).__name__})") from error

    async def close_async(self) -> None:
        """Close all connections."""
        await self._client.aclose()


async def _body(response: httpx2.Response) -> bytes:
    body = bytearray()
    async for chunk in response.aiter_bytes():
        body += chunk
        if len(body) > MOST_BYTES:
            raise Unanswered(f"the answer has more than {MOST_BYTES} bytes")
    return bytes(body)
