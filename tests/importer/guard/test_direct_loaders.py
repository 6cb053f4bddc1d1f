"""Each loader of the standard library, called on a file that is signed, changed or neither."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.importer.guard.conftest import Managed, change
from tests.importer.native.foundry import SUFFIX, extension, library, writes
from tests.importer.workshop import Workshop, pyc

WAYS = {
    "SourceFileLoader": "run(machinery.SourceFileLoader('m', root + '/m.py').get_code('m'))",
    "by location": "load(root + '/m.py')",
    "SourcelessFileLoader": "run(machinery.SourcelessFileLoader('b', root + '/b.pyc')"
    ".get_code('b'))",
    "FileFinder": "load_spec(machinery.FileFinder(root, (machinery.SourceFileLoader, ['.py']))"
    ".find_spec('m'))",
    "PathFinder": "load_spec(machinery.PathFinder.find_spec('m', [root]))",
    "run_path": "runpy.run_path(root + '/m.py')['v']",
    "run_path of bytecode": "runpy.run_path(root + '/b.pyc')['v']",
    "open_code": "run(compile(io.open_code(root + '/m.py').read(), '<m>', 'exec'))",
    "ExtensionFileLoader": f"load(root + '/good{SUFFIX}')",
    "create_dynamic": "_imp.create_dynamic(machinery.ModuleSpec('good', None, origin=root + "
    f"'/good{SUFFIX}')).value()",
    "CDLL": "text_of(ctypes.CDLL(root + '/libx.so'))",
}
if sys.version_info < (3, 15):  # it is gone there
    WAYS["load_module"] = "machinery.SourceFileLoader('m', root + '/m.py').load_module().v"
SCRIPT = """
import ctypes, importlib.machinery as machinery, importlib.util, io, runpy, warnings, _imp
warnings.simplefilter("ignore")
root = sys.path[0]
def run(code):
    space = {}
    exec(code, space)
    return space["v"]
def text_of(library):
    library.x.restype = ctypes.c_char_p
    return library.x().decode()
def load_spec(spec):
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.value() if hasattr(module, "value") else module.v
def load(path):
    name = "good" if path.endswith(".so") else "m"
    return load_spec(importlib.util.spec_from_file_location(name, path))
lock()
for name, way in ways.items():
    try:
        print(name, "->", way())
    except (Exception, signedvfs.IntegrityCheckError) as error:
        print(name, "->", type(error).__name__)
"""


def ways_in(kind: str) -> dict[str, str]:
    return {name: way for name, way in WAYS.items() if kind == "tree" or "run_path" not in name}


def script(kind: str = "tree") -> str:
    """Return what tries them all; `run_path` takes no path of a file in an archive."""
    ways = ", ".join(f"{name!r}: lambda: {text}" for name, text in ways_in(kind).items())
    return SCRIPT.replace("lock()\n", f"ways = {{{ways}}}\nlock()\n", 1)


def answers(lines: list[str]) -> dict[str, str]:
    return dict(line.split(" -> ") for line in lines)


def files(workshop: Workshop, value: str) -> dict[str, str | bytes]:
    """Return what each loader is for; what is native leaves a mark where it is opened."""
    mark = writes(workshop.directory / f"marker-{value}")
    return {
        "m.py": f"v = {value!r}\n",
        "b.pyc": pyc(f"v = {value!r}\n", filename="<b>"),
        f"good{SUFFIX}": extension("good", value, more=mark),
        "libx.so": library("x", value, more=mark),
    }


@pytest.fixture(params=["tree", "zip"])
def kind(request: pytest.FixtureRequest) -> str:
    """Where the files are."""
    return str(request.param)


def signed(workshop: Workshop, kind: str) -> Path:
    good = files(workshop, "good")
    return workshop.tree("app", good) if kind == "tree" else workshop.zip("app.zip", good)


def test_what_nobody_has_signed(workshop: Workshop, managed: Managed) -> None:
    evil = files(workshop, "evil")
    place = workshop.tree("evil", evil, sign=False)
    marker = workshop.directory / "marker-evil"
    assert set(answers(managed.locked(script(), place)).values()) == {"IntegrityCheckMissing"}
    assert not marker.exists()
    free = answers(managed.free(script(), place))
    assert set(free.values()) == {"evil"}
    assert marker.exists()


def test_what_was_changed(workshop: Workshop, managed: Managed, kind: str) -> None:
    place = signed(workshop, kind)
    marker = workshop.directory / "marker-evil"
    for name, content in files(workshop, "evil").items():
        change(place, name, content)
    locked = answers(managed.locked(script(kind), place))
    assert set(locked) == set(ways_in(kind))
    assert {name: one for name, one in locked.items() if one != "IntegrityCheckFailed"} == {}
    assert not marker.exists()


def test_what_is_signed(workshop: Workshop, managed: Managed, kind: str) -> None:
    place = signed(workshop, kind)
    locked = answers(managed.locked(script(kind), place))
    # In older versions this one reads the file without `io.open_code`; our own loaders do not.
    assert locked.pop("SourcelessFileLoader") in ("good", "IntegrityCheckMissing")
    assert set(locked.values()) == {"good"}
