"""Contenders are compared before they are timed, and one that fails takes nobody with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from race import Entry, race

CHILD = """
import json, os, sys
task = dict(argument.split("=", 1) for argument in sys.argv[1:])
if task.get("fail") == task["check"]:
    sys.exit("went wrong on purpose")
later = task["check"] == "no"
answer = {"outline": task["outline"]} if later and "outline" in task else {}
print(json.dumps({"ms": 1.5, "result": task.get("result", "same"), **answer}))
"""


@pytest.fixture
def child(tmp_path: Path) -> str:
    path = tmp_path / "child.py"
    path.write_text(CHILD, encoding="utf-8")
    return str(path)


def test_every_round_of_every_contender(child: str) -> None:
    found = race("t", child, [Entry("a", {}), Entry("b", {})], 3, "result")
    assert {name: len(answers) for name, answers in found.rounds.items()} == {"a": 3, "b": 3}
    assert found.rounds["a"][0]["ms"] == 1.5
    assert not found.failed


def test_who_ends_otherwise_than_the_first_is_out(child: str) -> None:
    entries = [Entry("a", {}), Entry("b", {"result": "other"}), Entry("c", {})]
    found = race("t", child, entries, 1, "result")
    assert set(found.rounds) == {"a", "c"}
    assert found.broken == ["b"]
    assert "other and same" in found.failed["b"]


def test_an_empty_answer_is_no_agreement(child: str) -> None:
    found = race("t", child, [Entry("a", {"result": ""})], 1, "result")
    assert found.broken == ["a"]


def test_groups_agree_among_themselves(child: str) -> None:
    entries = [Entry("a", {}, group="1"), Entry("b", {"result": "other"}, group="2")]
    assert not race("t", child, entries, 1, "result").failed


def test_the_standard_error_of_a_failure_is_kept(child: str) -> None:
    found = race("t", child, [Entry("a", {}), Entry("b", {"fail": "yes"})], 1, "result")
    assert "went wrong on purpose" in found.failed["b"]
    assert set(found.rounds) == {"a"}


def test_a_later_failure_takes_the_times_along(child: str) -> None:
    found = race("t", child, [Entry("a", {}), Entry("b", {"fail": "no"})], 2, "result")
    assert set(found.rounds) == {"a"}
    assert found.broken == ["b"]


def test_a_peer_that_fails_is_reported_and_breaks_nothing(child: str) -> None:
    found = race("t", child, [Entry("a", {}), Entry("b", {"fail": "yes"}, peer=True)], 1, "result")
    assert set(found.failed) == {"b"}
    assert not found.broken


def test_each_round_must_end_alike(child: str) -> None:
    entries = [Entry("a", {"outline": "1"}), Entry("b", {"outline": "2"})]
    found = race("t", child, entries, 2, "result")
    assert found.broken == ["b"]
    assert "outline" not in found.rounds["a"][0]
