"""An interpreter that is made equal to one under -I says so."""

from __future__ import annotations

import subprocess
import sys

import pytest

FLAGS = "print({name: getattr(sys.flags, name) for name in dir(sys.flags) if name[0] != '_'})"
# Methods of the type have addresses of the interpreter in them.
FLAGS = f"import sys\n{FLAGS.replace(' if ', ' if not callable(getattr(sys.flags, name)) and ')}"


def said(*words: str) -> str:
    """What an interpreter writes."""
    done = subprocess.run([sys.executable, *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("options", [[], ["-B", "-O", "-W", "ignore", "-X", "dev"], ["-E", "-s"]])
def test_flags_are_those_of_an_interpreter_under_i(options: list[str]) -> None:
    ours = f"import signedvfs._core\nsignedvfs._core._isolate_flags()\n{FLAGS}"
    # -E, as -I has it: variables are read before anybody could do anything about that.
    assert said("-E", *options, "-c", ours) == said("-I", *options, "-c", FLAGS)


def test_children_get_the_option() -> None:
    text = """
import subprocess, sys, signedvfs._core
assert "-I" not in subprocess._args_from_interpreter_flags()
kind, before = type(sys.flags), sys.flags
for _ in range(3):
    signedvfs._core._isolate_flags()
assert type(sys.flags) is kind and sys.flags is not before and len(sys.flags) == len(before)
print(subprocess._args_from_interpreter_flags().count("-I"))
"""
    assert said("-c", text) == "1\n"


def test_flags_of_somebody_else_are_left_alone() -> None:
    text = """
import sys, types, signedvfs._core
own = sys.flags = types.SimpleNamespace(isolated=0)
try:
    signedvfs._core._isolate_flags()
except RuntimeError as error:
    print(error, sys.flags is own)
"""
    assert said("-c", text) == "sys.flags is not what the interpreter made it True\n"
