"""Standard input, output and errors: as a shell connects them, and closed ones."""

from __future__ import annotations

import itertools
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.importer.launcher.starting import run, says, start

COUNT = "print(sum(len(line) for line in sys.stdin))"


def test_input(app: Path) -> None:
    assert says(app, COUNT, feed="line\n" * 100_000) == "500000"
    assert says(app, "print(sys.stdin.read() == '')", stdin=subprocess.DEVNULL) == "True"
    assert says(app, "print(sys.stdin.buffer.read())", feed=b"\xff\0") == repr(b"\xff\0")
    assert says(app, "print(input('?'))", feed="word\n") == "?word"


def test_what_an_undecodable_byte_becomes(app: Path) -> None:
    """As Python has it under -X utf8: it survives."""
    code = "sys.stdout.write(sys.stdin.read())"
    assert run(app, code, feed=b"\xff\n").out.encode() in (b"\\xff\n", b"\\udcff\n")


def test_a_pipeline(app: Path) -> None:
    code = "print('word ' * 3)"
    with start(app, code) as first:
        assert says(app, "print(len(sys.stdin.read()))", stdin=first.stdout) == "16"


def test_a_conversation(app: Path) -> None:
    """What is said is there before the next is asked for, where it is flushed, or unbuffered."""
    code = "for line in sys.stdin: print(line.upper(), end='', flush=True)"
    with start(app, code) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for word in ("one\n", "two\n"):
            process.stdin.write(word)
            process.stdin.flush()
            assert process.stdout.readline() == word.upper()
        process.stdin.close()
        assert process.wait(60) == 0


def test_errors_are_not_kept_back(app: Path) -> None:
    code = "import os; print('out'); print('line', file=sys.stderr); os._exit(0)"
    done = run(app, code)
    assert (done.out, done.err) == ("", "line\n")


def test_a_terminal(app: Path) -> None:
    ours, theirs = os.openpty()
    code = "import os; print(sys.stdout.isatty(), sys.stdout.line_buffering); os._exit(0)"
    try:
        assert run(app, code, stdin=theirs, stdout=theirs, stderr=theirs).code == 0
        assert os.read(ours, 100) == b"True True\r\n"
    finally:
        os.close(ours)
        os.close(theirs)


@pytest.mark.parametrize(
    "closed", [some for count in (1, 2, 3) for some in itertools.combinations(range(3), count)]
)
def test_closed_descriptors(app: Path, tmp_path: Path, closed: Sequence[int]) -> None:
    """Nothing else is opened in their places, so nothing is written into what is not meant."""
    code = """
import os, sqlite3
print("to nobody", flush=True)
print("to nobody", file=sys.stderr, flush=True)
with open(sys.argv[2], "w") as file:
    file.write(" ".join(os.readlink(f"/proc/self/fd/{one}") for one in range(3)))
    file.write(f" {file.fileno() > 2} {sys.stdin.read()!r}")
"""
    code = code.replace("{sys.stdin.read()!r}", "''" if 0 not in closed else "{sys.stdin.read()!r}")
    report = tmp_path / "report"

    def close() -> None:
        for one in closed:
            os.close(one)

    done = run(app, code, str(report), preexec_fn=close)
    assert done.code == 0, done
    *places, is_other, read = report.read_text().split(" ")
    assert [place == "/dev/null" for place in places] == [one in closed for one in range(3)]
    assert (is_other, read) == ("True", "''")
    assert done.out == ("" if 1 in closed else "to nobody\n")
    assert done.err == ("" if 2 in closed else "to nobody\n")


def test_a_full_device(app: Path) -> None:
    """A failure to write what was said is one (Doc/library/sys.rst, sys.exit)."""
    with Path("/dev/full").open("wb") as full:
        done = run(app, "print('word')", stdout=full)
    assert done.code == 120
    assert "No space left on device" in done.err
