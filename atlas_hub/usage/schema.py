"""How the ingest route looks in the OpenAPI document; it reads its body without FastAPI's help."""

from typing import Any, Final

from atlas_hub.usage.batch import MAX_EVENTS
from atlas_hub.usage.body import JSON, NDJSON
from atlas_hub.usage.fact import MAX_LENGTH


def _text(description: str, example: str) -> dict[str, Any]:
    return {
        "type": "string",
        "minLength": 1,
        "maxLength": MAX_LENGTH,
        "pattern": r"^[^\x00\ud800-\udfff]*[^\x00\ud800-\udfff\s][^\x00\ud800-\udfff]*$",
        "description": description,
        "examples": [example],
    }


EVENT: Final[dict[str, Any]] = {
    "title": "Event",
    "type": "object",
    "additionalProperties": False,
    "required": ["id", "name", "customer", "timestamp"],
    "properties": {
        "id": _text("Unique within its source, for ever.", "req-2026-11-01-000001"),
        "source": {**_text("Who sends the event.", "default"), "default": "default"},
        "name": _text("What was used.", "llm.request"),
        "customer": _text("Id or external_id of a customer, known yet or not.", "acme"),
        "timestamp": {
            "type": "string",
            "format": "date-time",
            "description": "RFC 3339 with a zone, years 1970 to 2199; cut to microseconds.",
            "examples": ["2026-11-01T00:00:00Z"],
        },
        "properties": {
            "type": "object",
            "default": {},
            "description": "Any JSON; numbers keep every digit, up to 100 before the point and"
            " 100 after it. Of a name that stands twice, the last counts.",
            "examples": [{"model": "m1", "tokens": 1234}],
        },
    },
}

REQUEST_BODY: Final[dict[str, Any]] = {
    "required": True,
    "description": "At most 10 MB, unpacked; `Content-Encoding: gzip` is read.",
    "content": {
        JSON: {
            "schema": {
                "anyOf": [EVENT, {"type": "array", "items": EVENT, "maxItems": MAX_EVENTS}],
            }
        },
        NDJSON: {"schema": {"type": "string", "description": "One event per line."}},
    },
}
