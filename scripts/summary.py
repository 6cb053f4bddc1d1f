"""Adds up what the steps of scripts/test.sh reported, and names what failed. The total comes last.

Reads lines of four tab-separated fields: the step's name, its exit code, the JUnit file it wrote
or nothing, and the seconds that it took. A step without a file counts as one check. A step that
failed although its file reports no failure (it crashed, or never got that far) counts as one
failure more.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

# A failure's last words, of which a table shows no more: the rest is in the step's own log.
LAST_LINES = 12


class Counts(NamedTuple):
    passed: int
    failed: int
    skipped: int


class Report(NamedTuple):
    """What one step reported: its test cases, and the last words of those that failed."""

    counts: Counts
    failures: list[str]


def describe(case: ElementTree.Element, failure: ElementTree.Element) -> str:
    """Returns a failed test case's name, and the end of what it said."""
    said = (failure.text or failure.get("message") or "").rstrip().splitlines()
    name = "::".join(filter(None, (case.get("classname"), case.get("name"))))
    return "\n".join([name, *(f"    {line[:200]}" for line in said[-LAST_LINES:])])


def read_junit(path: Path) -> Report:
    """Counts the test cases of one JUnit file by what they contain."""
    failures = []
    skipped = total = 0
    for case in ElementTree.parse(path).getroot().iter("testcase"):
        total += 1
        failure = next((child for child in case if child.tag in ("failure", "error")), None)
        if failure is not None:
            failures.append(describe(case, failure))
        elif case.find("skipped") is not None:
            skipped += 1
    return Report(Counts(total - len(failures) - skipped, len(failures), skipped), failures)


def read_step(exit_code: int, junit: str) -> Report:
    """Combines a step's exit code with its file."""
    if not junit:
        report = Report(Counts(int(exit_code == 0), int(exit_code != 0), 0), [])
    elif Path(junit).is_file():
        report = read_junit(Path(junit))
    else:
        report = Report(Counts(0, 0, 0), [])
    counts = report.counts
    if counts.failed == 0 and (exit_code != 0 or counts.passed == 0):
        counts = counts._replace(failed=1)
    if counts.failed > 0 and not report.failures:
        return Report(counts, [f"ended with {exit_code}"])
    return Report(counts, report.failures)


def main(path: str) -> int:
    total = Counts(0, 0, 0)
    failures = []
    for line in Path(path).read_text(encoding="utf-8").splitlines():
        name, exit_code, junit, seconds = line.split("\t")
        counts, failed = read_step(int(exit_code), junit)
        failures += [f"FAILED {name}: {failure}" for failure in failed]
        total = Counts(*(sum(pair) for pair in zip(total, counts)))
        verdict = "ok" if counts.failed == 0 else "FAILED"
        print(
            f"{verdict:7}{name:28} {counts.passed:6} passed {counts.failed:4} failed"
            f" {counts.skipped:4} skipped {seconds:>5} s"
        )
    for failure in failures:
        print(failure)
    print(f"{total.passed} passed, {total.failed} failed")
    return 0 if total.failed == 0 and total.passed > 0 else 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1]))
