"""Errors as RFC 9457 problem documents. The only place that knows HTTP statuses."""

import logging
from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from sqlalchemy.exc import DBAPIError, InterfaceError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from atlas_hub.http.headers import SECURITY_HEADERS
from atlas_hub_core import errors

logger = logging.getLogger(__name__)

MEDIA_TYPE: Final = "application/problem+json"
RETRY_AFTER_SECONDS: Final = 2

_STATUS: Final[dict[type[errors.AtlasError], HTTPStatus]] = {
    errors.Malformed: HTTPStatus.BAD_REQUEST,
    errors.Unauthenticated: HTTPStatus.UNAUTHORIZED,
    errors.Forbidden: HTTPStatus.FORBIDDEN,
    errors.NotFound: HTTPStatus.NOT_FOUND,
    errors.Conflict: HTTPStatus.CONFLICT,
    errors.TooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    errors.UnsupportedMedia: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    errors.InvalidInput: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.Unavailable: HTTPStatus.SERVICE_UNAVAILABLE,
}

_IMMUTABLE: Final = "AH001"  # raised by our own triggers
_DATA_EXCEPTION: Final = "22"  # class of SQLSTATE: a value PostgreSQL cannot hold
_CONSTRAINT: Final = "23"


class FieldProblem(BaseModel):
    """What is wrong with one field of a request."""

    field: str
    code: str
    message: str


class Problem(BaseModel):
    """An RFC 9457 problem document."""

    type: str = Field(examples=["about:blank"])
    title: str
    status: int
    code: str
    detail: str
    field: str | None = None
    errors: list[FieldProblem] = []


def problem_response(
    status: int,
    code: str,
    detail: str,
    *,
    field: str | None = None,
    field_problems: list[FieldProblem] | None = None,
) -> JSONResponse:
    """Build a problem document as an answer."""
    problem = Problem(
        type="about:blank",
        title=HTTPStatus(status).phrase,
        status=status,
        code=code,
        detail=detail,
        field=field,
        errors=field_problems or [],
    )
    headers = dict(SECURITY_HEADERS)  # a failure is answered outside of all middleware
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    if status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"
    return JSONResponse(problem.model_dump(), status, headers, media_type=MEDIA_TYPE)


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return OpenAPI entries that describe `statuses` as problem documents."""
    schema = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {
        status: {"description": HTTPStatus(status).phrase, "content": schema} for status in statuses
    }


def schemas() -> dict[str, Any]:
    """Return the OpenAPI component schemas that `documented` refers to."""
    schema = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    return {**schema.pop("$defs"), "Problem": schema}


def install(app: FastAPI) -> None:
    """Answer every error of `app` with a problem document."""
    app.add_exception_handler(errors.AtlasError, _atlas_error)
    app.add_exception_handler(RequestValidationError, _validation_error)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(DBAPIError, _database_error)
    app.add_exception_handler(UnicodeEncodeError, _text_error)
    for away in (ConnectionError, TimeoutError, PoolTimeoutError):
        app.add_exception_handler(away, _database_away)
    app.add_exception_handler(ClientDisconnect, _gone)
    app.add_exception_handler(Exception, _unexpected)


def _atlas_error(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, errors.AtlasError)  # noqa: S101 - for the type checker
    status = next(
        (_STATUS[kind] for kind in type(error).__mro__ if kind in _STATUS),
        HTTPStatus.UNPROCESSABLE_ENTITY,
    )
    return problem_response(status, error.code, error.message, field=error.field)


_CODES: Final = {
    "missing": "missing_field",
    "extra_forbidden": "unknown_field",
    "json_invalid": "malformed_json",
    "timezone_aware": "naive_timestamp",
}


def _validation_error(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - for the type checker
    found = [_field_problem(item) for item in error.errors()]
    first = found[0]
    if first.code == "malformed_json":
        return problem_response(
            400, first.code, f"The body is not JSON: {first.message}. Send one JSON document."
        )
    detail = "; ".join(f"{each.field}: {each.message}" for each in found[:5])
    return problem_response(422, first.code, detail, field=first.field, field_problems=found)


def _field_problem(item: dict[str, Any]) -> FieldProblem:
    location = [str(part) for part in item["loc"]]
    if location and location[0] in ("body", "query", "path", "header"):
        location = location[1:] or location
    kind = str(item["type"])
    cause = _atlas_cause(item)
    if cause is not None:
        return FieldProblem(field=".".join(location), code=cause.code, message=cause.message)
    return FieldProblem(
        field=".".join(location),
        code=_CODES.get(kind, "invalid_value"),
        message=_MESSAGES.get(kind, str(item["msg"]).removeprefix("Value error, ")),
    )


def _atlas_cause(item: dict[str, Any]) -> errors.AtlasError | None:
    """Return our own error inside the `ValueError` that a validator has to raise."""
    arguments = getattr(item.get("ctx", {}).get("error"), "args", ())
    first = arguments[0] if arguments else None
    return first if isinstance(first, errors.AtlasError) else None


_MESSAGES: Final = {
    "missing": "is required; add it to the request",
    "model_attributes_type": "must be a JSON object, sent as Content-Type: application/json",
    "extra_forbidden": "is not a field of this request; remove it or check its spelling",
}


def _http_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101 - for the type checker
    if isinstance(error.__cause__, errors.AtlasError):  # how FastAPI passes on what json() raised
        return _atlas_error(request, error.__cause__)
    if error.status_code == HTTPStatus.NOT_FOUND:
        detail = f"There is nothing at {request.url.path}. /openapi.json lists what there is."
        return problem_response(404, "no_such_route", detail)
    if error.status_code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        detail = "The body is larger than the hub takes in one request; send it in parts."
        return problem_response(413, "body_too_large", detail)
    code = HTTPStatus(error.status_code).phrase.lower().replace(" ", "_").replace("-", "_")
    response = problem_response(error.status_code, code, str(error.detail))
    response.headers.update(error.headers or {})
    return response


def _database_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, DBAPIError)  # noqa: S101 - for the type checker
    state = str(getattr(error.orig, "sqlstate", None) or "")
    if state == _IMMUTABLE:
        return problem_response(409, "immutable", str(error.orig).partition(": ")[2])
    if state.startswith(_DATA_EXCEPTION):
        return _text_error(request, error)
    if state.startswith(_CONSTRAINT):
        logger.warning("constraint refused %s %s: %s", request.method, request.url.path, error.orig)
        detail = "The request contradicts a record that was written meanwhile. Read it and retry."
        return problem_response(409, "conflict", detail)
    if isinstance(error, InterfaceError) or error.connection_invalidated or state[:2] in _AWAY:
        return _database_away(request, error)
    return _unexpected(request, error)


_AWAY: Final = ("08", "40", "53", "57")  # 40: a deadlock or conflict that another try resolves


def _database_away(request: Request, error: Exception) -> JSONResponse:
    logger.warning("%s %s: PostgreSQL is away: %s", request.method, request.url.path, error)
    detail = (
        "PostgreSQL does not answer. A write may or may not have happened: repeat it in a moment "
        "with the same Idempotency-Key."
    )
    return problem_response(503, "database_unavailable", detail)


def _text_error(_: Request, __: Exception) -> JSONResponse:
    detail = "A value holds characters or a number that cannot be stored, such as NUL. Remove them."
    return problem_response(422, "invalid_value", detail)


def _gone(_: Request, __: Exception) -> JSONResponse:
    detail = "The connection ended before the whole body had come; send the request again."
    return problem_response(400, "incomplete_body", detail)


def _unexpected(request: Request, error: Exception) -> JSONResponse:
    logger.error("%s %s failed", request.method, request.url.path, exc_info=error)
    detail = "The hub failed to answer this request. The error is in its log."
    return problem_response(500, "internal_error", detail)
