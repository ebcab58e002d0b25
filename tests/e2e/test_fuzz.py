"""The API against its own description: no 5xx, and no answer that is not in it."""

import json
from collections.abc import Iterator
from typing import cast

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import CHECKS, load_all_checks

from atlas_hub.api import create_app
from atlas_hub.cli.demo.stage import Stage, running_hub
from atlas_hub.hub import Hub

load_all_checks()
CHECKED = [
    CHECKS.get_one(name)
    for name in (
        "not_a_server_error",
        "status_code_conformance",
        "content_type_conformance",
        "response_schema_conformance",
        "ignored_auth",
        "unsupported_method",
    )
]


@schemathesis.serializer("application/x-ndjson")
def lines(_context: object, value: object) -> bytes:
    """Write each item of a list, or the one value, on a line of its own."""
    items = value if isinstance(value, list) else [value]
    return b"\n".join(json.dumps(item).encode() for item in items)


@pytest.fixture(scope="module")
def stage(tmp_path_factory) -> Iterator[Stage]:
    with running_hub(tmp_path_factory.mktemp("fuzz") / "data") as running:
        yield running


# The document is made of the routes alone, so it needs no running hub.
schema = schemathesis.openapi.from_dict(create_app(cast(Hub, None)).openapi())


@schema.parametrize()
@settings(
    max_examples=15,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_every_answer_is_in_the_description(case: schemathesis.Case, stage: Stage) -> None:
    headers = {"Authorization": f"Bearer {stage.key}"}
    case.call_and_validate(base_url=stage.url, headers=headers, checks=CHECKED, timeout=30)
