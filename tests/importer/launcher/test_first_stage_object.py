"""The check of what the first stage was compiled to, which every build of the launcher makes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

CHECK = Path(__file__).parents[3] / "importer/launcher/first_stage/check_object.py"

GOOD = """
extern char _start[] __attribute__((visibility("hidden")));
static const char names[] = "a\\0b\\0";
const char *first(int at) { return at < 0 ? _start : names + at; }
"""
BAD = {
    "it needs memcpy": "void *memcpy(void *, const void *, unsigned long);"
    "void *f(void *a, void *b) { return memcpy(a, b, 9999); }",
    "is thread-local": "__thread int count; int *f(void) { return &count; }",
    "it has a relocation R_": 'const char *const names[] = {"a", "b"};',
    "it has .init_array": "int x; __attribute__((constructor)) static void f(void) { ++x; }",
}


def checked(tmp_path: Path, text: str) -> subprocess.CompletedProcess[str]:
    """checked compiles `text` and has it checked."""
    made = tmp_path / "object.o"
    words = ["cc", "-x", "c", "-", "-c", "-O2", "-fPIE", "-fno-stack-protector", "-o", str(made)]
    subprocess.run(words, input=text, text=True, check=True)
    words = [sys.executable, "-I", str(CHECK), "readelf", str(made)]
    return subprocess.run(words, capture_output=True, text=True, check=False)


def test_what_needs_nothing(tmp_path: Path) -> None:
    done = checked(tmp_path, GOOD)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("what", BAD)
def test_what_needs_something(tmp_path: Path, what: str) -> None:
    done = checked(tmp_path, BAD[what])
    assert done.returncode == 1
    assert what in done.stderr
