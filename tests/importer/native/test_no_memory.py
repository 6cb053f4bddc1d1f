"""Systems that give no memory that can be sealed, or that cannot be reached."""

from __future__ import annotations

import errno
import os
import platform
import shutil
import subprocess
import textwrap
from pathlib import Path

import pytest

from tests.importer.native.conftest import App, Child
from tests.importer.native.foundry import SUFFIX, extension, library
from tests.importer.workshop import Files

# A seccomp filter (BPF, by hand) under which memfd_create(2) fails with a given error.
FORBID = """
import ctypes, struct
def forbid(number, error):
    libc = ctypes.CDLL(None, use_errno=True)
    def step(code, yes, no, k):
        return struct.pack("HBBI", code, yes, no, k)
    program = b"".join([
        step(0x20, 0, 0, 0),                  # load the number of the system call
        step(0x15, 0, 1, number),             # is it this one?
        step(0x06, 0, 0, 0x00050000 | error), # SECCOMP_RET_ERRNO
        step(0x06, 0, 0, 0x7FFF0000),         # SECCOMP_RET_ALLOW
    ])
    memory = ctypes.create_string_buffer(program)
    filter = struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(memory))
    assert libc.prctl(38, 1, 0, 0, 0) == 0          # PR_SET_NO_NEW_PRIVS
    assert libc.prctl(22, 2, ctypes.c_char_p(filter), 0, 0) == 0, ctypes.get_errno()
"""

MEMFD_CREATE = {"x86_64": 319, "aarch64": 279}[platform.machine()]


def files() -> Files:
    needed = library("say", "library", soname="libsay.so")
    return {
        f"_m{SUFFIX}": extension("_m", calls="say", needs={"libsay.so": needed}),
        "_m.libs/libsay.so": needed,
        "p.py": "value = 'python'",
    }


def forbidding(error: int) -> str:
    return FORBID + f"forbid({MEMFD_CREATE}, {error})\n"


@pytest.mark.parametrize("error", [errno.EPERM, errno.ENOSYS, errno.EACCES])
def test_forbidden_memory_is_said_clearly(child: Child, app: App, error: int) -> None:
    said = child.run(forbidding(error) + "print(failure('_m'))\nimport p", app(files()))
    assert said.startswith("ZipImportError: cannot load '_m"), said
    assert "no memory that can be sealed" in said and os.strerror(error) in said, said
    assert "TrustPolicy(library_directory=...)" in said, said


@pytest.mark.parametrize("error", [errno.EPERM, errno.ENOSYS])
def test_a_directory_stands_in(child: Child, app: App, tmp_path: Path, error: int) -> None:
    directory = tmp_path / "libraries"
    directory.mkdir()
    script = f"""
        import os
        import _m
        assert _m.value() == "library"
        here = {str(directory)!r}
        assert os.listdir(here) == []
        assert any(here in line and "(deleted)" in line for line in open("/proc/self/maps"))
        assert not [fd for fd in os.listdir("/proc/self/fd")
                    if here in os.path.realpath(f"/proc/self/fd/{{fd}}")]
        assert _m.__file__ == sys.path[0] + "/_m{SUFFIX}"
    """
    child.run(
        forbidding(error) + textwrap.dedent(script), app(files()), library_directory=str(directory)
    )
    # Where memory can be had, nothing goes there.
    script = f"""
        import _m
        assert not any({str(directory)!r} in line for line in open("/proc/self/maps"))
    """
    child.run(script, app(files()), library_directory=str(directory))


def test_a_directory_that_is_not_there(child: Child, app: App, tmp_path: Path) -> None:
    missing = str(tmp_path / "missing")
    said = child.run(
        forbidding(errno.EPERM) + "print(failure('_m'))", app(files()), library_directory=missing
    )
    assert "missing" in said and "without a name" in said, said


def in_namespace(*options: str) -> list[str]:
    """Return a command that runs others in namespaces of their own; skip where there are none."""
    unshare = shutil.which("unshare")
    command = [unshare or "unshare", *options]
    if unshare is None or subprocess.run([*command, "true"], capture_output=True).returncode != 0:
        pytest.skip(f"this machine has no {' '.join(command)} for this user")
    return command


@pytest.mark.parametrize("setting", [0, 1, 2])
def test_memory_that_may_not_be_executed(child: Child, app: App, setting: int) -> None:
    """vm.memfd_noexec forbids to execute files in memory; modules are mapped, which it allows."""
    knob = Path("/proc/sys/vm/memfd_noexec")
    if not knob.exists():
        pytest.skip("this kernel has no vm.memfd_noexec")
    under = in_namespace("--pid", "--fork", "--mount-proc")
    set_it = f'echo {setting} > {knob} && exec "$@"'
    if subprocess.run([*under, "sh", "-c", set_it, "sh", "true"], capture_output=True).returncode:
        pytest.skip("this user may not set vm.memfd_noexec")
    said = child.value("_m", app(files()), under=[*under, "sh", "-c", set_it, "sh"])
    assert said == "library"


def test_a_proc_of_another_namespace(child: Child, app: App) -> None:
    """Where /proc knows the process by another number, as after `unshare --pid` alone."""
    under = in_namespace("--pid", "--fork")
    assert child.value("_m", app(files()), under=under) == "library"


def test_without_proc(child: Child, app: App) -> None:
    under = in_namespace("--mount", "--fork")
    script = """
        import ctypes
        # Only now: some interpreters need it to begin.
        assert ctypes.CDLL(None).mount(b"none", b"/proc", b"tmpfs", 0, None) == 0
        print(failure("_m"))
    """
    said = child.run(script, app(files()), under=under)
    assert said.startswith("ZipImportError") and "/proc" in said, said


def test_a_process_that_is_not_to_be_looked_into(child: Child, app: App) -> None:
    """PR_SET_DUMPABLE gives /proc/self to root; a process gets at its own files all the same."""
    script = """
        import ctypes, os
        import p  # from here on the archive is open
        if os.geteuid() == 0:
            os.setgroups([])
            os.setgid(65534)
            os.setuid(65534)
        assert ctypes.CDLL(None).prctl(4, 0, 0, 0, 0) == 0
        try:
            open("/proc/self/environ").close()
        except PermissionError:
            pass
        else:
            raise AssertionError("can be looked into")
        import _m
        assert _m.value() == "library"
    """
    child.run(script, app(files()))
