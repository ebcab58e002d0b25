"""The API against its own description: no 5xx, and no answer that is not in it."""

from collections.abc import Iterator

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import CHECKS, load_all_checks
from schemathesis.pytest import from_fixture

from atlas_hub.cli.demo.stage import Stage, running_hub

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


@pytest.fixture(scope="module")
def stage(tmp_path_factory) -> Iterator[Stage]:
    with running_hub(tmp_path_factory.mktemp("fuzz") / "data") as running:
        yield running


@pytest.fixture(scope="module")
def description(stage: Stage) -> schemathesis.BaseSchema:
    return schemathesis.openapi.from_url(f"{stage.url}/openapi.json")


schema = from_fixture("description")


@schema.parametrize()
@settings(
    max_examples=15,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_every_answer_is_in_the_description(case: schemathesis.Case, stage: Stage) -> None:
    case.call_and_validate(
        checks=CHECKED, headers={"Authorization": f"Bearer {stage.key}"}, timeout=30
    )
