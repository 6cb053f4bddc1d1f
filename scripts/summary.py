"""Adds up what the steps of scripts/test.sh reported; the last line is the total.

Reads lines of three tab-separated fields: the step's name, its exit code, and the JUnit file it
wrote or nothing. A step without a file counts as one check. A step that failed although its file
reports no failure (it crashed, or never got that far) counts as one failure more.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree


class Counts(NamedTuple):
    passed: int
    failed: int
    skipped: int


def read_junit(path: Path) -> Counts:
    """Counts the test cases of one JUnit file by what they contain."""
    failed = skipped = total = 0
    for case in ElementTree.parse(path).getroot().iter("testcase"):
        total += 1
        if case.find("failure") is not None or case.find("error") is not None:
            failed += 1
        elif case.find("skipped") is not None:
            skipped += 1
    return Counts(total - failed - skipped, failed, skipped)


def count_step(exit_code: int, junit: str) -> Counts:
    """Combines a step's exit code with its file."""
    if not junit:
        return Counts(int(exit_code == 0), int(exit_code != 0), 0)
    counts = read_junit(Path(junit)) if Path(junit).is_file() else Counts(0, 0, 0)
    if counts.failed == 0 and (exit_code != 0 or counts.passed == 0):
        return counts._replace(failed=1)
    return counts


def main(path: str) -> int:
    total = Counts(0, 0, 0)
    for line in Path(path).read_text(encoding="utf-8").splitlines():
        name, exit_code, junit = line.split("\t")
        counts = count_step(int(exit_code), junit)
        total = Counts(*(sum(pair) for pair in zip(total, counts)))
        verdict = "ok" if counts.failed == 0 else "FAILED"
        print(
            f"{verdict:7}{name:28} {counts.passed:6} passed {counts.failed:4} failed"
            f" {counts.skipped:4} skipped"
        )
    print(f"{total.passed} passed, {total.failed} failed")
    return 0 if total.failed == 0 and total.passed > 0 else 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1]))
