"""Starting built applications, and the one application that most tests start."""

from __future__ import annotations

import os
import signal
import struct
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

REFUSED = 126  # the exit status of what is found, and not executed

# The application does what its first word says, which is Python. It is packed without what nothing
# imports, so it names what the words of the tests need.
MAIN = """
import sys

LIBRARY = (
    "_interpreters", "_xxsubinterpreters", "argparse", "array", "asyncio", "concurrent.futures",
    "concurrent.futures.process", "concurrent.futures.thread", "ctypes", "datetime", "faulthandler",
    "fractions", "getopt", "hashlib", "importlib.resources", "locale", "multiprocessing.context",
    "multiprocessing.forkserver", "multiprocessing.pool", "multiprocessing.popen_fork",
    "multiprocessing.popen_forkserver", "multiprocessing.popen_spawn_posix",
    "multiprocessing.queues", "multiprocessing.resource_tracker", "multiprocessing.spawn",
    "multiprocessing.synchronize", "resource", "select", "signal", "socket", "sqlite3", "ssl",
    "subprocess", "tempfile", "threading", "time", "timeit", "traceback", "zlib",
    "zoneinfo",
)

def square(number):
    return number * number

def whereabouts(_):
    return [__name__, sys.executable, sys.argv[0], len(sys.path), sys.frozen]

def fail(_):
    raise ValueError("as asked")

if __name__ == "__main__":
    if len(sys.argv) < 2:
        print("nothing is asked")
    else:
        exec(compile(sys.argv[1], "<asked>", "exec"), globals())
"""

# A zone of three hours (RFC 8536), as the distribution "tzdata" has others.
_ZONE = struct.pack(">4s16x6l", b"TZif", 0, 0, 0, 0, 1, 4) + struct.pack(">lBB", 10800, 0, 0)

FILES: Mapping[str, bytes | str] = {
    "__main__.py": MAIN,
    "kit/__init__.py": "",
    "kit/failing.py": "def fail():\n    raise LookupError('of the kit')\n",
    "kit/greeting.py": "import sys\nprint('greeting', __name__, sys.argv[1:])\n",
    "kit/unused.py": "WORDS = 'nobody imports this'\n" * 20,
    "kit/data/text.txt": "words of the application\n",
    "kit/data/more.bin": bytes(range(256)) * 40,
    "tzdata/__init__.py": "",
    "tzdata/zoneinfo/__init__.py": "",
    "tzdata/zoneinfo/Kit/__init__.py": "",
    "tzdata/zoneinfo/Kit/Away": _ZONE + b"KIT\0",
}


class Ended(NamedTuple):
    """Ended is what a process left that has ended; `code` is negative for a signal."""

    code: int
    out: str
    err: str


def environment(**variables: str) -> dict[str, str]:
    """environment returns what the tests start applications with: little, and `variables`."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8", **variables}


def run(
    app: Path | str,
    *words: str,
    env: Mapping[str, str] | None = None,
    feed: str | bytes = b"",
    timeout: float = 120,
    **options: Any,
) -> Ended:
    """run starts an application with `words`, gives it `feed` to read, and waits for its end.

    `env` is put into a small environment; `options` are those of subprocess.run.
    """
    given = feed.encode() if isinstance(feed, str) else feed
    done = subprocess.run(
        [str(app), *words],
        env=environment(**(env or {})),
        input=None if "stdin" in options else given,
        stdout=options.pop("stdout", subprocess.PIPE),
        stderr=options.pop("stderr", subprocess.PIPE),
        timeout=timeout,
        check=False,
        **options,
    )
    return Ended(
        done.returncode,
        (done.stdout or b"").decode("utf-8", "backslashreplace"),
        (done.stderr or b"").decode("utf-8", "backslashreplace"),
    )


def says(app: Path | str, *words: str, **options: Any) -> str:
    """says returns what an application prints that has to end well, and without complaints."""
    done = run(app, *words, **options)
    assert done.code == 0, done
    assert done.err == "", done
    return done.out.rstrip("\n")


def start(app: Path | str, *words: str, **options: Any) -> subprocess.Popen[str]:
    """start starts an application that is talked with through pipes."""
    return subprocess.Popen(
        [str(app), *words],
        env=environment(**options.pop("env", {})),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )


def assert_refused(done: Ended, *said: str, out: str = "") -> None:
    """assert_refused holds what ended to how a refusal looks: its status, one line that says what
    was wrong, nothing of Python's, and nothing of the application behind `out`."""
    assert done.code == REFUSED, done
    assert done.out == out, done
    assert done.err.count("\n") == 1, done
    assert done.err.endswith("\n"), done
    assert ": refused: " in done.err, done
    assert "Traceback" not in done.err, done
    for text in said:
        assert text in done.err, done


def default_signals() -> None:
    """default_signals is what a shell leaves a process in the foreground with. In the background,
    and under nohup(1), some are ignored."""
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGPIPE, signal.SIGQUIT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
