"""What is signed cannot be changed, and its files are not run as programs or native code."""

from __future__ import annotations

import errno
import importlib.machinery
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.importer.files.conftest import closed_doors

Deed = Callable[[str], object]

# The errors of Linux for a file system that is mounted read-only.
DEEDS: dict[str, tuple[Deed, int]] = {
    "write": (lambda at: open(f"{at}/top.py", "w"), errno.EROFS),
    "append": (lambda at: open(f"{at}/top.py", "a"), errno.EROFS),
    "update": (lambda at: open(f"{at}/top.py", "r+"), errno.EROFS),
    "create": (lambda at: open(f"{at}/new", "w"), errno.EROFS),
    "create exclusively": (lambda at: open(f"{at}/new", "x"), errno.EROFS),
    "exclusively what is there": (lambda at: open(f"{at}/top.py", "x"), errno.EEXIST),
    "create in nothing": (lambda at: open(f"{at}/no/new", "w"), errno.ENOENT),
    "create below a file": (lambda at: open(f"{at}/top.py/new", "w"), errno.ENOTDIR),
    "write a directory": (lambda at: open(f"{at}/pkg", "w"), errno.EISDIR),
    "os.open to write": (lambda at: os.open(f"{at}/top.py", os.O_WRONLY), errno.EROFS),
    "os.open to create": (lambda at: os.open(f"{at}/new", os.O_CREAT), errno.EROFS),
    "os.open to truncate": (lambda at: os.open(f"{at}/top.py", os.O_TRUNC), errno.EROFS),
    "temporary file": (lambda at: tempfile.mkstemp(dir=f"{at}/pkg"), errno.EROFS),
    "mkdir": (lambda at: os.mkdir(f"{at}/new"), errno.EROFS),
    "mkdir again": (lambda at: os.mkdir(f"{at}/pkg"), errno.EEXIST),
    "makedirs": (lambda at: os.makedirs(f"{at}/pkg/a/b"), errno.EROFS),
    "rmdir": (lambda at: os.rmdir(f"{at}/pkg"), errno.EROFS),
    "unlink": (lambda at: os.unlink(f"{at}/top.py"), errno.EROFS),
    "remove missing": (lambda at: os.remove(f"{at}/nope"), errno.ENOENT),
    "rmtree": (lambda at: shutil.rmtree(f"{at}/pkg"), errno.EROFS),
    "rename inside": (lambda at: os.rename(f"{at}/top.py", f"{at}/new"), errno.EROFS),
    "rename out": (lambda at: os.rename(f"{at}/top.py", "new"), errno.EXDEV),
    "replace into": (lambda at: os.replace(__file__, f"{at}/top.py"), errno.EXDEV),
    "link": (lambda at: os.link(f"{at}/top.py", "new"), errno.EXDEV),
    "symlink": (lambda at: os.symlink("x", f"{at}/new"), errno.EROFS),
    "chmod": (lambda at: os.chmod(f"{at}/top.py", 0o600), errno.EROFS),
    "chown": (lambda at: os.chown(f"{at}/top.py", 0, 0), errno.EROFS),
    "utime": (lambda at: os.utime(f"{at}/top.py"), errno.EROFS),
    "truncate": (lambda at: os.truncate(f"{at}/top.py", 0), errno.EROFS),
    "mkfifo": (lambda at: os.mkfifo(f"{at}/new"), errno.EROFS),
    "mknod": (lambda at: os.mknod(f"{at}/new"), errno.EROFS),
    "setxattr": (lambda at: os.setxattr(f"{at}/top.py", "user.x", b""), errno.EROFS),
    "touch": (lambda at: Path(at, "new").touch(), errno.EROFS),
    "chdir": (lambda at: os.chdir(f"{at}/pkg"), errno.ENOTDIR),
    "execv": (lambda at: os.execv(f"{at}/top.py", ["x"]), errno.EACCES),
    "execve": (lambda at: os.execve(f"{at}/top.py", ["x"], {}), errno.EACCES),
    "posix_spawn": (lambda at: os.posix_spawn(f"{at}/top.py", ["x"], {}), errno.EACCES),
    "posix_spawn with options": (
        lambda at: os.posix_spawn(f"{at}/top.py", ["x"], {}, setsigdef=[1], resetids=True),
        errno.EACCES,
    ),
    "subprocess": (lambda at: subprocess.run([f"{at}/top.py"], check=False), errno.EACCES),
}


@pytest.mark.parametrize(("deed", "error"), DEEDS.values(), ids=DEEDS)
@pytest.mark.parametrize("is_replaced", [False, True])
def test_nothing_is_changed_or_run(
    archive: Path,
    deed: Deed,
    error: int,
    is_replaced: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Not even where a directory has taken the archive's place, in which all of it would work."""
    monkeypatch.chdir(tmp_path)
    if is_replaced:
        with closed_doors():
            archive.unlink()
            (archive / "pkg").mkdir(parents=True)
            (archive / "top.py").write_text("#!/bin/sh\ntouch ran\n")
            (archive / "top.py").chmod(0o755)
    with pytest.raises(OSError) as caught:
        deed(str(archive))
    assert caught.value.errno == error
    assert not (tmp_path / "ran").exists()
    assert not (tmp_path / "new").exists()


def test_directories_that_may_exist(archive: Path) -> None:
    os.makedirs(archive / "pkg/data", exist_ok=True)
    (archive / "pkg").mkdir(exist_ok=True)


def test_what_is_no_library_is_not_loaded(archive: Path) -> None:
    # libraries are: tests/importer/native
    import ctypes

    library = f"{archive}/pkg/__init__.py"
    with pytest.raises(OSError, match=r"'pkg/__init__\.py' in .* cannot be loaded: .* no ELF file"):
        ctypes.CDLL(library)
    with pytest.raises(OSError, match=r"missing\.so': cannot open shared object file"):
        ctypes.CDLL(f"{archive}/pkg/missing.so")
    with pytest.raises(OSError, match="invalid ELF header"):
        ctypes.CDLL(f"{archive}/pkg")
    loader = importlib.machinery.ExtensionFileLoader("_native", library)
    spec = importlib.util.spec_from_loader("_native", loader)
    assert spec is not None
    spec.origin = library
    with pytest.raises(ImportError, match=r"cannot be loaded: .* no ELF file"):
        importlib.util.module_from_spec(spec)


def test_native_code_elsewhere_is(archive: Path) -> None:
    import ctypes

    assert archive
    assert ctypes.CDLL(None)
    assert sys.modules["_ctypes"]
