"""Finders, and specs with finders in them, can be copied and sent elsewhere."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest

import signedvfs
from tests.importer.workshop import Importing, Place, Workshop, finder_at, found


class Finder(signedvfs.zipimporter):
    """A subclass that a program might write."""

    note = ""

    def get_source(self, fullname: str) -> str | None:
        return f"# {self.note}\n{super().get_source(fullname)}"


@pytest.mark.usefixtures("importing")
@pytest.mark.parametrize("prefix", ["", "/lib"])
def test_finders_are_picklable_and_copyable(place: Place, prefix: str) -> None:
    # B8
    path = place({"m.py": "", "lib/m.py": "", "lib/p/__init__.py": ""})
    finder: Any = signedvfs.zipimporter(f"{path}{prefix}")
    finder.note = "mine"
    for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
        restored: Any = pickle.loads(pickle.dumps(finder, protocol))
        assert (restored.archive, restored.prefix) == (finder.archive, finder.prefix)
        assert restored.note == "mine"
        assert found(restored.find_spec("m")).origin == f"{path}{prefix}/m.py"
    duplicates: list[Any] = [copy.copy(finder), copy.deepcopy(finder)]
    for duplicate in duplicates:
        assert duplicate is not finder
        assert duplicate.note == "mine"
        assert type(duplicate) is signedvfs.zipimporter
        assert found(duplicate.find_spec("m")).origin == f"{path}{prefix}/m.py"


def test_specs_are_copyable(place: Place, importing: Importing) -> None:
    # B8
    path = place({"m.py": "v = 1\n"})
    importing.put(path)
    spec: Any = importing.module("m").__spec__
    for duplicate in (copy.deepcopy(spec), pickle.loads(pickle.dumps(spec))):
        assert duplicate.origin == spec.origin
        assert isinstance(duplicate.loader, signedvfs.zipimporter)
        assert duplicate.loader.get_filename("m") == f"{path}/m.py"


@pytest.mark.usefixtures("importing")
def test_subclasses_stay_subclasses(place: Place) -> None:
    # B8, B9
    finder = Finder(str(place({"m.py": "v = 1\n"})))
    finder.note = "seen"
    for duplicate in (finder, copy.copy(finder), pickle.loads(pickle.dumps(finder))):
        assert type(duplicate) is Finder
        loader: Any = found(duplicate.find_spec("m")).loader
        assert loader is duplicate
        assert loader.get_source("m") == "# seen\nv = 1\n"


def test_a_copy_needs_no_archive(workshop: Workshop, importing: Importing) -> None:
    # B8: what is in use stays in use
    path = workshop.zip("app.zip", {"m.py": "v = 1\n"})
    importing.put(path)
    importing.module("m")
    path.rename(path.with_suffix(".moved"))
    duplicate = copy.deepcopy(finder_at(path))
    assert duplicate.get_filename("m") == f"{path}/m.py"


@pytest.mark.usefixtures("importing")
def test_a_policy_is_picklable(key: signedvfs.PrivateKey) -> None:
    policy = signedvfs.TrustPolicy(
        [key.public_key], names=["app"], min_serial={"app": 3}, revoked=["0" * 64], now=12
    )
    restored = pickle.loads(pickle.dumps(policy))
    assert repr(restored) == repr(policy)
    assert restored.keys == policy.keys
