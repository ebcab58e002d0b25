"""One process's pool of PostgreSQL connections."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any, Final

import asyncpg
import msgspec
from sqlalchemy import make_url, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import (
    AsyncEngine,
    AsyncSession,
    async_sessionmaker,
    create_async_engine,
)

from atlas_hub_core.errors import Unavailable

MINIMUM_SERVER: Final = 160000
IDLE_IN_TRANSACTION_MS: Final = 600_000  # a billing run may keep its request open for minutes


def async_url(database_url: str) -> URL:
    """Return `database_url` with the asyncpg driver, whatever driver it named."""
    return make_url(database_url).set(drivername="postgresql+asyncpg")


class Database:
    """Engine and session factory. Sessions do not expire on commit; callers commit."""

    def __init__(self, database_url: str, *, pool_size: int = 10) -> None:
        self.url: Final = async_url(database_url)
        self.engine: Final[AsyncEngine] = create_async_engine(
            self.url,
            pool_size=pool_size,
            max_overflow=pool_size,
            pool_pre_ping=True,
            hide_parameters=True,  # errors are logged and kept, parameters may be secret
            connect_args={"server_settings": _server_settings()},
            json_serializer=_write_json,
            json_deserializer=_read_json,
        )
        self._sessions: Final = async_sessionmaker(self.engine, expire_on_commit=False)

    def session(self) -> AsyncSession:
        """Return a new session, to be used as `async with`; the caller commits."""
        return self._sessions()

    def mark_sessions(self, info: dict[str, Any]) -> None:
        """Put `info` into the `info` of every session made from now on."""
        self._sessions.configure(info=info)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        """Yield a session whose work is committed at the end, or rolled back on an error."""
        async with self._sessions() as session, session.begin():
            yield session

    async def check(self) -> None:
        """Raise `Unavailable` unless the server answers and is PostgreSQL 16 or newer."""
        try:
            async with self.engine.connect() as connection:
                answer = await connection.execute(text("show server_version_num"))
                version = int(answer.scalar_one())
        except (OSError, SQLAlchemyError, asyncpg.PostgresError) as error:
            message = f"PostgreSQL at {self.url.render_as_string()} does not answer: {error}"
            raise Unavailable(message, code="database_unavailable") from error
        if version < MINIMUM_SERVER:
            message = f"PostgreSQL {version // 10000} is too old: Atlas Hub needs 16 or newer"
            raise Unavailable(message, code="database_too_old")

    async def close(self) -> None:
        """Close every connection."""
        await self.engine.dispose()


_ENCODER: Final = msgspec.json.Encoder(decimal_format="number")


def _write_json(document: Any) -> str:
    """Write JSON with decimals as the numbers they are."""
    return _ENCODER.encode(document).decode()


def _read_json(text: str) -> Any:
    """Read JSON; a number with a fraction never passes through binary floating point."""
    return json.loads(text, parse_float=Decimal)


def _server_settings() -> dict[str, Any]:
    return {
        "application_name": "atlas-hub",
        "timezone": "UTC",
        "idle_in_transaction_session_timeout": str(IDLE_IN_TRANSACTION_MS),
    }
