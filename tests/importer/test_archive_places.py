"""What is named like an archive is ours, whatever stands there: nothing falls through to others."""

from __future__ import annotations

import importlib
import importlib.util
import os
import pkgutil
import runpy
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import signedvfs
from tests.importer.workshop import Importing, Python, Workshop, refuses

EVIL = {"m.py": "v = 'attacker'\n", "p/__init__.py": "v = 'attacker'\n", "__main__.py": "v = 1\n"}
ENDINGS = [
    ".zip", ".whl", ".egg", ".pyz", ".pyzw", ".pex", ".tar", ".tar.gz", ".tgz", ".tar.xz", ".txz",
    ".tar.zst", ".tar.bz2", ".tbz2", ".7z", ".cpio", ".ZIP", ".Tar.Gz", ".zipx", ".par", ".xar",
    ".shiv", ".jar", ".apk", ".xpi", ".nupkg", ".vsix", ".conda", ".JAR", ".taz", ".tlz",
    ".tzo", ".tbz", ".tb2", ".tz2", ".tzst", ".tlz4", ".crate", ".pax", ".tar.Z", ".tar.lz",
    ".tar.lz4", ".tar.lzma", ".tar.lzo", ".tar.lrz", ".tar.bz", ".tar.br", ".pax.xz", ".cpio.gz",
    ".cpio.xz", ".cpio.zst", ".cpio.bz2", ".cpio.Z", ".CPIO.GZ",
]  # fmt: skip

every_ending = pytest.mark.parametrize("ending", ENDINGS)


def directory_at(path: Path, workshop: Workshop) -> None:
    workshop.tree(path.name, EVIL, sign=False)


def link_to_directory_at(path: Path, workshop: Workshop) -> None:
    path.symlink_to(workshop.tree("elsewhere", EVIL, sign=False))


def chain_of_links_at(path: Path, workshop: Workshop) -> None:
    path.with_name("between").symlink_to(workshop.tree("elsewhere", EVIL, sign=False))
    path.symlink_to("between")


def empty_directory_at(path: Path, _: Workshop) -> None:
    path.mkdir()


def nothing_at(_path: Path, _: Workshop) -> None:
    pass


def link_to_nothing_at(path: Path, _: Workshop) -> None:
    path.symlink_to("nowhere")


def circle_at(path: Path, _: Workshop) -> None:
    path.symlink_to(path.name)


def empty_file_at(path: Path, _: Workshop) -> None:
    path.touch()


def junk_at(path: Path, _: Workshop) -> None:
    path.write_text("no archive\n")


def python_at(path: Path, _: Workshop) -> None:
    path.write_text("v = 'attacker'\n")


def pipe_at(path: Path, _: Workshop) -> None:
    os.mkfifo(path)


PLACES: list[Callable[[Path, Workshop], None]] = [
    directory_at,
    link_to_directory_at,
    chain_of_links_at,
    empty_directory_at,
    nothing_at,
    link_to_nothing_at,
    circle_at,
    empty_file_at,
    junk_at,
    python_at,
    pipe_at,
]
every_place = pytest.mark.parametrize("stands", PLACES)


@every_place
@pytest.mark.parametrize("below", ["", "/lib", "//./lib/", "/p/q"])
def test_nothing_but_an_archive_stands_where_an_archive_belongs(
    workshop: Workshop, importing: Importing, stands: Callable[[Path, Workshop], None], below: str
) -> None:
    # A1, A3: the later directory never gets to supply the module
    path = workshop.directory / "app.zip"
    stands(path, workshop)
    later = workshop.tree("later", {"m.py": "v = 'attacker'\n"}, sign=False)
    importing.put(f"{path}{below}", later)
    with pytest.raises(signedvfs.IntegrityCheckError):
        importing.module("m")
    assert "m" not in sys.modules


@every_ending
def test_one_table_says_which_names_are_archives(workshop: Workshop, ending: str) -> None:
    directory = workshop.tree("app" + ending, EVIL, sign=False)
    assert refuses(signedvfs.hook(str(directory)))
    assert refuses(signedvfs.hook(f"{directory}/lib"))
    missing = workshop.directory / ("missing" + ending)
    assert refuses(signedvfs.hook(str(missing)))
    for other in (ending, "app" + ending + "y", "app" + ending.replace(".", "")):
        plain = workshop.directory / "plain" / other
        plain.mkdir(parents=True)
        with pytest.raises(ImportError):
            signedvfs.hook(str(plain))


@pytest.mark.parametrize("name", ["app.gz", "app.z", "tar.gz", "app.tar.txt", "a.oxt", "a.zip.d"])
def test_a_name_that_no_archive_has_is_nobodys_place(workshop: Workshop, name: str) -> None:
    directory = workshop.tree(name, EVIL, sign=False)
    with pytest.raises(ImportError):
        signedvfs.hook(str(directory))


@pytest.mark.usefixtures("importing")
@pytest.mark.parametrize(
    "spelling",
    [
        "{dir}/app.zip",
        "{dir}/app.zip/lib",
        "{dir}//app.zip/.",
        "{dir}/sub/../app.zip",
        "{dir}/plain",  # a link to the directory app.zip
        "{dir}/plain/lib",
        "{dir}/through",  # a link to a link named like an archive
        "{dir}/inside",  # a link to a directory in app.zip
        "{dir}/inside/..",
        "{own}.zip",
        "./{own}.zip/lib",
    ],
)
def test_in_every_spelling(workshop: Workshop, spelling: str) -> None:
    # A1: by way of links whose own names say nothing
    own = workshop.directory.name
    for name in ("app.zip", f"{own}.zip"):
        workshop.tree(name, {**EVIL, "lib/m.py": "v = 'attacker'\n"}, sign=False)
    (workshop.directory / "sub").mkdir()
    (workshop.directory / "plain").symlink_to("app.zip")
    (workshop.directory / "link.egg").symlink_to(workshop.tree("elsewhere", EVIL, sign=False))
    (workshop.directory / "through").symlink_to("link.egg")
    (workshop.directory / "inside").symlink_to("app.zip/lib")
    os.chdir(workshop.directory)
    assert refuses(signedvfs.hook(spelling.format(dir=workshop.directory, own=own)))


@pytest.mark.usefixtures("importing")
def test_the_current_directory_may_be_in_an_archives_place(workshop: Workshop) -> None:
    # A1: the relative entry has no archive's name in it
    root = workshop.tree("app.zip", {"lib/m.py": "v = 'attacker'\n"}, sign=False)
    os.chdir(root)
    assert refuses(signedvfs.hook(""))
    assert refuses(signedvfs.hook(f"../{root.name}/lib"))
    assert refuses(signedvfs.hook("lib"))


def test_a_signed_directory_may_have_any_name(workshop: Workshop, importing: Importing) -> None:
    # A1: it is content that satisfies the policy, and the name promises nothing else
    root = workshop.tree("app.zip", {"m.py": "v = 1\n", "vendor/x.egg/n.py": "v = 2\n"})
    importing.put(root, root / "vendor" / "x.egg")
    assert importing.module("m").v == 1
    assert importing.module("n").v == 2
    (root / "signedimp-manifest.txt").unlink()
    (root / "late.py").write_text("v = 'attacker'\n")
    importlib.invalidate_caches()
    with pytest.raises(signedvfs.IntegrityCheckError):
        importing.module("late")


def test_a_place_in_a_signed_directory_is_an_archives_too(
    workshop: Workshop, importing: Importing
) -> None:
    # A1: the tree is signed, the archive in it is replaced by a directory
    root = workshop.tree("root", {"m.py": "v = 1\n", "lib.zip": b"was an archive"})
    importing.put(root)
    importing.module("m")
    (root / "lib.zip").unlink()
    workshop.tree("root/lib.zip", {"n.py": "v = 'attacker'\n"}, sign=False)
    later = workshop.tree("later", {"n.py": "v = 'attacker'\n"}, sign=False)
    sys.path[1:1] = [str(root / "lib.zip"), str(later)]
    with pytest.raises(signedvfs.IntegrityCheckError, match="whose name is an archive's"):
        importing.module("n")


@every_place
def test_other_ways_to_run_a_path_are_refused_too(
    workshop: Workshop, importing: Importing, stands: Callable[[Path, Workshop], None]
) -> None:
    # A1: pkgutil.get_importer, runpy.run_path, importlib.util
    path = workshop.directory / "app.zip"
    stands(path, workshop)
    assert isinstance(pkgutil.get_importer(str(path)), signedvfs.zipimporter)
    with pytest.raises(signedvfs.IntegrityCheckError):
        runpy.run_path(str(path))
    importing.put(path)
    with pytest.raises(signedvfs.IntegrityCheckError):
        importlib.util.find_spec("m")


@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_children_after_a_change_of_directory(
    workshop: Workshop, python: Python, method: str
) -> None:
    # A1: a relative entry of the parent's path, which the child meets elsewhere
    workshop.zip("home/app.zip", {"m.py": "v = 'good'\n"})
    workshop.tree("hostile/app.zip", {"m.py": "v = 'attacker'\n"}, sign=False)
    script = f"""
    import multiprocessing, os
    os.chdir({str(workshop.directory / "home")!r})
    sys.path.insert(0, "app.zip")
    import m
    os.chdir({str(workshop.directory / "hostile")!r})
    context = multiprocessing.get_context({method!r})
    with context.Pool(1) as pool:
        print(pool.apply(eval, ("__import__('m').v",)))
    """
    assert python(script).stdout == "good\n"


def test_what_was_missing_is_looked_for_again_after_invalidation(
    workshop: Workshop, importing: Importing
) -> None:
    # A3, F1, F7: and only then
    path = workshop.directory / "late.zip"
    importing.put(path)
    with pytest.raises(signedvfs.IntegrityCheckError, match=r"a signed archive .* is expected"):
        importing.module("m")
    workshop.zip("late.zip", {"m.py": "v = 1\n"})
    with pytest.raises(signedvfs.IntegrityCheckError):
        importing.module("m")
    importlib.invalidate_caches()
    assert importing.module("m").v == 1


def test_what_was_in_use_and_is_gone_is_refused(workshop: Workshop, importing: Importing) -> None:
    # A3: also an archive whose name says nothing, and a signed directory
    later = workshop.tree("later", {"late.py": "v = 'attacker'\n"}, sign=False)
    for name, path in {
        "first": workshop.zip("program", {"first.py": "", "late.py": "v = 1\n"}),
        "second": workshop.tree("tree", {"second.py": "", "late.py": "v = 1\n"}),
    }.items():
        sys.path[:0] = [str(path), str(later)]
        importing.module(name)
        path.rename(workshop.directory / f"moved-{name}")
        importlib.invalidate_caches()
        with pytest.raises(signedvfs.IntegrityCheckError):
            importing.module("late")
        del sys.path[:2]


@pytest.mark.usefixtures("importing")
def test_junk_stays_refused_when_it_becomes_an_archive(workshop: Workshop) -> None:
    # A3, I1: a refused path stays refused
    path = workshop.directory / "notes.zip"
    path.write_text("no archive\n")
    assert refuses(signedvfs.hook(str(path)))
    workshop.zip("good.zip", {"m.py": ""}).replace(path)
    finder = signedvfs.hook(str(path))
    finder.invalidate_caches()
    with pytest.raises(signedvfs.IntegrityCheckError, match="needs a new file name"):
        finder.find_spec("m")


@pytest.mark.usefixtures("importing")
@pytest.mark.parametrize("below", ["/..", "/lib", "/../lib/x"])
def test_what_is_named_below_a_mere_file_is_left_to_others(workshop: Workshop, below: str) -> None:
    # A2: os.path.join(__file__, "..") is on many a path, and Python passes it over
    path = workshop.directory / "script.py"
    path.write_text("v = 1\n")
    with pytest.raises(ImportError):
        signedvfs.hook(f"{path}{below}")
    assert runpy.run_path(str(path))["v"] == 1
    # ... unless it is an archive, or was one.
    archive = workshop.zip("program", {"lib/m.py": "v = 1\n"})
    assert signedvfs.hook(f"{archive}/lib").find_spec("m") is not None
    archive.write_text("junk")
    assert signedvfs.hook(f"{archive}/lib").find_spec("no_such_module") is None


def test_the_interpreters_own_missing_archive_is_no_refusal(python: Python) -> None:
    # A3: .../lib/python311.zip stands on every sys.path, and hardly ever exists
    script = """
    import os
    own = [entry for entry in sys.path if entry.endswith(".zip")]
    assert own and not os.path.exists(own[0]), sys.path
    sys.path[:] = own + [entry for entry in sys.path if entry not in own]
    sys.path_importer_cache.clear()
    import this_is_nowhere
    """
    done = python(script, check=False)
    assert "ModuleNotFoundError: No module named 'this_is_nowhere'" in done.stderr


@pytest.mark.usefixtures("importing")
def test_only_what_is_certainly_not_ours_is_left_to_others(workshop: Workshop) -> None:
    # A2: a plain directory, nothing under a plain name, a program, special files
    (workshop.directory / "dangling").symlink_to("nothing")
    os.mkfifo(workshop.directory / "fifo")
    script = workshop.directory / "script"
    script.write_text("v = 1\n")
    (workshop.directory / "link").symlink_to("script")
    plain = workshop.tree("plain", {"m.py": ""}, sign=False)
    for path in (plain, "dangling", "missing", "fifo", script, "link", "plain/missing/deeper"):
        with pytest.raises(ImportError):
            signedvfs.hook(str(workshop.directory / path))
