"""What debuggers find in an application: gdb in the process and in a dump of its memory."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from tests.importer.launcher.starting import default_signals, start

WAITING = "print('up', flush=True); sys.stdin.read()"
NAMED = "_PyEval_EvalFrameDefault"  # the function that runs Python's code


@pytest.fixture
def gdb() -> list[str]:
    """The words that start it without anybody's settings."""
    if shutil.which("gdb") is None:
        pytest.skip("there is no gdb")
    return ["gdb", "-nx", "-batch"]


def shown(words: list[str]) -> str:
    """shown returns what gdb prints."""
    return subprocess.run(words, capture_output=True, text=True, check=True, timeout=120).stdout


def assert_names_python(backtrace: str, is_linked_in: bool) -> None:
    """assert_names_python looks for Python's functions where the program itself has them. What was
    loaded from sealed memory has frames, and the debugger knows no names there."""
    assert "#0 " in backtrace, backtrace
    if is_linked_in:
        assert NAMED in backtrace, backtrace


def test_attached(app: Path, gdb: list[str], is_linked_in: bool) -> None:
    if os.geteuid() != 0:
        pytest.skip("others may not be allowed to attach (ptrace(2))")
    with start(app, WAITING) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "up\n"
        backtrace = shown([*gdb, "-p", str(process.pid), "-ex", "bt"])
        # It goes on as if nothing had been.
        out, err = process.communicate("")
        assert (process.returncode, out, err) == (0, "", "")
    assert_names_python(backtrace, is_linked_in)


def test_run_by_it(app: Path, gdb: list[str]) -> None:
    if os.geteuid() != 0:
        pytest.skip("others may not be allowed to trace (ptrace(2))")
    said = shown([*gdb, "-ex", "run", "--args", str(app), "print('ran', 6 * 7)"])
    assert "ran 42" in said
    assert "exited normally" in said


def test_a_core(app: Path, gdb: list[str], is_linked_in: bool, tmp_path: Path) -> None:
    pattern = Path("/proc/sys/kernel/core_pattern").read_text(encoding="utf-8")
    if pattern.startswith(("|", "/")):
        pytest.skip(f"this system has somebody else take cores: {pattern}")
    # What is above the hard limit is for those with CAP_SYS_RESOURCE, which root may lack.
    _, highest = resource.getrlimit(resource.RLIMIT_CORE)
    if highest != resource.RLIM_INFINITY:
        pytest.skip(f"this process may not leave cores of more than {highest} bytes (core(5))")

    def dumping() -> None:
        default_signals()
        resource.setrlimit(resource.RLIMIT_CORE, (highest, highest))

    with start(app, WAITING, preexec_fn=dumping, cwd=tmp_path) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "up\n"
        process.send_signal(signal.SIGQUIT)
        assert process.wait(60) == -signal.SIGQUIT
    (core,) = tmp_path.glob("core*")
    assert_names_python(shown([*gdb, str(app), str(core), "-ex", "bt"]), is_linked_in)
