"""bootstrap: the code that it prints, run as a program's beginning."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from signedvfs import _core, bootstrapping
from tests.cli.helpers import Cli
from tests.support.frozen import FROZEN


def run(directory: Path, code: str) -> subprocess.CompletedProcess[str]:
    program = directory / "program.py"
    program.write_text(f"{code}\nprint('went on')\n")
    return subprocess.run(
        [sys.executable, "-I", "-S", *FROZEN, str(program)],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


WORDS = ("bootstrap", "--trust-dynload", "--trust-stdlib-paths")


def test_prints_code_that_runs(cli: Cli, keys: Path) -> None:
    words = (*WORDS, "--trust", keys / "a.pub")
    code = cli.ok(*words).out
    assert cli.ok(*words, "--json").json == {"code": code, "size": len(code)}
    assert str(_core.__file__) in code
    told = cli.ok(*words, "-o", "start.py").out
    assert told == "wrote start.py: put it first in the program\n"
    assert (cli.directory / "start.py").read_text() == code
    done = run(cli.directory, code)
    assert (done.returncode, done.stdout) == (0, "went on\n"), done.stderr


def test_options_are_in_the_code(cli: Cli, keys: Path, tree: Path) -> None:
    cli.ok("sign", tree, "--key", keys / "a.key", "--detached", "tree.manifest")
    words = (
        *WORDS, "--trust", keys / "a.pub", "--manifest", "tree.manifest", tree, "--lockdown",
        "--lock", "--check-module", "colorsys", "--library", "libodbc.so.2", "--limit",
        "members=77", "--name", "myapp", "--indent", "2",
    )  # fmt: skip
    assert cli(*words).code == 1  # that is not its name
    code = cli.ok(*words[:-4], "--indent", "2").out
    assert all(line.startswith("  ") for line in code.splitlines())
    for part in (
        f"manifests=[('{cli.directory}/tree.manifest', '{cli.directory / tree}')]",
        "check_modules=['colorsys']", "libraries=['libodbc.so.2']", "members=77",
        "lockdown=True", "manager.lock()", "trust_stdlib_paths=True",
    ):  # fmt: skip
        assert part in code
    done = run(cli.directory, f"if True:\n{code}")
    assert (done.returncode, done.stdout) == (0, "went on\n"), done.stderr


@pytest.mark.parametrize(
    ("words", "code", "problem"),
    [
        (("--native", "/bin/sh"), 2, "no native module of signedvfs"),
        (("--native", "/nowhere"), 2, "/nowhere"),
        (("--at", "2027-01-01"), 2, "goes by the clock"),
        (("--stdlib", "nowhere.manifest"), 2, "give one of them"),
        (("--site", "nowhere.manifest"), 1, "nowhere.manifest"),
        (("--indent", "-1"), 2, "--indent"),
    ],
)
def test_what_cannot_be(
    cli: Cli, keys: Path, words: tuple[str, ...], code: int, problem: str
) -> None:
    done = cli(*WORDS, "--trust", keys / "a.pub", *words)
    assert (done.code, done.out) == (code, "")
    assert problem in done.err


def test_a_key_that_has_not_signed(cli: Cli, keys: Path, tree: Path) -> None:
    cli.ok("sign", tree, "--key", keys / "a.key", "--detached", "tree.manifest")
    words = (*WORDS, "--trust", keys / "b.pub", "--manifest", "tree.manifest", tree)
    done = cli(*words)
    assert (done.code, done.out) == (1, "")
    assert "by trusted keys" in done.err


def test_code_that_this_python_would_refuse_is_pointed_at(cli: Cli, keys: Path) -> None:
    apart = bootstrapping.modules_not_built_in()
    done = cli("bootstrap", "--trust-stdlib-paths", "--trust", keys / "a.pub")
    assert done.code == 0
    assert all(name in done.err for name in apart)
    assert ("--trust-dynload" in done.err) == bool(apart)
    ran = run(cli.directory, done.out)
    assert ran.returncode == (126 if apart else 0), ran.stderr
    assert ("trust_dynload=True" in ran.stderr) == bool(apart)
    assert cli(*WORDS, "--trust", keys / "a.pub").err == ""
