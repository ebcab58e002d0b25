"""The one error tree of Atlas Hub.

```text
AtlasError                    message, code, field
├── InvalidInput              a value that breaks a rule
│   └── CurrencyMismatch      amounts of two currencies met
├── Malformed                 input that cannot be read at all
├── Unauthenticated           nobody, or a key that is not known
├── Forbidden                 known, but not allowed
├── NotFound                  no such record
├── Conflict                  the record's state does not allow it
├── TooLarge                  more than the hub takes at once
├── UnsupportedMedia          a content type the hub does not read
└── Unavailable               something the hub needs is away
```

A message says what is wrong, with which record or field, and what to do. `code` is a stable
snake_case word that programs may rely on. Which HTTP status answers which kind is decided at the
HTTP edge only. Every error survives pickling, with all its attributes.
"""

from __future__ import annotations

from typing import Any


class AtlasError(Exception):
    """Root of all errors that Atlas Hub raises on purpose.

    Attributes:
        message: What is wrong, with which record or field, and what to do.
        code: Stable snake_case word for programs.
        field: Path of the field at fault, such as `price.tiers.1.up_to`, or None.
    """

    def __init__(self, message: str, *, code: str, field: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.field = field

    def __reduce__(self) -> tuple[Any, ...]:
        # The default calls the class with `args` alone, which keyword-only parameters refuse.
        return _rebuild, (type(self), self.args, self.__dict__)


def _rebuild(kind: type[AtlasError], args: tuple[Any, ...], state: dict[str, Any]) -> AtlasError:
    error = kind.__new__(kind, *args)
    error.__dict__.update(state)
    return error


class InvalidInput(AtlasError):
    """A value breaks a rule; the same request will never succeed."""


class CurrencyMismatch(InvalidInput):
    """Amounts of two currencies met where one is needed."""

    def __init__(self, message: str, *, field: str | None = None) -> None:
        super().__init__(message, code="currency_mismatch", field=field)


class Malformed(AtlasError):
    """Input that cannot be read at all."""


class Unauthenticated(AtlasError):
    """The caller showed no key, or one that is not known."""


class Forbidden(AtlasError):
    """The caller is known and may not do this."""


class NotFound(AtlasError):
    """No record has this id or key."""


class Conflict(AtlasError):
    """The state of the record does not allow it."""


class TooLarge(AtlasError):
    """More than the hub takes at once."""


class UnsupportedMedia(AtlasError):
    """A content type the hub does not read."""


class Unavailable(AtlasError):
    """Something the hub needs is away; the same request may succeed later."""
