"""What an attacker tries with the import system, in a process that is locked down.

Each script runs twice: without a manager, where the attack has to succeed, and locked down.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

import signedvfs
from tests.importer.guard.conftest import EVIL, Managed, change
from tests.importer.native.foundry import SUFFIX, extension, writes
from tests.importer.workshop import FOREIGN_MAGIC, Files, Workshop, pyc
from tests.support.archives import tamper

FILES: dict[str, bytes | str] = {
    "m.py": "v = 1\n",
    "p/__init__.py": "v = 2\n",
    "p/sub.py": "v = 3\n",
    "p/data.txt": "data\n",
}
CACHED = f"m.{sys.implementation.cache_tag}.pyc"


@pytest.fixture(params=["zip", "tree"])
def place(request: pytest.FixtureRequest, workshop: Workshop) -> Path:
    """What is signed, as an archive and as a directory."""
    if request.param == "zip":
        return workshop.zip("app.zip", FILES)
    return workshop.tree("app", FILES)


def test_no_other_hook_is_asked_after_a_refusal(place: Path, managed: Managed) -> None:
    # I1: with an ImportError from ours, zipimport or FileFinder would be next
    change(place, "m.py")
    script = "lock()\nprint(outcome('m'))"
    assert managed.free(script, place) == ["EVIL", "EVIL"]
    assert managed.locked(script, place) == ["IntegrityCheckFailed"]


@pytest.mark.parametrize("cached", ["zipimport.zipimporter(path)", "None"])
def test_finders_that_were_there_before(workshop: Workshop, managed: Managed, cached: str) -> None:
    # I2: what sys.path_importer_cache held before the manager came
    place = workshop.zip("app.zip", FILES)
    change(place, "m.py")
    script = f"""
        import zipimport
        path = sys.path[0]
        sys.path_importer_cache[path] = {cached}
        lock()
        print(outcome("m"))
        """
    found = ["ModuleNotFoundError"] if cached == "None" else ["EVIL", "EVIL"]
    assert managed.free(script, place) == found
    assert managed.locked(script, place) == ["IntegrityCheckFailed"]


@pytest.mark.parametrize(
    "spelled", ["app.zip/p", "./app.zip/p", "{}/app.zip/p/", "{}//app.zip//p", "{}/link.zip/p",
                "{}/away/../app.zip/p"]
)  # fmt: skip
def test_every_spelling_of_a_package_in_an_archive(
    workshop: Workshop, managed: Managed, spelled: str
) -> None:
    # I3: a package's __path__ is a path below the archive, and zipimport would take it
    place = workshop.zip("app.zip", FILES)
    change(place, "p/sub.py")
    (workshop.directory / "link.zip").symlink_to(place)
    (workshop.directory / "away").mkdir()
    script = "lock()\nprint(outcome('sub'))"
    path = spelled.format(workshop.directory)
    assert managed.free(script, path) == ["EVIL", "EVIL"]
    assert managed.locked(script, path) == ["IntegrityCheckFailed"]
    submodule = "lock()\nimport p\np.__path__[:] = [{!r}]\nprint(outcome('p.sub'))"
    assert managed.locked(submodule.format(path), place) == ["IntegrityCheckFailed"]


def test_no_later_entry_supplies_what_is_missing(
    workshop: Workshop, place: Path, managed: Managed
) -> None:
    # I4
    change(place, "m.py", None)
    change(place, "p/sub.py", None)
    later = workshop.tree("later", {"m.py": EVIL, "p/sub.py": EVIL}, sign=False)
    script = f"""
        lock()
        print(outcome("m"))
        if outcome("p") == 2:
            sys.modules["p"].__path__.append({str(later / "p")!r})
        print(outcome("p.sub"))
        """
    assert managed.free(script, place, later) == ["EVIL", "EVIL"] * 2
    # an archive has exactly what is listed, or nobody has signed it; what it held is not known then
    refusal = "IntegrityCheckMissing" if place.suffix == ".zip" else "IntegrityCheckFailed"
    assert managed.locked(script, place, later) == [refusal, "IntegrityCheckFailed"]


@pytest.mark.parametrize("kind", ["portion", "package"])
def test_unsigned_parts_of_a_namespace(workshop: Workshop, managed: Managed, kind: str) -> None:
    # I5: an unsigned directory joins a signed namespace package, or replaces it from behind
    signed = workshop.zip("app.zip", {"ns/a.py": "v = 'a'\n"})
    files = {"ns/evil.py": EVIL, **({"ns/__init__.py": EVIL} if kind == "package" else {})}
    evil = workshop.tree("evil", files, sign=False)
    script = "lock()\nprint(outcome('ns.evil'), outcome('ns.a'))"
    free = managed.free(script, signed, evil)
    assert "EVIL" in free
    assert managed.locked(script, signed, evil) == ["ModuleNotFoundError a"]


TWINS: dict[str, Files] = {
    "package": {"m/__init__.py": EVIL},
    "native code": {f"m{SUFFIX}": b""},
    "bytecode": {f"__pycache__/{CACHED}": pyc(EVIL, flags=1)},
}


@pytest.mark.parametrize("kind", TWINS)
def test_no_unlisted_twin_is_preferred(workshop: Workshop, managed: Managed, kind: str) -> None:
    # I6: flags=1 is a .pyc that claims to need no check
    place = workshop.tree("app", FILES)
    marker = workshop.directory / "marker"
    twins = dict(TWINS[kind])
    if kind == "native code":
        twins = {f"m{SUFFIX}": extension("m", "EVIL", more=writes(marker))}
    workshop.tree("app", twins, sign=False)
    script = "lock()\nprint(outcome('m'))"
    assert managed.free(script, place) != ["1"]
    assert marker.exists() == (kind == "native code")
    marker.unlink(missing_ok=True)
    assert managed.locked(script, place) == ["1"]
    assert not marker.exists()


def test_an_unlisted_twin_in_an_archive_refuses_it(workshop: Workshop, managed: Managed) -> None:
    # I6
    place = workshop.zip("app.zip", FILES)
    tamper(place, {"m/__init__.py": EVIL.encode()})
    script = "lock()\nprint(outcome('m'))"
    assert managed.free(script, place) == ["EVIL", "EVIL"]
    assert managed.locked(script, place) == ["IntegrityCheckMissing"]


FALLBACK = """
lock()
try:
    try:
        import fast as one
    except {}:
        import slow as one
    print(one.v)
except signedvfs.IntegrityCheckError as error:
    print(type(error).__name__)
"""


@pytest.mark.parametrize(
    "swallowed", ["ImportError", "(ImportError, OSError, KeyError, ValueError, AttributeError)"]
)
def test_a_refusal_is_not_mistaken_for_absence(
    workshop: Workshop, managed: Managed, swallowed: str
) -> None:
    # I7: whoever takes a file away would have the program go on with something else
    place = workshop.tree("app", {"fast.py": "v = 'fast'\n", "slow.py": "v = 'slow'\n"})
    script = FALLBACK.format(swallowed)
    assert managed.locked(script, place) == ["fast"]
    (place / "fast.py").unlink()
    assert managed.free(script, place) == ["slow"]
    assert managed.locked(script, place) == ["IntegrityCheckFailed"]


def test_changed_bytecode_is_not_passed_over(workshop: Workshop, managed: Managed) -> None:
    # I8: SourceLoader takes an OSError for bytecode that is not there
    place = workshop.tree("app", {"m.py": "v = 1\n"}, sign=False)
    cached = place / "__pycache__" / CACHED
    cached.parent.mkdir()
    cached.write_bytes(pyc("v = 1\n", flags=1))
    signedvfs.sign(place, workshop.key, pycache=True)
    script = "lock()\nprint(outcome('m'))"
    assert managed.locked(script, place) == ["1"]
    cached.write_bytes(pyc(EVIL, flags=1))
    assert managed.free(script, place) == ["EVIL", "EVIL"]
    assert managed.locked(script, place) == ["IntegrityCheckFailed"]
    cached.unlink()
    assert managed.locked(script, place) == ["IntegrityCheckFailed"]


DOORS = """
import importlib.resources, importlib.util, linecache, pkgutil, runpy
lock()
import p
at = p.__path__[0]
def sub():
    return importlib.util.find_spec("p.sub").loader
def run(code):
    space = {}
    exec(code, space)
    return space["v"]
doors = {
    "get_code": lambda: run(sub().get_code("p.sub")),
    "get_source": lambda: sub().get_source("p.sub"),
    "get_data": lambda: p.__loader__.get_data(at + "/data.txt"),
    "resources": lambda: importlib.resources.files("p").joinpath("data.txt").read_text(),
    "pkgutil.get_data": lambda: pkgutil.get_data("p", "data.txt"),
    "linecache": lambda: linecache.getlines(at + "/sub.py", {
        "__name__": "p.sub", "__loader__": sub(), "__spec__": None}),
    "open": lambda: open(at + "/data.txt").read(),
    "run_module": lambda: runpy.run_module("p.sub")["v"],
}
for name, door in doors.items():
    try:
        print(name, repr(door()))
    except BaseException as error:
        print(name, type(error).__name__)
"""


def test_no_side_door_gives_what_was_changed(place: Path, managed: Managed) -> None:
    # I9
    change(place, "p/sub.py", "v = 'EVIL'\n")
    change(place, "p/data.txt", "EVIL\n")
    free = dict(line.split(" ", 1) for line in managed.free(DOORS, place))
    locked = dict(line.split(" ", 1) for line in managed.locked(DOORS, place))
    # without doors nobody opens a path in an archive
    honest = {"open"} if place.suffix == ".zip" else set()
    assert {name for name, answer in free.items() if "EVIL" not in answer} == honest
    assert free.keys() == locked.keys()
    assert locked.pop("linecache") in ("[]", "IntegrityCheckFailed")
    assert locked.pop("get_source") in ("IntegrityCheckFailed", "_IntegrityCheckFailed")
    assert set(locked.values()) == {"IntegrityCheckFailed"}


@pytest.mark.parametrize(
    "source",
    [
        b"v = '''a\r\nb\rc'''\r\n",
        b"\xef\xbb\xbfv = '''\xc3\xa4'''\n",
        b"# coding: latin-1\nv = '''\xe4\xf6'''\n",
        b"v = 1",
    ],
)
def test_source_is_compiled_as_it_was_signed(
    workshop: Workshop, managed: Managed, source: bytes
) -> None:
    # I10
    place = workshop.tree("app", {"m.py": source})
    expected: dict[str, object] = {}
    exec(compile(source, "m.py", "exec"), expected)
    assert managed.locked("lock()\nimport m\nprint(ascii(m.v))", place) == [ascii(expected["v"])]


@pytest.mark.parametrize(
    "content",
    [
        pyc("v = 1\n", magic=FOREIGN_MAGIC),
        pyc("v = 1\n")[:-20],
        pyc("v = 1\n")[:16] + b"\xff" * 40,
        pyc("v = 1\n")[:16] + b"i\1\0\0\0",
        b"",
    ],
    ids=["magic", "cut", "junk", "number", "empty"],
)
def test_useless_bytecode_crashes_nothing(
    workshop: Workshop, managed: Managed, content: bytes
) -> None:
    # I11: signed by mistake; what nobody has signed never gets so far
    place = workshop.raw_zip("app.zip", {"m.pyc": content, "n.py": "v = 2\n"})
    locked = managed.locked("lock()\nprint(outcome('m'), outcome('n'))", place)
    assert locked == ["ZipImportError 2"]


STARTERS = {
    "sitecustomize": "outcome('sitecustomize')",
    "usercustomize": "outcome('usercustomize')",
    "execsitecustomize": "site.execsitecustomize()",
    "addsitedir": "site.addsitedir(evil)",
    "run_path": "runpy.run_path(evil)",
    "__main__": "sys.modules.pop('__main__') and runpy.run_module('__main__')",
    "run_path of an archive": "runpy.run_path(evil + '/evil.zip')",
}


@pytest.mark.parametrize("start", STARTERS)
def test_nothing_that_starts_programs_is_taken(
    workshop: Workshop, managed: Managed, start: str
) -> None:
    # I12
    names = ("sitecustomize.py", "usercustomize.py", "__main__.py")
    evil = workshop.tree("evil", dict.fromkeys(names, EVIL), sign=False)
    (evil / "evil.pth").write_text("import sys; print('EVIL')\n")
    workshop.plain_zip("evil/evil.zip", {"__main__.py": EVIL})
    script = f"""
        import runpy, site
        evil = {str(evil)!r}
        sys.modules.pop("sitecustomize", None)
        lock()
        try:
            {STARTERS[start]}
        except (signedvfs.IntegrityCheckError, ImportError) as error:
            print(type(error).__name__)
        """
    assert "EVIL" in managed.free(script, evil)
    assert "EVIL" not in managed.locked(script, evil)


@pytest.mark.parametrize("where", ["first", "current directory", "archive"])
def test_the_library_is_not_shadowed(workshop: Workshop, managed: Managed, where: str) -> None:
    # I13
    evil = workshop.tree("evil", {"colorsys.py": EVIL, "json/__init__.py": EVIL}, sign=False)
    path: Path | str = evil
    if where == "archive":
        path = workshop.plain_zip("evil.zip", {"colorsys.py": EVIL, "json/__init__.py": EVIL})
    elif where == "current directory":
        path = ""
    script = f"""
        import os
        os.chdir({str(evil)!r})
        lock()
        for name in ("colorsys", "json"):
            try:
                print(importlib.import_module(name).__file__.startswith({os.path.dirname(os.__file__)!r}))
            except signedvfs.IntegrityCheckError as error:
                print(type(error).__name__)
        """  # noqa: PTH120  # as the script spells it
    assert managed.free(script, path)[::2] == ["EVIL", "EVIL"]
    lines = managed.locked(script, path)
    assert lines == (["IntegrityCheckMissing"] * 2 if where == "archive" else ["True"] * 2)
