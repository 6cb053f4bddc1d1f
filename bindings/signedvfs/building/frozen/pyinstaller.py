"""What PyInstaller collected: one executable, or one with a directory beside it.

Its modules lie at the archive's top, and the files of its directory `_internal` do: there
`sys._MEIPASS` leads, which is the path of the executable.
"""

from __future__ import annotations

import os
import posixpath
import re
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from signedvfs import collected
from signedvfs.building.errors import BuildError
from signedvfs.building.frozen.bytecode import refuse_version, renewed, with_header
from signedvfs.building.frozen.carchive import CArchive, Entry, read_carchive
from signedvfs.building.frozen.directory import files_of
from signedvfs.building.frozen.frozen import Frozen
from signedvfs.building.frozen.hooks import choose, is_bootstrap, warnings_of
from signedvfs.building.frozen.modules import Modules, extension_name
from signedvfs.building.frozen.names import checked_path, module_of, put
from signedvfs.building.frozen.pyz import Module, Pyz, read_pyz
from signedvfs.building.frozen.standard import REASON, Standard
from signedvfs.building.layout import ENTRY
from signedvfs.packaging.members import Item, Members
from signedvfs.packaging.native import is_object_name

if TYPE_CHECKING:
    from signedvfs.collected import Read

_FILES = "bxZ"  # kinds of entries: libraries, data, zip archives
_LINK, _MODULES, _SCRIPT, _SPLASH = "nzsl"
_CODE = "mM"  # modules and packages
_OTHER_PROGRAM = "d"
_CONTENTS = "pyi-contents-directory "
_BASE_LIBRARY = "base_library.zip"
_DYNLOAD = re.compile(r"(python3\.\d+t?/)?lib-dynload/")
_AGAIN = "Make the collection again."


def collect_pyinstaller(members: Members, path: Path, standard: Standard) -> Frozen:
    """collect_pyinstaller adds a collection to `members`, with a __main__ that runs its program.
    Raises BuildError, PackError, OSError."""
    executable, archive = _find(path)
    if archive.python != sys.version_info[0] * 100 + sys.version_info[1]:
        refuse_version(f"{archive.python // 100}.{archive.python % 100}", str(executable))
    frozen = Frozen("")
    frozen.warnings += warnings_of(archive.options)
    modules = Modules(str(executable), standard)
    taking = _Taking(members, frozen, modules, standard)
    scripts: list[Entry] = []
    is_one_file = False
    for entry in archive.entries:
        origin = f"{executable}/{entry.name}"
        if entry.kind == _SCRIPT:
            scripts.append(entry)
        elif entry.kind == _MODULES:
            _add_pyz(modules, read_pyz(archive.read(entry), origin))
        elif entry.kind in _CODE:
            if not is_bootstrap(entry.name):
                read = partial(_code_of, archive, entry)
                modules.add(entry.name, read, is_package=entry.kind == "M")
        elif entry.kind in _FILES:
            is_one_file = True
            taking.file(
                checked_path(entry.name, str(executable)), origin, partial(archive.read, entry)
            )
        elif entry.kind == _LINK:
            taking.link(checked_path(entry.name, str(executable)), archive, entry)
        elif entry.kind == _SPLASH:
            members.leave_out(origin, "a picture for PyInstaller's bootloader")
        elif entry.kind == _OTHER_PROGRAM:
            raise BuildError(
                f"{executable} has its files in another program, {entry.name}",
                "Make a collection of this program alone, without MERGE.",
            )
        else:
            raise BuildError(f"{origin} is of an unknown kind, {entry.kind!a}", _AGAIN)
    if not is_one_file:
        _add_directory(taking, executable, archive)
    taking.finish()
    frozen.warnings += modules.put(members, "")
    _add_program(members, frozen, archive, scripts)
    return frozen


class _Taking:
    # Takes the files of a collection, wherever they lie.
    def __init__(
        self, members: Members, frozen: Frozen, modules: Modules, standard: Standard
    ) -> None:
        self.members = members
        self._frozen = frozen
        self._modules = modules
        self._standard = standard
        self._links: list[tuple[str, str]] = []

    def file(self, name: str, origin: str, read: Read) -> None:
        members = self.members
        is_native = is_object_name(name)
        if name == _BASE_LIBRARY or (not is_native and self._standard.has_file(name)):
            members.leave_out(origin, REASON)
            return
        if name.endswith(".pyc"):
            self._pyc(name, origin, read)
            return
        # What stands there as a source is there to be read: PyInstaller compiles what is imported.
        item = Item(name, origin, read, data=not is_native)
        base = _DYNLOAD.sub("", name)
        module = extension_name(base) if is_native and "/" not in base else None
        if module is not None and self._standard.names_native(module):
            self._frozen.dropped.append(item)
            members.leave_out(origin, REASON)
        else:
            put(members, item)

    def link(self, name: str, archive: CArchive, entry: Entry) -> None:
        target = archive.read(entry).rstrip(b"\0").decode("utf-8", "replace")
        target = posixpath.join(posixpath.dirname(name), target)
        self._links.append((name, posixpath.normpath(target)))

    def finish(self) -> None:
        for name, target in self._links:
            item = self.members.items.get(target)
            if item is None:
                raise BuildError(f"{name} is a link to {target!a}, which is not there", _AGAIN)
            if is_object_name(name) and Path(name).name == Path(target).name:
                self.members.leave_out(name, f"a link to {target}")
            else:
                put(self.members, Item(name, item.origin, item.read, item.data))

    def _pyc(self, name: str, origin: str, read: Read) -> None:
        # Where PyInstaller was told not to make an archive of modules.
        module = module_of(name)
        if "__pycache__" in name.split("/") or not module:
            self.members.leave_out(origin, "bytecode that is no module")
            return
        is_package = name.endswith("__init__.pyc")
        self._modules.add(module, lambda: renewed(read(), origin), is_package=is_package)


def _find(path: Path) -> tuple[Path, CArchive]:
    if path.is_file():
        archive = _archive_of(path)
        if archive is None:
            raise BuildError(
                f"{path} is no executable of PyInstaller",
                "Name the executable that it has made, or the directory where that is.",
            )
        return path, archive
    found = []
    for one in sorted(path.iterdir()):
        if one.is_file() and os.access(one, os.X_OK):
            archive = _archive_of(one)
            if archive is not None:
                found.append((one, archive))
    if len(found) != 1:
        names = ", ".join(one.name for one, _ in found) or "none"
        raise BuildError(
            f"{path} has to have one executable of PyInstaller, and has: {names}",
            "Name the executable: --from-pyinstaller DIRECTORY/EXECUTABLE",
        )
    return found[0]


def _archive_of(path: Path) -> CArchive | None:
    archive = read_carchive(path)
    beside = path.with_name(path.name + ".pkg")
    return read_carchive(beside) if archive is None and beside.is_file() else archive


def _add_directory(taking: _Taking, executable: Path, archive: CArchive) -> None:
    named = [one[len(_CONTENTS) :] for one in archive.options if one.startswith(_CONTENTS)]
    # Before PyInstaller 6 everything was beside the executable.
    directory = executable.parent / (named[-1] if named else ".")
    if not directory.is_dir():
        raise BuildError(
            f"{executable} has its files in {directory}, which is not there",
            "Name the executable where PyInstaller has put it.",
        )
    for name, path in files_of(directory, taking.members):
        if path != executable and path != executable.with_name(executable.name + ".pkg"):
            taking.file(name, str(path), path.read_bytes)


def _add_pyz(modules: Modules, pyz: Pyz) -> None:
    for one in pyz.modules:
        if not is_bootstrap(one.name) or one.name == "struct":
            modules.add(one.name, partial(_module_code, pyz, one), is_package=one.is_package)


def _module_code(pyz: Pyz, module: Module) -> bytes:
    return with_header(pyz.read(module), f"{pyz.origin}: {module.name}")


def _code_of(archive: CArchive, entry: Entry) -> bytes:
    return with_header(archive.read(entry), f"{archive.path}/{entry.name}")


def _add_program(
    members: Members, frozen: Frozen, archive: CArchive, scripts: Sequence[Entry]
) -> None:
    chosen = choose([one.name for one in scripts])
    for name, reason in chosen.left_out.items():
        members.leave_out(f"{archive.path}/{name}", reason)
    if not chosen.scripts:
        raise BuildError(f"{archive.path} has no program", _AGAIN)
    frozen.warnings += chosen.warnings
    by_name = {one.name: one for one in scripts}
    names = []
    for number, name in enumerate(chosen.scripts):
        # No module of the application has such a name, and the order is seen.
        names.append(f"{number:02}_" + re.sub(r"\W", "_", name))
        read = partial(_code_of, archive, by_name[name])
        path = f"{collected.SCRIPTS}/{names[-1]}.pyc"
        members.add(Item(path, f"{archive.path}/{name}", read))
    text = (
        "from signedvfs import collected\n\n"
        f"collected.run_pyinstaller(globals(), {names!r}, {chosen.has_setuptools!r})\n"
    )
    members.add(Item(ENTRY, f"{archive.path}: its program", text.encode))
