"""A seeded hour of LLM traffic, in the form in which real traces are published."""

import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

HEADER: Final = "TIMESTAMP,ContextTokens,GeneratedTokens"
HOUR_IN_TICKS: Final = 3600 * 10_000_000  # of 100 ns, as the traces count time


@dataclass(frozen=True, slots=True)
class Traffic:
    """How much one customer uses: requests in an hour, and tokens in all of them together."""

    requests: int
    context_tokens: int
    generated_tokens: int


def write_traffic(path: Path, traffic: Traffic, *, start: datetime, seed: int) -> None:
    """Write a CSV file of exactly the given traffic, the same for the same seed."""
    dice = random.Random(seed)  # noqa: S311 - repeatable, not secret
    ticks = sorted(dice.randrange(HOUR_IN_TICKS) for _ in range(traffic.requests))
    context = _split(dice, traffic.context_tokens, traffic.requests)
    generated = _split(dice, traffic.generated_tokens, traffic.requests)
    with path.open("w", encoding="ascii", newline="") as file:
        file.write(HEADER)
        for tick, prompt, answer in zip(ticks, context, generated, strict=True):
            file.write(f"\r\n{_stamp(start, tick)},{prompt},{answer}")


def _split(dice: random.Random, total: int, parts: int) -> list[int]:
    """Split `total` into `parts` whole numbers that vary as request sizes do."""
    weights = [dice.lognormvariate(0, 1) for _ in range(parts)]
    scale = total / sum(weights)
    shares = [int(weight * scale) for weight in weights]
    for index in range(total - sum(shares)):
        shares[index % parts] += 1
    return shares


def _stamp(start: datetime, tick: int) -> str:
    seconds, rest = divmod(tick, 10_000_000)
    moment = start.astimezone(UTC) + timedelta(seconds=seconds)
    return f"{moment:%Y-%m-%d %H:%M:%S}.{rest:07d}"
