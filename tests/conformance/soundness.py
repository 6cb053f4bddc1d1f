"""Shows that the tests notice an importer that is broken, and tell what is broken about it."""

from __future__ import annotations

import re
from collections.abc import Callable

from .broken import BREAKAGES, Breakage
from .outcomes import FAILED, PASSED, Outcome

Run = Callable[[str, str], "list[Outcome]"]


def check_breakages(run: Run) -> list[Outcome]:
    """Return an outcome for each breakage; `run` runs an importer on tests that match a pattern."""
    tests = {test for each in BREAKAGES.values() for test in each.noticed_by | each.unaffected}
    pattern = "|".join(f"{re.escape(test)}$" for test in sorted(tests))
    intact = run("signedvfs", pattern)
    return [
        _judge(f"conformance.broken.{name}", breakage, intact, run(name, pattern))
        for name, breakage in BREAKAGES.items()
    ]


def _judge(name: str, breakage: Breakage, intact: list[Outcome], broken: list[Outcome]) -> Outcome:
    complaints = _differences(
        "intact", intact, frozenset(), breakage.noticed_by | breakage.unaffected
    )
    complaints += _differences("broken", broken, breakage.noticed_by, breakage.unaffected)
    seconds = sum(outcome.seconds for outcome in broken)
    return Outcome(name, FAILED if complaints else PASSED, seconds, "\n".join(complaints))


def _differences(
    state: str, outcomes: list[Outcome], failing: frozenset[str], passing: frozenset[str]
) -> list[str]:
    verdicts = {outcome.test: outcome.verdict for outcome in outcomes}
    expected = {**dict.fromkeys(failing, FAILED), **dict.fromkeys(passing, PASSED)}
    return [
        f"{test} {verdicts.get(test, 'is missing')}, not {verdict}, while the importer is {state}"
        for test, verdict in sorted(expected.items())
        if verdicts.get(test) != verdict
    ]
