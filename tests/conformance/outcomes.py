"""What became of each test, as the runner hands it to the command that started it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

PASSED, FAILED, SKIPPED, EXCLUDED = "passed", "failed", "skipped", "excluded"


class Outcome(NamedTuple):
    """How one test went; `detail` is a traceback, or why it was skipped or excluded."""

    test: str
    verdict: str
    seconds: float = 0.0
    detail: str = ""


def save(path: Path, outcomes: list[Outcome]) -> None:
    path.write_text(json.dumps(outcomes), encoding="utf-8")


def load(path: Path) -> list[Outcome]:
    return [Outcome(*fields) for fields in json.loads(path.read_text(encoding="utf-8"))]
