"""The ASGI application of a sandbox: control routes, then faults, then the simulated vendor."""

import asyncio
from typing import TYPE_CHECKING

from atlas_hub.sdk.sandbox.controls import control
from atlas_hub.sdk.sandbox.faults import RequestAction, Rule
from atlas_hub.sdk.sandbox.messages import Answer, Request
from atlas_hub.sdk.sandbox.wire import Exchange, Message, Receive, Send, encode

if TYPE_CHECKING:
    from atlas_hub.sdk.sandbox.sandbox import Sandbox

CONTROL_PREFIX = "/_sandbox/"
PAGE = b"<!doctype html><title>Please sign in</title><p>This network needs you to sign in."
Fault = Rule[RequestAction]


class Application:
    """Answers for one sandbox. Ends hanging exchanges when `stopping` is set."""

    def __init__(self, sandbox: "Sandbox") -> None:
        self._sandbox = sandbox
        self.stopping = asyncio.Event()

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Serve one exchange."""
        exchange = Exchange(scope, receive, send)
        request = await exchange.request()
        if request.path.startswith(CONTROL_PREFIX):
            name = request.path.removeprefix(CONTROL_PREFIX)
            await exchange.reply(control(self._sandbox, request.method, name, request.body))
            return
        rule = self._sandbox.faults.take(f"{request.method} {request.path}")
        if rule is None:
            await self._vendor(exchange, request)
        elif not await self._before(exchange, request, rule):
            await self._after(exchange, request, rule)

    async def _vendor(self, exchange: Exchange, request: Request) -> None:
        answer = await self._sandbox.answer(request)
        self._record(request, answer, None)
        await exchange.reply(answer)

    async def _before(self, exchange: Exchange, request: Request, rule: Fault) -> bool:
        """Faults of requests that never reach the vendor's logic; True when it was one."""
        action = rule.action
        refusals = {
            RequestAction.TOO_MANY: 429,
            RequestAction.UNAUTHORIZED: 401,
            RequestAction.ERROR_BEFORE: 500,
        }
        if action in refusals:
            answer = self._sandbox.refuse(request, refusals[action], rule.retry_after)
            self._record(request, answer, rule)
            await exchange.reply(answer)
        elif action is RequestAction.HTML:
            self._record(request, Answer(200, None), rule)
            await exchange.reply_raw(200, {"content-type": "text/html"}, PAGE)
        elif action is RequestAction.HANG_BEFORE:
            self._record(request, None, rule)
            await exchange.hang(rule.seconds, self.stopping)
        elif action is RequestAction.RESET_BEFORE:
            self._record(request, None, rule)
            await exchange.cut()
        else:
            return False
        return True

    async def _after(self, exchange: Exchange, request: Request, rule: Fault) -> None:
        """Let the vendor do its work, then spoil the answer."""
        if rule.action is RequestAction.SLOW:
            request.delay = rule.seconds
        answer = await self._sandbox.answer(request)
        if rule.action is RequestAction.ERROR_AFTER:
            answer = self._sandbox.failed(request, answer)
        lost = rule.action in (RequestAction.HANG_AFTER, RequestAction.RESET_AFTER)
        self._record(request, answer, rule, lost=lost)
        if rule.action is RequestAction.HANG_AFTER:
            await exchange.hang(rule.seconds, self.stopping)
        elif rule.action is RequestAction.RESET_AFTER:
            await exchange.cut()
        elif rule.action is RequestAction.BAD_JSON:
            body = encode(answer.content)
            await exchange.reply_raw(answer.status, answer.headers, body[: len(body) // 2])
        else:
            await exchange.reply(answer)

    def _record(
        self, request: Request, answer: Answer | None, rule: Fault | None, *, lost: bool = False
    ) -> None:
        self._sandbox.ledger.record(
            request,
            self._sandbox.clock.now(),
            status=answer.status if answer and not lost else None,
            changed=bool(answer and answer.changed),
            fault=rule.action.value if rule else None,
        )
