"""What the commands write: text for people, with colours on a terminal, or one JSON object.

Names come from strangers: of files, members and products. Whatever is written for people goes
through `printable` here, at the last moment, so that no command can forget it; the only sequences
that a terminal obeys are the colours that `Output` adds itself. JSON has all names exactly.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False  # see signedvfs/__init__.py
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any, TextIO

_COLOURS = {"red": "31", "green": "32", "yellow": "33", "bold": "1", "dim": "2"}


def printable(text: str) -> str:
    """printable escapes what a terminal might obey or show in another order.

    That is everything but letters, digits, signs and the space: line breaks, escape sequences,
    bidirectional controls, bytes that are no text. To do it twice changes nothing.
    """
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def shell_word(text: str) -> str:
    """shell_word quotes a name for a command that a person may copy."""
    import shlex

    return shlex.quote(text)


def size_text(size: int) -> str:
    """size_text writes a number of bytes for people."""
    if size < 1000:
        return f"{size} bytes"
    value, units = size / 1000, ["kB", "MB", "GB", "TB"]
    while value >= 999.95 and len(units) > 1:
        value /= 1000
        del units[0]
    return f"{value:.1f} {units[0]}"


def plural(count: int, noun: str) -> str:
    """plural writes a count with its noun."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def few(names: Sequence[str], most: int = 3) -> str:
    """few writes the first of `names`, and how many more there are."""
    shown = ", ".join(printable(name) for name in names[:most])
    return shown + (f" and {len(names) - most:,} more" if len(names) > most else "")


class Output:
    """Output is where one command reports to."""

    def __init__(self, *, json: bool = False, quiet: bool = False) -> None:
        self.json = json
        self.quiet = quiet
        # Where a colour begins, until the text is written. Nobody can have put it into a name.
        self._mark = f"\0{os.urandom(16).hex()}:"

    def report(self, facts: dict[str, Any], lines: Iterable[str] = ()) -> None:
        """report writes `facts` with --json, and `lines` otherwise."""
        if self.json:
            self._write_json(facts)
        elif not self.quiet:
            for line in lines:
                self.line(line)

    def line(self, text: str = "") -> None:
        """line writes one line to standard output, whatever `text` holds."""
        self._write_line(sys.stdout, text)

    def warn(self, text: str) -> None:
        """warn tells a person about something; --json has it among its facts."""
        if not self.json:
            self._write_line(sys.stderr, f"{self.paint('warning:', 'yellow', sys.stderr)} {text}")

    def tell(self, text: str) -> None:
        """tell shows a person one line on standard error, before he is asked about it."""
        self._write_line(sys.stderr, text)

    def prompt(self, text: str) -> None:
        """prompt shows what a person is to answer behind."""
        _write(sys.stderr, printable(text))
        sys.stderr.flush()

    def fail(self, error: dict[str, Any], details: str = "") -> None:
        """fail reports an error of the keys code, reason, advice, path, member and limit.

        `details` are lines that another program wrote. They are set in, so that none of them looks
        like one of ours.
        """
        if self.json:
            self._write_json({"error": error})
            return
        for line in details.split("\n") if details else ():
            self._write_line(sys.stderr, "  " + line.expandtabs().rstrip("\r"))
        self._write_line(
            sys.stderr, f"{self.paint('signedvfs:', 'red', sys.stderr)} {error['reason']}"
        )
        if error["advice"]:
            self._write_line(
                sys.stderr, f"{self.paint('next:', 'bold', sys.stderr)} {error['advice']}"
            )

    def paint(self, text: str, colour: str, stream: TextIO | None = None) -> str:
        """paint colours `text` where `stream` (default: standard output) is a terminal.

        The result is for the other methods only: the colour becomes one when they write it.
        """
        stream = sys.stdout if stream is None else stream
        if self.json or os.environ.get("NO_COLOR") or not stream.isatty():
            return text
        return f"{self._mark}{_COLOURS[colour]}m{text}{self._mark}0m"

    def fields(self, rows: Iterable[tuple[str, object]]) -> Iterable[str]:
        """fields lays out names and values in two columns; rows without a value are left out."""
        shown = [(name, value) for name, value in rows if value is not None]
        width = max((len(name) for name, _ in shown), default=0)
        for name, value in shown:
            yield f"  {self.paint(name.ljust(width), 'dim')}  {value}"

    def table(self, head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterable[str]:
        """table lays out rows; all columns but the first and the last are right-aligned."""
        kept = [tuple(map(printable, row)) for row in rows]
        widths = [max(map(len, column)) for column in zip(head, *kept)]

        def lay_out(row: Sequence[str]) -> str:
            cells = [cell.rjust(width) for cell, width in zip(row, widths)]
            cells[0], cells[-1] = row[0].ljust(widths[0]), row[-1]
            return "  ".join(cells)

        yield self.paint(lay_out(head), "bold")
        yield from map(lay_out, kept)

    def _write_line(self, stream: TextIO, text: str) -> None:
        first, *painted = text.split(self._mark)
        shown = printable(first)
        for piece in painted:
            colour, _, rest = piece.partition("m")
            shown += f"\x1b[{colour}m{printable(rest)}"
        _write(stream, shown + "\n")

    def _write_json(self, facts: dict[str, Any]) -> None:
        import json

        _write(sys.stdout, json.dumps(facts, indent=2) + "\n")


def _write(stream: TextIO, text: str) -> None:
    encoding = stream.encoding or "utf-8"
    stream.write(text.encode(encoding, "backslashreplace").decode(encoding))
