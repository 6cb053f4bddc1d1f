"""Medians, ratios and means of what the rounds brought."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Sequence
from typing import Any

Rounds = Sequence[dict[str, Any]]


def column(rounds: Rounds, measure: str) -> list[float]:
    return [answer[measure] for answer in rounds]


def quartiles(values: Sequence[float]) -> tuple[float, float, float]:
    if len(values) == 1:
        return values[0], values[0], values[0]
    low, middle, high = statistics.quantiles(values, n=4)
    return low, middle, high


def ratios(mine: Rounds, theirs: Rounds, measure: str) -> list[float]:
    """Returns the ratio of each round: what disturbed a round has met both."""
    return [a / b for a, b in zip(column(mine, measure), column(theirs, measure))]


def summary(rounds: Rounds, measure: str) -> dict[str, float]:
    low, middle, high = quartiles(column(rounds, measure))
    return {"median": middle, "low": low, "high": high}


def ratio(mine: Rounds, theirs: Rounds, measure: str) -> dict[str, float]:
    """Returns the median of the rounds' ratios, and its quartiles."""
    low, middle, high = quartiles(ratios(mine, theirs, measure))
    return {"median": middle, "low": low, "high": high}


def geometric_mean(values: Iterable[float]) -> float:
    logs = [math.log(value) for value in values]
    return math.exp(sum(logs) / len(logs))
