"""An application finds itself wherever it stands, however it is started, and whatever becomes of
its file meanwhile."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.importer.launcher.starting import environment, says, start

USE = "import kit.greeting, sqlite3; print(sys.executable, len(sys.path))"


def used(path: Path, *words: str) -> str:
    """used is what USE prints of an application at `path`."""
    count = says(path, "print(len(sys.path))")
    return f"greeting kit.greeting {[USE, *words]!r}\n{path} {count}"


# J5: neither argv[0] nor PATH has a say.


def test_by_a_relative_path(app: Path) -> None:
    assert says("./app", USE, cwd=app.parent) == used(app)
    assert says("../app", USE, cwd=app.parent / "..", executable=str(app)) == used(app)


def test_by_the_search_path(app: Path) -> None:
    assert says("app", USE, env={"PATH": str(app.parent)}) == used(app)
    assert says("app", "print(sys.argv[0])", env={"PATH": str(app.parent)}) == "app"


def test_by_a_symbolic_link(app: Path, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(app)
    assert says(link, USE) == used(app)
    assert says(link, "print(sys.argv[0])") == str(link)


def test_by_a_hard_link(app: Path, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.hardlink_to(app) if sys.version_info >= (3, 10) else os.link(app, link)
    assert says(link, USE) == used(link)


def test_by_a_descriptor(app: Path) -> None:
    with app.open("rb") as file:
        number = file.fileno()
        assert says(f"/proc/self/fd/{number}", USE, pass_fds=[number]) == used(app)
    # fexecve(3)
    code = f"import os; os.execve(os.open({str(app)!r}, os.O_RDONLY), ['x', {USE!r}], os.environ)"
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment(), capture_output=True, text=True, check=False
    )
    assert (done.stdout.rstrip("\n"), done.stderr) == (used(app), "")


def test_by_a_false_name(app: Path) -> None:
    for name in ("/bin/true", "app.zip", "-c", "x" * 5000):
        assert says(name, USE, executable=str(app)) == used(app)


def test_from_a_deleted_directory(app: Path, tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    code = f"import os; os.chdir({str(gone)!r}); os.rmdir({str(gone)!r}); os.execv({str(app)!r}, "
    done = subprocess.run(
        [sys.executable, "-c", code + f"['app', {USE!r}])"],
        env=environment(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.stdout.rstrip("\n"), done.stderr) == (used(app), "")


@pytest.mark.parametrize("name", ["ä ☃", "a:b", "app.py", "a\nb", "x" * 250, "app (deleted)"])
def test_names(copy: Path, name: str) -> None:
    path = copy.rename(copy.with_name(name))
    assert says(path, USE) == used(path)
    code = """
import multiprocessing
print(multiprocessing.get_context("spawn").Pool(1).map(square, [3]))
"""
    assert says(path, code) == "[9]"


def test_a_name_of_other_bytes(copy: Path) -> None:
    path = os.fsencode(copy.parent) + b"/\xff"
    copy.rename(os.fsdecode(path))
    code = "import os, kit.greeting; print(os.fsencode(sys.executable))"
    assert says(os.fsdecode(path), code).splitlines()[1] == repr(path)


@pytest.mark.parametrize(
    "variables",
    [
        {},
        {"HOME": "/nonexistent"},
        {"TMPDIR": "/nonexistent", "TEMP": "/nonexistent", "TMP": "/nonexistent"},
        {"XDG_CACHE_HOME": "/nonexistent", "XDG_RUNTIME_DIR": "/nonexistent"},
    ],
)
@pytest.mark.usefixtures("system_linker")
def test_no_place_to_write_to(app: Path, tmp_path: Path, variables: dict[str, str]) -> None:
    # J6, E10: test_file_accesses.py has that nothing is unpacked, this that nothing is missing.
    code = f"""
import os
if os.geteuid() == 0:
    os.setgid(65534), os.setuid(65534)
os.execve(FILE, ["app", "import ctypes, ssl, sqlite3; print('done')"], {variables!r})
"""
    tmp_path.chmod(0o555)
    with app.open("rb") as file:
        done = subprocess.run(
            [sys.executable, "-c", code.replace("FILE", str(file.fileno()))],
            cwd=tmp_path, pass_fds=[file.fileno()], capture_output=True, text=True, check=False,
        )  # fmt: skip
    assert (done.stdout, done.stderr, done.returncode) == ("done\n", "", 0)
    assert list(tmp_path.iterdir()) == []


# E1, E8: the file was opened once. What becomes of its name does not matter.

LATE = """
print("up", flush=True)
sys.stdin.readline()
import kit.greeting, sqlite3, os
print(open(os.path.dirname(kit.__file__) + "/data/text.txt").read(), end="")
"""


def after(path: Path, change: Callable[[], None]) -> tuple[int, str, str]:
    """after returns how the application ends that goes on when `change` has been called."""
    with start(path, LATE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "up\n"
        change()
        out, err = process.communicate("\n", timeout=60)
        return process.returncode, out, err


@pytest.mark.parametrize("kind", ["renamed", "deleted", "replaced", "directory gone"])
def test_what_becomes_of_the_file(copy: Path, other: Path, kind: str) -> None:
    directory = copy.parent / "directory"
    directory.mkdir()
    path = copy.rename(directory / "app")

    def change() -> None:
        if kind == "renamed":
            path.rename(path.with_name("elsewhere"))
        elif kind == "deleted":
            path.unlink()
        elif kind == "replaced":
            Path(shutil.copy2(other, path.with_name("new"))).replace(path)
        else:
            shutil.rmtree(directory)

    said = f"greeting kit.greeting {[LATE]!r}\nwords of the application\n"
    assert after(path, change) == (0, said, "")


@pytest.fixture
def other(tmp_path: Path) -> Path:
    """Another program, which would be taken for the application by its name."""
    return Path(shutil.copy2("/bin/true", tmp_path / "other"))


def test_the_file_cannot_be_changed_while_it_runs(copy: Path) -> None:
    """The kernel keeps it (ETXTBSY, open(2)): even who may write it does not, nor truncate it."""

    def change() -> None:
        with pytest.raises(OSError) as opening:
            copy.open("r+b")
        with pytest.raises(OSError) as truncating:
            os.truncate(copy, 1 << 20)
        assert [opening.value.errno, truncating.value.errno] == [errno.ETXTBSY] * 2

    assert after(copy, change)[0] == 0


def test_no_proc(app: Path) -> None:
    """Where /proc is not mounted it says so."""
    if os.geteuid() != 0 or shutil.which("unshare") is None:
        pytest.skip("only root can take /proc away")
    words = f"mount -t tmpfs none /proc || exit 77; exec {app}"
    done = subprocess.run(
        ["unshare", "-m", "sh", "-c", words], env=environment(), capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    if done.returncode in (1, 77):
        pytest.skip(f"no mount namespaces here: {done.stderr}")
    assert (done.returncode, done.stdout) == (126, "")
    assert done.stderr.count("\n") == 1
    assert "Mount /proc" in done.stderr
