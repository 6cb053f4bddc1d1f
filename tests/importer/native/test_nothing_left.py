"""Loading leaves no file behind, not for a moment, and no descriptor."""

from __future__ import annotations

import textwrap
from pathlib import Path

from tests.importer.native.conftest import App, Child
from tests.importer.native.foundry import SUFFIX, alike, extension, library
from tests.importer.workshop import Files

COUNT = 100

# What tells of everything that is made below some directories (inotify(7)).
WATCHING = """
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
watch = libc.inotify_init1(0o4000 | 0o2000000)
def observe(directory):
    IN_CREATE, IN_MOVED_TO, IN_CLOSE_WRITE = 0x100, 0x80, 0x8
    mask = IN_CREATE | IN_MOVED_TO | IN_CLOSE_WRITE
    assert libc.inotify_add_watch(watch, os.fsencode(directory), mask) >= 0, ctypes.get_errno()
def seen():
    try:
        return os.read(watch, 1 << 16)
    except BlockingIOError:
        return b""
"""


def many() -> Files:
    library_content = library("say", "library", soname="libsay.so")
    using = extension("_m", calls="say", needs={"libsay.so": library_content})
    return {
        "user/__init__.py": "",
        f"user/_m{SUFFIX}": using,
        "user.libs/libsay.so": library_content,
        **{f"p{i}/__init__.py": "" for i in range(COUNT)},
        **{f"p{i}/_m{SUFFIX}": content for i, content in enumerate(alike(COUNT))},
    }


def test_no_file_is_made(child: Child, app: App, tmp_path: Path) -> None:
    path = app(many())
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    script = f"""
        import os, tempfile
        assert tempfile.gettempdir() == {str(temporary)!r}
        # In those that all share, others make files meanwhile: tests/packages/native traces calls.
        for directory in ({str(temporary)!r}, {str(tmp_path)!r}):
            observe(directory)
        made = []
        def hook(event, arguments):
            if event == "open" and isinstance(arguments[2], int) and arguments[2] & os.O_CREAT:
                made.append(arguments)
        sys.addaudithook(hook)
        import importlib
        for i in range({COUNT}):
            assert importlib.import_module(f"p{{i}}._m").value() == f"number {{i:03}}"
        import user._m
        assert user._m.value() == "library"
        assert seen() == b""
        assert os.listdir({str(temporary)!r}) == [] and made == [], made
        open({str(temporary / "seen")!r}, "w").close()
        assert b"seen" in seen()  # the watching works
    """
    child.run(WATCHING + textwrap.dedent(script), path, environment={"TMPDIR": str(temporary)})


def test_no_descriptor_stays_open(child: Child, app: App) -> None:
    path = app(many())
    script = f"""
        import importlib, os
        def descriptors():
            return {{fd: os.readlink(f"/proc/self/fd/{{fd}}") for fd in os.listdir("/proc/self/fd")
                    if os.path.lexists(f"/proc/self/fd/{{fd}}")}}
        import p0._m  # what ours keeps open of the archive itself
        before = descriptors()
        for i in range(1, {COUNT}):
            importlib.import_module(f"p{{i}}._m")
        import user._m
        assert descriptors() == before, (before, descriptors())
        assert not [name for name in before.values() if "memfd" in name and "_m" in name], before
    """
    child.run(script, path)


def test_failures_leave_none_either(child: Child, app: App) -> None:
    path = app(
        {
            f"undefined{SUFFIX}": extension("undefined", more="int no(void);", init="no();"),
            f"nameless{SUFFIX}": extension("other"),
            f"text{SUFFIX}": "no library",
            f"needing{SUFFIX}": extension("needing", needs={"libx.so": library("x", "x")}),
        }
    )
    script = """
        import os
        names = ("undefined", "nameless", "text", "needing")
        for name in names:
            failure(name)
        before = sorted(os.listdir("/proc/self/fd"))
        for _ in range(20):
            for name in names:
                failure(name)
        assert sorted(os.listdir("/proc/self/fd")) == before
    """
    child.run(script, path)


def test_children_that_execute_others_get_none(child: Child, app: App) -> None:
    """Also where descriptors stay open for debuggers."""
    path = app({f"_mod{SUFFIX}": extension("_mod")})
    script = """
        import _mod, subprocess
        command = ["/bin/sh", "-c", "ls -l /proc/self/fd"]
        done = subprocess.run(command, close_fds=False, capture_output=True, text=True, check=True)
        assert "_mod" not in done.stdout, done.stdout
    """
    child.run(script, path, environment={"SIGNEDVFS_DEBUG_LIBRARIES": "1"})


def test_debuggers_get_descriptors(child: Child, app: App) -> None:
    path = app({f"_mod{SUFFIX}": extension("_mod", flags=["-g"])})
    script = """
        import os, _mod
        open_ones = {os.readlink(f"/proc/self/fd/{fd}"): fd for fd in os.listdir("/proc/self/fd")
                     if os.path.lexists(f"/proc/self/fd/{fd}")}
        found = [fd for name, fd in open_ones.items() if "_mod" in name]
        assert len(found) == 1, open_ones
        with open(f"/proc/self/fd/{found[0]}", "rb") as file:
            content = file.read()
        assert b".debug_info" in content and b".symtab" in content
    """
    child.run(script, path, environment={"SIGNEDVFS_DEBUG_LIBRARIES": "1"})
    # By default what loading does not need is not even there.
    without = """
        import os, _mod
        paths = [f"/proc/self/fd/{fd}" for fd in os.listdir("/proc/self/fd")]
        assert not [path for path in paths if os.path.lexists(path) and "_mod" in os.readlink(path)]
    """
    child.run(without, path)
