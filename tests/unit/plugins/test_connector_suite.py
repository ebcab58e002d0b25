"""The conformance suite passes a good connector and goes red on each kind of bad one."""

import asyncio
import http.server
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from atlas_hub.sdk import Check, ConnectionSettings, Connector, Sandbox
from atlas_hub.testing.connector_suite import ConnectorSuite, SandboxedSuite, connector_suite


class AcmeConfig(BaseModel):
    model_config = ConfigDict(extra="forbid")
    api_base: str = Field(description="Where Acme answers.")


class AcmeSecrets(BaseModel):
    model_config = ConfigDict(extra="forbid")
    api_key: SecretStr


class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(404)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


class AcmeSandbox:
    def __init__(self, port: int) -> None:
        self._server = http.server.HTTPServer(("127.0.0.1", port), Page)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self.credentials = {"api_key": "key-1234"}
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def describe(self) -> str:
        return f"Acme answers at {self.url}."

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class Acme(Connector):
    slug = "acme"
    config_model = AcmeConfig
    secrets_model: type[BaseModel] = AcmeSecrets

    async def test(self, connection: ConnectionSettings) -> tuple[Check, ...]:
        assert isinstance(connection.secrets, AcmeSecrets)
        if connection.secrets.api_key.get_secret_value() == "key-1234":
            return (Check("key", "ok", "The key is accepted."),)
        return (Check("key", "failed", "The key is refused.", "Enter the key again."),)

    def sandbox(self, port: int = 0) -> Sandbox:
        return AcmeSandbox(port)


TestAcmeWithSandbox = connector_suite(
    Acme,
    config=lambda sandbox: {"api_base": sandbox.url},
    secrets=lambda sandbox: sandbox.credentials,
)


@pytest.fixture(autouse=True)
def installed_acme(
    install: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Path]:
    """Acme is installed, and its class lives in the installed package."""
    package = install("acme", "", manifest='secrets = ["api_key"]\n')
    monkeypatch.setattr(Acme, "__module__", package.name)
    return install


def suite_of(connector: type[Connector], **secrets: str) -> ConnectorSuite:
    values = secrets or {"api_key": "key-1234"}
    return connector_suite(connector, config={"api_base": "x"}, secrets=values)()


def settings(secrets: BaseModel) -> ConnectionSettings:
    return ConnectionSettings("cnx_suite", AcmeConfig(api_base="x"), secrets)


def test_a_connector_without_sandbox_gets_no_sandbox_tests() -> None:
    class Plain(Acme):
        sandbox = Connector.sandbox

    assert not issubclass(connector_suite(Plain, config={}, secrets={}), SandboxedSuite)
    assert issubclass(TestAcmeWithSandbox, SandboxedSuite)


def test_a_shown_secret_is_found() -> None:
    class Open(BaseModel):
        api_key: SecretStr

        def __repr__(self) -> str:
            return f"Open({self.api_key.get_secret_value()})"

    with pytest.raises(AssertionError, match="the secret 'api_key' is shown"):
        suite_of(Acme).test_no_secret_is_shown(settings(Open(api_key=SecretStr("key-1234"))))


def test_a_field_without_description_is_found() -> None:
    class Bare(BaseModel):
        api_base: str

    class BareAcme(Acme):
        config_model: type[BaseModel] = Bare  # type: ignore[assignment]

    with pytest.raises(AssertionError, match="'api_base' has no description"):
        suite_of(BareAcme).test_config_schema_makes_a_form()


def test_a_lenient_model_is_found() -> None:
    class Lenient(BaseModel):
        api_key: SecretStr

    with pytest.raises(pytest.fail.Exception, match="DID NOT RAISE"):
        suite_of(Acme).test_config_refuses_unknown_fields(settings(Lenient(api_key=SecretStr("x"))))


def test_a_manifest_that_says_something_else_is_found() -> None:
    class Renamed(Acme):
        slug = "emca"

    Renamed.__module__ = Acme.__module__
    with pytest.raises(Exception, match=r"slug is 'emca', but the manifest says 'acme'"):
        suite_of(Renamed).test_manifest_and_class_agree()


def test_a_connector_that_is_not_installed_is_found() -> None:
    class Elsewhere(Acme):
        __module__ = "elsewhere"

    with pytest.raises(AssertionError, match="No entry point names the package"):
        suite_of(Elsewhere).test_manifest_and_class_agree()


@pytest.mark.parametrize(
    ("checks", "message"),
    [
        ((), "answers no checks"),
        ((Check("key", "failed", "No."),), "key names no remedy"),
        ((Check("key", "failed", "No.", "Try."),), "status='failed'"),
        ((Check("key", "ok", "Used key-1234."),), "shows the secret 'api_key'"),
    ],
)
def test_a_bad_connection_test_is_found(checks: tuple[Check, ...], message: str) -> None:
    class Careless(Acme):
        async def test(self, connection: ConnectionSettings) -> tuple[Check, ...]:
            return checks

    connection = settings(AcmeSecrets(api_key=SecretStr("key-1234")))
    with pytest.raises(AssertionError, match=message):
        asyncio.run(suite_of(Careless).test_connection_test_passes(connection))


def test_a_connection_test_that_is_always_green_is_found() -> None:
    class Green(Acme):
        async def test(self, connection: ConnectionSettings) -> tuple[Check, ...]:
            return (Check("key", "ok", "Fine."),)

    suite = connector_suite(Green, config={"api_base": "x"}, secrets={"api_key": "k"})()
    assert isinstance(suite, SandboxedSuite)
    connection = settings(AcmeSecrets(api_key=SecretStr("k")))
    with pytest.raises(AssertionError, match="wrong secrets pass the test"):
        asyncio.run(suite.test_refused_credentials_are_found(connection))
