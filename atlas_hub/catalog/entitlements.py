"""Entitlements: made, renamed, and the values that plans may give them."""

from decimal import Decimal
from typing import Any, Final

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from atlas_hub.access import audit
from atlas_hub.catalog.resolve import free_key, resolve_entitlement, resolve_metric
from atlas_hub.catalog.tables import Entitlement
from atlas_hub.db.unique import unless_taken
from atlas_hub.http.actor import Actor
from atlas_hub_core.decimals import as_plain_text, parse_plain
from atlas_hub_core.errors import Conflict, InvalidInput

MAX_VALUE_BYTES: Final = 10_000


async def create_entitlement(
    session: AsyncSession, actor: Actor, values: dict[str, Any], metric: str | None
) -> Entitlement:
    """Add an entitlement with the columns `values`; its key is made from its name, for good.

    Raises:
        InvalidInput: With code `invalid_entitlement`, if its type and the rest do not fit.
        NotFound: With code `metric_not_found`.
    """
    _check_parts(values["type"], values["value_type"], metric)
    if values["type"] == "static" and values["value_type"] is None:
        values = {**values, "value_type": "json"}
    found = None if metric is None else await resolve_metric(session, metric, field="metric")
    key = await free_key(
        session, col(Entitlement.entitlement_key), values["name"], nameless="entitlement"
    )
    row = Entitlement(entitlement_key=key, metric_id=found.id if found else None, **values)
    message = f"The key {key!r} was taken meanwhile. Send the request again."
    async with unless_taken(session, Conflict(message, code="entitlement_exists", field="name")):
        session.add(row)
    audit.record(session, actor, "create", "entitlement", row.id, {**values, "key": key})
    return row


async def change_entitlement(
    session: AsyncSession, actor: Actor, reference: str, changes: dict[str, Any]
) -> Entitlement:
    """Set the columns in `changes`; the key stays."""
    row = await resolve_entitlement(session, reference, lock=True)
    row.sqlmodel_update(changes)
    audit.record(session, actor, "change", "entitlement", row.id, changes)
    await session.flush()
    return row


def checked_value(entitlement: Entitlement, value: Any, *, given: bool) -> Any:
    """Return the value that a plan gives to an entitlement.

    Args:
        entitlement: What it is given to.
        value: The JSON value; numbers with a fraction as `Decimal`.
        given: Whether there is a value at all: a boolean entitlement without one is true, a
            metered one unlimited.

    Raises:
        InvalidInput: With code `invalid_entitlement_value`.
    """
    if entitlement.type == "boolean":
        return _boolean(entitlement, value) if given else True
    if entitlement.type == "metered":
        return None if value is None else _limit(entitlement, value)
    if not given or value is None:
        raise _wrong(entitlement, f"needs a value: {_STATIC[entitlement.value_type or 'json']}")
    return _static(entitlement, value)


def _check_parts(kind: str, value_type: str | None, metric: str | None) -> None:
    if kind == "metered" and metric is None:
        raise _misfit("metric", "A metered entitlement needs the metric that it limits.")
    if kind != "metered" and metric is not None:
        raise _misfit("metric", f"A {kind} entitlement has no metric. Leave it out.")
    if kind != "static" and value_type is not None:
        raise _misfit("value_type", f"A {kind} entitlement has no value_type. Leave it out.")


def _misfit(field: str, message: str) -> InvalidInput:
    return InvalidInput(message, code="invalid_entitlement", field=field)


_STATIC: Final = {
    "text": "a string",
    "contract_item": "a string, what the contract says",
    "number": "a number",
    "json": "any JSON value except null",
}


def _boolean(entitlement: Entitlement, value: Any) -> bool:
    if not isinstance(value, bool):
        raise _wrong(entitlement, "takes true or false")
    return value


def _limit(entitlement: Entitlement, value: Any) -> int | Decimal:
    number = _number(value)
    if number is None or number < 0:
        raise _wrong(entitlement, "takes a limit of zero or more, or null for none")
    return number


def _static(entitlement: Entitlement, value: Any) -> Any:
    kind = entitlement.value_type or "json"
    if kind == "number":
        value = _number(value)
    fits = {
        "number": value is not None,
        "text": isinstance(value, str),
        "contract_item": isinstance(value, str),
        "json": _numbers_fit(value),
    }
    if not fits[kind]:
        raise _wrong(entitlement, f"takes {_STATIC[kind]}")
    if len(msgspec.json.encode(value)) > MAX_VALUE_BYTES:
        raise _wrong(entitlement, f"takes at most {MAX_VALUE_BYTES} bytes; keep the rest elsewhere")
    return value


def _number(value: Any) -> int | Decimal | None:
    """Return a number that survives being written as a JSON number and read again."""
    number = parse_plain(as_plain_text(value) or "")
    if number is None:
        return None
    if number == number.to_integral_value():
        return int(number)
    return number if Decimal(repr(float(number))) == number else None


def _numbers_fit(value: Any) -> bool:
    if isinstance(value, list):
        return all(map(_numbers_fit, value))
    if isinstance(value, dict):
        return all(map(_numbers_fit, value.values()))
    is_number = isinstance(value, int | Decimal) and not isinstance(value, bool)
    return not is_number or _number(value) is not None


def _wrong(entitlement: Entitlement, problem: str) -> InvalidInput:
    message = f"The {entitlement.type} entitlement {entitlement.entitlement_key!r} {problem}."
    return InvalidInput(message, code="invalid_entitlement_value", field="value")
