"""Steps that tests of several rooms share, through the API."""

from collections.abc import Awaitable, Callable
from typing import Any

import httpx2
import pytest

from tests.integration.shop import Shop

Post = Callable[..., Awaitable[dict[str, Any]]]


@pytest.fixture
def post(api: httpx2.AsyncClient) -> Post:
    """Post a body that has to be accepted, and answer what comes back."""

    async def send(path: str, body: Any | None = None) -> dict[str, Any]:
        response = await api.post(path, json=body)
        assert response.is_success, response.text
        return response.json()

    return send


@pytest.fixture
def is_problem() -> Callable[[httpx2.Response, int, str, str | None], None]:
    """Assert that an answer is a problem document that says what is wrong, and where."""

    def check(response: httpx2.Response, status: int, code: str, field: str | None) -> None:
        problem = response.json()
        said = (response.status_code, problem["code"], problem["field"])
        assert said == (status, code, field), problem
        assert response.headers["content-type"] == "application/problem+json"
        assert len(problem["detail"]) > 15

    return check


@pytest.fixture
def shop(api: httpx2.AsyncClient) -> Shop:
    """A shop on the hub's API."""
    return Shop(api)
