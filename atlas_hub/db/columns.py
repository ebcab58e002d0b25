"""The few column kinds that the tables share."""

from typing import Any

from sqlalchemy import DateTime, Numeric, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from atlas_hub.db.ids import new_id


def id_column(prefix: str) -> Any:
    """Primary key: a prefixed, sortable id made in Python."""
    return Field(default_factory=lambda: new_id(prefix), primary_key=True)


def utc(*, default: Any = ..., index: bool = False) -> Any:
    """Point in time, `timestamptz`; aware UTC in Python."""
    return Field(default=default, sa_type=DateTime(timezone=True), index=index)


def created() -> Any:
    """When the row was inserted, by the database's clock."""
    return Field(
        default=None,
        sa_type=DateTime(timezone=True),
        sa_column_kwargs={"server_default": func.clock_timestamp(), "nullable": False},
    )


def jsonb(*, default: Any = ...) -> Any:
    """JSON document, `jsonb`."""
    if default is ... or default is None:
        return Field(default=default, sa_type=JSONB(none_as_null=True))
    return Field(
        default_factory=default.copy,
        sa_type=JSONB,
        sa_column_kwargs={"server_default": text("'{}'" if isinstance(default, dict) else "'[]'")},
    )


def numeric(*, default: Any = ...) -> Any:
    """Exact decimal of any size, `numeric`."""
    return Field(default=default, sa_type=Numeric)
