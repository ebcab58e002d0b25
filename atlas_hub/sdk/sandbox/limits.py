"""A vendor's rate limit."""

import time
from collections import deque


class RateLimit:
    """At most `per_second` requests in any second; None: no limit. Real time, as on the wire."""

    def __init__(self, per_second: int | None) -> None:
        self.per_second = per_second
        self._admitted: deque[float] = deque()

    def admit(self) -> bool:
        """Count one more request, unless the limit is reached."""
        if self.per_second is None:
            return True
        now = time.monotonic()
        while self._admitted and self._admitted[0] <= now - 1:
            self._admitted.popleft()
        if len(self._admitted) >= self.per_second:
            return False
        self._admitted.append(now)
        return True
