"""Typed request parameters: what a route accepts, coerced from form text; all else is refused."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Protocol

from atlas_hub_stripe.sandbox.errors import Refusal
from atlas_hub_stripe.sandbox.form import Tree


class Field(Protocol):
    """How one parameter is read. `required` ones must be there."""

    @property
    def required(self) -> bool:
        """Whether a request without it is refused."""

    def read(self, raw: Any, name: str) -> Any:
        """The value of `raw` (text or tree); `name` is for the refusal."""


Fields = Mapping[str, Field]


def read_params(fields: Fields, tree: Tree, prefix: str = "") -> dict[str, Any]:
    """The values sent, by name. Refuses unknown, missing and mistyped ones, as Stripe does."""
    unknown = [_full(prefix, name) for name in tree if name not in fields]
    if unknown:
        message = f"Received unknown parameter{'s' * (len(unknown) > 1)}: {', '.join(unknown)}"
        raise Refusal(message, code="parameter_unknown", param=unknown[0])
    for name, expected in fields.items():
        if expected.required and tree.get(name) in (None, ""):
            full = _full(prefix, name)
            message = f"Missing required param: {full}."
            raise Refusal(message, code="parameter_missing", param=full)
    return {name: fields[name].read(raw, _full(prefix, name)) for name, raw in tree.items()}


def _full(prefix: str, name: str) -> str:
    return f"{prefix}[{name}]" if prefix else name


@dataclass(frozen=True, slots=True)
class Text:
    """Text. Empty text means None, which clears the value in an update."""

    required: bool = False
    longest: int = 5000
    pattern: str = ""

    def read(self, raw: Any, name: str) -> str | None:
        """The text, or None when it is empty."""
        if not isinstance(raw, str):
            raise Refusal(f"Invalid string: {raw}", param=name)
        if len(raw) > self.longest:
            message = f"Invalid string: {raw[:20]}...; must be at most {self.longest} characters"
            raise Refusal(message, code="parameter_invalid_string", param=name)
        if raw and self.pattern and not re.fullmatch(self.pattern, raw):
            raise Refusal(
                f"Invalid {name}: {raw}",
                code="email_invalid" if name.endswith("email") else None,
                param=name,
            )
        return raw or None


@dataclass(frozen=True, slots=True)
class Integer:
    """A whole number between the bounds."""

    required: bool = False
    least: int = -(10**11)
    most: int = 10**11

    def read(self, raw: Any, name: str) -> int:
        """The number."""
        if not isinstance(raw, str) or not re.fullmatch(r"-?\d{1,18}", raw):
            code = "parameter_invalid_integer"
            raise Refusal(f"Invalid integer: {raw}", code=code, param=name)
        if not self.least <= (number := int(raw)) <= self.most:
            message = f"Invalid {name}: {raw} is not between {self.least} and {self.most}."
            raise Refusal(message, code="parameter_invalid_integer", param=name)
        return number


@dataclass(frozen=True, slots=True)
class Number:
    """A decimal number with at most twelve digits after the point."""

    required: bool = False

    def read(self, raw: Any, name: str) -> Decimal:
        """The number."""
        if not isinstance(raw, str) or not re.fullmatch(r"-?\d{1,18}(\.\d{1,12})?", raw):
            message = f"Invalid decimal: {raw}; must contain at maximum 12 decimal places."
            raise Refusal(message, param=name)
        return Decimal(raw)


@dataclass(frozen=True, slots=True)
class Boolean:
    """`true` or `false`."""

    required: bool = False

    def read(self, raw: Any, name: str) -> bool:
        """The truth value."""
        if raw not in ("true", "false"):
            raise Refusal(f"Invalid boolean: {raw}", param=name)
        return bool(raw == "true")


@dataclass(frozen=True, slots=True)
class Choice:
    """One of a few words."""

    words: tuple[str, ...]
    required: bool = False

    def read(self, raw: Any, name: str) -> str:
        """The word."""
        if raw not in self.words:
            known = " or ".join((", ".join(self.words[:-1]), self.words[-1])).removeprefix(" or ")
            raise Refusal(f"Invalid {name}: must be one of {known}", param=name)
        return str(raw)


@dataclass(frozen=True, slots=True)
class Hash:
    """Named parameters inside a parameter; empty text means None."""

    fields: Fields
    required: bool = False

    def read(self, raw: Any, name: str) -> dict[str, Any] | None:
        """The values sent, by name."""
        if raw == "":
            return None
        if not isinstance(raw, dict):
            raise Refusal(f"Invalid object: {raw}", param=name)
        return read_params(self.fields, raw, name)


@dataclass(frozen=True, slots=True)
class ListOf:
    """A list; empty text means an empty one."""

    item: Field
    most: int = 1000
    required: bool = False

    def read(self, raw: Any, name: str) -> list[Any]:
        """The items in order."""
        if raw == "":
            return []
        if not isinstance(raw, dict) or not all(index.isdigit() for index in raw):
            raise Refusal(f"Invalid array: {raw}", param=name)
        if len(raw) > self.most:
            raise Refusal(f"Invalid array: at most {self.most} elements in {name}.", param=name)
        ordered = sorted(raw.items(), key=lambda pair: int(pair[0]))
        return [self.item.read(value, f"{name}[{index}]") for index, value in ordered]


@dataclass(frozen=True, slots=True)
class Metadata:
    """Up to 50 names of 40 characters with values of 500; empty text means None, clear all."""

    required: bool = False

    def read(self, raw: Any, name: str) -> dict[str, str] | None:
        """The names and values; an empty value asks for removal."""
        if raw == "":
            return None
        if not isinstance(raw, dict) or not all(isinstance(v, str) for v in raw.values()):
            raise Refusal("Invalid metadata: must be a hash of text.", param=name)
        for key, value in raw.items():
            if len(key) > 40 or len(value) > 500:
                message = f"Metadata key or value too long: '{key[:40]}' (40 and 500 characters)."
                raise Refusal(message, param=name)
        if len(raw) > 50:
            raise Refusal("Metadata can have at most 50 keys.", param=name)
        return raw


@dataclass(frozen=True, slots=True)
class Range:
    """A point in time, or bounds `gt`, `gte`, `lt`, `lte` around it."""

    required: bool = False
    _bounds: Hash = field(
        default_factory=lambda: Hash({name: Integer() for name in ("gt", "gte", "lt", "lte")})
    )

    def read(self, raw: Any, name: str) -> dict[str, int]:
        """The bounds; an exact time becomes equal bounds."""
        if isinstance(raw, str):
            exact = Integer().read(raw, name)
            return {"gte": exact, "lte": exact}
        return self._bounds.read(raw, name) or {}


EXPAND: dict[str, Field] = {"expand": ListOf(Text(), most=20)}
PAGE: dict[str, Field] = EXPAND | {
    "limit": Integer(least=1, most=100),
    "starting_after": Text(),
    "ending_before": Text(),
}
CURRENCY = Text(pattern="[A-Za-z]{3}")
ADDRESS = Hash(
    {name: Text() for name in ("city", "country", "line1", "line2", "postal_code", "state")}
)
EMAIL = Text(longest=512, pattern=r"[^@\s]+@[^@\s]+\.[^@\s]+")
