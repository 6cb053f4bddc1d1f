"""Where nobody can tell whether a path is ours it is refused, and never left to others."""

from __future__ import annotations

import importlib
import os
from pathlib import Path

import pytest

import signedvfs
from tests.importer.workshop import Importing, Python, Workshop, refuses

EVIL = {"m.py": "v = 'attacker'\n"}


@pytest.mark.parametrize("entry", ["../app.zip", "app.zip", "../plain", "x", "./.."])
def test_a_deleted_current_directory(workshop: Workshop, python: Python, entry: str) -> None:
    # A2: the kernel still finds "../app.zip" from there
    workshop.plain_zip("app.zip", EVIL)
    workshop.tree("plain", EVIL, sign=False)
    script = f"""
    import os
    os.mkdir("cwd"); os.chdir("cwd"); os.rmdir(os.getcwd())
    sys.path.insert(0, {entry!r})
    try:
        import m
    except signedvfs.IntegrityCheckError as error:
        print("refused" if "the current directory" in str(error) else error)
    """
    assert python(script).stdout == "refused\n"


@pytest.mark.usefixtures("importing")
@pytest.mark.parametrize(
    "path",
    [
        "circle",
        "circle/m",
        "a/" + "x" * 300,
        "x" * 33000,
        "to-long",
    ],
)
def test_circles_and_names_that_are_too_long(workshop: Workshop, path: str) -> None:
    # A2: ELOOP, ENAMETOOLONG
    (workshop.directory / "a").mkdir()
    (workshop.directory / "circle").symlink_to("other-circle")
    (workshop.directory / "other-circle").symlink_to("circle")
    (workshop.directory / "to-long").symlink_to("x" * 300)
    finder = signedvfs.hook(str(workshop.directory / path))
    with pytest.raises(signedvfs.IntegrityCheckError, match="cannot be told from an archive"):
        finder.find_spec("m")


SETUP = """
    import os
    if os.getuid() == 0:
        os.setgroups([]); os.setgid(65534); os.setuid(65534)
"""


@pytest.fixture
def locked(workshop: Workshop) -> Path:
    """A directory that an ordinary user may not look into, below ones that everybody may."""
    place = workshop.directory / "locked"
    place.mkdir()
    workshop.tree("locked/plain", EVIL, sign=False)
    workshop.plain_zip("locked/unsuspicious", EVIL)
    for directory in [workshop.directory, *workshop.directory.parents][:4]:
        if directory.stat().st_uid == os.getuid() and str(directory) != "/":
            directory.chmod(0o755)
    place.chmod(0)
    return place


@pytest.mark.skipif(os.getuid() != 0, reason="gives up root's rights to be refused something")
@pytest.mark.parametrize("name", ["plain", "unsuspicious", "missing"])
def test_what_may_not_be_looked_at(python: Python, locked: Path, name: str) -> None:
    # A2: EACCES
    script = f"""
    {SETUP.strip()}
    path = {str(locked / name)!r}
    try:
        signedvfs.hook(path).find_spec("m")
    except signedvfs.IntegrityCheckError as error:
        print("refused" if "Permission denied" in str(error) else error)
    """
    assert python(script.replace("\n    if", "\n    if")).stdout == "refused\n"


def test_the_hook_is_asked_again_after_invalidation(
    workshop: Workshop, importing: Importing
) -> None:
    # A2: what was made accessible meanwhile
    circle = workshop.directory / "place"
    circle.symlink_to("place")
    importing.put(circle)
    with pytest.raises(signedvfs.IntegrityCheckError):
        importing.module("m")
    circle.unlink()
    workshop.zip("good.zip", {"m.py": "v = 1\n"}).rename(circle)
    with pytest.raises(signedvfs.IntegrityCheckError):
        importing.module("m")
    importlib.invalidate_caches()
    assert importing.module("m").v == 1


@pytest.mark.usefixtures("importing")
def test_names_that_no_file_system_has_are_nobodys(workshop: Workshop) -> None:
    for path in ("a\0b", "\ud800", str(workshop.directory / "a\0b" / "c")):
        with pytest.raises(ImportError):
            signedvfs.hook(path)
    for path in ("a\0.zip", "\ud800/app.zip", str(workshop.directory / "a\0b" / "c.egg")):
        assert refuses(signedvfs.hook(path))
