"""Who resolves symbolic links by himself stays at what is signed, whatever is turned meanwhile.

`os.path.realpath(__file__)` is how many programs find their data.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import signedvfs
from tests.importer.files.conftest import FILES, closed_doors, write_tree
from tests.importer.workshop import Importing, Workshop

RESOLVERS: dict[str, Callable[[str], str]] = {
    "realpath": os.path.realpath,
    "bytes": lambda path: os.fsdecode(os.path.realpath(os.fsencode(path))),
    "Path": lambda path: str(Path(path).resolve()),
    "by hand": lambda path: (
        os.path.join(os.path.dirname(path), os.readlink(path)) if os.path.islink(path) else path
    ),
}
RESOLVERS["strict"] = lambda path: str(Path(path).resolve(strict=True))
if hasattr(os.path, "ALLOW_MISSING"):
    RESOLVERS["allow missing"] = lambda path: os.path.realpath(path, strict=os.path.ALLOW_MISSING)


def evil_at(path: Path) -> None:
    write_tree(path, dict.fromkeys(FILES, "EVIL"))


def turn(link: Path, target: str) -> None:
    if link.is_dir() and not link.is_symlink():
        link.rename(link.with_name("moved"))
    else:
        link.unlink()
    link.symlink_to(target)


@pytest.fixture
def used(workshop: Workshop, importing: Importing) -> Iterator[Callable[[Path], Path]]:
    """Have an archive used by a path, and return that."""

    def use(path: Path) -> Path:
        importing.put(path)
        __import__("pkg")
        sys.modules.pop("pkg")
        signedvfs.open_doors()
        return path

    assert workshop
    yield use
    signedvfs.close_doors()


@pytest.mark.parametrize("resolve", RESOLVERS.values(), ids=RESOLVERS)
@pytest.mark.parametrize(
    "case", ["the archive", "a link above", "a directory above", "a link to it"]
)
def test_resolving_stays_with_the_archive(
    workshop: Workshop, used: Callable[[Path], Path], case: str, resolve: Callable[[str], str]
) -> None:
    base = workshop.directory / "base"
    (base / "real").mkdir(parents=True)
    archive = base / "real" / "app.zip"
    workshop.zip("app.zip", FILES, index=True).rename(archive)
    evil_at(base / "evil" / "app.zip")
    (base / "above").symlink_to("real")
    (base / "by.zip").symlink_to("real/app.zip")
    path, turned, target = {
        "the archive": (archive, archive, "../evil/app.zip"),
        "a link above": (base / "above/app.zip", base / "above", "evil"),
        "a directory above": (archive, base / "real", "evil"),
        "a link to it": (base / "by.zip", base / "by.zip", "evil/app.zip"),
    }[case]
    used(path)
    with closed_doors():
        turn(turned, target)
    for name in ("top.py", "pkg/data/sub/deep.json"):
        assert Path(resolve(f"{path}/{name}")).read_text() == FILES[name]
    assert Path(resolve(str(path)), "top.py").read_text() == FILES["top.py"]
    for above in (path, *path.parents):
        assert (
            Path(resolve(str(above)), os.path.relpath(path, above), "top.py").read_text()
            == FILES["top.py"]
        )


def test_links_are_what_they_are_while_nobody_turns_them(
    workshop: Workshop, used: Callable[[Path], Path]
) -> None:
    archive = workshop.zip("app.zip", FILES, index=True)
    above = archive.parent / "above"
    above.symlink_to(".")
    used(above / "app.zip")
    assert os.readlink(above) == "."
    assert os.readlink(os.fsencode(above)) == b"."
    assert above.is_symlink()
    assert os.path.realpath(above / "app.zip/pkg") == f"{os.path.realpath(archive)}/pkg"
    with pytest.raises(OSError, match="Invalid argument"):
        os.readlink(archive.parent)
    other = archive.parent / "other"
    other.symlink_to("nowhere")
    assert os.readlink(other) == "nowhere"
    with closed_doors():
        above.unlink()
    with pytest.raises(FileNotFoundError):
        os.readlink(above)
