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

from .errors import HarnessError
from .exclusions import exclusions
from .outcomes import EXCLUDED, Outcome, save
from .recorder import Recorder
from .suites import Suite, suites

# No run takes nearly as long; a hang ends it and shows where it was.
_TIMEOUT_SECONDS = 600


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
    except ModuleNotFoundError as error:
        raise HarnessError(f"{suite.module} is missing: {error}") from None
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


def run(pattern: str, everything: bool) -> list[Outcome]:
    """Run the tests whose ids match, and the excluded ones among them only with `everything`."""
    version = sys.version_info[:2]
    tests = [test for suite in suites(version) for test in _load(suite)]
    excluding = exclusions(version)
    expected = {test for test, entry in excluding.items() if not entry.is_backport}
    stale = expected - {test.id() for test in tests}
    if stale:
        raise HarnessError(f"excluded, but no test here: {', '.join(sorted(stale))}")
    if everything:
        excluding = {}

    tests = [test for test in tests if re.search(pattern, test.id())]
    excluded = [test.id() for test in tests if test.id() in excluding]
    outcomes = _run([test for test in tests if test.id() not in excluding])
    return outcomes + [Outcome(test, EXCLUDED, detail=excluding[test].reason) for test in excluded]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("test_package", help="directory that goes in front of the test package's")
    parser.add_argument("results", type=Path, help="file to write the outcomes to")
    parser.add_argument("pattern", help="regular expression: the tests to run")
    parser.add_argument("--everything", action="store_true", help="run excluded tests as well")
    options = parser.parse_args()
    try:
        _prepare(options.test_package)
        save(options.results, run(options.pattern, options.everything))
    except HarnessError as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
