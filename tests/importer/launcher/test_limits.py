"""Limits of the process (setrlimit(2)) and closed systems: an application runs, or says in one line
why it does not. It dies of no signal but the one of Python, which says so and calls abort(3) where
it has no memory for its first objects."""

from __future__ import annotations

import errno
import os
import re
import resource
import signal
import subprocess
import sys
import sysconfig
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.importer.launcher.starting import Ended, assert_refused, run, says
from tests.importer.native.test_no_memory import FORBID, MEMFD_CREATE

MIB = 1 << 20
UP = "import ctypes, sqlite3, ssl; print('up')"

# What Python writes where it has no memory to show an exception: what it ignores, and a dump of the
# object (_PyObject_Dump in CPython's Objects/object.c).
UNSHOWN = re.compile(r"Exception ignored |lost sys\.stderr|object (address|refcount|type|repr) ")
OWN = re.compile(f"Traceback |Fatal Python error: |{UNSHOWN.pattern}")

# Without memory 3.13.0 can die itself while it clears a frame, one time in a thousand, and as early
# as it makes importlib. 3.11 and 3.15 never did, as often as they were tried.
DIES_ITSELF = sys.version_info[:2] == (3, 13)


def limited(kind: int, value: int) -> Callable[[], None]:
    """limited returns what gives a process one limit."""
    return lambda: resource.setrlimit(kind, (value, value))


def assert_clear(done: Ended) -> bool:
    """assert_clear holds a process that had too little to one of the ways to say so, and tells
    whether it had enough: the dynamic linker's status is 127, that of an exception 1."""
    if done.code == 126:
        # Another thread than that of Python may refuse, and Python tell on its own what it lacked.
        lines = done.err.splitlines(keepends=True)
        ours = [line for line in lines if ": refused: " in line]
        own = [line for line in lines if line not in ours]
        assert_refused(done._replace(err="".join(ours)))
        assert not own or OWN.match(own[0]), done
    elif done.code == 127:
        assert "error while loading shared libraries" in done.err, done
    elif done.code == 1:
        # Without memory Python cannot always show all of an exception, nor its name, and forgets in
        # places to set one (SystemError).
        lines = done.err.splitlines()
        said = {line.split(":")[0].rpartition(".")[2] for line in lines}
        named = said & {"ImportError", "MemoryError", "OSError", "SystemError", "ZipImportError"}
        assert named or any(map(UNSHOWN.match, lines)), done
    elif done.code == -signal.SIGABRT:
        # It may come while another thread refuses, which is opening the archive.
        assert re.search("^Fatal Python error: ", done.err, re.MULTILINE), done
        assert "MemoryError is not initialized yet" in done.err, done
    elif done.code == -signal.SIGSEGV and DIES_ITSELF:
        assert not done.out, done
    else:
        assert (done.code, done.out, done.err) == (0, "up\n", "")
    return done.code == 0


@pytest.mark.skipif(
    bool(sysconfig.get_config_var("Py_GIL_DISABLED")),
    reason="without a GIL, Python itself dies of a signal where its allocator gets no memory",
)
@pytest.mark.parametrize("size", [*range(20, 40), 48, 64, 96, 128])
def test_little_address_space(app: Path, size: int) -> None:
    assert_clear(run(app, UP, preexec_fn=limited(resource.RLIMIT_AS, size * MIB)))


def test_enough_address_space(app: Path) -> None:
    assert assert_clear(run(app, UP, preexec_fn=limited(resource.RLIMIT_AS, 512 * MIB)))


@pytest.mark.parametrize("count", [3, 4, 5, 6, 7, 8, 10])
def test_few_descriptors(app: Path, count: int) -> None:
    assert_clear(run(app, UP, preexec_fn=limited(resource.RLIMIT_NOFILE, count)))


def test_enough_descriptors(app: Path) -> None:
    """How many it takes depends on how many libraries lie beside the interpreter."""
    assert assert_clear(run(app, UP, preexec_fn=limited(resource.RLIMIT_NOFILE, 16)))


@pytest.mark.parametrize("kibibytes", [128, 256])
def test_a_small_stack(app: Path, kibibytes: int) -> None:
    assert says(app, UP, preexec_fn=limited(resource.RLIMIT_STACK, kibibytes * 1024)) == "up"


@pytest.mark.parametrize("size", [0, 4096])
def test_files_that_may_not_grow(app: Path, size: int) -> None:
    """Memory that is sealed is a file for the kernel."""
    done = run(app, UP, preexec_fn=limited(resource.RLIMIT_FSIZE, size))
    assert_refused(done, os.strerror(errno.EFBIG))


def test_no_memory_can_be_locked(app: Path) -> None:
    assert says(app, UP, preexec_fn=limited(resource.RLIMIT_MEMLOCK, 0)) == "up"


@pytest.mark.parametrize("error", [errno.EPERM, errno.ENOSYS])
def test_sealed_memory_is_forbidden(app: Path, error: int) -> None:
    """As in sandboxes that are older than memfd_create(2)."""
    code = FORBID + f"forbid({MEMFD_CREATE}, {error})\nimport os\n"
    code += f"os.execv({str(app)!r}, ['app', {UP!r}])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    ended = Ended(done.returncode, done.stdout, done.stderr)
    assert_refused(ended, "no memory that can be sealed", os.strerror(error))


@pytest.mark.parametrize("value", [1, 2])
def test_memory_that_is_not_executable(app: Path, value: int) -> None:
    """The setting vm.memfd_noexec, which forbids to execute such files. Mapping them is allowed."""
    if os.geteuid() != 0:
        pytest.skip("only root can have a namespace whose setting it is")
    setting = "/proc/sys/vm/memfd_noexec"
    words = f'echo {value} 2>/dev/null >{setting} || exit 77; "$@"'
    done = subprocess.run(
        ["unshare", "-p", "-f", "--mount-proc", "sh", "-c", words, "sh", str(app), UP],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode == 77 or "unshare failed" in done.stderr:
        pytest.skip(f"no such setting here: {done.stderr}")  # Linux before 6.3, or a container
    assert (done.returncode, done.stdout, done.stderr) == (0, "up\n", "")


def test_nothing_to_write_to_and_no_devices(app: Path) -> None:
    """A root that is read-only, with an empty /dev and /tmp, and no environment."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount")
    words = """
mount --bind / / && mount -o remount,ro,bind / && mount -t tmpfs none /dev &&
mount -t tmpfs -o ro none "$(dirname "$1")" && test ! -e /dev/null || exit 77
exec env -i /proc/self/fd/3 "$2"
"""
    code = "import os, random; print(len(os.urandom(3)), dict(os.environ)); " + UP
    with app.open("rb") as file:
        done = subprocess.run(
            ["unshare", "-m", "sh", "-c", words, "sh", str(app), code],
            capture_output=True, text=True, check=False, cwd="/",
            preexec_fn=lambda: os.dup2(file.fileno(), 3), close_fds=False,
        )  # fmt: skip
    if done.returncode in (1, 77) and not done.stdout:
        pytest.skip(f"no mount namespaces here: {done.stderr}")
    assert (done.returncode, done.stdout, done.stderr) == (0, "3 {}\nup\n", "")
