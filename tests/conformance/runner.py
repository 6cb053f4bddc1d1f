"""Runs the suites inside a private environment, in one process, as `python -m test` runs them.

The tests run in the current directory, with the resources that are on by default (none).
"""

from __future__ import annotations

import argparse
import faulthandler
import importlib
import re
import sys
import unittest
from collections.abc import Iterator
from pathlib import Path

from .exclusions import exclusions
from .outcomes import EXCLUDED, Outcome, save
from .recorder import Recorder
from .suites import Suite, suites

# No test takes nearly as long; a hang ends the run and shows where it was.
_TIMEOUT_SECONDS = 300


class HarnessError(Exception):
    """The tests cannot be run as they should."""


def _prepare(test_package: str) -> None:
    """Set up the `test` package as its own runner does, and put `test_package` in front of it."""
    package = importlib.import_module("test")
    package.__path__.insert(0, test_package)
    support = importlib.import_module("test.support")
    vars(support).update(use_resources=[], verbose=False)
    support.record_original_stdout(sys.stdout)


def _flatten(suite: unittest.TestSuite) -> Iterator[unittest.TestCase]:
    for test in suite:
        if isinstance(test, unittest.TestSuite):
            yield from _flatten(test)
        else:
            yield test


def _load(suite: Suite) -> list[unittest.TestCase]:
    try:
        module = importlib.import_module(suite.module)
    except unittest.SkipTest as reason:
        raise HarnessError(f"{suite.module} cannot be run here: {reason}") from None
    tests = unittest.defaultTestLoader.loadTestsFromModule(module)
    selected = [test for test in _flatten(tests) if suite.selects(test.id())]
    if not selected:
        raise HarnessError(f"{suite.module} has no test that matches {suite.only!r}")
    return selected


def _run(tests: list[unittest.TestCase]) -> list[Outcome]:
    recorder = Recorder([test.id() for test in tests])
    faulthandler.dump_traceback_later(_TIMEOUT_SECONDS, exit=True)
    unittest.TestSuite(tests).run(recorder)
    faulthandler.cancel_dump_traceback_later()
    return recorder.outcomes()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("test_package", help="directory that goes in front of the test package's")
    parser.add_argument("results", type=Path, help="file to write the outcomes to")
    parser.add_argument("pattern", help="regular expression: which tests to run")
    parser.add_argument("--everything", action="store_true", help="run excluded tests as well")
    options = parser.parse_args()
    _prepare(options.test_package)

    version = sys.version_info[:2]
    tests = [test for suite in suites(version) for test in _load(suite)]
    reasons = {exclusion.test: exclusion.reason for exclusion in exclusions(version)}
    stale = reasons.keys() - {test.id() for test in tests}
    if stale:
        raise HarnessError(f"excluded, but no test: {', '.join(sorted(stale))}")
    if options.everything:
        reasons = {}

    tests = [test for test in tests if re.search(options.pattern, test.id())]
    outcomes = _run([test for test in tests if test.id() not in reasons])
    outcomes += [
        Outcome(test.id(), EXCLUDED, detail=reasons[test.id()])
        for test in tests
        if test.id() in reasons
    ]
    save(options.results, outcomes)


if __name__ == "__main__":
    main()
