"""Medians, ratios and means."""

from __future__ import annotations

import pytest

import figures


def rounds(*values: float) -> list[dict[str, float]]:
    return [{"ms": value} for value in values]


def test_a_ratio_is_the_median_of_the_rounds_ratios() -> None:
    # A round in which the machine was busy has slowed both: it changes no ratio.
    mine, theirs = rounds(1, 20, 3), rounds(2, 40, 4)
    assert figures.ratio(mine, theirs, "ms")["median"] == pytest.approx(0.5)


def test_quartiles_of_one_value() -> None:
    assert figures.quartiles([7.0]) == (7.0, 7.0, 7.0)


def test_summary_has_median_and_quartiles() -> None:
    found = figures.summary(rounds(1, 2, 3, 4, 5, 6, 7), "ms")
    assert found == {"median": 4.0, "low": 2.0, "high": 6.0}


def test_geometric_mean() -> None:
    assert figures.geometric_mean([0.5, 2.0]) == pytest.approx(1.0)
    assert figures.geometric_mean([0.1, 0.1, 0.8]) == pytest.approx(0.2)
