"""A server that the demonstration starts, and that ends when its input does."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple


class Server(NamedTuple):
    """Server is one that answers: its process, and where."""

    process: int
    url: str


@contextmanager
def serving(command: Sequence[str], directory: Path | None = None) -> Iterator[Server]:
    """Start a server that prints its address first, and end it."""
    server = subprocess.Popen(
        command, cwd=directory,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert server.stdin and server.stdout and server.stderr
    try:
        url = server.stdout.readline().strip()
        if not url:
            sys.exit(f"demo: the server did not start:\n{server.stderr.read()}")
        yield Server(server.pid, url)
    finally:
        server.stdin.close()
        server.wait(timeout=30)
