"""importlib.metadata: distributions in archives are found, and read verified or not at all."""

from __future__ import annotations

import importlib
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

import signedvfs
from tests.importer.workshop import Importing, Place, Workshop

INFO = "Foo_Bar.baz-1.2.dist-info"
FILES: dict[str, bytes | str] = {
    "foo/__init__.py": "def main():\n    return 'ran'\n",
    f"{INFO}/METADATA": (
        "Metadata-Version: 2.1\nName: Foo-Bar.baz\nVersion: 1.2\n"
        "Requires-Dist: other>=1\nSummary: gr\u00fc\u00dfe\n"
    ),
    f"{INFO}/entry_points.txt": "[console_scripts]\nfoo = foo:main\n[signedvfs.test]\nx = foo\n",
    f"{INFO}/RECORD": f"foo/__init__.py,,\n{INFO}/METADATA,,\nmissing.py,,\n../../bin/foo,,\n",
    f"{INFO}/top_level.txt": "foo\n",
    "legacy-3.0.egg-info/PKG-INFO": "Metadata-Version: 1.1\nName: legacy\nVersion: 3.0\n",
    "single-4.egg-info": "Metadata-Version: 1.1\nName: single\nVersion: 4\n",
}


def entry_points(group: str) -> list[Any]:
    """Return the entry points of a group, whatever the version of Python."""
    if sys.version_info >= (3, 10):
        return list(metadata.entry_points(group=group))
    return list(metadata.entry_points().get(group, []))


def names(**arguments: Any) -> list[str]:
    return sorted(one.metadata["Name"] for one in metadata.distributions(**arguments))


@pytest.mark.parametrize("name", ["foo-bar-baz", "Foo_Bar.baz", "FOO.BAR_baz"])
def test_a_distribution_by_its_name(program: Path, name: str) -> None:
    # M1: names are normalised (PEP 503)
    assert metadata.version(name) == "1.2"
    found = metadata.distribution(name)
    assert found.metadata["Summary"] == "gr\u00fc\u00dfe"
    assert metadata.requires(name) == ["other>=1"]
    assert found.read_text("top_level.txt") == "foo\n"
    assert found.read_text("missing.txt") is None
    assert str(found.locate_file("foo/__init__.py")) == f"{program}/foo/__init__.py"


def test_legacy_distributions(program: Path) -> None:
    # M4
    assert metadata.version("legacy") == "3.0"
    assert metadata.version("single") == "4"
    del program


def test_files(program: Path) -> None:
    # Y25: what is not there is left out where the standard library does so
    files = {str(one): one for one in metadata.files("foo-bar-baz") or []}
    assert files["foo/__init__.py"].read_text() == "def main():\n    return 'ran'\n"
    assert files["foo/__init__.py"].read_binary().startswith(b"def main")
    listed = {"foo/__init__.py", f"{INFO}/METADATA"}
    if sys.version_info < (3, 12):
        listed |= {"missing.py", "../../bin/foo"}
    assert set(files) == listed
    del program


def test_entry_points_load_verified_code(program: Path) -> None:
    # M1
    (script,) = [one for one in entry_points("console_scripts") if one.name == "foo"]
    assert script.load()() == "ran"
    (plugin,) = entry_points("signedvfs.test")
    module = plugin.load()
    assert module.__file__ == f"{program}/foo/__init__.py"
    assert isinstance(module.__loader__, signedvfs.zipimporter)


def test_all_distributions_and_the_context(program: Path, workshop: Workshop) -> None:
    # M3: context.path and context.name are honoured, unknown attributes passed on
    ours = ["Foo-Bar.baz", "legacy", "single"]
    assert names(path=[str(program)]) == ours
    assert set(ours) <= set(names())
    assert names(path=[str(program)], name="Legacy") == ["legacy"]
    assert names(path=[]) == []
    assert names(path=[str(program)], realm="private") == ours
    plain = workshop.tree(
        "site", {"q-1.dist-info/METADATA": "Metadata-Version: 2.1\nName: q\nVersion: 1\n"}, False
    )
    found = [
        one.metadata["Name"] for one in metadata.distributions(path=[str(plain), str(program)])
    ]
    assert found[0] == "q"  # in the order of the path
    assert sorted(found[1:]) == ours
    with pytest.raises(metadata.PackageNotFoundError):
        metadata.version("nobody")
    if sys.version_info >= (3, 10):
        assert metadata.packages_distributions()["foo"] == ["Foo-Bar.baz"]


def test_the_first_entry_of_the_path_wins(
    program: Path, workshop: Workshop, importing: Importing
) -> None:
    # M4: entry_points() takes a distribution once
    other = workshop.zip(
        "other.zip",
        {
            "foo_bar_baz-9.dist-info/METADATA": "Metadata-Version: 2.1\n"
            "Name: foo-bar-baz\nVersion: 9\n",
            "foo_bar_baz-9.dist-info/entry_points.txt": "[signedvfs.test]\ny = evil\n",
        },
    )
    sys.path.append(str(other))
    assert metadata.version("foo-bar-baz") == "1.2"
    if sys.version_info >= (3, 10):
        assert [one.name for one in entry_points("signedvfs.test")] == ["x"]
    sys.path.remove(str(other))
    importing.put(other)
    assert metadata.version("foo-bar-baz") == "9"
    del program


def test_below_a_prefix(place: Place, importing: Importing) -> None:
    # M5: the standard library finds nothing there
    path = place({f"lib/{name}": content for name, content in FILES.items()})
    importing.put(f"{path}/lib")
    assert metadata.version("legacy") == "3.0"
    assert names(path=[str(path)]) == []


def test_an_egg(workshop: Workshop, importing: Importing) -> None:
    # M4: EGG-INFO at the top of a file that is named for its distribution
    egg = workshop.zip(
        "some_egg-5.0-py3.egg",
        {
            "EGG-INFO/PKG-INFO": "Metadata-Version: 1.1\nName: some-egg\nVersion: 5.0\n",
            "EGG-INFO/entry_points.txt": "[signedvfs.test]\nz = some\n",
        },
    )
    importing.put(egg)
    assert metadata.version("Some-Egg") == "5.0"
    assert [one.name for one in entry_points("signedvfs.test")] == ["z"]


def test_tampered_metadata_is_refused(workshop: Workshop, importing: Importing) -> None:
    # V4: an entry point that an attacker has written is never seen
    path = workshop.zip("app.zip", FILES, compression=0)
    importing.put(path)
    assert metadata.version("foo-bar-baz") == "1.2"
    content = path.read_bytes()
    assert b"foo = foo:main" in content
    path.write_bytes(content.replace(b"foo = foo:main", b"foo = os:abort"))
    with pytest.raises(signedvfs.IntegrityCheckFailed):
        entry_points("console_scripts")
    with pytest.raises(signedvfs.IntegrityCheckFailed):
        metadata.distribution("foo-bar-baz").read_text("entry_points.txt")


def test_metadata_of_a_refused_archive(workshop: Workshop, importing: Importing) -> None:
    # V4, M6: also where nobody has imported from it yet
    unsigned = workshop.plain_zip("unsigned.zip", FILES)
    importing.put(unsigned)
    for ask in (lambda: names(), lambda: metadata.version("legacy")):
        with pytest.raises(signedvfs.IntegrityCheckMissing):
            ask()


def test_metadata_after_a_replacement(workshop: Workshop, importing: Importing) -> None:
    # M7, F3
    path = workshop.zip("app.zip", FILES)
    importing.put(path)
    assert metadata.version("legacy") == "3.0"
    newer = {"legacy-3.1.egg-info/PKG-INFO": "Metadata-Version: 1.1\nName: legacy\nVersion: 3.1\n"}
    workshop.zip("new.zip", newer).replace(path)
    assert metadata.version("legacy") == "3.0"
    importlib.invalidate_caches()
    assert metadata.version("legacy") == "3.1"
    path.unlink()
    importlib.invalidate_caches()
    with pytest.raises(signedvfs.IntegrityCheckError, match="is missing"):
        metadata.version("legacy")


def test_without_the_hook_the_library_is_left_alone(
    workshop: Workshop, importing: Importing
) -> None:
    path = workshop.plain_zip("unsigned.zip", FILES)
    sys.path_hooks.remove(signedvfs.hook)
    importing.put(path)
    assert metadata.version("legacy") == "3.0"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# nothing\n\n",
        "[a]\nx = m:f\n  y=m.n : g [extra] \n\n# no\n[ b ]\nz = m\n[a]\nx = m:again\n",
        "[a]\r\nx = m:f\r\ny = m\r\n",
        "[a]\nx = m:f = g\n[b]]\n[empty]\n",
        "[a]\nx = m:f\u2028y = m:g\n",
        "x = m\n[a]\ny = n\n",
        "[a]\nno value\n",
    ],
)
def test_entry_points_are_those_of_files(
    workshop: Workshop, importing: Importing, tmp_path: Path, text: str
) -> None:
    member = "foo-1.dist-info/entry_points.txt"
    importing.put(workshop.zip("app.zip", {member: text.encode()}))
    plain = workshop.tree("plain", {member: text.encode()}, sign=False)
    expected = metadata.PathDistribution(plain / "foo-1.dist-info")
    (ours,) = metadata.distributions(path=[str(tmp_path / "app.zip")])

    def outcome(distribution: metadata.Distribution) -> object:
        try:
            found = distribution.entry_points
            return type(found), [(one.name, one.value, one.group) for one in found]
        except Exception as error:  # what is wrong is wrong in both
            return type(error)

    assert outcome(ours) == outcome(expected)
    if sys.version_info >= (3, 10) and isinstance(outcome(ours), tuple):
        assert all(one.dist is ours for one in ours.entry_points)


@pytest.mark.parametrize("name", ["a__b.-c-1.dist-info", "UP.egg-info", "x.DIST-INFO"])
def test_distributions_are_those_of_files(
    workshop: Workshop, importing: Importing, tmp_path: Path, name: str
) -> None:
    files = {f"{name}/METADATA": "Name: n\n"}
    importing.put(workshop.zip("app.zip", files))
    plain = workshop.tree("plain", files, sign=False)

    # Python 3.9 has no such attribute, and then neither do its own distributions have a use for it.
    def found(path: Path) -> list[str]:
        if sys.version_info < (3, 10):
            return [one.metadata["Name"] for one in metadata.distributions(path=[str(path)])]
        return [
            str(getattr(one, "_normalized_name", one.metadata["Name"]))
            for one in metadata.distributions(path=[str(path)])
        ]

    assert found(tmp_path / "app.zip") == found(plain)
