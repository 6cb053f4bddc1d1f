"""A path is ours by every place that it leads through, whatever its links have been turned to."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import signedvfs
from tests.importer.workshop import Importing, Python, Workshop, refuses

Owner = Callable[[Path, Workshop], None]


def protect(path: Path, _: Workshop) -> None:
    signedvfs.hook.protect(path)


def use(path: Path, _: Workshop) -> None:
    """Import from a signed directory."""
    assert signedvfs.hook(str(path)).find_spec("m") is not None


def give_as_root(path: Path, workshop: Workshop) -> None:
    hook = signedvfs.PathHook([path], signedvfs.TrustPolicy(workshop.public_key))
    sys.path_hooks.insert(0, hook)


@pytest.fixture(params=[protect, use, give_as_root])
def owned(workshop: Workshop, importing: Importing, request: pytest.FixtureRequest) -> Path:
    """A signed directory BASE/srv/app that has an owner, with an attacker's tree in BASE/evil."""
    base = workshop.directory
    workshop.tree("srv/app", {"m.py": "v = 'good'\n", "lib/n.py": "v = 'good'\n"})
    workshop.tree("evil/app", {"m.py": "v = 'attacker'\n", "lib/n.py": "v = 'attacker'\n"}, False)
    (base / "srv" / "bin").mkdir()
    (base / "evil" / "bin").mkdir()
    (base / "alias").symlink_to("srv")
    (base / "deep").symlink_to(base / "srv" / "app" / "lib")
    assert importing is not None
    request.param(base / "srv" / "app", workshop)
    return base


SPELLINGS = [
    "srv/app",
    "srv/bin/../app",
    "srv/app/../app",
    "srv/app/lib/..",
    "alias/app",
    "alias/bin/../app",
    "srv//./app/",
]


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("turned", ["srv", "srv/app"])
def test_a_link_in_its_way_makes_nothing_others(owned: Path, spelling: str, turned: str) -> None:
    # the directory, or one above it, becomes a link to a plain one
    (owned / turned).rename(owned / "away")
    (owned / turned).symlink_to(owned / "evil" / turned.partition("/")[2])
    try:
        finder = signedvfs.hook(f"{owned}/{spelling}")
    except ImportError:
        pytest.fail("left to others")
    try:
        spec = finder.find_spec("m")
    except signedvfs.IntegrityCheckError:
        return
    assert spec is None or isinstance(spec.loader, signedvfs.zipimporter)


def test_by_way_of_proc(owned: Path) -> None:
    os.chdir(owned / "srv" / "app")
    descriptor = os.open(owned / "srv" / "app", os.O_RDONLY)
    try:
        for spelling in (
            "/proc/self/cwd",
            f"/proc/{os.getpid()}/cwd/.",
            "/proc/thread-self/cwd",
            f"/proc/self/root{owned}/srv/app",
            f"/proc/self/fd/{descriptor}",
            f"/dev/fd/{descriptor}",
            "/proc/self/cwd/lib/..",
        ):
            assert isinstance(signedvfs.hook(spelling), signedvfs.zipimporter), spelling
    finally:
        os.close(descriptor)


@pytest.mark.usefixtures("importing")
def test_a_directory_that_has_no_name_any_more_is_nobodys_to_take(workshop: Workshop) -> None:
    root = workshop.tree("plain", {}, sign=False)
    root.mkdir()
    descriptor = os.open(root, os.O_RDONLY)
    root.rmdir()
    try:
        assert refuses(signedvfs.hook(f"/proc/self/fd/{descriptor}"))
    finally:
        os.close(descriptor)


def test_a_link_into_what_is_owned(owned: Path) -> None:
    finder = signedvfs.hook(f"{owned}/deep")
    spec = finder.find_spec("n")
    assert spec is not None
    assert isinstance(spec.loader, signedvfs.zipimporter)


@pytest.mark.usefixtures("owned")
def test_what_leads_out_of_it_is_not_owned(workshop: Workshop) -> None:
    beside = workshop.tree("srv/vendor", {"x.py": ""}, sign=False)
    for spelling in (
        beside,
        f"{beside.parent}/app/../vendor",
        f"{beside.parent}/app/lib/../../vendor",
    ):
        with pytest.raises(ImportError):
            signedvfs.hook(str(spelling))


@pytest.mark.parametrize("spelling", ["app.zip", "sub/../app.zip", "link", "sub/../link"])
def test_what_was_refused_is_refused_at_every_place(
    workshop: Workshop, importing: Importing, spelling: str
) -> None:
    base = workshop.directory
    (base / "sub").mkdir()
    (base / "link").symlink_to("app.zip")
    workshop.plain_zip("app.zip", {"m.py": ""})
    importing.put(base / spelling)
    with pytest.raises(signedvfs.IntegrityCheckMissing):
        importing.module("m")
    workshop.zip("good.zip", {"m.py": ""}).replace(base / "app.zip")
    for other in ("app.zip", "sub/../app.zip", "link"):
        assert refuses(signedvfs.hook(f"{base}/{other}")), other


def test_an_older_release_by_way_of_a_turned_link(workshop: Workshop, importing: Importing) -> None:
    # without a name the floor goes by path: by each that leads there
    for directory, serial in (("new", 5), ("old", 4)):
        workshop.zip(f"{directory}/app.zip", {f"m{serial}.py": ""}, serial)
        (workshop.directory / directory / "sub").mkdir()
    current = workshop.directory / "current"
    current.symlink_to("new")
    importing.put(current / "sub" / ".." / "app.zip")
    importing.module("m5")
    current.unlink()
    current.symlink_to("old")
    importlib.invalidate_caches()
    with pytest.raises(signedvfs.IntegrityCheckFailed) as caught:
        importing.module("m4")
    assert caught.value.code == "Rollback"


@pytest.mark.usefixtures("importing")
def test_a_way_without_end_is_refused_soon(workshop: Workshop) -> None:
    # 36 links of hundreds of components each: the kernel would take it
    base = workshop.directory
    (base / "d").mkdir()
    (base / "l0").symlink_to("d/../" * 700 + "d")
    for i in range(1, 36):
        (base / f"l{i}").symlink_to("d/../" * 700 + f"l{i - 1}")
    finder = signedvfs.hook(f"{base}/l35" + "/../d" * 700)
    with pytest.raises(signedvfs.IntegrityCheckError, match="cannot be told from an archive"):
        finder.find_spec("m")


@pytest.mark.parametrize("first", [False, True], ids=["archive first", "drop first"])
@pytest.mark.parametrize("stray", [None, "junk", "stolen", "link", "fifo", "directory"])
def test_a_drop_directory_in_any_order_and_whatever_is_dropped(
    workshop: Workshop, importing: Importing, first: bool, stray: str | None
) -> None:
    # a manifest that somebody drops beside the archives makes no tree of the directory
    drop = workshop.directory / "drop"
    drop.mkdir()
    manifest = drop / "signedimp-manifest.txt"
    if stray == "junk":
        manifest.write_text("junk")
    elif stray == "stolen":
        workshop.tree("other", {"x.py": ""})
        (workshop.directory / "other" / manifest.name).rename(manifest)
    elif stray == "link":
        manifest.symlink_to("nowhere")
    elif stray == "fifo":
        os.mkfifo(manifest)
    elif stray == "directory":
        manifest.mkdir()
    sys.path_hooks.remove(signedvfs.hook)
    signedvfs.PathHook([drop], signedvfs.TrustPolicy(workshop.public_key)).install()
    archive = workshop.zip("drop/shop.zip", {"shop.py": "v = 1\n"})
    later = workshop.tree("later", {"shop.py": "v = 'attacker'\n"}, sign=False)
    importing.put(*([drop, archive, later] if first else [archive, drop, later]))
    assert importing.module("shop").v == 1
    manifest.unlink(missing_ok=True) if stray != "directory" else manifest.rmdir()
    importlib.invalidate_caches()
    importing.forget("shop")
    assert importing.module("shop").v == 1


@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_children_know_the_places_of_their_parent(
    workshop: Workshop, python: Python, method: str
) -> None:
    # a path that was protected by way of a link, which is turned before the child starts; and a
    # relative entry below it
    base = workshop.directory
    workshop.tree("real/tree", {"first.py": "", "lib/late.py": "v = 'good'\n"})
    workshop.tree("evil/tree", {"lib/late.py": "v = 'attacker'\n"}, sign=False)
    (base / "link").symlink_to("real")
    work = workshop.tree(
        "plain",
        {
            "work.py": """
import importlib, os, sys
def look(place, entry):
    os.chdir(place)
    sys.path.insert(0, entry)
    try:
        return importlib.import_module("late").v
    except Exception as error:
        return type(error).__name__
    finally:
        sys.path.remove(entry)
"""
        },
        sign=False,
    )
    script = f"""
    import multiprocessing, os
    base = {str(base)!r}
    signedvfs.hook.protect(base + "/link/tree")
    sys.path[:0] = [{str(work)!r}]
    import work
    os.chdir(base + "/real")
    signedvfs.hook("tree/lib")  # first seen here
    os.chdir(base)
    os.rename("real/tree", "kept"); os.rename("evil/tree", "real/tree")
    os.unlink("link"); os.symlink("evil", "link")
    with multiprocessing.get_context({method!r}).Pool(1) as pool:
        for entry in (base + "/real/tree/lib", "tree/lib"):
            print(pool.apply(work.look, (base + "/real", entry)))
    """
    assert python(script).stdout == "IntegrityCheckError\n" * 2
