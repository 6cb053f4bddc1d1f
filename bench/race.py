"""Runs contenders in fresh interpreters, in turn, and compares what they end with.

Every round runs each contender once, one after the other, so that whatever else the machine does
meets them all. Before anything is timed, each must have ended with the same as the first one.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

from tqdm import tqdm

HERE = Path(__file__).parent


class ChildError(Exception):
    """A child failed; the text is what it wrote to standard error."""


class Entry(NamedTuple):
    """One contender of a race: its name, and what its child is told."""

    name: str
    task: dict[str, str]
    peer: bool = False  # not ours: its failure is reported, and fails nothing
    group: str = ""  # those of one group have to answer alike


class Race(NamedTuple):
    """What came out: by contender the answers of all rounds, or why it took no part."""

    rounds: dict[str, list[dict[str, Any]]]
    failed: dict[str, str]
    broken: list[str]  # those of `failed` that should not have


def command_of(script: str, task: dict[str, str]) -> list[str]:
    """Returns the command that does a task in a fresh interpreter without site-packages."""
    command = [sys.executable, "-I", "-S", str(HERE / script)]
    return command + [f"{name}={value}" for name, value in task.items()]


def run_child(script: str, task: dict[str, str]) -> dict[str, Any]:
    """Measures once."""
    result = subprocess.run(command_of(script, task), capture_output=True, text=True, check=False)
    if result.returncode != 0:
        raise ChildError(result.stderr.strip() or f"exit code {result.returncode}")
    answer: dict[str, Any] = json.loads(result.stdout)
    return answer


def difference(mine: object, theirs: object) -> str:
    """Names what two answers do not have in common."""
    if isinstance(mine, dict) and isinstance(theirs, dict):
        keys = [key for key in sorted({*mine, *theirs}) if mine.get(key) != theirs.get(key)]
        return "\n".join(f"{key}: {mine.get(key)} and {theirs.get(key)}" for key in keys[:10])
    return f"{mine} and {theirs}"


def race(title: str, script: str, entries: list[Entry], rounds: int, same: str) -> Race:
    """Runs the entries' tasks in `script`: once to check, where `check` is "yes", that all answer
    `same` as the first of their group does, then in turn.

    Where a round's answers have an `outline`, that must be the same, too.
    """
    result = Race({}, {}, [])
    running = list(entries)

    def drop(entry: Entry, reason: str) -> None:
        result.failed[entry.name] = reason
        result.rounds.pop(entry.name, None)
        running.remove(entry)
        if not entry.peer:
            result.broken.append(entry.name)
        print(f"{title}: {entry.name} is out:\n{reason}", file=sys.stderr)

    def run(entry: Entry, check: str) -> dict[str, Any] | None:
        try:
            return run_child(script, {**entry.task, "check": check})
        except ChildError as error:
            drop(entry, str(error))
            return None

    expected: dict[str, Any] = {}
    for entry in entries:
        answer = run(entry, "yes")
        if answer is None:
            continue
        first = expected.setdefault(entry.group, answer[same])
        if not first or answer[same] != first:
            drop(entry, f"its {same} differ:\n{difference(answer[same], first)}")
    outlines: dict[str, Any] = {}
    for number in tqdm(range(rounds), desc=title, unit="round", file=sys.stderr):
        # Each comes after each other one equally often.
        start = number % max(len(running), 1)
        for entry in running[start:] + running[:start]:
            answer = run(entry, "no")
            if answer is None:
                continue
            outline = answer.pop("outline", None)
            if outline != outlines.setdefault(entry.group, outline):
                drop(entry, "it ended with other modules in a later round")
                continue
            result.rounds.setdefault(entry.name, []).append(answer)
    return result
