"""The sandbox's clock: real time plus an offset that tests move forward."""

from datetime import UTC, datetime, timedelta


class Clock:
    """Time as the simulated vendor sees it. It runs with real time and can be pushed ahead."""

    def __init__(self) -> None:
        self._offset = timedelta(0)

    def now(self) -> datetime:
        """The vendor's current time, aware, UTC."""
        return datetime.now(UTC) + self._offset

    def timestamp(self) -> int:
        """The vendor's current time in whole seconds since 1970."""
        return int(self.now().timestamp())

    def advance(self, by: timedelta) -> None:
        """Push the clock ahead; going back would break the order of what already happened."""
        if by < timedelta(0):
            raise ValueError(f"A sandbox clock only moves forward, not by {by}.")
        self._offset += by
