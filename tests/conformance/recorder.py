"""Turns what unittest reports into one outcome for each test."""

from __future__ import annotations

import re
import time
import traceback
import unittest
from types import TracebackType
from typing import Any, Union

from .outcomes import FAILED, PASSED, SKIPPED, Outcome

_ErrorInfo = Union[
    "tuple[type[BaseException], BaseException, TracebackType]", "tuple[None, None, None]"
]

_SET_UP = re.compile(r"setUp(?:Class|Module) \((.+)\)")


class Recorder(unittest.TestResult):
    """Keeps how each of `tests` went. Doing better than expected is passing."""

    def __init__(self, tests: list[str]) -> None:
        super().__init__()
        self._outcomes: dict[str, Outcome | None] = dict.fromkeys(tests)
        self._started = 0.0

    def outcomes(self) -> list[Outcome]:
        """Return all outcomes. A test without one is a failure: it never got its turn."""
        never = "It never ran: what prepares its class or module failed, or the run was cut short."
        return [
            outcome or Outcome(test, FAILED, detail=never)
            for test, outcome in self._outcomes.items()
        ]

    def startTest(self, test: unittest.TestCase) -> None:
        super().startTest(test)
        self._started = time.perf_counter()

    def addSuccess(self, test: unittest.TestCase) -> None:
        self._keep(test, PASSED)

    def addExpectedFailure(self, test: unittest.TestCase, err: _ErrorInfo) -> None:
        self._keep(test, PASSED)

    def addUnexpectedSuccess(self, test: unittest.TestCase) -> None:
        self._keep(test, PASSED)

    def addError(self, test: unittest.TestCase, err: _ErrorInfo) -> None:
        # `test` may stand for what prepares or clears up a class; it has a line of its own then.
        self._keep(test, FAILED, _text(err))

    def addFailure(self, test: unittest.TestCase, err: _ErrorInfo) -> None:
        self._keep(test, FAILED, _text(err))

    def addSubTest(
        self, test: unittest.TestCase, subtest: unittest.TestCase, err: _ErrorInfo | None
    ) -> None:
        if err is not None:
            self._keep(test, FAILED, f"{subtest}\n{_text(err)}")

    def addSkip(self, test: unittest.TestCase, reason: str) -> None:
        prepared = _SET_UP.fullmatch(test.id())
        if prepared:
            for name in self._outcomes:
                if name.startswith(prepared[1] + "."):
                    self._outcomes[name] = Outcome(name, SKIPPED, detail=reason)
        elif test.id() in self._outcomes:  # a subtest has another name, and its test goes on
            self._keep(test, SKIPPED, reason)

    def _keep(self, test: unittest.TestCase, verdict: str, detail: str = "") -> None:
        before = self._outcomes.get(test.id())
        if before is None or before.verdict != FAILED:
            seconds = time.perf_counter() - self._started
            self._outcomes[test.id()] = Outcome(test.id(), verdict, seconds, detail)


def _text(err: Any) -> str:
    return "".join(traceback.format_exception(*err))
