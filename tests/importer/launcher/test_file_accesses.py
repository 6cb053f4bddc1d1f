"""Which files an application looks at when it starts."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.importer.launcher.starting import environment, says
from tests.importer.own_needs import parts_needed_by

# What the kernel, the dynamic linker and the C library are asked for, and nothing else: what the
# program itself is, its sealed memory, how many processors it may use, the time zone.
ALLOWED = re.compile(
    r"/proc/self/(exe|environ|fd/\d+)|/proc/\d+/(task/\d+/)?fd/\d+"
    r"|/etc/ld\.so\.(cache|preload)|(/usr)?/lib(64)?(/[\w-]+)?/(libc\.so\.6|libm\.so\.6|ld-linux.*)"
    # Python 3.14 looks for this one beside its program, which is called /proc/self/exe; how much
    # stack and memory there is is for the recursion limit, and for the free-threaded collector.
    r"|/proc/(self/)?pyvenv\.cfg|/proc/self/(maps|status)"
    # The allocator of Python 3.13 and later, and of free-threaded ones.
    r"|/proc/sys/vm/overcommit_memory|/sys/devices/system/node/node\d+"
    r"|/etc/localtime|/dev/null|/sys/fs/cgroup/.*cpu\.max|/sys/devices/system/cpu(/online)?"
)
pytestmark = pytest.mark.usefixtures("system_linker")  # its own is looked for elsewhere
ASKING = ("stat", "readlink", "access")  # what opens nothing


def accesses(app: Path, log: Path, *words: str) -> list[tuple[str, str]]:
    """accesses returns the system calls that name files, and the names."""
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed (scripts/setup.sh)")
    done = subprocess.run(
        ["strace", "-ff", "-qq", "-s", "4096", "-e", "trace=file,open_by_handle_at", "-o", str(log),
         str(app), *words],
        env=environment(), cwd=log.parent, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if "ptrace" in done.stderr:
        pytest.skip(f"processes cannot be traced here: {done.stderr}")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    found = []
    # A file for each thread: in one for all, calls of two would be torn.
    lines = [one.read_text().splitlines() for one in sorted(log.parent.glob(f"{log.name}.*"))]
    for line in (line for one in lines for line in one):
        for name in re.findall(r'"((?:[^"\\]|\\.)*)"', line.split(" = ")[0])[:1]:
            found.append((line, name))
    assert found
    return found


def strangers(app: Path, found: list[tuple[str, str]], *others: str) -> list[str]:
    """strangers returns the calls that are not expected; the program may ask where it is."""
    parts = parts_needed_by(app)
    left = []
    for line, name in found:
        call = line.partition("(")[0].split()[-1]
        is_own = name == "" or (name == str(app) and call == "execve")
        is_own |= Path(name) in (app, *app.parents) and any(one in call for one in ASKING)
        is_own |= name.startswith(("/lib", "/usr/lib")) and Path(name).name in parts
        if not (is_own or name in others or ALLOWED.fullmatch(os.path.normpath(name))):
            left.append(line)
    return left


def test_at_start(app: Path, tmp_path: Path) -> None:
    # J1, J4, J5, J6: no landmark, no configuration, no module.
    found = accesses(app, tmp_path / "log", "print('up')")
    assert strangers(app, found) == []
    assert [line for line, _ in found if re.search("O_CREAT|O_WRONLY|O_RDWR|mkdir", line)] == []


def test_native_modules_and_data(app: Path, tmp_path: Path) -> None:
    """Libraries and data are in the archive. OpenSSL reads the system's configuration, as ever."""
    code = """
import asyncio, ctypes, hashlib, kit.greeting, os, sqlite3, ssl
print(len(open(os.path.dirname(kit.greeting.__file__) + "/data/text.txt").read()))
hashlib.sha256(b"").hexdigest()
"""
    found = accesses(app, tmp_path / "log", code)
    others = {name for _, name in found if name.endswith("/openssl.cnf")}
    assert len(others) <= 1
    if "sysconfig" in says(app, code + "print(*sys.modules)").split():
        # It wants to know whether Python runs where it was built, and where somebody is at home.
        others |= {f"{app.parent}/Modules{name}" for name in ("", "/Setup", "/Setup.local")}
        others |= {"/etc/nsswitch.conf", "/etc/passwd"}
    # libffi wants to know whether SELinux is there, before it makes memory executable.
    others |= {"/selinux", "/proc/mounts"}
    assert strangers(app, found, *others) == []
    assert [line for line, _ in found if re.search("O_CREAT|O_WRONLY|O_RDWR|mkdir", line)] == []


def test_a_missing_module_is_looked_for_nowhere(app: Path, tmp_path: Path) -> None:
    code = """
for name in ("nothing", "kit.nothing", "site-packages", "sitecustomize"):
    try:
        __import__(name)
    except ImportError:
        pass
"""
    assert strangers(app, accesses(app, tmp_path / "log", code)) == []


def test_what_is_looked_for_is_seen(app: Path, tmp_path: Path) -> None:
    """Shows that the others are able to fail."""
    found = accesses(app, tmp_path / "log", "import os; os.path.exists('/nonexistent')")
    assert len(strangers(app, found)) == 1
