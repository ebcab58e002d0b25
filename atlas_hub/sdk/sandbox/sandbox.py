"""The base of every sandbox: a simulated vendor on loopback, used as a context manager."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from types import TracebackType
from typing import Self

from atlas_hub.sdk.sandbox.clock import Clock
from atlas_hub.sdk.sandbox.faults import RequestAction, Rules
from atlas_hub.sdk.sandbox.ledger import Ledger
from atlas_hub.sdk.sandbox.messages import Answer, Control, Request
from atlas_hub.sdk.sandbox.server import Server
from atlas_hub.sdk.sandbox.webhooks import Endpoint, Webhooks


class Sandbox(ABC):
    """A simulated vendor. Subclasses hold the vendor's state and speak its protocol.

    `answer`, `refuse`, `failed`, `tick` and `controls` run in the server's event loop, one at a
    time between awaits, so a vendor's state needs no lock. The sandbox serves from `start` to
    `close`, or inside `with`.

    Attributes:
        url: The base URL, without a trailing slash; known before the start.
        credentials: The secrets a connection needs, by the names its connector uses.
    """

    def __init__(self, *, credentials: dict[str, str], port: int = 0) -> None:
        self.credentials = credentials
        self.clock = Clock()
        self.faults: Rules[RequestAction] = Rules(RequestAction)
        self.ledger = Ledger()
        self.webhooks = Webhooks(self.sign)
        self._server = Server(self, port)
        self.url = f"http://127.0.0.1:{self._server.port}"

    @abstractmethod
    async def answer(self, request: Request) -> Answer:
        """Do what the vendor does with `request`."""

    @abstractmethod
    def refuse(self, request: Request, status: int, retry_after: int | None) -> Answer:
        """The vendor's own 401, 429 or 500, without touching its state."""

    @abstractmethod
    def sign(self, endpoint: Endpoint, body: bytes, at: int) -> Mapping[str, str]:
        """Signature headers of a webhook; `at` is real time in seconds since 1970."""

    def failed(self, request: Request, answer: Answer) -> Answer:
        """The vendor applied `request`, then broke: its 500, in place of `answer`."""
        broken = self.refuse(request, 500, None)
        return Answer(broken.status, broken.content, broken.headers, changed=answer.changed)

    def tick(self) -> None:  # noqa: B027 - a hook: most vendors do nothing by themselves
        """Called twice a second: what the vendor does by itself as time passes."""

    def controls(self) -> Mapping[str, Control]:
        """More control routes, by `METHOD name`."""
        return {}

    def describe(self) -> str:
        """What a person needs to use it: base URL, credentials and the control route."""
        secrets = (f"{name}: {value}" for name, value in self.credentials.items())
        lines = [f"api_base: {self.url}", *secrets, f"controls: {self.url}/_sandbox/"]
        return "\n".join(lines)

    def start(self) -> None:
        """Begin to serve; does nothing when it already does."""
        self._server.start()

    def close(self) -> None:
        """Stop serving, for good; deliveries under way are abandoned. Harmless when repeated."""
        self._server.close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
