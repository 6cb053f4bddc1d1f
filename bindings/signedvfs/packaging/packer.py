"""pack: from sources to one reproducible, signed archive."""

from __future__ import annotations

import collections
import hashlib
import os
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Callable, Literal, NamedTuple, Union

from signedvfs import Limits, PrivateKey, SignReport, sign
from signedvfs._core import ArchiveWriter, _check_validity
from signedvfs.packaging import recording
from signedvfs.packaging.compiler import CompileError, Compiler
from signedvfs.packaging.directories import add_directory, identity
from signedvfs.packaging.entry import add_entry
from signedvfs.packaging.errors import PackError
from signedvfs.packaging.members import Item, LeftOut, Members
from signedvfs.packaging.requirements import fetch_wheels
from signedvfs.packaging.telling import told_of
from signedvfs.packaging.wheels import add_wheel

Source = Literal["keep", "strip"]
Method = Literal["stored", "deflate", "zstd"]
AnyPath = Union[str, "os.PathLike[str]"]

# Told a stage ("packing", then "signing"), and how much of how much of it is done.
Progress = Callable[[str, int, int], None]


class Uncompiled(NamedTuple):
    """Uncompiled is a .py file that was packed as it is, because it does not compile."""

    name: str
    reason: str


@dataclass(frozen=True)
class PackReport:
    """PackReport says what was packed."""

    output: str
    size: int  # of the archive, in bytes
    sha256: str  # of the archive
    members: int
    signers: list[str]  # fingerprints; none where the archive is not signed
    left_out: list[LeftOut]
    uncompiled: list[Uncompiled]
    extension_modules: list[str]  # packed as data: this version does not import them
    recorded: int = 0  # members that stand in the order in which they were read
    signed: SignReport | None = None  # what the signature says; None where there is none


def pack(
    sources: AnyPath | Sequence[AnyPath],
    output: AnyPath,
    *,
    key: PrivateKey | Sequence[PrivateKey] | None = None,
    requirements: Sequence[AnyPath] = (),
    main: str | None = None,
    source: Source = "keep",
    compression: Method = "deflate",
    level: int = 0,
    name: str | None = None,
    serial: int | None = None,
    expires: datetime | int | None = None,
    not_before: datetime | int | None = None,
    at: datetime | int | None = None,
    progress: Progress | None = None,
    exclude: Sequence[AnyPath] = (),
    index: bool | None = None,
    record: recording.Command | None = None,
    follow_links: bool = False,
    limits: Limits | None = None,
) -> PackReport:
    """pack puts directories, wheels and requirements into the archive `output`, and signs it.

    The content of a directory goes to the archive's root; a directory that is a package goes in
    under its own name. `requirements` are requirement files, resolved by pip. `main` ("module" or
    "module:function") becomes the archive's `__main__`. Each module is compiled; `source` is "keep"
    or "strip". `compression` is "stored", "deflate" or "zstd", and `level` 0 its default. Without
    `key` the archive is not signed; `index` and `at` are as for `sign`. Files in `exclude` and
    `output` itself are not packed. A symbolic link below a directory is a PackError; with
    `follow_links` it stands for what it leads to, which has to be below that directory as well.

    `record` is a command, one text or a list of words, as it would follow `python`: "-m MODULE",
    "-c CODE", a script, or the path `output` for the archive's own program, and its arguments. It
    is run once with the archive's content, under a key made for the purpose, and has to succeed.
    Members are laid out in the order in which its process read them, and the order becomes a
    member, too: `SignedVfs.order` returns it.

    `limits` are those that the archive shall keep; None: the defaults, which whoever opens it has,
    too. What compresses too well for them is compressed less.

    The same inputs give the same bytes. `output` is replaced in one step, or left as it was. Raises
    PackError where the inputs make no archive, OSError where the system fails.
    """
    target = Path(output)
    if source not in ("keep", "strip"):
        raise ValueError(f"source must be 'keep' or 'strip', not {source!r}")
    given = (name, serial, expires, not_before, at, index)
    if key is None and any(one is not None for one in given):
        raise ValueError("name, serial, expires, not_before, at and index go with a key")
    _check_validity(expires, not_before, at)  # before all the work
    words = None if record is None else recording.words_of(record, target)
    if isinstance(sources, (str, os.PathLike)):
        sources = [sources]
    with tempfile.TemporaryDirectory(prefix="signedvfs-") as wheels:
        members = Members()
        _collect(members, map(Path, sources), map(Path, [*exclude, target]), follow_links)
        for wheel in fetch_wheels([Path(path) for path in requirements], Path(wheels)):
            add_wheel(members, wheel)
        if main is not None:
            add_entry(members, main)
        items = members.settle()
        if words is not None and recording.ORDER in members.items:
            origin = members.items[recording.ORDER].origin
            raise PackError(f"{origin} has the name of the record to be made", "Remove it.")
        with tempfile.TemporaryDirectory(prefix=".signedvfs-", dir=target.parent) as unfinished:
            unsigned = target if key is None else Path(unfinished) / "unsigned.zip"
            style = _Style(source == "keep", compression, level, limits)
            order: list[str] = []
            signed: SignReport | None = None
            with told_of(target, Path(unfinished), members.items):
                if words is None:
                    count, uncompiled = _Writing(unsigned, style, progress).run(items)
                else:
                    # What is run once and thrown away need not be compressed.
                    trial = Path(unfinished) / "trial" / target.name
                    trial.parent.mkdir()
                    plain = style._replace(method="stored", level=0)
                    count, uncompiled = _Writing(trial, plain, progress).run(items)
                    recorded, order = recording.record(trial, words, limits)
                    with ArchiveWriter(unsigned, limits=limits) as archive:
                        for member, data in recording.in_recorded_order(recorded, order):
                            archive.add(member, data, method=compression, level=level)
                    count += 1
                if key is not None:
                    told = None if progress is None else _stage(progress, "signing")
                    signed = sign(
                        unsigned,
                        key,
                        output=target,
                        name=name,
                        serial=serial,
                        expires=expires,
                        not_before=not_before,
                        at=at,
                        progress=told,
                        index=index,
                        limits=limits,
                        compiled_here=True,
                    )
    return PackReport(
        output=str(target),
        size=target.stat().st_size,
        sha256=_sha256(target),
        members=count,
        signers=[] if signed is None else list(signed.signers),
        left_out=members.left_out,
        uncompiled=uncompiled,
        extension_modules=[item.name for item in items if _is_extension(item.name)],
        recorded=len(order),
        signed=signed,
    )


def _collect(
    members: Members, sources: Iterable[Path], exclude: Iterable[Path], follow_links: bool
) -> None:
    never = {identity(path.stat()) for path in exclude if path.exists()}
    for path in sources:
        if path.is_dir():
            add_directory(members, path, never, follow_links=follow_links)
        elif path.suffix == ".whl":
            add_wheel(members, path)
        else:
            path.stat()
            raise PackError(f"{path} is neither a directory nor a wheel", "See: signedvfs pack -h")


class _Style(NamedTuple):
    """_Style says how members are written."""

    keep: bool  # sources, beside what they compile to
    method: Method
    level: int
    limits: Limits | None


class _Writing:
    """_Writing compiles and writes members, in order, with a bounded number of them in memory."""

    def __init__(self, path: Path, style: _Style, progress: Progress | None) -> None:
        self._path = path
        self._style = style
        self._progress = progress
        self._uncompiled: list[Uncompiled] = []

    def run(self, items: Sequence[Item]) -> tuple[int, list[Uncompiled]]:
        if not items:
            raise PackError("there is nothing to pack", "Name a directory, a wheel, or -r FILE.")
        modules = sum(item.name.endswith(".py") for item in items)
        parallel = max(1, min(len(os.sched_getaffinity(0)), modules // 16))
        count = 0
        style = self._style
        writer = ArchiveWriter(self._path, limits=style.limits)
        with writer as archive, Compiler(parallel) as compiler:
            for done, files in enumerate(self._compiled(items, compiler, parallel), 1):
                for name, data in files:
                    archive.add(name, data, method=style.method, level=style.level)
                    count += 1
                if self._progress is not None:
                    self._progress("packing", done, len(items))
        return count, self._uncompiled

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
                module = item.name.endswith(".py")
                ahead.append((item, threads.submit(compile_item, item) if module else None))
                if len(ahead) > 2 * parallel:
                    yield take()
            while ahead:
                yield take()
        finally:
            threads.shutdown(cancel_futures=True)


def _is_extension(name: str) -> bool:
    # Wheels keep the libraries that their extension modules link below NAME.libs.
    return name.endswith((".so", ".pyd")) and ".libs/" not in name


def _stage(progress: Progress, name: str) -> Callable[[int, int], None]:
    return lambda done, total: progress(name, done, total)


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()
