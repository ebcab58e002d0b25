"""Routes: API keys and the audit log."""

from typing import Annotated, Any

from fastapi import Query
from pydantic import Field
from sqlalchemy import select
from sqlmodel import col

from atlas_hub.access.keys import create_key, revoke_key
from atlas_hub.access.tables import ApiKey, AuditEntry
from atlas_hub.http.bodies import Answer, Body, Name, Timestamp
from atlas_hub.http.paging import Cursor, Limit, Page, fetch_page
from atlas_hub.http.routing import Caller, Router, Session, needs
from atlas_hub_core.errors import InvalidInput

router = Router("access")


class NewApiKey(Body):
    """A key to be made."""

    name: Name
    scopes: list[str] = Field(min_length=1, max_length=50, examples=[["usage:write"]])
    expires_at: Timestamp | None = None


class ApiKeyAnswer(Answer):
    """A key, without the key itself."""

    id: str
    name: str
    scopes: list[str]
    created_at: Timestamp
    expires_at: Timestamp | None
    revoked_at: Timestamp | None
    last_used_at: Timestamp | None


class CreatedApiKey(ApiKeyAnswer):
    """A new key; `key` is shown this once and not kept."""

    key: str


class AuditAnswer(Answer):
    """One change."""

    sequence: int
    at: Timestamp
    actor: str
    action: str
    resource: str
    resource_id: str
    changes: dict[str, Any]


@router.post(
    "/v1/api_keys", status_code=201, openapi_extra=needs("api_keys:write", secret_answer=True)
)
async def create_api_key(body: NewApiKey, session: Session, caller: Caller) -> CreatedApiKey:
    """Make an API key. The answer is the only place the key ever stands in."""
    row, key = await create_key(session, caller, body.name, body.scopes, body.expires_at)
    await session.refresh(row)
    return CreatedApiKey(**ApiKeyAnswer.model_validate(row).model_dump(), key=key)


@router.get("/v1/api_keys", openapi_extra=needs("api_keys:read"))
async def list_api_keys(
    session: Session, limit: Limit = 50, cursor: Cursor = None
) -> Page[ApiKeyAnswer]:
    """List API keys, newest first."""
    rows, following = await fetch_page(
        session, select(ApiKey), col(ApiKey.id), limit=limit, cursor=cursor
    )
    return Page(data=[ApiKeyAnswer.model_validate(row) for row in rows], next_cursor=following)


@router.post("/v1/api_keys/{key_id}/revoke", openapi_extra=needs("api_keys:write"))
async def revoke_api_key(key_id: str, session: Session, caller: Caller) -> ApiKeyAnswer:
    """Make a key useless, everywhere within a second."""
    return ApiKeyAnswer.model_validate(await revoke_key(session, caller, key_id))


@router.get("/v1/audit", openapi_extra=needs("audit:read"))
async def list_audit(
    session: Session,
    resource: Annotated[str | None, Query(description="Such as `customer`.")] = None,
    resource_id: Annotated[str | None, Query(description="The id of one record.")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[AuditAnswer]:
    """List changes, newest first, of everything or of one record."""
    statement = select(AuditEntry)
    if resource is not None:
        statement = statement.where(col(AuditEntry.resource) == resource)
    if resource_id is not None:
        statement = statement.where(col(AuditEntry.resource_id) == resource_id)
    before = _sequence(cursor)
    rows, following = await fetch_page(
        session, statement, col(AuditEntry.sequence), limit=limit, cursor=before
    )
    return Page(data=[AuditAnswer.model_validate(row) for row in rows], next_cursor=following)


def _sequence(cursor: str | None) -> int | None:
    if cursor is None:
        return None
    if not cursor.isdecimal() or len(cursor) > 18:
        message = f"{cursor!r} is no cursor of this list. Pass next_cursor of the page before."
        raise InvalidInput(message, code="invalid_cursor", field="cursor")
    return int(cursor)
