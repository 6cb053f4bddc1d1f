"""Tests that are packed."""

import pytest


def test_it(answer):
    assert answer == 42


@pytest.mark.parametrize("factor", [2, 3])
def test_multiples(answer, factor):
    assert answer % factor == 0
