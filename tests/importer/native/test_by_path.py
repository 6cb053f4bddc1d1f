"""Libraries of an archive for ctypes: by their virtual path, by name, and by find_library."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from tests.importer.native.conftest import App, Child
from tests.importer.native.foundry import SUFFIX, extension, library, writes
from tests.importer.workshop import Files, Workshop

SAY = "libsay-1f2e3d4c.so.3"

START = """
import ctypes, ctypes.util, os, pkg
signedvfs.open_doors()
base = os.path.dirname(os.path.dirname(pkg.__file__))
def said(library):
    library.say.restype = ctypes.c_char_p
    return library.say().decode()
"""


@pytest.fixture
def path(app: App) -> Path:
    return app({"pkg/__init__.py": "", f"pkg.libs/{SAY}": library("say", "bundled", soname=SAY)})


@pytest.mark.parametrize(
    "given",
    [
        f'f"{{base}}/pkg.libs/{SAY}"',
        f'f"{{base}}/pkg/../pkg.libs/./{SAY}"',
        f'os.path.abspath(f"{{base}}/pkg.libs/{SAY}")',
        f"{SAY!r}",
        "ctypes.util.find_library('say')",
    ],
)
def test_is_loaded_from_sealed_memory(child: Child, path: Path, given: str) -> None:
    script = f"{START}print(said(ctypes.CDLL({given})))\nprint(open('/proc/self/maps').read())"
    out = child.run(script, path).splitlines()
    assert out[0] == "bundled"
    assert any(f"/memfd:app.zip/pkg.libs/{SAY}" in line for line in out)


def test_is_one_library_whatever_it_is_asked_by(child: Child, path: Path) -> None:
    script = f"""{START}
by_name = ctypes.CDLL({SAY!r})
by_path = ctypes.CDLL(f"{{base}}/pkg.libs/{SAY}", mode=ctypes.RTLD_GLOBAL)
print(by_name._handle == by_path._handle, by_path._name == f"{{base}}/pkg.libs/{SAY}")
print(said(ctypes.CDLL(None)))
"""
    assert child.run(script, path) == "True True\nbundled\n"


def test_find_library_goes_on_to_the_system(child: Child, path: Path) -> None:
    script = f"""{START}
print(ctypes.util.find_library("say") == os.path.abspath(f"{{base}}/pkg.libs/{SAY}"))
print(ctypes.util.find_library("nothing-of-the-kind"))
signedvfs.close_doors()
print(ctypes.util.find_library("say"))
"""
    assert child.run(script, path) == "True\nNone\nNone\n"


def test_a_planted_library_is_not_taken(child: Child, path: Path, tmp_path: Path) -> None:
    marker = tmp_path / "ran"
    planted = tmp_path / "planted"
    planted.mkdir()
    (planted / SAY).write_bytes(library("say", "planted", soname=SAY, more=writes(marker)))
    script = f"{START}os.chdir({str(planted)!r})\nprint(said(ctypes.CDLL({SAY!r})))"
    environment = {"LD_LIBRARY_PATH": str(planted)}
    assert child.run(script, path.absolute(), environment=environment) == "bundled\n"
    assert not marker.exists()


def test_a_changed_library_never_runs(workshop: Workshop, child: Child, tmp_path: Path) -> None:
    marker = tmp_path / "ran"
    genuine = library("say", "genuine", soname=SAY, more=writes(marker))
    files: Files = {"pkg/__init__.py": "", f"pkg.libs/{SAY}": genuine}
    path = workshop.zip("app.zip", files, compression=0)
    path.write_bytes(path.read_bytes().replace(b"genuine", b"forgery"))
    script = f"""{START}
try:
    ctypes.CDLL(f"{{base}}/pkg.libs/{SAY}")
except signedvfs.IntegrityCheckFailed as error:
    print(error.member)
"""
    assert child.run(script, path) == f"pkg.libs/{SAY}\n"
    assert not marker.exists()


def test_an_extension_module_by_its_path(child: Child, app: App) -> None:
    """As importlib.util.spec_from_file_location has it."""
    path = app({"pkg/__init__.py": "", f"pkg/_m{SUFFIX}": extension("_m", "by its path")})
    script = f"""{START}
import importlib.util
place = f"{{base}}/pkg/_m{SUFFIX}"
module = importlib.util.module_from_spec(importlib.util.spec_from_file_location("_m", place))
print(module.value(), module.__file__ == place)
"""
    assert child.run(script, path) == "by its path True\n"


@pytest.mark.parametrize("other", ["text.txt", f"other/_m{SUFFIX}"])
def test_a_descriptor_whose_number_came_back(workshop: Workshop, child: Child, other: str) -> None:
    """What was loaded is not looked up by the number of the memory that it was loaded from.

    Threads that read ahead open files of the same directory, and get that number.
    """
    place = workshop.tree(
        "app",
        {
            "pkg/__init__.py": "",
            f"_m{SUFFIX}": extension("_m", "meant"),
            f"other/_m{SUFFIX}": extension("_m", "another"),
            "text.txt": "text",
        },
    )
    script = f"""{START}
import importlib.util
from importlib.machinery import ModuleSpec
libc = ctypes.CDLL(None, use_errno=True)
found = importlib.util.find_spec("_m")
taken = []
class Spec(ModuleSpec):
    def __setattr__(self, name, value):
        if name == "origin" and str(value).startswith("/proc/"):
            number = int(value.rpartition("/")[2])
            try:
                os.fstat(number)
            except OSError:
                taken.append(number)
            libc.dup2(libc.open({str(place / other).encode()!r}, os.O_RDONLY), number)
        super().__setattr__(name, value)
spec = Spec("_m", found.loader, origin=found.origin)
module = found.loader.create_module(spec)
found.loader.exec_module(module)
print(module.value(), len(taken))
"""
    assert child.run(script, place) == "meant 1\n"


def test_two_archives_with_a_library_of_one_name(workshop: Workshop, child: Child) -> None:
    """Nobody can tell which is meant by the name alone; their paths are two libraries."""
    paths = [
        workshop.zip(
            f"{name}.zip",
            {f"{name}.py": "", f"{name}.libs/libsay.so": library("say", name, soname=f"lib{name}")},
        )
        for name in ("one", "two")
    ]
    script = """
import ctypes, os, one, two
signedvfs.open_doors()
for module in (one, two):
    library = ctypes.CDLL(f"{os.path.dirname(module.__file__)}/{module.__name__}.libs/libsay.so")
    library.say.restype = ctypes.c_char_p
    print(library.say().decode())
try:
    ctypes.CDLL("libsay.so")
except OSError as error:
    print("cannot open shared object file" in str(error))
"""
    assert child.run(script, *paths) == "one\ntwo\nTrue\n"


@pytest.mark.skipif(
    not hasattr(sqlite3.Connection, "load_extension"),
    reason="this Python has no extensions of SQLite",
)
def test_an_extension_of_sqlite(child: Child, app: App) -> None:
    code = "int sqlite3_extension_init(void* database, char** error, void* api) { return 0; }"
    path = app({"pkg/__init__.py": "", "pkg/ext.so": library("say", "loaded", more=code)})
    script = f"""{START}
import sqlite3
connection = sqlite3.connect(":memory:")
connection.enable_load_extension(True)
connection.load_extension(f"{{base}}/pkg/ext.so")
connection.close()
print("/memfd:app.zip/pkg/ext.so" in open("/proc/self/maps").read())
"""
    assert child.run(script, path) == "True\n"
