"""The methods that PEP 451 replaced, in the versions in which zipimport has them."""

from __future__ import annotations

import contextlib
import sys
import warnings
import zipimport
from collections.abc import Iterator
from typing import Any

import pytest

import signedvfs
from tests.importer.workshop import Importing, Place, Workshop, found, pyc

needs_load_module = pytest.mark.skipif(sys.version_info >= (3, 15), reason="removed in Python 3.15")

METHODS = ["find_module", "find_loader", "load_module"]

FILES: dict[str, bytes | str] = {
    "m.py": "import sys\nassert sys.modules[__name__].__dict__ is globals()\nv = 1\n",
    "p/__init__.py": "",
    "p/sub.py": "",
    "ns/x.txt": "",
    "fails.py": "1 / 0\n",
    "useless.pyc": pyc("v = 1", magic=b"\x0d\x0c\r\n"),
    "replaces.py": "import sys\nsys.modules[__name__] = 'another object'\n",
    "leaves.py": "import sys\ndel sys.modules[__name__]\n",
}


@contextlib.contextmanager
def deprecated() -> Iterator[None]:
    """Expect one DeprecationWarning where zipimport gives one: from Python 3.10 on."""
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        yield
    categories = [one.category for one in seen]
    assert categories == ([DeprecationWarning] if sys.version_info >= (3, 10) else [])


@pytest.fixture
def finder(place: Place, importing: Importing) -> Any:
    """A finder of each kind of place. Untyped: what it has depends on the version."""
    path = place(FILES)
    importing.put(path)
    return signedvfs.zipimporter(str(path))


@pytest.mark.parametrize("method", METHODS)
def test_each_is_there_where_zipimport_has_it(method: str) -> None:
    # Y1-Y3
    assert hasattr(signedvfs.zipimporter, method) == hasattr(zipimport.zipimporter, method)


@needs_load_module
def test_load_module(finder: Any) -> None:
    # B7: attributes as importlib sets them
    with deprecated():
        module = finder.load_module("m")
    assert module is sys.modules["m"]
    assert module.v == 1
    assert module.__file__ == f"{finder.archive}/m.py"
    assert module.__dict__["__loader__"] is finder
    assert found(module.__spec__).origin == module.__file__
    assert module.__package__ == ""
    with deprecated():
        package = finder.load_module("p")
    assert package.__path__ == [f"{finder.archive}/p"]
    assert package.__package__ == "p"


@needs_load_module
def test_load_module_reuses_the_module_that_is_there(finder: Any) -> None:
    # B7
    kept = type(sys)("m")
    kept.__dict__["note"] = "kept"
    sys.modules["m"] = kept
    with deprecated():
        assert finder.load_module("m") is kept
    assert kept.__dict__["v"] == 1
    assert kept.__dict__["note"] == "kept"
    assert kept.__spec__ is not None
    sys.modules["m"] = "no module"  # type: ignore[assignment]  # what some programs do
    with deprecated():
        assert finder.load_module("m").v == 1


@needs_load_module
def test_load_module_that_fails_leaves_nothing(finder: Any) -> None:
    # B7
    sys.modules["fails"] = type(sys)("fails")
    with deprecated(), pytest.raises(ZeroDivisionError):
        finder.load_module("fails")
    assert "fails" not in sys.modules
    for name in ("absent", "ns", "useless"):
        with deprecated(), pytest.raises(zipimport.ZipImportError) as caught:
            finder.load_module(name)
        assert caught.value.name == name
        assert name not in sys.modules


@needs_load_module
def test_load_module_returns_what_stands_in_sys_modules(finder: Any) -> None:
    with deprecated():
        assert finder.load_module("replaces") == "another object"
    with deprecated(), pytest.raises(ImportError, match=r"not found in sys\.modules"):
        finder.load_module("leaves")


@needs_load_module
def test_load_module_refuses(workshop: Workshop, importing: Importing) -> None:
    # V10: this entry is verified like the others
    path = workshop.zip("app.zip", {"m.py": "v = 'MARKED'\n"}, compression=0)
    importing.put(path)
    finder: Any = signedvfs.zipimporter(str(path))
    path.write_bytes(path.read_bytes().replace(b"MARKED", b"marked"))
    with deprecated(), pytest.raises(signedvfs.IntegrityCheckFailed):
        finder.load_module("m")
    assert "m" not in sys.modules


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="removed in Python 3.12")
def test_find_module_and_find_loader(finder: Any) -> None:
    # Y2
    for name in ("m", "p", "useless"):
        with deprecated():
            assert finder.find_module(name) is finder
        with deprecated():
            assert finder.find_loader(name, None) == (finder, [])
    with deprecated():
        assert finder.find_module("ns", path=None) is None
    with deprecated():
        assert finder.find_loader("ns") == (None, [f"{finder.archive}/ns"])
    with deprecated():
        assert finder.find_module("absent") is None
    with deprecated():
        assert finder.find_loader("absent") == (None, [])
