"""importlib.resources: all of its functions, with every byte through the verified read."""

from __future__ import annotations

import fcntl
import importlib
import os
import pkgutil
import sys
from importlib import resources
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import signedvfs
from signedvfs import sealed
from signedvfs.resources import ArchivePath, MergedPath
from tests.importer.workshop import Importing, Python, Workshop, finder_at, loader_of

FILES: dict[str, bytes | str] = {
    "p/__init__.py": "",
    "p/text.txt": "gr\u00fc\u00dfe\r\nzwei\n",
    "p/data.bin": b"\x00\xff",
    "p/sub/__init__.py": "",
    "p/sub/inner.txt": "inner",
    "p/static/deep/logo.svg": "<svg/>",
    "p/static/style.css": "css",
    "p/mod.py": "",
    "ns/first.txt": "first",
    "top.py": "",
    "top.txt": "top",
}


def names(directory: Any) -> list[str]:
    return sorted(child.name for child in directory.iterdir())


def test_files_is_a_traversable_of_verified_content(program: Path) -> None:
    # R1, R2, R10
    root: Any = resources.files("p")
    assert isinstance(root, ArchivePath)
    assert str(root) == f"{program}/p"
    assert root.name == "p"
    assert names(root) == ["__init__.py", "data.bin", "mod.py", "static", "sub", "text.txt"]
    assert names(root / "static") == ["deep", "style.css"]
    assert (root / "data.bin").read_bytes() == b"\x00\xff"
    assert (root / "text.txt").read_text(encoding="utf-8") == "gr\u00fc\u00dfe\nzwei\n"
    for same in (
        root.joinpath("static", "deep", "logo.svg"),
        root.joinpath("static/deep/logo.svg"),
        root / "static" / "./deep" / "logo.svg",
        root / Path("static/deep/logo.svg"),
        root.joinpath() / "static//deep/logo.svg",
    ):
        assert same.is_file()
        assert not same.is_dir()
        assert same.read_text(encoding="utf-8") == "<svg/>"
        assert same == root / "static/deep/logo.svg"
        assert hash(same) == hash(root / "static/deep/logo.svg")


def test_open_has_the_arguments_of_io_open(program: Path) -> None:
    # R1
    text: Any = resources.files("p") / "text.txt"
    with text.open(encoding="utf-8", newline="") as file:
        assert file.read() == "gr\u00fc\u00dfe\r\nzwei\n"
    with text.open("r", encoding="ascii", errors="replace") as file:
        assert file.readline().startswith("gr\ufffd")
    with text.open("rb") as file:
        assert file.read(2) == b"gr"
        assert file.seek(0) == 0
    with pytest.raises(ValueError, match="can only be read"):
        text.open("w")
    with pytest.raises(ValueError, match="binary mode"):
        text.open("rb", encoding="utf-8")
    assert str(program) in repr(text)


def test_what_is_not_there(program: Path) -> None:
    # R1: errors as from a file system
    root: Any = resources.files("p")
    missing = root / "missing"
    assert not missing.exists()
    assert not missing.is_file()
    assert not missing.is_dir()
    for fails in (missing.read_bytes, missing.read_text, missing.open, missing.iterdir):
        with pytest.raises(FileNotFoundError, match="missing"):
            fails()
    for fails in (root.read_bytes, root.open, (root / "static").read_text):
        with pytest.raises(IsADirectoryError):
            fails()
    with pytest.raises(NotADirectoryError):
        (root / "data.bin").iterdir()
    for outside in ("..", "../top.txt", "/etc/passwd", "sub/../text.txt", str(program)):
        assert not (root / outside).exists(), outside


def test_pathlib_like_questions(program: Path) -> None:
    root: Any = resources.files("p")
    logo = root / "static/deep/logo.tar.gz"
    assert (logo.name, logo.stem, logo.suffix) == ("logo.tar.gz", "logo.tar", ".gz")
    assert logo.suffixes == [".tar", ".gz"]
    assert str(logo.parent) == f"{program}/p/static/deep"
    assert root.parent.parent == root.parent
    assert root.parent.name == program.name
    assert logo.match("deep/*.gz")
    assert not logo.is_symlink()


def test_glob(program: Path) -> None:
    root: Any = resources.files("p")

    def found(paths: Any) -> list[str]:
        return [str(path)[len(str(program)) + 1 :] for path in paths]

    assert found(root.glob("*.txt")) == ["p/text.txt"]
    assert found(root.glob("*/*.txt")) == ["p/sub/inner.txt"]
    assert sorted(found(root.glob("**/*.txt"))) == ["p/sub/inner.txt", "p/text.txt"]
    assert sorted(found(root.rglob("[ls]*"))) == [
        "p/static",
        "p/static/deep/logo.svg",
        "p/static/style.css",
        "p/sub",
    ]
    assert found(root.glob("static/**")) == ["p/static", "p/static/deep"]
    assert found(root.glob("none/*")) == []
    with pytest.raises(ValueError, match="pattern"):
        root.glob("")


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # 3.11 and 3.12 deprecate these
def test_functional_interface(program: Path) -> None:
    # R4
    library: Any = resources
    assert library.read_binary("p", "data.bin") == b"\x00\xff"
    assert library.read_text("p", "text.txt", encoding="utf-8").startswith("gr\u00fc")
    with library.open_binary("p.sub", "inner.txt") as file:
        assert file.read() == b"inner"
    with library.open_text("p.sub", "inner.txt") as file:
        assert file.read() == "inner"
    assert library.is_resource("p", "text.txt")
    assert not library.is_resource("p", "static")
    assert not library.is_resource("p", "missing")
    assert "data.bin" in set(library.contents("p"))
    with library.path("p", "text.txt") as path:
        assert path.name.endswith("text.txt")
        assert path.read_bytes() == "gr\u00fc\u00dfe\r\nzwei\n".encode()
    with pytest.raises(FileNotFoundError):
        library.read_binary("p", "missing")
    assert pkgutil.get_data("p", "static/deep/logo.svg") == b"<svg/>"  # K4
    with pytest.raises(OSError, match="missing"):
        pkgutil.get_data("p", "missing")
    del program


def test_as_file_gives_a_sealed_path(program: Path) -> None:
    # R3: a path that ends in the name, whose bytes nobody can change, and that goes away
    text: Any = resources.files("p") / "text.txt"
    with resources.as_file(text) as path:
        assert isinstance(path, Path)
        assert path.name == "text.txt"
        assert path.read_bytes() == "gr\u00fc\u00dfe\r\nzwei\n".encode()
        assert path.parent.stat().st_mode & 0o777 == 0o700
        with pytest.raises(OSError, match=r"not permitted|denied"):
            os.truncate(path, 0)
        with path.open("rb") as file:
            seals = fcntl.fcntl(file.fileno(), fcntl.F_GET_SEALS)
            assert seals & fcntl.F_SEAL_WRITE
            assert seals & fcntl.F_SEAL_SEAL
        assert path.read_bytes() == "gr\u00fc\u00dfe\r\nzwei\n".encode()
    assert not path.exists()
    assert not path.parent.exists()
    with resources.as_file(text) as path:
        path.unlink()  # what consumers may do
    del program


def test_as_file_of_a_directory(program: Path) -> None:
    # R3
    with resources.as_file(resources.files("p") / "static") as path:
        assert path.name == "static"
        assert (path / "deep" / "logo.svg").read_text() == "<svg/>"
        assert (path / "style.css").stat().st_mode & 0o777 == 0o400
    assert not path.exists()
    del program


def test_as_file_needs_nothing_of_how_python_was_built(
    program: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A Python that was built against an old glibc has none of these.
    for module, names in ((os, ["memfd_create"]), (fcntl, [n for n in dir(fcntl) if "SEAL" in n])):
        for name in [*names, *(n for n in dir(os) if n.startswith("MFD_") and module is os)]:
            monkeypatch.delattr(module, name)
    monkeypatch.setattr(signedvfs, "sealed", sealed)  # to be put back
    monkeypatch.delitem(sys.modules, "signedvfs.sealed")
    fresh = importlib.import_module("signedvfs.sealed")
    assert fresh is not sealed
    with fresh.sealed_file("x.txt", b"content") as path:
        assert path.is_symlink()
        assert path.read_bytes() == b"content"
        with pytest.raises(OSError, match=r"not permitted|denied"):
            os.truncate(path, 0)
    with resources.as_file(resources.files("p") / "data.bin") as path:
        assert path.is_symlink()
    del program


def test_as_file_where_memory_files_are_forbidden(
    program: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sealed, "_sealed_memory", lambda _: None)
    with resources.as_file(resources.files("p") / "data.bin") as path:
        assert path.read_bytes() == b"\x00\xff"
        assert not path.is_symlink()
        assert path.stat().st_mode & 0o777 == 0o400
        assert path.parent.stat().st_mode & 0o777 == 0o700
    assert not path.exists()
    del program


def test_as_file_fails_where_memory_runs_out(
    program: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(sealed, "_sealed_memory", full)
    context = resources.as_file(resources.files("p") / "data.bin")
    with pytest.raises(OSError, match="No space"), context:
        pass
    del program


@pytest.mark.parametrize("package", ["p", "ns"])
@pytest.mark.parametrize("error", [AttributeError, signedvfs.IntegrityCheckFailed])
def test_no_failure_of_ours_makes_an_orphan(
    workshop: Workshop,
    importing: Importing,
    monkeypatch: pytest.MonkeyPatch,
    package: str,
    error: type[Exception],
) -> None:
    # importlib.resources takes AttributeErrors for loaders without resources, and then shows paths
    # that hold nothing ("orphans").
    def fail(*_: object) -> object:
        raise error("not in this build")

    importing.put(workshop.zip("app.zip", {"p/__init__.py": "", "p/x": "1", "ns/x": "1"}))
    importing.module(package)
    monkeypatch.setattr("signedvfs.resources._place_of", fail)
    expected = RuntimeError if error is AttributeError else error
    if error is AttributeError and sys.version_info < (3, 10):
        expected = Exception  # any: 3.9 swallows none
    with pytest.raises(expected):
        (resources.files(package) / "x").read_bytes()


def test_a_guard_that_cannot_be_loaded_is_no_orphan(
    workshop: Workshop, importing: Importing, monkeypatch: pytest.MonkeyPatch
) -> None:
    importing.put(workshop.zip("app.zip", {"ns/x": "1"}))
    importing.module("ns")
    monkeypatch.setitem(sys.modules, "signedvfs.resources", ModuleType("signedvfs.resources"))
    with pytest.raises(RuntimeError, match="not installed completely"):
        (resources.files("ns") / "x").read_bytes()


def test_readers(program: Path, importing: Importing) -> None:
    # R7, Y9
    importing.module("p")
    finder = loader_of(importing.module("p"))
    reader: Any = finder.get_resource_reader("p")
    assert reader.open_resource("data.bin").read() == b"\x00\xff"
    assert reader.is_resource("text.txt")
    assert not reader.is_resource("static")
    assert sorted(reader.contents())[:2] == ["__init__.py", "data.bin"]
    with pytest.raises(FileNotFoundError):
        reader.resource_path("text.txt")
    with pytest.raises(FileNotFoundError):
        reader.open_resource("missing")
    importing.module("p.sub")
    inside: Any = finder_at(f"{program}/p").get_resource_reader("p.sub")
    assert str(inside.files()) == f"{program}/p/sub"
    if sys.version_info >= (3, 13):
        of_module: Any = finder.get_resource_reader("top")
        assert of_module.is_resource("top.txt")
        with pytest.raises(ImportError, match="can't find module"):
            finder.get_resource_reader("nowhere")
    else:
        assert finder.get_resource_reader("top") is None
        assert finder.get_resource_reader("nowhere") is None


@pytest.mark.skipif(sys.version_info < (3, 13), reason="modules have been anchors since 3.13")
def test_module_as_anchor(program: Path) -> None:
    # R5, Y10
    files: Any = resources.files
    assert (files("p.mod") / "text.txt").is_file()
    assert (files("top") / "top.txt").read_text() == "top"
    assert str(files("p.mod")) == f"{program}/p"


def test_namespace_packages(program: Path, workshop: Workshop, importing: Importing) -> None:
    # R6, Y11, V3: portions in archives and directories as one; ours through the verified read
    other = workshop.zip("other.zip", {"ns/first.txt": "hidden", "ns/second.txt": "second"})
    plain = workshop.tree("plain", {"ns/third.txt": "third", "ns/deep/a": "a"}, sign=False)
    importing.module("ns")
    one: Any = resources.files("ns")
    assert isinstance(one, ArchivePath)
    assert names(one) == ["first.txt"]
    sys.path.extend([str(other), str(plain)])
    importlib.invalidate_caches()
    importing.forget("ns")
    merged: Any = resources.files("ns")
    assert isinstance(merged, MergedPath)
    assert names(merged) == ["deep", "first.txt", "second.txt", "third.txt"]
    assert (merged / "first.txt").read_text() == "first"
    assert (merged / "second.txt").read_text() == "second"
    assert merged.joinpath("deep", "a").read_text() == "a"
    assert merged.joinpath("deep/a").is_file()
    assert merged.is_dir()
    assert not merged.is_file()
    assert not (merged / "missing").is_file()
    with pytest.raises(IsADirectoryError):
        merged.read_bytes()
    with resources.as_file(merged) as path:
        assert sorted(one.name for one in path.iterdir()) == names(merged)
    del program


def test_tampered_resources_are_refused(workshop: Workshop, importing: Importing) -> None:
    # V2, V3, V5, V10: no function of the library reads what was not verified
    path = workshop.zip(
        "app.zip", {"p/__init__.py": "", "p/d.txt": "MARKED", "ns/d.txt": "SECOND"}, compression=0
    )
    importing.put(path)
    importing.module("p")
    importing.module("ns")
    content = path.read_bytes()
    assert content.count(b"MARKED") == content.count(b"SECOND") == 1
    path.write_bytes(content.replace(b"MARKED", b"marked").replace(b"SECOND", b"second"))
    for package in ("p", "ns"):
        resource: Any = resources.files(package) / "d.txt"
        for read in (resource.read_bytes, resource.read_text, resource.open):
            with pytest.raises(signedvfs.IntegrityCheckFailed):
                read()
        with pytest.raises(signedvfs.IntegrityCheckFailed), resources.as_file(resource):
            pass
    with pytest.raises(signedvfs.IntegrityCheckFailed):
        pkgutil.get_data("p", "d.txt")


def test_resources_stay_those_of_the_archive_in_use(
    workshop: Workshop, importing: Importing
) -> None:
    # F3: after a replacement the old content or none, never the new one's
    path = workshop.zip("app.zip", {"p/__init__.py": "", "p/d.txt": "old"}, compression=0)
    importing.put(path)
    importing.module("p")
    before: Any = resources.files("p") / "d.txt"
    workshop.zip("new.zip", {"p/__init__.py": "", "p/d.txt": "new"}).replace(path)
    assert before.read_text() == "old"
    assert (resources.files("p") / "d.txt").read_text() == "old"
    importlib.invalidate_caches()
    assert (resources.files("p") / "d.txt").read_text() == "new"
    assert before.read_text() == "old"
    path.unlink()
    importlib.invalidate_caches()
    with pytest.raises(signedvfs.IntegrityCheckError, match="is missing"):
        (resources.files("p") / "d.txt").read_bytes()


def test_a_forked_child_leaves_paths_to_its_parent(workshop: Workshop, python: Python) -> None:
    # Also where it ends as programs do, while the context of its parent is open.
    path = workshop.zip("app.zip", {"app/__init__.py": "", "app/d/x.txt": "x", "app/y.txt": "y"})
    script = f"""
    import importlib.resources as r, os
    sys.path.insert(0, {str(path)!r})
    import app
    contexts = [r.as_file(r.files(app) / name) for name in ("y.txt", "d")]
    paths = [one.__enter__() for one in contexts]
    if not (child := os.fork()):
        sys.exit()
    assert os.waitpid(child, 0)[1] == 0
    assert paths[0].read_text() == "y" and (paths[1] / "x.txt").read_text() == "x"
    contexts[0].__exit__(None, None, None)
    assert not os.path.lexists(paths[0])
    print(*paths, sep="\\n")
    """
    # What nobody has closed goes with the process.
    for one in python(script, "-W", "ignore").stdout.split():
        assert not Path(one).parent.exists()
