"""What a connector raises, sorted by what the hub does next.

    ConnectorError
    ├── NotReady        the vendor is down or busy: try again later
    ├── RateLimited     the vendor says when: wait that long
    ├── UnknownOutcome  a write may or may not have happened: ask the vendor, never guess
    ├── AuthFailed      credentials are refused: the connection needs a person
    ├── Rejected        the vendor understood and said no to this record
    ├── SchemaDrift     the vendor's objects or fields are not what was mapped
    └── InvalidSignature  an inbound message is forged, stale or not for us

Anything else that a connector raises counts as a bug of the plugin.
"""

from atlas_hub_core.errors import AtlasError


class ConnectorError(AtlasError):
    """Base of everything a connector may raise on purpose.

    `retry_after` is seconds until another try makes sense; None leaves it to the hub's backoff.
    `permanent` errors are not tried again until a person, a signal or a change asks for it.
    """

    permanent = False

    def __init__(
        self,
        message: str,
        *,
        code: str,
        field: str | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message, code=code, field=field)
        self.retry_after = retry_after


class NotReady(ConnectorError):
    """The vendor is unreachable or cannot serve now; nothing was written."""


class RateLimited(ConnectorError):
    """The vendor refused for now because of a limit; nothing was written."""


class UnknownOutcome(ConnectorError):
    """The answer to a write was lost, or was a failure that leaves the outcome open.

    `answered` tells the two apart: a gateway that answered repeats that answer for the same
    idempotency key. Repeating is safe only with the same key and parameters, or after a look-up.
    """

    def __init__(self, message: str, *, code: str, answered: bool) -> None:
        super().__init__(message, code=code)
        self.answered = answered


class AuthFailed(ConnectorError):
    """The vendor refuses the connection's credentials or scopes."""

    permanent = True


class Rejected(ConnectorError):
    """The vendor understood the request and refused it; repeating it unchanged changes nothing."""

    permanent = True


class SchemaDrift(ConnectorError):
    """The vendor's objects or fields are not what the hub was told they are."""

    permanent = True


class InvalidSignature(ConnectorError):
    """An inbound message does not prove that the vendor sent it, just now, to this connection."""

    permanent = True
