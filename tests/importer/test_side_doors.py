"""Functions that would go past the finder: ours where they are, and no harm where they are not."""

from __future__ import annotations

import functools
import importlib
import importlib.util
import sys
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import signedvfs
from tests.importer.workshop import Importing, Python, Workshop

PATH_FINDER: Any = importlib.import_module("_frozen_importlib_external").PathFinder
NAME = "find_distributions"
FILES: dict[str, bytes | str] = {
    "app/__init__.py": "TAG = 'GOOD'\n",
    "app/data.txt": "GOOD",
    "ns/data.txt": "GOOD",
    "app-1.dist-info/METADATA": "Metadata-Version: 2.1\nName: app\nVersion: 1\n",
    "app-1.dist-info/entry_points.txt": "[console_scripts]\ngood = app:main\n",
    "app-1.dist-info/RECORD": "app/__init__.py,,\napp/data.txt,,\n",
}
EVIL = {name: str(text).replace("GOOD", "EVIL") for name, text in FILES.items()} | {
    "app-1.dist-info/METADATA": "Metadata-Version: 2.1\nName: app\nVersion: 6.6.6\n",
    "app-1.dist-info/entry_points.txt": "[console_scripts]\nevil = app:main\n",
}


@pytest.fixture
def path_finder() -> Any:
    """PathFinder, put back as it was."""
    stored = PATH_FINDER.__dict__.get(NAME)
    yield PATH_FINDER
    if stored is not None:
        setattr(PATH_FINDER, NAME, stored)


def versions(path: Path) -> list[str]:
    return [one.version for one in metadata.distributions(path=[str(path)])]


# What others may have put in the place of PathFinder.find_distributions, each finding nothing.
def nothing(*_: object, **__: object) -> list[object]:
    return []


class CallableObject:
    def __call__(self, *_: object, **__: object) -> list[object]:
        return []


class Bad:
    """Bad is a descriptor that gives nobody anything."""

    def __get__(self, *_: object) -> object:
        raise LookupError("not yours")


REPLACEMENTS: dict[str, Callable[[], object]] = {
    "function": lambda: staticmethod(nothing),
    "classmethod": lambda: classmethod(nothing),
    "plain function": lambda: nothing,
    "partial": lambda: functools.partial(nothing),
    "partialmethod": lambda: functools.partialmethod(nothing),
    "object": CallableObject,
    "built-in": lambda: dict,
    "bound method": lambda: [].__class__,
    "None": lambda: None,
    "text": lambda: "gone",
    "property": lambda: property(nothing),
    "bad descriptor": Bad,
}


@pytest.mark.parametrize("replacement", REPLACEMENTS.values(), ids=REPLACEMENTS)
def test_a_replaced_door_breaks_no_import(
    workshop: Workshop, importing: Importing, path_finder: Any, replacement: Callable[[], object]
) -> None:
    setattr(path_finder, NAME, replacement())
    importing.put(workshop.zip("app.zip", FILES))
    assert importing.module("app").TAG == "GOOD"


@pytest.mark.parametrize("name", ["function", "classmethod", "partial", "object"])
def test_what_replaced_a_door_is_asked_for_what_is_not_ours(
    workshop: Workshop, importing: Importing, path_finder: Any, name: str
) -> None:
    setattr(path_finder, NAME, REPLACEMENTS[name]())
    path = workshop.zip("app.zip", FILES)
    importing.put(path)
    importing.module("app")  # the hook is asked, and finds the door open
    assert versions(path) == ["1"]
    assert not [one for one in metadata.distributions() if one.metadata["Name"] == "pytest"]


def test_a_missing_door_is_a_closed_one(
    workshop: Workshop, importing: Importing, path_finder: Any
) -> None:
    delattr(path_finder, NAME)
    path = workshop.zip("app.zip", FILES)
    importing.put(path)
    assert importing.module("app").TAG == "GOOD"
    assert not list(metadata.distributions())


def test_a_door_is_closed_once(importing: Importing, path_finder: Any, workshop: Workshop) -> None:
    guard = path_finder.__dict__[NAME]
    for number in range(3):
        importing.put(workshop.zip(f"a{number}.zip", {f"a{number}.py": ""}))
        importing.module(f"a{number}")
    assert path_finder.__dict__[NAME] is guard


DELETED = """
import importlib.util, sys
for name in {modules!r}:
    importlib.import_module(name)
for module, owner, name in {doors!r}:
    place = sys.modules[module]
    place = getattr(place, owner) if owner else place
    if name in vars(place):  # importlib_metadata has deleted the first one itself
        delattr(place, name)
import signedvfs
signedvfs.trust(signedvfs.PublicKey.load({public!r}))
sys.path_hooks.insert(0, signedvfs.hook)
sys.path.insert(0, {path!r})
import app, ns, json, colorsys
assert app.TAG == 'GOOD'
"""
OUTER = "NamespaceLoader" if sys.version_info >= (3, 11) else "_NamespaceLoader"
DOORS = [
    ("_frozen_importlib_external", "PathFinder", NAME),
    ("importlib.metadata", "FastPath", "search"),
    ("importlib.metadata", "", "FastPath"),
    ("multiprocessing.spawn", "", "get_preparation_data"),
    ("multiprocessing.forkserver", "ForkServer", "ensure_running"),
    ("multiprocessing.forkserver", "", "ForkServer"),
    ("importlib_metadata", "FastPath", "search"),
    ("importlib_metadata", "", "FastPath"),
    ("importlib_resources.readers", "ZipReader", "files"),
    ("importlib_resources.readers", "NamespaceReader", "__init__"),
    ("importlib_resources.readers", "", "NamespaceReader"),
]
if sys.version_info >= (3, 10):
    DOORS.append(("_frozen_importlib_external", OUTER, "get_resource_reader"))
else:
    DOORS.append(("importlib._common", "", "fallback_resources"))


@pytest.mark.parametrize("door", [[one] for one in DOORS] + [DOORS[:2] + DOORS[6:7]], ids=str)
def test_any_door_may_be_missing(
    workshop: Workshop, python: Python, door: list[tuple[str, str, str]]
) -> None:
    path = workshop.zip("app.zip", {**FILES, "ns/data.txt": "GOOD"})
    modules = [name for name, _, _ in door if not name.startswith("_frozen")]
    python(
        DELETED.format(
            modules=["importlib", *modules],
            doors=door,
            public=str(workshop.public_path),
            path=str(path),
        ),
        hook=False,
    )


# M1: importlib_metadata and importlib_resources, loaded at any time, from anywhere
BEFORE = "import importlib_metadata, importlib_resources, importlib_resources.readers\n"
USE = """
import sys, signedvfs
signedvfs.trust(signedvfs.PublicKey.load({public!r}))
sys.path_hooks.insert(0, signedvfs.hook)
"""
BACKPORT = """
{use}
import importlib_metadata as m, importlib.metadata as stdlib
from pathlib import Path
sys.path.append({path!r})
def ask(what):
    try:
        print(what())
    except signedvfs.IntegrityCheckError:
        print("REFUSED")
P = {path!r}
for lib in (m, stdlib):
    ask(lambda: lib.version("app"))
    ask(lambda: lib.distribution("app").read_text("entry_points.txt").split()[1])
    ask(lambda: [str(f) for f in lib.files("app")])
    ask(lambda: [d.version for d in lib.distributions(path=[P])])
    ask(lambda: [d.version for d in lib.distributions(path=[Path(P)])])
    ask(lambda: [d.version for d in lib.MetadataPathFinder.find_distributions(
        lib.DistributionFinder.Context(path=[P]))])
    ask(lambda: [d.version for d in lib.MetadataPathFinder().find_distributions(
        lib.DistributionFinder.Context(path=[P], name="app"))])
    ask(lambda: [str(p) for p in lib.FastPath(P).search(lib.Prepared("app"))])
ask(lambda: [e.name for e in m.entry_points(group="console_scripts") if e.value == "app:main"])
"""


def backport(
    workshop: Workshop, python: Python, path: Path | str, when: str, script: str = BACKPORT
) -> list[str]:
    use = USE.format(public=str(workshop.public_path))
    first, late = {
        "after the hook": (use, ""),
        "before the hook": (BEFORE + use, ""),
        # Used, too: it keeps what it has found.
        "used before": (
            f"import sys\nsys.path.insert(0, {str(path)!r})\n{BEFORE}"
            f"list(importlib_metadata.distributions()); import importlib.metadata\n"
            f"list(importlib.metadata.distributions()); sys.path.remove({str(path)!r})\n" + use,
            "",
        ),
        "hook asked for late": ("import sys\n" + BEFORE, use),
    }[when]
    return python(first + script.format(path=str(path), use=late), hook=False).stdout.splitlines()


WHEN = ["after the hook", "before the hook", "used before", "hook asked for late"]


@pytest.mark.parametrize("when", WHEN)
def test_the_backport_answers_with_what_is_signed(
    workshop: Workshop, python: Python, when: str
) -> None:
    path = workshop.zip("app.zip", FILES)
    info = f"{path}/app-1.dist-info"
    one = ["1", "good", "['app/__init__.py', 'app/data.txt']", *["['1']"] * 4, f"['{info}']"]
    assert backport(workshop, python, path, when) == [*one, *one, "['good']"]


@pytest.mark.parametrize("when", WHEN)
@pytest.mark.parametrize("kind", ["unsigned", "foreign"])
def test_the_backport_refuses_what_is_not(
    workshop: Workshop, python: Python, when: str, kind: str
) -> None:
    if kind == "unsigned":
        path = workshop.plain_zip("app.zip", EVIL)
    else:
        path = workshop.zip("app.zip", EVIL, key=signedvfs.PrivateKey.generate())
    assert set(backport(workshop, python, path, when)) == {"REFUSED"}


def test_the_backport_does_not_see_what_was_changed(workshop: Workshop, python: Python) -> None:
    path = workshop.zip("app.zip", FILES, compression=0)
    content = path.read_bytes()
    path.write_bytes(content.replace(b"good = app:main", b"evil = app:main"))
    out = "\n".join(backport(workshop, python, path, "before the hook"))
    assert "evil" not in out
    assert "REFUSED" in out


def test_the_backport_in_a_signed_directory(workshop: Workshop, python: Python) -> None:
    # K1: what was added to it later does not exist
    path = workshop.tree("app", FILES)
    added = path / "evil-6.dist-info"
    added.mkdir()
    (added / "METADATA").write_text("Name: evil\nVersion: 6.6.6\n")
    script = BACKPORT + (
        "signedvfs.hook.protect(P)\n"
        "print([d.metadata['Name'] for lib in (m, stdlib) for d in lib.distributions(path=[P])])\n"
    )
    assert backport(workshop, python, path, "before the hook", script)[-1] == "['app', 'app']"


def test_the_backport_below_a_prefix(workshop: Workshop, python: Python) -> None:
    path = workshop.zip("app.zip", {f"lib/{name}": text for name, text in FILES.items()})
    assert backport(workshop, python, f"{path}/lib", "before the hook")[0] == "1"


def test_plain_directories_are_left_to_the_backport(workshop: Workshop, python: Python) -> None:
    path = workshop.tree("site", FILES, sign=False)
    out = backport(workshop, python, path, "after the hook")
    assert out[0] == "1"
    assert "REFUSED" not in out


def test_copies_of_the_backport_are_guarded(workshop: Workshop, python: Python) -> None:
    # Packages carry it under their own names, as setuptools did.
    spec = importlib.util.find_spec("importlib_metadata")
    assert spec is not None and spec.origin is not None
    source = Path(spec.origin).parent
    for module in source.rglob("*.py"):
        target = workshop.directory / "vendor/importlib_metadata" / module.relative_to(source)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(module.read_text())
    (workshop.directory / "vendor/__init__.py").write_text("")
    path = workshop.plain_zip("app.zip", EVIL)
    for first in ("", "import vendor.importlib_metadata\n"):
        out = python(
            f"import sys; sys.path.insert(0, {str(workshop.directory)!r})\n"
            + first
            + USE.format(public=str(workshop.public_path))
            + f"import vendor.importlib_metadata as m\ntry:\n"
            f"    print([d.version for d in m.distributions(path=[{str(path)!r}])])\n"
            "except signedvfs.IntegrityCheckError: print('REFUSED')",
            hook=False,
        ).stdout
        assert out == "REFUSED\n"


RESOURCES = """
{use}
import importlib_resources as r
sys.path.append({path!r})
def ask(what):
    try:
        print(what())
    except signedvfs.IntegrityCheckError:
        print("REFUSED")
ask(lambda: (r.files("app") / "data.txt").read_text())
ask(lambda: (r.files("ns") / "data.txt").read_text())
ask(lambda: sorted(p.name for p in r.files("ns").iterdir()))
from importlib_resources import readers
def zip_reader():
    import app
    return readers.ZipReader(app.__loader__, "app").files().joinpath("data.txt").read_text()
def namespace_reader():
    import ns
    return readers.NamespaceReader(ns.__path__).files().joinpath("data.txt").read_text()
ask(zip_reader)
ask(namespace_reader)
def as_file():
    with r.as_file(r.files("app") / "data.txt") as path:
        return path.read_text()
ask(as_file)
"""


@pytest.mark.parametrize("when", WHEN)
def test_the_backport_of_resources(workshop: Workshop, python: Python, when: str) -> None:
    path = workshop.zip("app.zip", FILES, compression=0)
    expected = ["GOOD", "GOOD", "['data.txt']", "GOOD", "GOOD", "GOOD"]
    assert backport(workshop, python, path, when, RESOURCES) == expected
    content = path.read_bytes()
    path.write_bytes(content.replace(b"GOODPK", b"EVILPK"))
    out = backport(workshop, python, path, when, RESOURCES)
    assert "EVIL" not in "".join(out)
    assert out.count("REFUSED") == 5


@pytest.mark.parametrize("when", WHEN)
def test_the_backport_of_resources_and_unsigned_archives(
    workshop: Workshop, python: Python, when: str
) -> None:
    path = workshop.plain_zip("app.zip", EVIL)
    assert set(backport(workshop, python, path, when, RESOURCES)) == {"REFUSED"}


def test_nothing_is_left_of_the_watch(importing: Importing, workshop: Workshop) -> None:
    # Also where the watched module comes out of an archive of ours.
    importing.put(
        workshop.zip("app.zip", {"v/__init__.py": "", "v/importlib_metadata.py": "class FastPath:\n"
                                 "    def search(self, name): return ['original']\n"})
    )  # fmt: skip
    module: Any = importing.module("v.importlib_metadata")
    assert isinstance(module.__loader__, signedvfs.zipimporter)
    assert module.__spec__.loader is module.__loader__
    thing = module.FastPath()
    thing.root = str(workshop.directory)
    assert thing.search(None) == ["original"]
    thing.root = str(workshop.plain_zip("evil.zip", EVIL))
    with pytest.raises(signedvfs.IntegrityCheckMissing):
        thing.search(SimpleNamespace(name=None))


def test_a_reloaded_module_is_watched_again(importing: Importing) -> None:
    del importing
    before = metadata.FastPath.__dict__["search"]  # type: ignore[attr-defined]  # private
    loaded: Any = importlib.reload(metadata)
    assert loaded.FastPath.__dict__["search"] is not before
    assert type(loaded.FastPath.__dict__["search"]) is type(before)
    assert not hasattr(loaded.__spec__.loader, "_loader")


def test_a_spec_of_a_watched_module_can_be_asked_and_copied(importing: Importing) -> None:
    import copy

    del importing
    spec = importlib.util.find_spec("importlib_resources.readers")
    assert spec is not None
    loader: Any = spec.loader
    assert loader.get_source("importlib_resources.readers").startswith("from __future__")
    assert copy.copy(loader).path == spec.origin
