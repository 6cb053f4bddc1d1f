"""What cx_Freeze collected: a directory with executables, `lib` and whatever was included.

It keeps its places: `lib` is a directory of the archive and in sys.path, and the content of
`lib/library.zip` is there, too. What is beside the executable is at the archive's top, where
`sys.prefix` leads.
"""

from __future__ import annotations

import os
import re
import string
import zipfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from signedvfs.building.errors import BuildError
from signedvfs.building.frozen.bytecode import renewed
from signedvfs.building.frozen.directory import files_of
from signedvfs.building.frozen.frozen import Frozen
from signedvfs.building.frozen.modules import Modules, extension_name
from signedvfs.building.frozen.names import checked_path, module_of, put
from signedvfs.building.frozen.standard import REASON, Standard
from signedvfs.building.layout import ENTRY
from signedvfs.packaging.members import Item, Members
from signedvfs.packaging.native import is_object_name

if TYPE_CHECKING:
    from signedvfs.collected import Read

_LIB = "lib"
_ARCHIVE_NAME = "library.dat"  # what is in there is the name of the zip archive
_INIT, _MAIN = "__init__", "__main__"
_STARTUP = "__startup__"
_AGAIN = "Make the collection again."


def collect_cxfreeze(members: Members, path: Path, standard: Standard) -> Frozen:
    """collect_cxfreeze adds a collection to `members`, with a __main__ that runs its program.
    Raises BuildError, PackError, OSError."""
    top = path if path.is_dir() else path.parent
    library = top / _LIB
    if not library.is_dir():
        raise BuildError(
            f"{top} has no directory {_LIB}: cx_Freeze has not made it",
            "Name the directory that `build_exe` has made, or the executable in it.",
        )
    frozen = Frozen(_LIB)
    modules = Modules(str(top), standard)
    archive = _archive_of(library)
    if archive is not None:
        _add_archive(members, modules, archive)
    natives = []
    for name, file in files_of(library, members):
        if file in (archive, library / _ARCHIVE_NAME):
            continue
        if name.endswith(".pyc"):
            _add_module(members, modules, name, str(file), file.read_bytes)
        elif is_object_name(name):
            natives.append((name, file))
        elif standard.has_file(name):
            members.leave_out(str(file), REASON)
        else:
            put(members, Item(f"{_LIB}/{name}", str(file), file.read_bytes, data=True))
    for name, file in natives:
        _add_native(members, frozen, modules, standard, name, file)
    program = _program(modules, path)
    for name, file in files_of(top, members, without=_LIB):
        if _is_program(name, file, modules):
            members.leave_out(str(file), "cx_Freeze's launcher")
            continue
        put(members, Item(name, str(file), file.read_bytes, data=not is_object_name(name)))
    frozen.warnings += modules.put(members, _LIB + "/")
    text = f"from signedvfs import collected\n\ncollected.run_cxfreeze({program!r})\n"
    members.add(Item(ENTRY, f"{top}: its program", text.encode))
    return frozen


def _archive_of(library: Path) -> Path | None:
    named = library / _ARCHIVE_NAME
    name = "library.zip"
    if named.is_file():
        name = named.read_text(encoding="utf-8", errors="replace").strip()
        if "/" in name or name in ("", ".", ".."):
            raise BuildError(f"{named} names no file beside it: {name!a}", _AGAIN)
    path = library / name
    return path if path.is_file() else None


def _add_archive(members: Members, modules: Modules, path: Path) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            for info in archive.infolist():
                if info.is_dir():
                    continue
                name = checked_path(info.filename, str(path))
                origin = f"{path}/{name}"
                # All of it is small, and is read once more when it is packed.
                read = partial(bytes, archive.read(info))
                if name.endswith(".pyc"):
                    _add_module(members, modules, name, origin, read)
                else:
                    put(members, Item(f"{_LIB}/{name}", origin, read, data=True))
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError) as error:
        raise BuildError(f"{path} is no zip archive that can be read: {error}", _AGAIN) from None


def _add_module(members: Members, modules: Modules, name: str, origin: str, read: Read) -> None:
    module = module_of(name)
    if "__pycache__" in name.split("/") or not module or module == _STARTUP:
        members.leave_out(origin, "bytecode that is no module")
        return
    is_package = name.endswith("__init__.pyc") and module != name[: -len(".pyc")]
    modules.add(module, lambda: renewed(read(), origin), is_package=is_package)


def _add_native(
    members: Members,
    frozen: Frozen,
    modules: Modules,
    standard: Standard,
    name: str,
    file: Path,
) -> None:
    item = Item(f"{_LIB}/{name}", str(file), file.read_bytes)
    module = extension_name(name) if "/" not in name else None
    if module is not None and standard.names_native(module):
        frozen.dropped.append(item)
        members.leave_out(str(file), REASON)
        return
    if module is not None and modules.has(module.rpartition(".")[0]):
        # Of a package in the zip archive, and found by its dotted name.
        directory = module.rpartition(".")[0].replace(".", "/")
        base = name[len(module.rpartition(".")[0]) + 1 :]
        item = Item(f"{_LIB}/{directory}/{base}", str(file), file.read_bytes)
    put(members, item)


def _program(modules: Modules, path: Path) -> str:
    # Each program has two modules that go by the name of its executable.
    found = sorted(
        name[len(_INIT) :]
        for name in modules.names()
        if name.startswith(_INIT) and modules.has(_MAIN + name[len(_INIT) :])
    )
    if path.is_file():
        found = [name for name in found if name == _name_of(path)]
    if len(found) != 1:
        names = ", ".join(found) or "none"
        raise BuildError(
            f"{path} has to have one program of cx_Freeze, and has: {names}",
            "Name the executable: --from-cxfreeze DIRECTORY/EXECUTABLE",
        )
    return found[0]


def _name_of(executable: Path) -> str:
    # As freeze_core's __startup__ makes the name of modules.
    name = executable.name.partition(".")[0]
    others = string.whitespace + string.punctuation
    return name if name.isidentifier() else re.sub(f"[{re.escape(others)}]", "_", name)


def _is_program(name: str, file: Path, modules: Modules) -> bool:
    # Their launchers, of which this takes the place.
    if "/" in name or not os.access(file, os.X_OK) or not modules.has(_INIT + _name_of(file)):
        return False
    with file.open("rb") as content:
        return content.read(4) == b"\x7fELF"
