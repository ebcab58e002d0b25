"""Batches over HTTP, sent again until they are answered: ids are stable, so repeats are safe."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import httpx2
import msgspec

from atlas_hub_core.errors import AtlasError, Forbidden, Unauthenticated, Unavailable

TRIES: Final = 8
FIRST_PAUSE: Final = 0.5
LONGEST_PAUSE: Final = 30.0
TIMEOUT: Final = 60.0
_AGAIN: Final = frozenset({408, 425, 429, 500, 502, 503, 504})
_ENCODER: Final = msgspec.json.Encoder(decimal_format="number")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a batch; `rejected` are index, code and message."""

    accepted: int
    duplicates: int
    rejected: list[tuple[int, str, str]]


class Sender:
    """Sends events to one hub."""

    def __init__(self, url: str, key: str, *, pause: Callable[[float], None] = time.sleep) -> None:
        headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        self._client: Final = httpx2.Client(base_url=url, headers=headers, timeout=TIMEOUT)
        self._pause: Final = pause

    def send(self, events: Sequence[dict[str, Any]]) -> Outcome:
        """Send a batch and return what became of it.

        One that is too large goes in two halves; an event that is too large alone is rejected.

        Raises:
            Unavailable: the hub did not answer after eight tries.
            AtlasError: it refused the key or the batch as a whole.
        """
        response = self._post(_ENCODER.encode(events))
        if response.status_code != 413:
            return _outcome(response)
        if len(events) == 1:
            refusal = _refusal(response)
            return Outcome(0, 0, [(0, refusal.code, refusal.message)])
        middle = len(events) // 2
        return _joined(self.send(events[:middle]), self.send(events[middle:]), middle)

    def _post(self, body: bytes) -> httpx2.Response:
        pause, trouble = FIRST_PAUSE, ""
        for attempt in range(TRIES):
            if attempt:
                self._pause(pause)
                pause = min(2 * pause, LONGEST_PAUSE)
            try:
                response = self._client.post("/v1/events", content=body)
            except httpx2.TransportError as error:
                trouble = f"{type(error).__name__}: {error}"
                continue
            if response.status_code not in _AGAIN:
                return response
            trouble = f"status {response.status_code}"
            pause = max(pause, _retry_after(response))
        message = f"The hub at {self._client.base_url} does not take events ({trouble})."
        raise Unavailable(message, code="hub_unavailable")

    def close(self) -> None:
        """Close the connection."""
        self._client.close()


def _joined(first: Outcome, second: Outcome, offset: int) -> Outcome:
    return Outcome(
        first.accepted + second.accepted,
        first.duplicates + second.duplicates,
        first.rejected
        + [(offset + index, code, message) for index, code, message in second.rejected],
    )


def _retry_after(response: httpx2.Response) -> float:
    seconds = response.headers.get("retry-after", "")
    return min(float(seconds), LONGEST_PAUSE) if seconds.isdecimal() else 0.0


def _outcome(response: httpx2.Response) -> Outcome:
    if response.status_code != 200:
        raise _refusal(response)
    answer = response.json()
    return Outcome(
        answer["accepted"],
        answer["duplicates"],
        [(each["index"], each["code"], each["message"]) for each in answer["rejected"]],
    )


def _refusal(response: httpx2.Response) -> AtlasError:
    kinds: dict[int, type[AtlasError]] = {401: Unauthenticated, 403: Forbidden}
    kind = kinds.get(response.status_code, AtlasError)
    try:
        problem = response.json()
        detail, code = str(problem["detail"]), str(problem["code"])
    except (ValueError, KeyError, TypeError):
        detail, code = response.text[:200], "not_a_hub"
    return kind(f"The hub refused the events ({response.status_code}): {detail}", code=code)
