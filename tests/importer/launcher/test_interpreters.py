"""Threads, and several interpreters, in an application."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.importer.launcher.starting import run, says


def test_threads(app: Path) -> None:
    code = """
import threading
from concurrent.futures import ThreadPoolExecutor
def look(number):
    import kit.failing, ssl, sqlite3
    return square(number)
with ThreadPoolExecutor(8) as pool:
    print(sum(pool.map(look, range(100))))
threads = [threading.Thread(target=look, args=(1,)) for _ in range(20)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
print(threading.active_count())
"""
    assert says(app, code).splitlines() == ["328350", "1"]


def test_an_exception_in_a_thread(app: Path) -> None:
    code = """
import threading, kit.failing
thread = threading.Thread(target=kit.failing.fail)
thread.start()
thread.join()
print("on")
"""
    done = run(app, code)
    assert (done.code, done.out) == (0, "on\n")
    assert done.err.endswith("LookupError: of the kit\n")


@pytest.mark.parametrize(
    "busy",
    [
        "while True: sum(range(1000))",
        "while True: sqlite3.connect(':memory:').close()",
        "while True: open(sys.executable + '/kit/data/text.txt').read()",
        "while True: kit.failing.__loader__.get_code('kit.failing')",
    ],
)
def test_daemon_threads_at_the_end(app: Path, busy: str) -> None:
    """Each of many ends is an end: a thread that comes back to an interpreter that is gone hangs
    or leaves, and takes nothing along."""
    code = f"""
import kit.failing, sqlite3, threading, time
def work():
    {busy}
for _ in range(3):
    threading.Thread(target=work, daemon=True).start()
time.sleep(0.005)
print("end")
"""
    for _ in range(20):
        done = run(app, code, timeout=60)
        assert (done.code, done.out, done.err) == (0, "end\n", "")


def test_asyncio(app: Path) -> None:
    code = """
import asyncio
async def main():
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", "print(input())",
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE)
    out, _ = await process.communicate(b"through a child")
    return out, process.returncode, await asyncio.to_thread(square, 3)
print(asyncio.run(main()))
"""
    assert says(app, code) == "(b'through a child\\n', 0, 9)"


@pytest.mark.skipif(sys.version_info < (3, 12), reason="they share everything there")
def test_other_interpreters(app: Path) -> None:
    """They import from the archive, from nothing else, and end without a trace."""
    code = """
try:
    import _interpreters as interpreters
except ImportError:
    import _xxsubinterpreters as interpreters
asked = '''
import sys, kit.failing, json, sqlite3
print([type(hook).__name__ for hook in sys.path_hooks], sys.frozen, kit.failing.__file__)
print(sys.executable, sys._base_executable == sys.executable, sys.prefix == sys.executable)
print(all(path.startswith(sys.executable) for path in sys.path), flush=True)
'''
import sqlite3
for _ in range(3):
    one = interpreters.create()
    failed = interpreters.run_string(one, asked)
    print(failed, flush=True)
    interpreters.destroy(one)
"""
    expected = [f"['PathHook'] True {app}/kit/failing.pyc", f"{app} True True", "True", "None"] * 3
    assert says(app, code).splitlines() == expected
