"""Compiling modules so that equal sources give equal bytes."""

from __future__ import annotations

import importlib.util
import os
import queue
import subprocess
import sys
from contextlib import AbstractContextManager
from pathlib import Path

from signedvfs.packaging.errors import PackError

_WORKER = str(Path(__file__).resolve().with_name("compile_worker.py"))

# PEP 552: the source's hash is recorded, and never looked at when the module is imported. What
# vouches for the pair is the archive's signature.
_UNCHECKED_HASH = (1).to_bytes(4, "little")

# Before 3.11 marshal writes frozensets in hash order, and the hash of None is an address.
# ADDR_NO_RANDOMIZE of personality(2) makes addresses the same in every run.
_FIXED_ADDRESSES = (
    "import ctypes, os, sys; ctypes.CDLL(None).personality(0x0040000); "
    "os.execv(sys.argv[1], sys.argv[1:])"
)


class CompileError(Exception):
    """CompileError carries what the compiler said about one file."""


class _Worker:
    def __init__(self) -> None:
        command = [sys.executable, "-S", "-s", "-B", "-X", "utf8", "-W", "ignore", _WORKER]
        if sys.version_info < (3, 11):
            command = [sys.executable, "-I", "-S", "-B", "-c", _FIXED_ADDRESSES, *command]
        # -I would ignore PYTHONHASHSEED, so the environment is emptied instead.
        keep = ("LD_LIBRARY_PATH", "PATH", "PYTHONHOME")
        environment = {name: os.environ[name] for name in keep if name in os.environ}
        environment.update(PYTHONHASHSEED="0", LC_ALL="C.UTF-8")
        self._process = subprocess.Popen(
            command,
            env=environment,
            cwd="/",
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )

    def compile(self, name: str, source: bytes) -> bytes:
        path = name.encode()
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None and stdout is not None
        try:
            stdin.write(len(path).to_bytes(4, "little") + len(source).to_bytes(8, "little"))
            stdin.write(path + source)
            stdin.flush()
            head = stdout.read(9)
            text = stdout.read(int.from_bytes(head[1:], "little"))
        except BrokenPipeError:
            head, text = b"", b""
        if len(head) < 9 or len(text) < int.from_bytes(head[1:], "little"):
            raise PackError(
                f"the helper interpreter that compiles modules ended at {name!r}",
                f"See whether this works: {sys.executable} -S -c 'print(1)'",
            )
        if head[:1] == b"-":
            raise CompileError(text.decode())
        return text

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()


class Compiler(AbstractContextManager["Compiler"]):
    """Compiler turns sources into .pyc files in `parallel` helper interpreters.

    The result depends on the source, the name and this Python version only: not on the time, the
    hash seed, the environment, the order of calls, or anything that this process did before.
    Any thread may use it.
    """

    def __init__(self, parallel: int) -> None:
        if not sys.executable:
            raise PackError("there is no sys.executable to compile with", "Run python itself.")
        self._idle: queue.SimpleQueue[_Worker] = queue.SimpleQueue()
        self._workers = [_Worker() for _ in range(parallel)]
        for worker in self._workers:
            self._idle.put(worker)

    def pyc(self, name: str, source: bytes) -> bytes:
        """pyc returns the .pyc of `source`, which will be the member `name`; or CompileError."""
        worker = self._idle.get()
        try:
            code = worker.compile(name, source)
        finally:
            self._idle.put(worker)
        source_hash = importlib.util.source_hash(source)
        return importlib.util.MAGIC_NUMBER + _UNCHECKED_HASH + source_hash + code

    def __exit__(self, *_: object) -> None:
        for worker in self._workers:
            worker.close()
