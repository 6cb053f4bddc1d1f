"""Starts programs, and takes the time that they need: of a service until its first answer."""

from __future__ import annotations

import contextlib
import os
import shlex
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

SOURCE = Path(__file__).with_name("starter.cc")
DROP_CACHES = Path("/proc/sys/vm/drop_caches")
REQUEST = b"GET / HTTP/1.0\r\n\r\n"


class StartError(Exception):
    """A program failed; the text says how."""


class Application(NamedTuple):
    """One of the programs that are started, whoever packed it."""

    name: str  # for people
    module: str  # in bench/launched
    words: tuple[str, ...]  # of the command line
    recorded: str  # the words with which it is recorded
    needs: tuple[str, ...]  # of the package index
    serves: bool = False  # its first word is the number of a socket


def make_starter(work: Path) -> Path:
    """Compiles the program that starts others, once."""
    path = work / "starter"
    if not path.exists() or path.stat().st_mtime < SOURCE.stat().st_mtime:
        compiler = shlex.split(os.environ.get("CXX", "c++"))
        subprocess.run([*compiler, "-std=c++20", "-O2", "-o", path, SOURCE], check=True)
    return path


def drop_caches() -> None:
    """Has the system forget all files that it holds in memory. Raises OSError."""
    os.sync()
    DROP_CACHES.write_text("3", encoding="ascii")


@contextlib.contextmanager
def _listening(application: Application) -> Iterator[tuple[socket.socket, ...]]:
    # The client is there before the service is: it waits in the queue, and nobody has to poll.
    if not application.serves:
        yield ()
        return
    with socket.create_server(("127.0.0.1", 0)) as server:
        os.set_inheritable(server.fileno(), True)
        with socket.create_connection(server.getsockname()) as client:
            client.sendall(REQUEST)
            yield server, client


def start(
    starter: Path,
    command: Sequence[str],
    application: Application,
    environment: Mapping[str, str],
    *more: str,
) -> dict[str, Any]:
    """Starts the application once; returns milliseconds, peak memory, and what it said."""
    answered = 0
    answer = b""
    with tempfile.NamedTemporaryFile() as report, _listening(application) as sockets:
        words = [str(sockets[0].fileno())] if sockets else []
        with subprocess.Popen(
            [starter, report.name, *command, *words, *application.words, *more],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            pass_fds=[one.fileno() for one in sockets[:1]], env=environment,
        ) as process:  # fmt: skip
            if sockets:
                server, client = sockets
                # Where the service dies nobody holds the socket any more, and the answer ends.
                server.close()
                with contextlib.suppress(ConnectionError):
                    while piece := client.recv(65536):
                        answer += piece
                        answered = time.monotonic_ns()
            out, err = process.communicate()
        numbers = [int(one) for one in report.read().split()]
    if process.returncode != 0 or not numbers or numbers[4] != 0:
        status = numbers[4] if numbers else "none"
        raise StartError(f"exit status {status}:\n{err.decode(errors='replace').strip()}")
    begin, end, cpu, peak, _ = numbers
    body = answer.partition(b"\r\n\r\n")[2]
    if application.serves and not body:
        raise StartError("it has not answered")
    return {
        "wall_ms": ((answered if application.serves else end) - begin) / 1e6,
        "cpu_ms": cpu / 1e3,
        "peak_kb": peak,
        "said": (body + out).decode(),
    }
