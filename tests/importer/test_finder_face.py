"""What finders are for those who ask for zipimport's class, read its attributes, or keep by it."""

from __future__ import annotations

import copy
import importlib
import inspect
import pickle
import pkgutil
import sys
import zipimport
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import signedvfs
from tests.importer.workshop import Importing, Place, Python, Workshop, finder_at, loader_of

FILES: dict[str, bytes | str] = {
    "m.py": "v = 'SAFE'\n",
    "pkg/__init__.py": "",
    "pkg/inner.py": "v = 'SAFE'\n",
    "pkg/data/x.txt": "SAFE data",
}

FINDER: Any = signedvfs.zipimporter
STANDARD: Any = zipimport.zipimporter


def tampered(workshop: Workshop, importing: Importing) -> tuple[Path, Any]:
    """Make an archive, open it, and change all of its content, and none of its structure."""
    path = workshop.zip("app.zip", FILES, compression=0, index=False)
    importing.put(path)
    finder = signedvfs.zipimporter(str(path))
    assert finder.vfs is not None
    path.write_bytes(path.read_bytes().replace(b"SAFE", b"EVIL"))
    return path, finder


@pytest.mark.usefixtures("importing")
def test_they_pass_for_zipimporters(place: Place) -> None:
    path = place(FILES)
    for finder in (signedvfs.zipimporter(str(path)), signedvfs.zipimporter(f"{path}/pkg")):
        assert isinstance(finder, zipimport.zipimporter)
        assert isinstance(finder, signedvfs.zipimporter)
        assert issubclass(finder.__class__, zipimport.zipimporter)
        assert type(finder) is signedvfs.zipimporter
        assert not issubclass(type(finder), zipimport.zipimporter)


def test_so_do_loaders(program: Path, importing: Importing) -> None:
    for name in ("m", "pkg", "pkg.inner"):
        assert isinstance(importing.module(name).__loader__, zipimport.zipimporter)
    assert isinstance(finder_at(program), zipimport.zipimporter)


def test_nothing_of_theirs_is_inherited() -> None:
    # Whatever this version of Python has, and the next one: what we lack is not there.
    assert signedvfs.zipimporter.__mro__ == (signedvfs.zipimporter, object)
    face = signedvfs._core._finder_face
    for name in dir(zipimport.zipimporter):
        theirs = inspect.getattr_static(zipimport.zipimporter, name)
        does_anything = inspect.isroutine(theirs) or inspect.isdatadescriptor(theirs)
        is_every_objects = inspect.getattr_static(object, name, None) is theirs
        if is_every_objects or not does_anything or name in ("__dict__", "__weakref__"):
            continue
        assert inspect.getattr_static(face, name) is not theirs, name


@pytest.mark.usefixtures("importing")
def test_their_class_makes_ours(place: Place) -> None:
    path = str(place(FILES))
    finder: Any = signedvfs.zipimporter(path)
    for made in (finder.__class__(path), finder.__class__(path=path)):
        assert type(made) is signedvfs.zipimporter
        assert made.get_data("m.py") == b"v = 'SAFE'\n"
    assert finder.__class__.get_data(finder, "m.py") == b"v = 'SAFE'\n"
    with pytest.raises(TypeError):
        finder.__class__()
    with pytest.raises(zipimport.ZipImportError):
        finder.__class__("/nowhere/x.py")


@pytest.mark.usefixtures("importing")
def test_the_class_is_assigned_as_ever(place: Place) -> None:
    class Derived(signedvfs.zipimporter):
        __slots__ = ()

    finder: Any = signedvfs.zipimporter(str(place(FILES)))
    face = finder.__class__
    finder.__class__ = face
    assert type(finder) is signedvfs.zipimporter
    finder.__class__ = Derived
    assert (type(finder), finder.__class__) == (Derived, Derived)
    finder.__class__ = face
    assert (type(finder), finder.__class__) == (signedvfs.zipimporter, face)
    wrong: Any
    for wrong in (int, 7, zipimport.zipimporter):
        with pytest.raises(TypeError):
            finder.__class__ = wrong
    with pytest.raises(TypeError):
        del finder.__class__
    assert finder.get_data("m.py") == b"v = 'SAFE'\n"


@pytest.mark.usefixtures("importing")
def test_a_derived_class_is_its_own(place: Place) -> None:
    class Alone(FINDER):  # type: ignore[misc]  # Any: mypy does not know the layout of both
        pass

    class Both(FINDER, STANDARD):  # type: ignore[misc]  # as above
        def get_data(self, pathname: str) -> bytes:
            content: bytes = super().get_data(pathname)
            return content

    path = str(place(FILES))
    alone, both = Alone(path), Both(path)
    assert (alone.__class__, both.__class__) == (Alone, Both)
    assert [isinstance(one, STANDARD) for one in (alone, both)] == [False, True]
    assert both.get_data("m.py") == b"v = 'SAFE'\n"


@pytest.mark.usefixtures("importing")
def test_copies_pass_for_them_too(place: Place) -> None:
    finder = signedvfs.zipimporter(str(place(FILES)))
    for made in (copy.copy(finder), copy.deepcopy(finder), pickle.loads(pickle.dumps(finder))):
        assert type(made) is signedvfs.zipimporter
        assert isinstance(made, zipimport.zipimporter)


def _calls(finder: Any) -> list[Callable[[], object]]:
    """Return calls of every function of zipimport's class, and of what it is derived from."""
    arguments: list[tuple[object, ...]] = [(), ("m",), ("m.py",), ("pkg",), (finder.archive,)]
    arguments.append((type(sys)("m"),))
    functions = {
        getattr(one, name)
        for one in zipimport.zipimporter.__mro__[:-1]
        for name in vars(one)
        if inspect.isfunction(inspect.getattr_static(one, name))
    }
    assert len(functions) > 10
    return [
        lambda f=function, given=given: f(finder, *given)  # type: ignore[misc]  # mypy infers no lambda with defaults
        for function in functions
        for given in arguments
    ]


@pytest.mark.filterwarnings("ignore:.*:DeprecationWarning")
@pytest.mark.filterwarnings("ignore:.*:ImportWarning")
def test_their_functions_read_nothing_that_is_not_verified(
    workshop: Workshop, importing: Importing
) -> None:
    # Whoever holds a finder can call them on it. They go by `archive`, `prefix` and `_files`.
    path, finder = tampered(workshop, importing)

    class Both(FINDER, STANDARD):  # type: ignore[misc]  # as above
        pass

    derived = Both(str(path))
    for one in (finder, derived):
        for call in _calls(one):
            try:
                result = call()
            except Exception:  # any; what matters is what comes back
                continue
            assert "EVIL" not in repr(result)
            assert "EVIL" not in repr(getattr(result, "__dict__", None))
            assert "EVIL" not in repr(getattr(result, "co_consts", None))
        assert "_files" not in vars(one)
        with pytest.raises(ImportError, match="negative data size"):
            STANDARD.get_data(one, "m.py")
        with pytest.raises(AttributeError):
            one._files = {}
    assert "m" not in sys.modules


def test_files_are_what_zipimport_keeps(workshop: Workshop, importing: Importing) -> None:
    path = workshop.zip("app.zip", FILES)
    importing.put(path)
    theirs: Any = zipimport.zipimporter(str(path))
    kept = theirs._get_files() if hasattr(theirs, "_get_files") else theirs._files
    for finder in (signedvfs.zipimporter(str(path)), signedvfs.zipimporter(f"{path}/pkg")):
        files = finder._files
        assert files == finder._get_files()
        assert type(files) is dict
        assert {name for name in files if not name.endswith("/")} == set(FILES)
        assert {name for name in files if name.endswith("/")} == {"pkg/", "pkg/data/"}
        for name, row in files.items():
            assert row[0] == f"{path}/{name}"
            assert list(map(type, row)) == [str] + [int] * 7
            assert row[2] == -1
            if name in FILES:
                assert (row[0], row[3]) == (kept[name][0], kept[name][3])
                assert row[3] == len(FILES[name])


def test_files_of_what_is_refused_or_gone(workshop: Workshop, importing: Importing) -> None:
    path = workshop.zip("app.zip", FILES)
    importing.put(path)
    finder = loader_of(importing.module("m"))
    path.write_bytes(b"PK\x03\x04 no archive any more")
    importlib.invalidate_caches()
    asks: list[Callable[[], object]] = [lambda: finder._files, finder._get_files]
    for ask in asks:
        with pytest.raises(signedvfs.IntegrityCheckError):
            ask()


def test_our_own_are_not_taken_for_strangers(program: Path, importing: Importing) -> None:
    # What zipimport has left in sys.path_importer_cache goes when the policy changes.
    importing.module("m")
    finder = finder_at(program)
    signedvfs.trust(signedvfs.PrivateKey.generate().public_key)
    assert sys.path_importer_cache[str(program)] is finder
    stranger: Any = object.__new__(STANDARD)
    sys.path_importer_cache["stranger"] = stranger
    signedvfs.trust(signedvfs.PrivateKey.generate().public_key)
    assert "stranger" not in sys.path_importer_cache


def test_pkgutil_asks_them(workshop: Workshop, importing: Importing) -> None:
    # For zipimport's it has a function that reads zipimport's own cache, which is anybody's.
    path = workshop.zip("app.zip", FILES)
    cached: Any = zipimport._zip_directory_cache  # type: ignore[attr-defined]  # private
    cached[str(path)] = dict.fromkeys(["evil.py", "pkg/evil.py"])
    importing.put(path)
    finder = signedvfs.zipimporter(str(path))
    function: Any = pkgutil.iter_importer_modules  # type: ignore[attr-defined]  # undocumented
    assert list(function(finder, "x.")) == [("x.m", False), ("x.pkg", True)]
    assert [one.name for one in pkgutil.iter_modules([str(path)])] == ["m", "pkg"]
    assert [one.name for one in pkgutil.walk_packages([str(path)])] == ["m", "pkg", "pkg.inner"]
    del cached[str(path)]


def test_pkgutil_asks_them_when_it_is_executed_again(workshop: Workshop, python: Python) -> None:
    path = workshop.zip("app.zip", FILES)
    script = f"""
    import importlib
    sys.path.insert(0, {str(path)!r})
    import m, pkgutil
    for make in (lambda: importlib.reload(pkgutil), lambda: sys.modules.pop("pkgutil")):
        make()
        import pkgutil
        print([one.name for one in pkgutil.iter_modules([{str(path)!r}])])
    """
    assert python(script).stdout == "['m', 'pkg']\n" * 2


@pytest.mark.parametrize("first", ["pkgutil", "signedvfs.hook"])
def test_pkgutil_asks_them_whichever_is_first(
    first: str, workshop: Workshop, python: Python
) -> None:
    path = workshop.zip("app.zip", FILES)
    imports = "import pkgutil" if first == "pkgutil" else ""
    script = f"""
    import sys
    assert "pkgutil" not in sys.modules
    {imports}
    sys.path.append({str(Path(signedvfs.__file__).parents[1])!r})
    import signedvfs
    signedvfs.trust(signedvfs.PublicKey.load({str(workshop.public_path)!r}))
    signedvfs.hook.install()
    sys.path.insert(0, {str(path)!r})
    import m, pkgutil
    print([one.name for one in pkgutil.iter_modules([{str(path)!r}])])
    """
    assert python(script, "-S", hook=False).stdout == "['m', 'pkg']\n"


def test_relative_entries_give_relative_paths(workshop: Workshop, python: Python) -> None:
    # Some cut the archive's path off that of a package; both have to be of one kind. They mean what
    # they meant, whatever lies there in another directory.
    workshop.zip("app.zip", FILES)
    workshop.zip("elsewhere/app.zip", {"pkg/__init__.py": "", "pkg/inner.py": "v = 'EVIL'"})
    script = """
    import importlib, os
    sys.path.insert(0, "app.zip")
    import m, pkg
    for module in (m, pkg):
        assert module.__loader__.archive == "app.zip"
        assert module.__file__.startswith("app.zip/")
    assert pkg.__path__ == ["app.zip/pkg"]
    os.chdir("elsewhere")
    importlib.invalidate_caches()
    sys.path_importer_cache.clear()
    import pkg.inner
    assert pkg.inner.v == "SAFE"
    assert pkg.__loader__.get_data("app.zip/pkg/data/x.txt") == b"SAFE data"
    """
    python(script)


def test_data_by_either_path(workshop: Workshop, python: Python) -> None:
    # A finder that was made for a relative path gives packages an absolute one.
    workshop.zip("app.zip", FILES)
    script = """
    import os
    finder = signedvfs.zipimporter("app.zip")
    (place,) = finder.find_spec("pkg").submodule_search_locations
    for path in ("pkg/data/x.txt", "app.zip/pkg/data/x.txt", place + "/data/x.txt"):
        assert finder.get_data(path) == b"SAFE data", path
    try:
        finder.get_data("/elsewhere/app.zip/pkg/data/x.txt")
    except OSError:
        print("no such data")
    """
    assert python(script).stdout == "no such data\n"
