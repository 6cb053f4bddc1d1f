"""Members in the order in which the executable itself reads them, found by running it once."""

from __future__ import annotations

import os
import shlex
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from signedvfs import PrivateKey, TrustPolicy, _tools, sign
from signedvfs._tools import ArchiveWriter
from signedvfs.building.executable import put_together
from signedvfs.building.layout import LAUNCH
from signedvfs.packaging.commands import run_quietly
from signedvfs.packaging.compiler import Compiler
from signedvfs.packaging.errors import PackError
from signedvfs.packaging.members import Item
from signedvfs.packaging.recording import ORDER, Command, recorded_in
from signedvfs.packaging.writing import Progress, Style, Uncompiled, Writing

_FIRST = Path(__file__).with_name("record_first.py")


class Trial(NamedTuple):
    """Trial is what is run, and how: nobody else ever gets it."""

    words: Sequence[str]  # of the command line, behind the executable
    launcher: bytes  # as it is installed
    rules: TrustPolicy  # that the result is going to have
    library: str  # the standard library's member
    path: Path  # where it stands while it runs; its directory is made
    hardened: bool


def arguments_of(command: Command) -> list[str]:
    """arguments_of cuts `command` into what stands behind the executable. Raises PackError."""
    try:
        return shlex.split(command) if isinstance(command, str) else [*command]
    except ValueError as error:
        raise PackError(
            f"{command!r} is no command line: {error}",
            "Give what follows the executable: --record '--version'.",
        ) from None


def check_order_is_free(items: Sequence[Item]) -> None:
    """check_order_is_free raises PackError where a member has the name of the record."""
    for item in items:
        if item.name == ORDER:
            raise PackError(f"{item.origin} has the name of the record to be made", "Remove it.")


def write_recorded(
    plain: Path, items: Sequence[Item], style: Style, progress: Progress | None, trial: Trial
) -> list[Uncompiled]:
    """write_recorded writes the archive `plain`, as Writing does, with its members in the order in
    which `trial` reads them, and the order as the last one. It returns what does not compile.

    The libraries that the launcher loads before it starts Python are not part of the order: by it
    members are read ahead, and nobody asks for these any more. Raises PackError where the trial
    does not succeed, and what Writing does.
    """
    check_order_is_free(items)
    trial.path.parent.mkdir()
    compiled = plain.with_name("compiled.zip")
    # What is run once and thrown away need not be compressed.
    _, uncompiled = Writing(compiled, style._replace(method="stored", level=0), progress).run(items)
    with zipfile.ZipFile(compiled) as archive:
        names = [name for name in archive.namelist() if not name.endswith("/")]
        order = _order_of(archive, names, items, style, trial, plain.parent)
        with ArchiveWriter(plain, limits=style.limits) as output:
            for name in (*order, *sorted({*names} - {*order})):
                style.add(output, name, archive.read(name))
            style.add(output, ORDER, "".join(f"{name}\n" for name in order).encode())
    compiled.unlink()
    return uncompiled


def _order_of(
    archive: zipfile.ZipFile,
    names: Sequence[str],
    items: Sequence[Item],
    style: Style,
    trial: Trial,
    work: Path,
) -> list[str]:
    unsigned, log = work / "trial.zip", work / "log"
    path = os.path.realpath(trial.path)
    first = f"{trial.library}/encodings/__init__.py"
    with ArchiveWriter(unsigned, limits=style.limits) as output:
        for name in names:
            replaced = name == first + "c"
            content = _recording(first, items, path, log) if replaced else archive.read(name)
            output.add(name, content, method="stored", level=0)
    key = PrivateKey.generate()  # nobody else ever trusts it
    rules = TrustPolicy(
        key.public_key,
        libraries=trial.rules.libraries,
        preloads=trial.rules.preloads,
        library_directory=trial.rules.library_directory,
    )
    launcher = _tools._patch_launcher(
        trial.launcher, rules, shows_info=False, verifies_all=False, hardened=trial.hardened
    )
    put_together(launcher, unsigned, trial.path)
    unsigned.unlink()
    sign(trial.path, key, limits=style.limits, compiled_here=True)
    done = run_quietly([path, *trial.words])
    trial.path.unlink()
    # What is read before the first module comes.
    return [LAUNCH, first + "c", *recorded_in(log, done, "executable")]


def _recording(name: str, items: Sequence[Item], path: str, log: Path) -> bytes:
    source = next(item for item in items if item.name == name).read()
    call = f"\nnote_what_is_read({path!r}, {str(log.absolute())!r})\n"
    with Compiler(1) as compiler:
        return compiler.pyc(name, _FIRST.read_bytes() + call.encode() + source)
