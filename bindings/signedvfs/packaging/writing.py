"""Writing members: compiled, in order, with a bounded number of them in memory."""

from __future__ import annotations

import collections
import os
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Callable, Literal, NamedTuple

from signedvfs import Limits
from signedvfs._tools import ArchiveWriter
from signedvfs.packaging.compiler import CompileError, Compiler
from signedvfs.packaging.errors import PackError
from signedvfs.packaging.members import Item

Method = Literal["stored", "deflate", "zstd"]

# Told a stage ("packing", then "signing"), and how much of how much of it is done.
Progress = Callable[[str, int, int], None]


class Uncompiled(NamedTuple):
    """Uncompiled is a .py file that was packed as it is, because it does not compile."""

    name: str
    reason: str


class Style(NamedTuple):
    """Style says how members are written."""

    keep: bool  # sources, beside what they compile to
    compiles: bool
    method: Method
    level: int
    limits: Limits | None
    stored: frozenset[str] = frozenset()  # members that are not compressed, whatever the method

    def add(self, archive: ArchiveWriter, name: str, data: bytes) -> None:
        """add writes a member so."""
        if name in self.stored:
            archive.add(name, data, method="stored", level=0)
        else:
            archive.add(name, data, method=self.method, level=self.level)


class Writing:
    """Writing compiles and writes members, in order, with a bounded number of them in memory."""

    def __init__(self, path: Path, style: Style, progress: Progress | None) -> None:
        self._path = path
        self._style = style
        self._progress = progress
        self._uncompiled: list[Uncompiled] = []

    def run(self, items: Sequence[Item]) -> tuple[int, list[Uncompiled]]:
        """run writes them all; it returns how many members there are, and what does not compile."""
        if not items:
            raise PackError("there is nothing to pack", "Name a directory, a wheel, or -r FILE.")
        modules = sum(map(self._is_module, items))
        parallel = max(1, min(len(os.sched_getaffinity(0)), modules // 16))
        count = 0
        style = self._style
        writer = ArchiveWriter(self._path, limits=style.limits)
        with writer as archive, Compiler(parallel) as compiler:
            for done, files in enumerate(self._compiled(items, compiler, parallel), 1):
                for name, data in files:
                    style.add(archive, name, data)
                    count += 1
                if self._progress is not None:
                    self._progress("packing", done, len(items))
        return count, self._uncompiled

    def _is_module(self, item: Item) -> bool:
        return self._style.compiles and item.name.endswith(".py") and not item.data

    def _compiled(
        self, items: Iterable[Item], compiler: Compiler, parallel: int
    ) -> Iterator[list[tuple[str, bytes]]]:
        ahead: collections.deque[tuple[Item, Future[tuple[bytes, bytes | str]] | None]]
        ahead = collections.deque()

        def compile_item(item: Item) -> tuple[bytes, bytes | str]:
            text = item.read()
            try:
                return text, compiler.pyc(item.name, text)
            except CompileError as error:
                return text, str(error)

        def take() -> list[tuple[str, bytes]]:
            item, future = ahead.popleft()
            if future is None:
                return [(item.name, item.read())]
            text, code = future.result()
            if isinstance(code, str):
                self._uncompiled.append(Uncompiled(item.name, code))
                return [(item.name, text)]
            return [(item.name, text)] * self._style.keep + [(item.name + "c", code)]

        threads = ThreadPoolExecutor(parallel)
        try:
            for item in items:
                module = self._is_module(item)
                ahead.append((item, threads.submit(compile_item, item) if module else None))
                if len(ahead) > 2 * parallel:
                    yield take()
            while ahead:
                yield take()
        finally:
            threads.shutdown(cancel_futures=True)


def stage_of(progress: Progress, name: str) -> Callable[[int, int], None]:
    """stage_of returns what the stage `name` tells how far it is."""
    return lambda done, total: progress(name, done, total)
