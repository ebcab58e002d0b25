"""What a connector is: a class, offered by a hook, that opens connections to one vendor."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Literal, Protocol

from pydantic import BaseModel

from atlas_hub.sdk.payments import PaymentGateway


@dataclass(frozen=True, slots=True)
class ConnectionSettings:
    """One configured account: `config` and `secrets` are instances of the connector's models."""

    id: str
    config: BaseModel
    secrets: BaseModel


@dataclass(frozen=True, slots=True)
class Check:
    """One finding of a connection test, with what to do about it."""

    name: str
    status: Literal["ok", "warning", "failed"]
    message: str
    remedy: str | None = None


class Sandbox(Protocol):
    """A running simulated vendor: `url` to reach it, `credentials` that it accepts."""

    url: str
    credentials: dict[str, str]

    def describe(self) -> str:
        """Say, for a person at a terminal, what runs and how to point a connection at it."""
        ...

    def close(self) -> None:
        """Stop the server."""
        ...


class Connector(ABC):
    """One vendor. Name, version, capabilities and hosts stand in `atlas_connector.toml`.

    class Acme(Connector):
        slug = "acme"
        config_model = AcmeConfig      # a pydantic model; its JSON Schema makes the form
        secrets_model = AcmeSecrets    # its fields are SecretStr

        def payments(self, connection):
            return AcmeGateway(connection)
    """

    slug: ClassVar[str]
    config_model: ClassVar[type[BaseModel]]
    secrets_model: ClassVar[type[BaseModel]]

    @abstractmethod
    async def test(self, connection: ConnectionSettings) -> tuple[Check, ...]:
        """Try the connection without changing anything at the vendor."""

    def payments(self, connection: ConnectionSettings) -> PaymentGateway | None:  # noqa: ARG002 - part of the contract
        """Open the capability `payments`, or return None if the vendor has none."""
        return None

    def sandbox(self, port: int = 0) -> Sandbox | None:  # noqa: ARG002 - part of the contract
        """Start the vendor's sandbox on loopback (port 0: any free one), if there is one."""
        return None
