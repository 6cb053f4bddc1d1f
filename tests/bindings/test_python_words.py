"""An interpreter's command line is taken apart as the interpreter itself does it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from signedvfs.python_words import CODE, MODULE, NOTHING, SCRIPT, Invocation

PROBE = """
import json, sys
spec, file = globals().get("__spec__"), globals().get("__file__")
print(json.dumps([None if spec is None else spec.name, sys.argv[1:], file]))
"""
FRONTS = [
    [],
    ["-B"],
    ["-Bs"],
    ["-W", "ignore"],
    ["-Wignore"],
    ["-BWignore"],
    ["-X", "utf8"],
    ["-Xutf8"],
    ["-bX", "utf8=1"],
    ["--check-hash-based-pycs", "never"],
    ["-I", "-u", "-OO"],
]
RESTS = [[], ["-c"], ["--", "-m", "x"], ["-"], ["a", ""]]


@pytest.mark.parametrize("rest", RESTS)
@pytest.mark.parametrize("front", FRONTS)
def test_is_what_the_interpreter_does(tmp_path: Path, front: list[str], rest: list[str]) -> None:
    script = tmp_path / "probe.py"
    script.write_text(PROBE)
    for words, kind in (
        ([str(script)], SCRIPT),
        (["--", str(script)], SCRIPT),
        (["-c", PROBE], CODE),
        ([f"-c{PROBE}"], CODE),
        (["-Bc", PROBE], CODE),
    ):
        line = [*front, *words, *rest]
        done = subprocess.run(
            [sys.executable, *line], capture_output=True, text=True, check=True, cwd=tmp_path
        )
        name, argv, file = json.loads(done.stdout)
        found = Invocation(line)
        assert name is None
        assert (found.kind, found.rest) == (kind, argv)
        assert found.program == (file if kind == SCRIPT else PROBE)
        assert found.options[: len(front)] == front


@pytest.mark.parametrize("words", [["-m", "probe"], ["-mprobe"], ["-sm", "probe"], ["-Bsmprobe"]])
def test_modules(tmp_path: Path, words: list[str]) -> None:
    (tmp_path / "probe.py").write_text(PROBE)
    done = subprocess.run(
        [sys.executable, *words, "-x", "y"],
        capture_output=True, text=True, check=True, cwd=tmp_path,
    )  # fmt: skip
    name, argv, _ = json.loads(done.stdout)
    found = Invocation([*words, "-x", "y"])
    assert (found.kind, found.program, found.rest) == (MODULE, name, argv)


@pytest.mark.parametrize(
    ("words", "rest"), [([], []), (["-V"], []), (["-"], ["-"]), (["-", "a"], ["-", "a"])]
)
def test_without_a_program(words: list[str], rest: list[str]) -> None:
    found = Invocation(words)
    assert (found.kind, found.program, found.rest) == (NOTHING, "", rest)


@pytest.mark.parametrize("words", [["-c"], ["-m"], ["-W"], ["--check-hash-based-pycs"]])
def test_what_is_cut_off_is_no_error(words: list[str]) -> None:
    # The interpreter will say it.
    assert Invocation(words).rest == []


def test_letters_are_those_of_plain_options() -> None:
    found = Invocation(["-IB", "-Wd", "-X", "E", "-bsm", "E", "-E"])
    assert found.letters == "IBbs"
    assert found.options == ["-IB", "-Wd", "-X", "E", "-bs"]
