"""What an aggregation is: a fold over events, in any order, that yields one quantity."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any, Generic, TypeVar

from atlas_hub_core.decimals import exact
from atlas_hub_core.events import Event, number_in
from atlas_hub_core.params import Params, PropertyName

State = TypeVar("State")
Value = TypeVar("Value")


class Unrated(StrEnum):
    """Why an event that matched a metric adds nothing to it."""

    MISSING_PROPERTY = "missing_property"
    NOT_A_NUMBER = "not_a_number"


class Aggregation(Params, ABC, Generic[State, Value]):
    """How matching events become a quantity.

    A subclass has a `type` of its own and four methods without side effects. `step` may reuse the
    state it was given, which belongs to one fold alone, and must not depend on the order of events.
    """

    type: str

    @abstractmethod
    def read(self, event: Event) -> Value | Unrated:
        """Return what an event brings, or why it brings nothing."""

    @abstractmethod
    def start(self) -> State:
        """Return the state before any event."""

    @abstractmethod
    def step(self, state: State, value: Value) -> State:
        """Return the state after one more value."""

    @abstractmethod
    def finish(self, state: State) -> Decimal:
        """Return the quantity; zero if there was no event."""


class NumberAggregation(Aggregation[State, Value]):
    """Base of aggregations over one numeric property."""

    property: PropertyName

    def number(self, event: Event) -> Decimal | Unrated:
        """Return the number in the property of an event."""
        value = event.properties.get(self.property)
        if value is None:
            return Unrated.MISSING_PROPERTY
        number = number_in(value)
        return Unrated.NOT_A_NUMBER if number is None else number


@dataclass(frozen=True, slots=True)
class Usage:
    """What a metric found in some events.

    Attributes:
        quantity: The aggregate.
        events: How many events it holds.
        unrated: How many events it does not hold, by reason; both counts sum to all events.
    """

    quantity: Decimal
    events: int
    unrated: Mapping[Unrated, int]


class Fold:
    """Events being gathered, one by one, in any order; use it under the context `EXACT`."""

    def __init__(self, aggregation: Aggregation[Any, Any]) -> None:
        self._aggregation = aggregation
        self._state = aggregation.start()
        self._events = 0
        self._unrated = dict[Unrated, int]()

    def add(self, event: Event) -> None:
        """Take one more event."""
        value = self._aggregation.read(event)
        if isinstance(value, Unrated):
            self._unrated[value] = self._unrated.get(value, 0) + 1
        else:
            self._state = self._aggregation.step(self._state, value)
            self._events += 1

    def usage(self) -> Usage:
        """Return what the events so far amount to."""
        return Usage(self._aggregation.finish(self._state), self._events, dict(self._unrated))


@exact
def aggregate(aggregation: Aggregation[Any, Any], events: Iterable[Event]) -> Usage:
    """Fold events, whatever their order, into a quantity."""
    fold = Fold(aggregation)
    for event in events:
        fold.add(event)
    return fold.usage()
