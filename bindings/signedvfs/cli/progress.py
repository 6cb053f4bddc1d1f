"""Progress bars for long work."""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager
from typing import Any

from signedvfs.cli.output import Output, printable


class Progress(AbstractContextManager["Progress"]):
    """Progress shows a bar on standard error, where that is a terminal and nobody objects.

    The bar is tqdm's, which `pip install 'signedvfs[progress]'` brings along. Without it there is
    none, and the work is the same. Progress is a callable of (done, total), or of (stage, done,
    total), in a `with` block that removes the bar at its end. Being called is also what lets Ctrl-C
    interrupt native code.
    """

    def __init__(self, output: Output, stage: str, unit: str = "member") -> None:
        self._stage = stage
        self._unit = unit
        shown = not (output.json or output.quiet) and sys.stderr.isatty()
        self._make: Any = _bar_maker() if shown else None
        self._bar: Any = None

    def __call__(self, done: int, total: int) -> None:
        self.show(self._stage, done, total)

    def show(self, stage: str, done: int, total: int) -> None:
        """show moves the bar of `stage`, beginning anew where the stage is another."""
        if self._make is None:
            return
        if self._bar is None or stage != self._stage:
            self._close()
            self._stage = stage
            self._bar = self._make(
                total=total,
                desc=printable(stage),
                unit=self._unit,
                file=sys.stderr,
                leave=False,
                delay=0.2,
            )
        self._bar.total = total
        self._bar.update(done - self._bar.n)

    def __exit__(self, *_: object) -> None:
        self._close()

    def _close(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None


def _bar_maker() -> Any:
    """_bar_maker returns what makes a bar, or None where tqdm is not installed."""
    try:
        from tqdm import tqdm
    except ImportError:
        return None
    return tqdm
