"""Writes outcomes as a JUnit file, which scripts/summary.py and CI servers read."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from xml.etree import ElementTree

from .outcomes import EXCLUDED, FAILED, SKIPPED, Outcome

# XML cannot hold these, and tests print what they like.
_NOT_XML = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def write_junit(path: Path, name: str, outcomes: Iterable[Outcome]) -> None:
    """Write one test suite; an excluded test is a skipped one with its reason."""
    suite = ElementTree.Element("testsuite", name=name)
    for outcome in outcomes:
        scope, _, test = outcome.test.rpartition(".")
        case = ElementTree.SubElement(
            suite, "testcase", classname=scope, name=test, time=f"{outcome.seconds:.3f}"
        )
        detail = _NOT_XML.sub("\ufffd", outcome.detail)
        if outcome.verdict == FAILED:
            ElementTree.SubElement(case, "failure", message=_last_line(detail)).text = detail
        elif outcome.verdict == SKIPPED:
            ElementTree.SubElement(case, "skipped", message=detail)
        elif outcome.verdict == EXCLUDED:
            ElementTree.SubElement(case, "skipped", message=f"cannot apply: {detail}")
    path.parent.mkdir(parents=True, exist_ok=True)
    ElementTree.ElementTree(suite).write(path, encoding="utf-8", xml_declaration=True)


def _last_line(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[-1] if lines else ""
