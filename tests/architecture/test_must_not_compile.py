"""Misuse of the core's types does not compile.

Each case in must_not_compile/ is compiled twice: as it stands, which must work, so that the case
cannot rot, and with SHOULD_NOT_COMPILE, which must fail with the error that its `// expect:` line
describes and for no other reason.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sysconfig
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
CASES = sorted((Path(__file__).parent / "must_not_compile").glob("*.cc"))
COMPILERS = [compiler for compiler in ("g++", "clang++") if shutil.which(compiler)]
FLAGS = ["-std=c++20", "-fsyntax-only", "-Wall", "-Werror", "-Wno-unused-parameter"]


def errors(compiler: str, case: Path, *flags: str) -> list[str]:
    """Compiles the case and returns the error lines; empty exactly where it compiled."""
    includes = [f"-I{PROJECT}", f"-isystem{sysconfig.get_path('include')}"]
    result = subprocess.run(
        [compiler, *FLAGS, *includes, *flags, str(case)],
        capture_output=True,
        text=True,
        env={"LC_ALL": "C", "PATH": str(Path(shutil.which(compiler) or "").parent)},
        check=False,
    )
    lines = [line for line in result.stderr.splitlines() if "error:" in line]
    assert bool(lines) == (result.returncode != 0), result.stderr
    return lines


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
@pytest.mark.parametrize("compiler", COMPILERS)
def test_misuse_does_not_compile(compiler: str, case: Path) -> None:
    expected = re.search(r"^// expect: (.+)$", case.read_text(encoding="utf-8"), re.MULTILINE)
    assert expected, f"{case.name} does not say which error it expects"
    assert errors(compiler, case) == []
    found = errors(compiler, case, "-DSHOULD_NOT_COMPILE")
    assert found, "the misuse compiled"
    assert all(re.search(expected[1], line) for line in found), found


def test_there_are_cases_and_a_compiler() -> None:
    assert COMPILERS
    assert CASES
