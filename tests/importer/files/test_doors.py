"""The doors open and close without leaving anything behind, for whoever took a function before."""

from __future__ import annotations

import builtins
import io
import os
import posix
import subprocess
import sys
import threading
from os import listdir as listdir_before
from os import stat as stat_before
from pathlib import Path

import pytest

import signedvfs
from tests.importer.files.conftest import FILES
from tests.importer.workshop import Importing, Python, Workshop

SETS = ["supports_dir_fd", "supports_fd", "supports_follow_symlinks", "supports_effective_ids"]
open_before = open


class Own(io.FileIO):
    """A class that was there before the doors."""


class OwnInit(io.FileIO):
    """One that calls the constructor by name."""

    def __init__(self, path: str) -> None:
        super().__init__(path, "r")


def picture() -> object:
    """Everything of the functions that somebody could see."""
    return {
        name: (
            id(getattr(module, name)),
            repr(getattr(module, name)),
            getattr(module, name).__doc__,
            getattr(getattr(module, name), "__name__", None),
            getattr(getattr(module, name), "__text_signature__", None),
            getattr(getattr(module, name), "__module__", None),
            [getattr(module, name) in getattr(os, one) for one in SETS],
        )
        for module in (posix, io, builtins)
        for name in dir(module)
        if callable(getattr(module, name)) and not isinstance(getattr(module, name), type)
    }


def test_functions_stay_what_they_are(archive: Path) -> None:
    signedvfs.close_doors()
    before = picture()
    signedvfs.open_doors()
    assert picture() == before
    assert Path(archive, "top.py").read_text() == FILES["top.py"]
    signedvfs.close_doors()
    assert picture() == before


def test_closing_undoes_it(archive: Path) -> None:
    assert signedvfs.doors_are_open()
    signedvfs.close_doors()
    assert not signedvfs.doors_are_open()
    path = f"{archive}/top.py"
    for function in (open, io.FileIO, Own, OwnInit, os.stat, os.lstat, os.listdir, os.scandir):
        with pytest.raises(NotADirectoryError):
            function(path)
    signedvfs.close_doors()
    signedvfs.open_doors()
    signedvfs.open_doors()
    assert os.stat(path).st_size == len(FILES["top.py"])


def test_functions_that_were_taken_before(archive: Path) -> None:
    path = f"{archive}/top.py"
    assert stat_before(path).st_size == len(FILES["top.py"])
    assert listdir_before(f"{archive}/pkg/data/sub") == ["deep.json"]
    with open_before(path) as file:
        assert file.read() == FILES["top.py"]
    for kind in (Own, OwnInit):
        with kind(path) as raw:
            assert raw.readall().decode() == FILES["top.py"]
            assert isinstance(raw, kind)
            assert raw.name == path


def test_specialized_calls(archive: Path) -> None:
    """The interpreter calls a function in a shorter way once it has seen it often."""

    def size(path: str) -> int:
        return os.stat(path).st_size

    for _ in range(1000):
        assert size(__file__) > 0
    assert size(f"{archive}/top.py") == len(FILES["top.py"])
    signedvfs.close_doors()
    with pytest.raises(NotADirectoryError):
        size(f"{archive}/top.py")


def test_monitors_see_what_they_see_of_files(python: Python, workshop: Workshop) -> None:
    path = workshop.zip("app.zip", FILES, index=True)
    done = python(
        f"""
        import os
        sys.path.insert(0, {str(path)!r})
        import pkg
        signedvfs.open_doors()
        seen = []
        watched = ("open", "os.listdir", "os.scandir", "signedvfs.verify")
        sys.addaudithook(lambda event, given: event in watched and seen.append((event, given)))
        open({str(path)!r} + "/top.py").close()
        os.close(os.open({str(path)!r} + "/top.py", os.O_RDONLY))
        os.listdir({str(path)!r} + "/pkg")
        list(os.scandir({str(path)!r} + "/pkg"))
        # Python tells of opening a descriptor as well.
        for event, given in [one for one in seen if not isinstance(one[1][0], int)]:
            print(event, *[str(one).replace({str(path)!r}, "APP") for one in given[:2]])
        """
    )
    assert done.stdout.splitlines() == [
        "open APP/top.py r",
        "signedvfs.verify APP top.py",
        "open APP/top.py None",
        "signedvfs.verify APP top.py",
        "os.listdir APP/pkg",
        "os.scandir APP/pkg",
    ]


def test_a_monitor_may_forbid_it(python: Python, workshop: Workshop) -> None:
    path = workshop.zip("app.zip", FILES, index=True)
    done = python(
        f"""
        import os
        sys.path.insert(0, {str(path)!r})
        import pkg
        signedvfs.open_doors()
        def forbid(event, given):
            if event == "open" and str(given[0]).endswith("top.py"):
                raise PermissionError("forbidden")
        sys.addaudithook(forbid)
        for deed in (open, lambda one: os.open(one, os.O_RDONLY)):
            try:
                deed({str(path)!r} + "/top.py")
            except PermissionError as error:
                print(error)
        """
    )
    assert done.stdout == "forbidden\nforbidden\n"


def test_threads_open_and_close_them_at_once(archive: Path) -> None:
    problems: list[BaseException] = []
    path = f"{archive}/pkg/data/text.txt"
    stop = threading.Event()

    def use() -> None:
        try:
            while not stop.is_set():
                try:
                    content = Path(path).read_text(encoding="utf-8")
                    assert content == FILES["pkg/data/text.txt"]
                    assert os.stat(path).st_size == len(content.encode())
                except NotADirectoryError:
                    pass  # the doors are closed
        except BaseException as error:
            problems.append(error)

    threads = [threading.Thread(target=use) for _ in range(4)]
    for thread in threads:
        thread.start()
    for _ in range(200):
        signedvfs.close_doors()
        signedvfs.open_doors()
    stop.set()
    for thread in threads:
        thread.join()
    assert not problems
    assert Path(path).exists()


@pytest.mark.parametrize("method", ["spawn", "forkserver", "fork"])
def test_children_have_them_where_the_parent_has(
    python: Python, workshop: Workshop, method: str
) -> None:
    work = """
import os
def look(name):
    return open(os.path.join(os.path.dirname(__file__), name)).read()
"""
    path = workshop.zip("app.zip", {"work.py": work, "x.txt": "data"}, index=True)
    script = workshop.directory / "main.py"
    script.write_text(
        f"""
import multiprocessing, sys, signedvfs
if __name__ == "__main__":
    signedvfs.trust(signedvfs.PublicKey.load({str(workshop.public_path)!r}))
    sys.path_hooks.insert(0, signedvfs.hook)
    sys.path.insert(0, {str(path)!r})
    import work
    signedvfs.open_doors()
    with multiprocessing.get_context({method!r}).Pool(1) as pool:
        print(pool.apply(work.look, ("x.txt",)))
"""
    )
    done = python(f"import runpy; runpy.run_path({str(script)!r}, run_name='__main__')")
    assert done.stdout == "data\n"


@pytest.mark.skipif(
    sys.version_info < (3, 12), reason="signedvfs works in the main interpreter only"
)
def test_interpreters_have_their_own(python: Python, workshop: Workshop) -> None:
    path = workshop.zip("app.zip", {"m.py": "", "x.txt": "data"}, index=True)
    inner = f"""
import sys, signedvfs
signedvfs.trust(signedvfs.PublicKey.load({str(workshop.public_path)!r}))
sys.path_hooks.insert(0, signedvfs.hook)
sys.path.insert(0, {str(path)!r})
import m
assert not signedvfs.doors_are_open()
try:
    open({str(path / "x.txt")!r})
except NotADirectoryError:
    print("closed", flush=True)
signedvfs.open_doors()
print(open({str(path / "x.txt")!r}).read(), flush=True)
"""
    done = python(
        f"""
        import warnings
        warnings.simplefilter("ignore")
        sys.path.insert(0, {str(path)!r})
        import m
        signedvfs.open_doors()
        try:
            import _interpreters as interpreters
        except ImportError:
            import _xxsubinterpreters as interpreters
        one = interpreters.create()
        interpreters.run_string(one, {inner!r})
        interpreters.destroy(one)
        with open({str(path / "x.txt")!r}) as file:
            print(file.read())
        signedvfs.close_doors()
        try:
            open({str(path / "x.txt")!r})
        except NotADirectoryError:
            print("closed")
        """
    )
    assert done.stdout.splitlines() == ["closed", "data", "data", "closed"]


def test_a_function_that_somebody_has_replaced(python: Python) -> None:
    """Nobody can tell where another function leads, so the doors stay closed."""
    done = python(
        """
        import os, posix
        original = posix.stat
        posix.stat = lambda *given, **named: original(*given, **named)
        try:
            signedvfs.open_doors()
        except ValueError as error:
            print(error)
        print(signedvfs.doors_are_open())
        posix.stat = original
        signedvfs.open_doors()
        print(signedvfs.doors_are_open())
        """
    )
    assert "posix.stat is not the function" in done.stdout
    assert done.stdout.splitlines()[-2:] == ["False", "True"]


def test_the_interpreter_ends_with_open_doors(python: Python, workshop: Workshop) -> None:
    path = workshop.zip("app.zip", FILES, index=True)
    done = python(
        f"""
        import atexit, os
        sys.path.insert(0, {str(path)!r})
        import pkg
        signedvfs.open_doors()
        atexit.register(lambda: print(os.path.exists({str(path)!r} + "/top.py")))
        """
    )
    assert done.stdout == "True\n"


def test_resources_are_where_they_are(archive: Path) -> None:
    """A directory is the virtual one; a file has a path that other processes can open, too."""
    import importlib.resources

    import pkg  # type: ignore[import-not-found]  # it is in the archive

    assert pkg.value == "pkg"
    files = importlib.resources.files("pkg")
    with importlib.resources.as_file(files.joinpath("data/text.txt")) as file:
        shown = subprocess.run(["/bin/cat", file], capture_output=True, check=True)
        assert shown.stdout.decode() == FILES["pkg/data/text.txt"]
    if sys.version_info >= (3, 12):  # before, as_file is for files
        with importlib.resources.as_file(files.joinpath("data")) as directory:
            assert directory == archive / "pkg/data"
            assert sorted(os.listdir(directory / "sub")) == ["deep.json"]


def test_importing_keeps_working(archive: Path, importing: Importing) -> None:
    import top  # type: ignore[import-not-found]  # it is in the archive

    assert top.value == "top"
    assert type(top.__loader__) is signedvfs.zipimporter
    assert importing
    assert archive
    sys.modules.pop("top")
