"""What every connector has to keep to, as tests: `TestAcme = connector_suite(Acme, ...)`.

The connector's distribution must be installed (`pip install -e .` will do), since the suite also
looks at its entry point and manifest. It needs pytest, pytest-asyncio and jsonschema.
"""

# ruff: noqa: S101  these are tests

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from pydantic import BaseModel

from atlas_hub.plugins.checks import describe_connector
from atlas_hub.plugins.discovery import Candidate, find_candidates
from atlas_hub.plugins.manifest import package_of
from atlas_hub.sdk import Check, ConnectionSettings, Connector, Sandbox

Values = Mapping[str, Any]
FromSandbox = Callable[[Sandbox], Values]


def connector_suite(
    connector: type[Connector], *, config: Values | FromSandbox, secrets: Values | FromSandbox
) -> type[ConnectorSuite]:
    """Return a class of tests for pytest.

    Args:
        connector: The connector's class.
        config: A valid configuration, or a function that makes one from the running sandbox.
        secrets: Valid secrets, or a function that makes them from the running sandbox.
    """
    base = SandboxedSuite if connector.sandbox is not Connector.sandbox else ConnectorSuite
    members = {
        "connector": connector,
        "config": staticmethod(config) if callable(config) else config,
        "secrets": staticmethod(secrets) if callable(secrets) else secrets,
    }
    return type(f"Test{connector.__name__}", (base,), members)


class ConnectorSuite:
    """Tests of a connector without a sandbox: its configuration alone has to work."""

    connector: type[Connector]
    config: Values | FromSandbox
    secrets: Values | FromSandbox

    @pytest.fixture
    def sandbox(self) -> Sandbox | None:
        """There is none."""
        return None

    @pytest.fixture
    def connection(self, sandbox: Sandbox | None) -> ConnectionSettings:
        """A connection to the sandbox, or with the configuration as given."""
        return ConnectionSettings(
            "cnx_suite",
            self.connector.config_model.model_validate(_values(self.config, sandbox)),
            self.connector.secrets_model.model_validate(_values(self.secrets, sandbox)),
        )

    def test_manifest_and_class_agree(self) -> None:
        """The installed manifest is valid, current, and says what the class says."""
        candidate = installed(self.connector)
        manifest = candidate.check()
        describe_connector(self.connector, manifest)
        assert manifest.version == candidate.version, "manifest and distribution differ in version"

    def test_config_schema_makes_a_form(self) -> None:
        """The schema is valid JSON Schema, and every field says what it is."""
        schema = self.connector.config_model.model_json_schema()
        Draft202012Validator.check_schema(schema)
        for name, field in schema.get("properties", {}).items():
            assert field.get("description"), f"config field {name!r} has no description"

    def test_config_refuses_unknown_fields(self, connection: ConnectionSettings) -> None:
        """A misspelled field is an error, not a default."""
        for model in (connection.config, connection.secrets):
            with pytest.raises(ValueError, match="surprise"):
                type(model).model_validate({**dict(model), "surprise": "x"})

    def test_no_secret_is_shown(self, connection: ConnectionSettings) -> None:
        """Neither repr nor JSON of the settings shows a secret."""
        shown = (repr(connection), str(connection.secrets), connection.secrets.model_dump_json())
        for name, secret in _revealed(connection.secrets).items():
            assert not any(secret in text for text in shown), f"the secret {name!r} is shown"

    async def test_connection_test_passes(self, connection: ConnectionSettings) -> None:
        """A good connection is found good."""
        for check in await self._checks(connection):
            assert check.status != "failed", check

    async def _checks(self, connection: ConnectionSettings) -> tuple[Check, ...]:
        checks = await self.connector().test(connection)
        assert checks, "test() answers no checks"
        for check in checks:
            assert isinstance(check, Check)
            assert check.status == "ok" or check.remedy, f"{check.name} names no remedy"
            for name, secret in _revealed(connection.secrets).items():
                assert secret not in f"{check.message}{check.remedy}", f"shows the secret {name!r}"
        return checks


class SandboxedSuite(ConnectorSuite):
    """Tests of a connector that brings a sandbox."""

    @pytest.fixture
    def sandbox(self) -> Iterator[Sandbox]:
        """A sandbox of its own for each test; closing it twice is harmless."""
        sandbox = self.connector().sandbox()
        assert sandbox is not None
        yield sandbox
        sandbox.close()

    def test_sandbox_starts_and_stops(self, sandbox: Sandbox) -> None:
        """It answers while it runs, says how to use it, and is gone when closed."""
        assert answers(sandbox.url)
        assert sandbox.url in sandbox.describe()
        sandbox.close()
        assert not answers(sandbox.url)

    async def test_refused_credentials_are_found(self, connection: ConnectionSettings) -> None:
        """With wrong secrets the test fails, and says what to do."""
        wrong = {name: f"{secret}-wrong" for name, secret in _revealed(connection.secrets).items()}
        secrets = self.connector.secrets_model.model_validate(wrong)
        checks = await self._checks(ConnectionSettings("cnx_suite", connection.config, secrets))
        assert any(check.status == "failed" for check in checks), "wrong secrets pass the test"


def installed(connector: type[Connector]) -> Candidate:
    """Return the installed distribution that brings a connector."""
    for candidate in find_candidates():
        if package_of(candidate.entry) == connector.__module__.partition(".")[0]:
            return candidate
    raise AssertionError(
        f"No entry point names the package of {connector.__qualname__}; install it."
    )


def answers(url: str) -> bool:
    """Say whether a server on loopback answers, with whatever status."""
    try:
        with urllib.request.urlopen(url, timeout=5):  # noqa: S310  the sandbox's own address
            return True
    except urllib.error.HTTPError as error:
        error.close()
        return True
    except OSError:
        return False


def _values(values: Values | FromSandbox, sandbox: Sandbox | None) -> Values:
    if not callable(values):
        return values
    assert sandbox is not None, "a function of the sandbox was given, but there is no sandbox"
    return values(sandbox)


def _revealed(secrets: BaseModel) -> dict[str, str]:
    return {name: value.get_secret_value() for name, value in secrets if value is not None}
