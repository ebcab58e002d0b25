"""A hub that stays away is given up on, after growing pauses."""

import socket

import pytest

from atlas_hub.usage.importer.send import FIRST_PAUSE, LONGEST_PAUSE, TRIES, Sender
from atlas_hub_core.errors import Unavailable


def test_a_hub_that_stays_away_is_given_up_on() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    pauses: list[float] = []
    sender = Sender(f"http://127.0.0.1:{port}", "key", pause=pauses.append)
    with pytest.raises(Unavailable, match=str(port)):
        sender.send([{"id": "a"}])
    sender.close()
    assert len(pauses) == TRIES - 1
    assert pauses == sorted(pauses)
    assert (pauses[0], pauses[-1]) == (FIRST_PAUSE, LONGEST_PAUSE)
