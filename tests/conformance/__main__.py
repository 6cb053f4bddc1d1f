"""Runs CPython's own tests of zipimport, and of what builds on it, with another importer."""

from __future__ import annotations

import argparse
import platform
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from .broken import BREAKAGES
from .environment import Environment
from .errors import HarnessError
from .junit import write_junit
from .outcomes import EXCLUDED, FAILED, PASSED, SKIPPED, Outcome
from .soundness import check_breakages

_IMPORTERS = {
    "signedvfs": "the product, behind a hook that signs what the tests make",
    "zipimport": "Python's own, and nothing signed: shows that the tests pass as they are run here",
    "broken": "each deliberately broken importer: shows that the right tests fail",
}


def run_suites(importer: str, pattern: str) -> list[Outcome]:
    """Run the suites in an environment of their own, which is removed afterwards."""
    with tempfile.TemporaryDirectory(prefix="conformance-") as scratch:
        environment = Environment(Path(scratch).resolve(), importer)
        return environment.run(pattern, everything=importer == "zipimport")


def show(title: str, outcomes: list[Outcome], seconds: float) -> bool:
    """Print what there is to know, the counts last; tell whether all is well."""
    for outcome in outcomes:
        if outcome.verdict == FAILED:
            print(f"{outcome.test} failed:\n{outcome.detail.rstrip()}\n")
    for verdict in (SKIPPED, EXCLUDED, FAILED):
        for outcome in outcomes:
            if outcome.verdict == verdict:
                reason = "" if verdict == FAILED else f": {outcome.detail}"
                print(f"{verdict:9} {outcome.test}{reason}")
    counts = Counter(outcome.verdict for outcome in outcomes)
    totals = ", ".join(
        f"{counts[verdict]} {verdict}" for verdict in (PASSED, FAILED, SKIPPED, EXCLUDED)
    )
    print(f"{title}: {totals} in {seconds:.1f} s")
    return counts[FAILED] == 0 and counts[PASSED] > 0


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.conformance",
        description=__doc__,
        epilog=" ".join(f"{name}: {what}." for name, what in _IMPORTERS.items()),
    )
    parser.add_argument(
        "--importer",
        metavar="NAME",
        choices=[*_IMPORTERS, *BREAKAGES],
        default="signedvfs",
        help=f"{', '.join(_IMPORTERS)} (default: %(default)s)",
    )
    parser.add_argument("--report", type=Path, help="JUnit file to write")
    parser.add_argument("-k", dest="pattern", default="", help="regular expression: tests to run")
    options = parser.parse_args()
    if options.importer == "broken" and options.pattern:
        parser.error("-k does not go with broken, which runs the tests that have to notice")

    title = f"CPython {platform.python_version()}, {options.importer}"
    started = time.perf_counter()
    try:
        if options.importer == "broken":
            outcomes = check_breakages(run_suites)
        else:
            outcomes = run_suites(options.importer, options.pattern)
    except HarnessError as error:
        print(f"{title}: error: {error}", file=sys.stderr)
        return 2
    if options.report is not None:
        write_junit(options.report, title, outcomes)
    return 0 if show(title, outcomes, time.perf_counter() - started) else 1


if __name__ == "__main__":
    raise SystemExit(main())
