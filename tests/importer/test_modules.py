"""Modules and packages: specs, attributes, data, source, the protocol of loaders."""

from __future__ import annotations

import importlib
import importlib.machinery
import importlib.util
import pickle
import sys
import traceback
import zipimport
from pathlib import Path
from typing import Any, cast

import pytest

import signedvfs
from tests.importer.workshop import (
    Importing,
    Place,
    Python,
    Workshop,
    finder_at,
    found,
    loader_of,
    pyc,
)


def test_module_has_the_attributes_that_importlib_gives(place: Place, importing: Importing) -> None:
    # A1-A3: spec of a module
    path = place({"m.py": "value = 1\n"})
    importing.put(path)
    module = importing.module("m")
    spec = module.__spec__
    assert type(spec) is importlib.machinery.ModuleSpec
    assert module.value == 1
    assert spec.name == "m"
    assert spec.origin == module.__file__ == f"{path}/m.py"
    assert spec.has_location
    assert spec.loader_state is None
    assert spec.submodule_search_locations is None
    assert module.__loader__ is spec.loader
    assert loader_of(module) is finder_at(path)
    assert module.__package__ == spec.parent == ""
    assert repr(module) == f"<module 'm' from {str(path) + '/m.py'!r}>"
    # A12: cached is importlib's business
    assert spec.cached == importlib.util.cache_from_source(f"{path}/m.py")


def test_package_and_its_submodules(place: Place, importing: Importing) -> None:
    # A4, B2: packages, and sub-packages through their __path__
    path = place(
        {
            "p/__init__.py": "from . import m\n",
            "p/m.py": "v = 2\n",
            "p/q/__init__.py": "",
            "p/q/n.py": "from ..m import v\n",
        },
    )
    importing.put(path)
    package = importing.module("p")
    assert package.__path__ == [f"{path}/p"]
    assert type(package.__path__) is list
    assert found(package.__spec__).submodule_search_locations is package.__path__
    assert package.__package__ == "p"
    assert importing.module("p.q.n").v == 2
    # S1, S2: one finder per path string, one archive behind them
    assert loader_of(sys.modules["p.m"]) is finder_at(f"{path}/p")
    assert finder_at(f"{path}/p").prefix == "p/"


def test_prefix_path(place: Place, importing: Importing) -> None:
    # A7: app.zip/lib as an entry of sys.path
    path = place({"lib/m.py": "v = 3\n", "lib/p/__init__.py": "", "top.py": ""})
    importing.put(f"{path}/lib")
    module = importing.module("m")
    assert module.__file__ == f"{path}/lib/m.py"
    assert importing.module("p").__path__ == [f"{path}/lib/p"]
    finder = loader_of(module)
    assert (finder.archive, finder.prefix) == (str(path), "lib/")
    assert finder.find_spec("top") is None
    assert finder.find_spec("lib") is None


@pytest.mark.usefixtures("importing")
def test_get_data(place: Place) -> None:
    # C1, C2: by full path or by entry, from the root; never from the file system
    path = place({"lib/m.py": "", "lib/d.txt": b"a\r\nb\0", "top.bin": b"x"})
    finder = signedvfs.zipimporter(f"{path}/lib")
    assert finder.get_data(f"{path}/lib/d.txt") == b"a\r\nb\0"
    assert finder.get_data("lib/d.txt") == b"a\r\nb\0"
    assert type(finder.get_data("top.bin")) is bytes
    assert finder.get_data("lib/") == b""
    for absent in [
        "d.txt",
        "lib",
        "",
        "/",
        "lib/../top.bin",
        "./top.bin",
        "/etc/passwd",
        "signedimp-manifest.txt",
        f"{path}",
        f"{path}/none",
        "top.bin\0",
    ]:
        with pytest.raises(OSError) as caught:
            finder.get_data(absent)
        assert caught.value.errno == 0


@pytest.mark.usefixtures("importing")
def test_get_source(place: Place) -> None:
    # C3, C4: text by PEP 263, None for bytecode only, ImportError for what is not there
    path = place(
        {
            "m.py": b"# coding: latin-1\r\nv = '\xe4'\r\n",
            "b.pyc": pyc("v = 1"),
            "bad.py": b"\xff\n",
            "both.py": "v = 1\n",
            "both.pyc": pyc("v = 1", flags=1),
            "ns/x.txt": "",
        },
    )
    finder = signedvfs.zipimporter(str(path))
    assert finder.get_source("m") == "# coding: latin-1\nv = '\xe4'\n"
    assert finder.get_source("b") is None
    assert finder.get_source("both") == "v = 1\n"
    with pytest.raises(ImportError, match="encoding"):
        finder.get_source("bad")
    for absent in ["none", "ns", "ns/x"]:
        with pytest.raises(zipimport.ZipImportError) as caught:
            finder.get_source(absent)
        assert caught.value.name == absent


@pytest.mark.usefixtures("importing")
def test_get_code_get_filename_is_package(place: Place) -> None:
    # C10, A10, B4: each answers alone, without find_spec before it
    path = place({"p/__init__.py": "v = 1\n", "p/m.pyc": pyc("v = 2")})
    finder = signedvfs.zipimporter(str(path))
    assert finder.get_filename("p") == f"{path}/p/__init__.py"
    assert finder.get_filename("p/m") == f"{path}/p/m.pyc"
    assert finder.get_code("p").co_filename == f"{path}/p/__init__.py"
    assert finder.is_package("p") is True
    assert finder.is_package("p/__init__") is False
    assert finder.is_package("p/m") is False
    for method in (finder.get_code, finder.get_filename, finder.is_package, finder.get_source):
        with pytest.raises(zipimport.ZipImportError, match="can't find module"):
            method("absent")


@pytest.mark.usefixtures("importing")
def test_loader_protocol(place: Place) -> None:
    # A14, B3, B6, B9: by position and keyword; subclasses, weak references, attributes
    import weakref

    path = place({"m.py": "v = 1\n"})

    class Finder(signedvfs.zipimporter):
        note: int

    finder = Finder(path=str(path))
    spec = found(finder.find_spec(fullname="m", target=None))
    assert cast(Any, spec.loader) is finder
    made = cast(Any, finder).create_module(spec)  # None has importlib make it
    assert made is None or made.__spec__ is spec
    module = importlib.util.module_from_spec(spec)
    assert cast(Any, finder).exec_module(module) is None
    assert module.v == 1
    assert found(importlib.util.spec_from_loader("m", cast(Any, finder))).origin == spec.origin
    assert weakref.ref(finder)() is finder
    assert {finder: 1}[finder] == 1
    finder.note = 2
    assert finder.note == 2
    assert "zipimporter object" in repr(finder)
    assert str(path) in repr(finder)
    with pytest.raises(TypeError):
        finder.find_spec(cast(Any, 1))


@pytest.mark.usefixtures("importing")
def test_absent_names_are_none(place: Place) -> None:
    # B1: never an exception for what the manifest does not have
    path = place({"m.py": "", "d.txt": "", "p/__init__.py": "", ".py": ""})
    finder = signedvfs.zipimporter(str(path))
    absent = [
        "",
        "p.",
        "M",
        "m.py",
        "d",
        "d.txt",
        "..",
        "../m",
        "/m",
        "m/",
        "./m",
        "m\0",
        "\ud800",
        "p//__init__",
        "p.none",
        "__pycache__",
    ]
    for name in absent:
        assert finder.find_spec(name) is None, name
    # B2: only the part after the last dot counts
    assert found(finder.find_spec("anything.m")).origin == f"{path}/m.py"
    # B4: names with separators
    assert found(finder.find_spec("p/__init__")).origin == f"{path}/p/__init__.py"


def test_listed_extension_module_is_an_error_and_nobody_elses(
    workshop: Workshop, importing: Importing
) -> None:
    # H1: an unlisted twin on a later path entry does not take its place
    suffix = importlib.machinery.EXTENSION_SUFFIXES[0]
    path = workshop.zip(
        "app.zip",
        {
            f"fast{suffix}": b"\x7fELF",
            "p/__init__.py": "",
            f"p/_fast{suffix}": b"",
            "other.cpython-27.so": b"",
        },
    )
    twin = workshop.tree("later", {"fast.py": "v = 'attacker'\n"}, sign=False)
    importing.put(path, twin)
    for name, entry in [("fast", f"fast{suffix}"), ("p._fast", f"p/_fast{suffix}")]:
        with pytest.raises(ImportError, match="cannot load") as caught:
            importing.module(name)
        assert caught.value.name == name
        assert caught.value.path == f"{path}/{entry}"
        assert not isinstance(caught.value, ModuleNotFoundError)
    assert signedvfs.zipimporter(str(path)).find_spec("other") is None


def test_traceback_shows_user_frames_only(workshop: Workshop, importing: Importing) -> None:
    # I1 of inspection: the import system's frames are trimmed
    importing.put(workshop.zip("app.zip", {"a.py": "import b\n", "b.py": "\n1 / 0\n"}))
    with pytest.raises(ZeroDivisionError) as caught:
        __import__("a")
    frames = [Path(frame.filename).name for frame in traceback.extract_tb(caught.tb)]
    assert frames == [Path(__file__).name, "a.py", "b.py"]
    # ... also where the code does not compile
    importing.put(workshop.zip("bad.zip", {"c.py": "import d\n", "d.py": "= 1\n"}))
    with pytest.raises(SyntaxError) as failed:
        __import__("c")
    frames = [Path(frame.filename).name for frame in traceback.extract_tb(failed.tb)]
    assert frames == [Path(__file__).name, "c.py"]


@pytest.mark.usefixtures("importing")
def test_every_module_is_read_once_per_import(workshop: Workshop) -> None:
    # E1: find_spec reads what exec_module runs. The archive vanishes between the two.
    path = workshop.zip("app.zip", {"m.py": "v = 1\n"})
    finder = signedvfs.zipimporter(str(path))
    spec = found(finder.find_spec("m"))
    with path.open("r+b") as archive:
        archive.truncate(0)
    module = importlib.util.module_from_spec(spec)
    finder.exec_module(module)
    assert module.v == 1
    # ... and only once: what was fetched is gone, and the file has nothing any more.
    with pytest.raises(signedvfs.IntegrityCheckError):
        finder.exec_module(importlib.util.module_from_spec(spec))


def test_reload(place: Place, importing: Importing) -> None:
    # F4: finds again and runs again, in the same module
    importing.put(place({"m.py": "count = globals().get('count', 0) + 1\n",
                         "p/__init__.py": "", "p/sub.py": "v = []\n"}))  # fmt: skip
    module = importing.module("m")
    assert importlib.reload(module) is module
    assert module.count == 2
    inner = importing.module("p.sub")
    before = inner.v
    assert importlib.reload(inner).v is not before


def test_lazy_loader(place: Place, importing: Importing) -> None:
    # S7
    path = place({"m.py": "import sys\nsys.ran = True\nv = 1\n"})
    importing.put(path)
    spec = found(importlib.util.find_spec("m"))
    spec.loader = importlib.util.LazyLoader(cast(Any, spec.loader))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert not hasattr(sys, "ran")
    assert module.v == 1
    del sys.__dict__["ran"]


def test_missing_names_have_the_import_systems_messages(place: Place, importing: Importing) -> None:
    # S8
    path = place({"p/__init__.py": "", "m.py": ""})
    importing.put(path)
    for name, message in [
        ("p.zz", "No module named 'p.zz'"),
        ("m.sub", "No module named 'm.sub'; 'm' is not a package"),
        ("zz", "No module named 'zz'"),
    ]:
        with pytest.raises(ModuleNotFoundError) as caught:
            importing.module(name)
        assert str(caught.value) == message
    with pytest.raises(ImportError, match=r"cannot import name 'zz' from 'p' \(.*__init__\.py\)"):
        exec("from p import zz")


def test_submodules_are_ours_without_the_hook(place: Place, importing: Importing) -> None:
    # Code that calls zipimporter(path) gets all of a package verified, whatever the path hooks are.
    path = place({"p/__init__.py": "from . import sub\n", "p/sub.py": "v = 1\n", "p/ns/x.py": ""})
    sys.path_hooks.remove(signedvfs.hook)
    finder = signedvfs.zipimporter(str(path))
    spec = found(finder.find_spec("p"))
    package = importlib.util.module_from_spec(spec)
    sys.modules["p"] = package
    finder.exec_module(package)
    for name in ("p.sub", "p.ns.x"):
        assert isinstance(importing.module(name).__loader__, signedvfs.zipimporter)


@pytest.mark.usefixtures("importing")
def test_unusable_code_is_found_and_fails_when_it_runs(place: Place) -> None:
    # A13: `find_spec(name) is None` is a question that is not to raise
    path = place({"broken.py": "= 1\n", "bad.pyc": b"\0" * 16})
    finder = signedvfs.zipimporter(str(path))
    assert found(finder.find_spec("broken")).origin == f"{path}/broken.py"
    assert found(finder.find_spec("bad")).origin == f"{path}/bad.pyc"
    with pytest.raises(SyntaxError):
        finder.get_code("broken")
    with pytest.raises(ImportError, match="no code for this Python"):
        finder.get_code("bad")


@pytest.mark.usefixtures("importing")
def test_finders_are_what_zipimporters_are(place: Place) -> None:
    # B5, B12: no instances of the abstract classes (test_finder_face.py has what they are)
    import importlib.abc

    finder = signedvfs.zipimporter(str(place({"m.py": ""})))
    theirs = zipimport.zipimporter.__new__(zipimport.zipimporter)
    for kind in (importlib.abc.Loader, importlib.abc.InspectLoader, zipimport.zipimporter):
        assert isinstance(finder, kind) == isinstance(theirs, kind)


def test_source_of_an_archive_that_is_gone_or_changed(
    workshop: Workshop, importing: Importing
) -> None:
    # C12: nothing but ImportError and OSError, which linecache goes on after
    path = workshop.zip("app.zip", {"m.py": "def f():\n    raise KeyError('users')\n"})
    importing.put(path)
    module = importing.module("m")
    finder = loader_of(module)

    def formatted() -> str:
        try:
            module.f()
        except KeyError:
            return traceback.format_exc()
        raise AssertionError

    path.write_bytes(b"x" * path.stat().st_size)
    assert "KeyError: 'users'" in formatted()
    with pytest.raises(ImportError) as caught:
        finder.get_source("m")
    assert isinstance(caught.value, signedvfs.IntegrityCheckFailed)
    restored = pickle.loads(pickle.dumps(caught.value))  # as from a child process
    assert type(restored) is type(caught.value)
    assert (str(restored), restored.member) == (str(caught.value), "m.py")
    path.unlink()
    importlib.invalidate_caches()
    assert "KeyError: 'users'" in formatted()
    with pytest.raises(ImportError):
        finder.get_source("m")
    with pytest.raises(OSError, match=r"No such file|Errno"):
        finder.get_data("m.py")
    with pytest.raises(signedvfs.IntegrityCheckError):
        finder.find_spec("m")  # F2


def test_all_descriptors_closed(place: Place, python: Python) -> None:
    # F5: what a daemon does; a number that is used again is not taken for the archive
    path = place({"m.py": "v = 1\n", "late.py": "v = 2\n"})
    script = f"""
    import os, sys
    sys.path.insert(0, {str(path)!r})
    import m
    os.closerange(3, 100)
    other = [os.open("/dev/zero", os.O_RDONLY) for _ in range(20)]
    import late
    print(late.v)
    """
    assert python(script).stdout == "2\n"


def test_exceptions_that_are_not_about_the_archive_pass(place: Place, python: Python) -> None:
    # T6: RecursionError comes out as itself
    path = place({"m.py": "import sys\nsys.modules.pop(__name__)\nimport m\n"})
    script = f"""
    import sys
    sys.path.insert(0, {str(path)!r})
    try:
        import m
    except RecursionError as error:
        print(type(error).__name__)
    """
    assert python(script).stdout == "RecursionError\n"


def test_locale_and_umask_change_nothing(workshop: Workshop, python: Python) -> None:
    # C13
    path = workshop.zip("gr\u00fcn.zip", {"m.py": "v = '\u20ac'\n", "d\u00e4.txt": "x"})
    script = f"""
    import locale, os, sys
    locale.setlocale(locale.LC_ALL, "C")
    os.umask(0o777)
    sys.path.insert(0, {str(path)!r})
    import m
    assert m.v == chr(0x20ac)
    assert m.__loader__.get_data("d" + chr(0xe4) + ".txt") == b"x"
    print(ascii(m.__file__) == ascii({str(path)!r} + "/m.py"))
    """
    for flags in (["-X", "utf8=0"], ["-X", "utf8=1"]):
        assert python(script, *flags).stdout == "True\n"
