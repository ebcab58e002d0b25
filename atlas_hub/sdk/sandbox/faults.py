"""Scripted faults: which request or webhook goes wrong, at which occurrence, and how."""

import re
from dataclasses import dataclass, field
from enum import StrEnum
from threading import Lock
from typing import Any, Generic, TypeVar


class RequestAction(StrEnum):
    """What happens to a matching request. `before`: nothing was applied; `after_apply`: it was."""

    OK = "ok"
    TOO_MANY = "429"
    UNAUTHORIZED = "401"
    ERROR_BEFORE = "500_before"
    ERROR_AFTER = "500_after_apply"
    HANG_BEFORE = "hang_before"
    HANG_AFTER = "hang_after_apply"
    RESET_BEFORE = "reset_before"
    RESET_AFTER = "reset_after_apply"
    SLOW = "slow"  # the vendor works on it for `seconds`, then answers
    BAD_JSON = "bad_json"  # applied, the answer is cut in the middle of its JSON
    HTML = "html_200"  # not applied, something in between answered with a page


class WebhookAction(StrEnum):
    """What happens to a matching webhook."""

    OK = "ok"
    DUPLICATE = "dup"  # `copies` deliveries at once
    DROP = "drop"
    DELAY = "delay"  # by `seconds`
    REORDER = "reorder"  # held back until `copies` later ones were sent, or `seconds` passed
    BAD_SIGNATURE = "bad_sig"  # the first attempt is signed with another secret


Action = TypeVar("Action", RequestAction, WebhookAction)


@dataclass(slots=True)
class Rule(Generic[Action]):
    """One fault. `match` is `METHOD /path` or an event type; `*` is one segment, `**` any rest.

    It fires at the `nth` match after it was added (1 is the next one), once, or from there on for
    ever when `always` is set.
    """

    match: str
    action: Action
    nth: int = 1
    always: bool = False
    retry_after: int | None = None
    seconds: float = 30.0
    copies: int = 2
    seen: int = 0
    _pattern: re.Pattern[str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if self.nth < 1:
            raise ValueError(f"nth counts from 1, got {self.nth} for {self.match!r}.")
        pieces = re.split(r"(\*\*|\*)", self.match)
        regex = {"**": ".*", "*": "[^/]*"}
        self._pattern = re.compile("".join(regex.get(p) or re.escape(p) for p in pieces))

    def fires(self, subject: str) -> bool:
        """Count `subject` if it matches and say whether the fault happens now."""
        if not self._pattern.fullmatch(subject):
            return False
        self.seen += 1
        return self.seen >= self.nth if self.always else self.seen == self.nth

    def document(self) -> dict[str, Any]:
        """The rule as JSON."""
        names = ("match", "action", "nth", "always", "retry_after", "seconds", "copies", "seen")
        return {name: getattr(self, name) for name in names}


class Rules(Generic[Action]):
    """The faults in force, oldest first. Safe to change from any thread while requests run."""

    def __init__(self, actions: type[Action]) -> None:
        self._actions: type[Action] = actions
        self._rules: list[Rule[Action]] = []
        self._lock = Lock()

    def add(self, match: str, action: str, **options: Any) -> Rule[Action]:
        """Add a rule; `options` are the other fields of :class:`Rule`. ValueError if unknown."""
        unknown = set(options) - {"nth", "always", "retry_after", "seconds", "copies"}
        if unknown:
            raise ValueError(f"A fault has no {', '.join(sorted(unknown))}.")
        rule = Rule(match, self._actions(action), **options)
        with self._lock:
            self._rules.append(rule)
        return rule

    def take(self, subject: str) -> Rule[Action] | None:
        """Count `subject` in every rule and return the first rule that fires, if any."""
        with self._lock:
            firing = [rule for rule in self._rules if rule.fires(subject)]
        return firing[0] if firing else None

    def clear(self) -> None:
        """Forget all rules."""
        with self._lock:
            self._rules.clear()

    def documents(self) -> list[dict[str, Any]]:
        """All rules as JSON, with how often each matched."""
        with self._lock:
            return [rule.document() for rule in self._rules]
