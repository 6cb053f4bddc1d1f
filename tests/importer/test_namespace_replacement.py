"""What nobody has signed cannot replace a namespace package of ours as a whole."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

import signedvfs
from tests.importer.workshop import Importing, Workshop

OURS = {"ns/a.py": "v = 1\n", "ns/deep/b.py": "v = 2\n"}


@pytest.fixture(params=[True, False], ids=["in C++", "by importlib"])
def importing_both_ways(importing: Importing, request: pytest.FixtureRequest) -> Importing:
    """Once as imports usually go, and once with somebody else's finder in front."""
    if not request.param:

        class Spectator:
            @staticmethod
            def find_spec(_name: str, _path: object = None, _target: object = None) -> None:
                return None

        sys.meta_path.insert(0, Spectator)
    return importing


@pytest.mark.parametrize(
    "files",
    [
        {"ns/__init__.py": "v = 'attacker'\n"},
        {"ns.py": "v = 'attacker'\n"},
        {"ns/__init__.pyc": b""},
    ],
    ids=["package", "module", "bytecode"],
)
def test_a_regular_package_behind_is_refused(
    workshop: Workshop, importing_both_ways: Importing, files: dict[str, str | bytes]
) -> None:
    later = workshop.tree("later", files, sign=False)
    importing_both_ways.put(workshop.zip("app.zip", OURS), later)
    for name in ("ns", "ns.a", "ns.deep.b"):
        with pytest.raises(signedvfs.IntegrityCheckMissing) as caught:
            importing_both_ways.module(name)
        assert caught.value.code == "Shadowed"
        assert str(later) in str(caught.value)
    with pytest.raises(signedvfs.IntegrityCheckMissing):
        importlib.util.find_spec("ns")


def test_in_a_namespace_package_too(workshop: Workshop, importing_both_ways: Importing) -> None:
    later = workshop.tree("later", {"ns/deep/__init__.py": "v = 'attacker'\n"}, sign=False)
    importing_both_ways.put(workshop.zip("app.zip", OURS), later)
    assert importing_both_ways.module("ns.a").v == 1
    with pytest.raises(signedvfs.IntegrityCheckMissing):
        importing_both_ways.module("ns.deep.b")


def test_portions_add_up_as_before(workshop: Workshop, importing_both_ways: Importing) -> None:
    # PEP 420
    later = workshop.tree("later", {"ns/c.py": "v = 3\n"}, sign=False)
    importing_both_ways.put(workshop.zip("app.zip", OURS), later)
    assert [importing_both_ways.module(f"ns.{name}").v for name in ("a", "deep.b", "c")] == [
        1,
        2,
        3,
    ]
    assert len(list(importing_both_ways.module("ns").__path__)) == 2


def test_what_is_signed_may_replace(workshop: Workshop, importing_both_ways: Importing) -> None:
    # another archive's regular package is verified as well
    other = workshop.zip("other.zip", {"ns/__init__.py": "v = 'other'\n"})
    importing_both_ways.put(workshop.zip("app.zip", OURS), other)
    assert importing_both_ways.module("ns").v == "other"


def test_what_stands_in_front_is_found_in_front(
    workshop: Workshop, importing_both_ways: Importing
) -> None:
    front = workshop.tree("front", {"ns/__init__.py": "v = 'front'\n"}, sign=False)
    importing_both_ways.put(front, workshop.zip("app.zip", OURS))
    assert importing_both_ways.module("ns").v == "front"


def test_the_interpreters_own_library_is_trusted(
    workshop: Workshop, importing_both_ways: Importing
) -> None:
    # an archive's directory of web pages is no reason to be without Python's html
    importing_both_ways.put(workshop.zip("app.zip", {"wsgiref/index.html": "", "m.py": ""}))
    sys.modules.pop("wsgiref", None)
    module = importing_both_ways.module("wsgiref")
    assert Path(str(module.__file__)).parent.parent == Path(str(importlib.__file__)).parent.parent
