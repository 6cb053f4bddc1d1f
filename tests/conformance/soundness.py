"""Shows that the tests notice an importer that is broken, and tell what is broken about it."""

from __future__ import annotations

import re
from collections.abc import Callable

from .broken import BREAKAGES, WITNESSES
from .outcomes import FAILED, PASSED, Outcome

Run = Callable[[str, str], "list[Outcome]"]


def check_breakages(run: Run) -> list[Outcome]:
    """Return an outcome for each breakage; `run` runs an importer on tests that match a pattern."""
    pattern = "|".join(f"^{re.escape(test)}$" for test in sorted(WITNESSES))
    outcomes = [_judge("nothing", run("signedvfs", pattern), frozenset())]
    for name, breakage in BREAKAGES.items():
        outcomes.append(_judge(name, run(name, pattern), breakage.noticed_by))
    return outcomes


def _judge(name: str, outcomes: list[Outcome], noticed_by: frozenset[str]) -> Outcome:
    """Compare how the witnesses did with how they should."""
    verdicts = {outcome.test: outcome.verdict for outcome in outcomes}
    complaints = []
    for test in sorted(WITNESSES):
        expected = FAILED if test in noticed_by else PASSED
        verdict = verdicts.get(test, "missing")
        if verdict != expected:
            complaints.append(f"{test} should have {expected}, and is {verdict}")
    seconds = sum(outcome.seconds for outcome in outcomes)
    verdict = FAILED if complaints else PASSED
    return Outcome(f"conformance.broken.{name}", verdict, seconds, "\n".join(complaints))
