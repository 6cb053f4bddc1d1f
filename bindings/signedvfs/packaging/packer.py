"""pack: from sources to one reproducible, signed archive."""

from __future__ import annotations

import importlib.util
import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Union

from signedvfs import Limits, SignReport, sign
from signedvfs._tools import ArchiveWriter, _check_validity
from signedvfs.packaging import recording
from signedvfs.packaging.entry import add_entry, script_entry
from signedvfs.packaging.errors import PackError
from signedvfs.packaging.extra_data import ExtraData, extra_data_of
from signedvfs.packaging.hashing import sha256_of
from signedvfs.packaging.members import LeftOut, Members, is_extension
from signedvfs.packaging.native import NativeReport
from signedvfs.packaging.native_packing import examine_items, strip_objects
from signedvfs.packaging.shebang import line_of, put_in_front
from signedvfs.packaging.sources import Inputs, collect
from signedvfs.packaging.stripping import Unstripped
from signedvfs.packaging.targets import target_of
from signedvfs.packaging.telling import told_of
from signedvfs.packaging.writing import (
    Method,
    Progress,
    Style,
    Uncompiled,
    Writing,
    stage_of,
)

if TYPE_CHECKING:
    from signedvfs.custody.signer import Signer

Source = Literal["keep", "strip"]
AnyPath = Union[str, "os.PathLike[str]"]


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
    extension_modules: list[str]
    recorded: int = 0  # members that stand in the order in which they were read
    signed: SignReport | None = None  # what the signature says; None where there is none
    warnings: tuple[str, ...] = ()  # what a person should know of, a text each
    native: NativeReport | None = None  # what native code needs; None where there is none
    stripped: int = 0  # bytes that were stripped from it
    unstripped: list[Unstripped] = field(default_factory=list)
    target: str | None = None  # the Python and platform, where they were named
    compiled: bool = True  # whether modules could be compiled for that Python here


def pack(
    sources: AnyPath | Sequence[AnyPath],
    output: AnyPath,
    *,
    key: Signer | Sequence[Signer] | None = None,
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
    script: str | None = None,
    shebang: str | None = None,
    without: Sequence[str] = (),
    data: Sequence[str | ExtraData] = (),
    python: str | None = None,
    platform: str | Sequence[str] = (),
    strip: bool = False,
    libraries: Sequence[str] = (),
) -> PackReport:
    """pack puts directories, wheels and requirements into the archive `output`, and signs it.

    The content of a directory goes to the archive's root; a directory that is a package goes in
    under its own name. One with a pyproject.toml that says what it builds is a project: pip builds
    its wheel (PEP 517), and resolves what that requires. `requirements` are requirement files,
    resolved by pip, or locks (uv.lock, pylock.toml), each of whose files has to have a hash; what
    projects require is then taken from the locks alone. Distributions that `without` names are
    resolved and not packed. `data` are files to be packed as they are, as `ExtraData` or as text,
    "PATH" or "PATH=TARGET": a file, a directory, or a pattern.

    `main` ("module" or "module:function") becomes the archive's `__main__`, or what the console
    script `script` of a packed distribution runs. That a function is there is checked without
    running anything: if it is missing that is a PackError, if it cannot be told a warning.
    `shebang` goes in front of the archive, signed, and makes it executable.

    Each module is compiled; `source` is "keep" or "strip". Of a module and a package of one name
    the package is packed, as it is the one that Python imports. `compression` is "stored",
    "deflate" or "zstd", and `level` 0 its default. Without `key` the archive is not signed; `index`
    and `at` are as for `sign`. Files in `exclude` and `output` itself are not packed. A symbolic
    link below a directory is a PackError; with `follow_links` it stands for what it leads to, which
    has to be below that directory as well.

    `record` is a command, one text or a list of words, as it would follow `python`: "-m MODULE",
    "-c CODE", a script, or the path `output` for the archive's own program, and its arguments. It
    is run once with the archive's content, under a key made for the purpose, and has to succeed.
    Members are laid out in the order in which its process read them, and the order becomes a
    member, too: `SignedVfs.order` returns it.

    `python` ("3.12", "3.13t") and `platform` (a tag of wheels, "manylinux_2_28_x86_64", or several)
    say what the archive is for, where that is not this Python and machine. Requirements are then
    wheels that fit by their tags, and what does not fit is a PackError. For another version of
    Python nothing is compiled, and the sources are packed alone. The report's `native` has what
    native code needs, and what would keep the importer from loading it; `libraries` are names that
    the system is going to have, and the policy to allow (`TrustPolicy(libraries=...)`), beside
    those that every Linux has. `strip` has binutils remove its debug sections. Libraries that the
    code asks for by name while it runs are noted in a member, so that the importer has them ready.

    `limits` are those that the archive shall keep; None: the defaults, which whoever opens it has,
    too. What compresses too well for them is compressed less.

    The same inputs, and versions of Python, signedvfs, libdeflate and libzstd, give the same bytes.
    `output` is replaced in one step, or left as it was. Raises PackError where the inputs make no
    archive, OSError where the system fails.
    """
    target = Path(output)
    if source not in ("keep", "strip"):
        raise ValueError(f"source must be 'keep' or 'strip', not {source!r}")
    given = (name, serial, expires, not_before, at, index)
    if key is None and any(one is not None for one in given):
        raise ValueError("name, serial, expires, not_before, at and index go with a key")
    if main is not None and script is not None:
        raise ValueError("main and script are two answers to what the archive runs")
    _check_validity(expires, not_before, at)  # before all the work
    aim = target_of(python, [platform] if isinstance(platform, str) else platform)
    compiles = aim is None or aim.is_running
    if not compiles and (source == "strip" or record is not None):
        raise PackError(
            f"what is packed for {aim} can neither be compiled nor run by this Python",
            "Keep the sources, and record nothing; or pack with that Python.",
        )
    line = b"" if shebang is None else line_of(shebang)
    words = None if record is None else recording.words_of(record, target)
    if isinstance(sources, (str, os.PathLike)):
        sources = [sources]
    inputs = Inputs(
        [Path(path) for path in sources],
        [Path(path) for path in requirements],
        [extra_data_of(one) if isinstance(one, str) else one for one in data],
        without,
        [Path(path) for path in [*exclude, target]],
        follow_links,
        aim,
    )
    with tempfile.TemporaryDirectory(prefix="signedvfs-") as work:
        members = Members()
        collect(members, inputs, Path(work))
        warnings: list[str] = []
        if script is not None:
            entry, origin = script_entry(members, script), f"the entry point of {script!r}"
            warnings = add_entry(members, entry, origin)
        elif main is not None:
            warnings = add_entry(members, main, f"the entry point {main}")
        stripped, unstripped = strip_objects(members, Path(work), aim) if strip else (0, [])
        items = members.settle(importlib.util.MAGIC_NUMBER if compiles else None)
        native, items = examine_items(members, items, aim, libraries)
        if words is not None and recording.ORDER in members.items:
            origin = members.items[recording.ORDER].origin
            raise PackError(f"{origin} has the name of the record to be made", "Remove it.")
        with tempfile.TemporaryDirectory(prefix=".signedvfs-", dir=target.parent) as unfinished:
            plain = Path(unfinished) / "unsigned.zip"
            unsigned = target if key is None and not line else plain
            style = Style(source == "keep", compiles, compression, level, limits)
            order: list[str] = []
            signed: SignReport | None = None
            with told_of(target, Path(unfinished), members.items):
                if words is None:
                    count, uncompiled = Writing(unsigned, style, progress).run(items)
                else:
                    # What is run once and thrown away need not be compressed.
                    trial = Path(unfinished) / "trial" / target.name
                    trial.parent.mkdir()
                    quick = style._replace(method="stored", level=0)
                    count, uncompiled = Writing(trial, quick, progress).run(items)
                    recorded, order = recording.record(trial, words, limits)
                    with ArchiveWriter(unsigned, limits=limits) as archive:
                        for member, content in recording.in_recorded_order(recorded, order):
                            archive.add(member, content, method=compression, level=level)
                    count += 1
                if line:
                    # Signing keeps what is in front, signs it as `@prefix`, and keeps the mode.
                    unsigned = Path(unfinished) / "executable"
                    put_in_front(line, plain, unsigned)
                if line and key is None:
                    unsigned.replace(target)
                if key is not None:
                    told = None if progress is None else stage_of(progress, "signing")
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
        sha256=sha256_of(target),
        members=count,
        signers=[] if signed is None else list(signed.signers),
        left_out=members.left_out,
        uncompiled=uncompiled,
        extension_modules=[item.name for item in items if is_extension(item.name)],
        native=native,
        stripped=stripped,
        unstripped=unstripped,
        target=None if aim is None else str(aim),
        compiled=compiles,
        recorded=len(order),
        signed=signed,
        warnings=tuple(warnings),
    )
