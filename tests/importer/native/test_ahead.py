"""Libraries that are sealed on another core before they are asked for."""

from __future__ import annotations

import os
import textwrap
from pathlib import Path

import pytest

from tests.importer.native.conftest import App, Child
from tests.importer.native.foundry import SUFFIX, extension, library
from tests.importer.native.test_no_memory import forbidding
from tests.importer.workshop import Files

pytestmark = pytest.mark.skipif(
    len(os.sched_getaffinity(0)) < 2, reason="nothing is read ahead on one core"
)

LATE, NEEDED = f"app/late{SUFFIX}", "app.libs/libsay.so"

# The package imports a module that waits for what is sealed meanwhile, and then the extension.
HELPERS = """
    import os, time
    def sealed():
        "Return the members behind the descriptors of sealed memory that are open."
        out = set()
        for fd in os.listdir("/proc/self/fd"):
            try:
                name = os.readlink(f"/proc/self/fd/{fd}")
            except FileNotFoundError:
                continue
            if name.startswith("/memfd:"):
                out.add(name.removesuffix(" (deleted)").partition("app.zip/")[2])
        return out
    def until(test):
        "Wait for the other thread, which a busy machine may keep for a while."
        end = time.monotonic() + 60
        while not test():
            assert time.monotonic() < end, sealed()
            time.sleep(0.01)
"""


def files(order: str | None = None, **more: str | bytes) -> Files:
    needed = library("say", "library", soname="libsay.so")
    return {
        # Two statements at least: one is not worth another thread.
        "app/__init__.py": "from . import waiting\nfrom . import late\n",
        "app/waiting.py": "import builtins\nbuiltins.wait()\n",
        LATE: extension("late", calls="say", needs={"libsay.so": needed}),
        NEEDED: needed,
        **({} if order is None else {"signedvfs-order.txt": order}),
        **more,
    }


ORDERS = {
    "foreseen": None,
    "recorded": f"app/__init__.py\napp/waiting.py\n{NEEDED}\n{LATE}\n",
    "recorded without the library": f"app/__init__.py\napp/waiting.py\n{LATE}\n",
}


def waiting(script: str) -> str:
    return textwrap.dedent(HELPERS) + "import builtins\n" + textwrap.dedent(script)


@pytest.mark.parametrize("order", ORDERS.values(), ids=ORDERS)
def test_a_library_is_sealed_before_it_is_asked_for(
    child: Child, app: App, order: str | None
) -> None:
    script = f"""
        seen = []
        sys.addaudithook(lambda event, args: seen.append((event, args[1]))
                         if event in ("signedvfs.verify", "signedvfs.load") else None)
        def wait():
            until(lambda: {{{LATE!r}, {NEEDED!r}}} <= sealed())
            # Nothing of it has been told, or run: nobody has asked.
            assert not [name for _, name in seen if ".so" in name], seen
        builtins.wait = wait
        import app
        assert app.late.value() == "library"
        # What is told is told once, and in the order of asking.
        told = [name for event, name in seen if event == "signedvfs.verify" and ".so" in name]
        assert sorted(told) == sorted([{NEEDED!r}, {LATE!r}]), told
        until(lambda: not sealed())
    """
    child.run(waiting(script), app(files(order)))


def test_what_is_not_asked_for_is_dropped(child: Child, app: App) -> None:
    script = f"""
        def wait():
            until(lambda: {LATE!r} in sealed())
            raise KeyError("no more")
        builtins.wait = wait
        try:
            import app
        except KeyError:
            pass
        until(lambda: not sealed())
        builtins.wait = lambda: None
        import app
        assert app.late.value() == "library"
    """
    child.run(waiting(script), app(files()))


@pytest.mark.parametrize("order", ORDERS.values(), ids=ORDERS)
def test_another_file_under_the_same_number_is_not_loaded(
    child: Child, app: App, tmp_path: Path, order: str | None
) -> None:
    """A daemon closes all descriptors, and opens others; or an attacker's file is among them."""
    evil = tmp_path / "evil.so"
    evil.write_bytes(extension("late", value="evil"))
    script = f"""
        def wait():
            until(lambda: {{{LATE!r}, {NEEDED!r}}} <= sealed())
            numbers = [int(fd) for fd in os.listdir("/proc/self/fd")]
            memory = [fd for fd in numbers if os.path.lexists(f"/proc/self/fd/{{fd}}")
                      and os.readlink(f"/proc/self/fd/{{fd}}").startswith("/memfd:")]
            other = os.open({str(evil)!r}, os.O_RDONLY)
            for fd in memory:
                os.dup2(other, fd)
            wait.mine = {{fd: os.fstat(fd).st_ino for fd in memory}}
        builtins.wait = wait
        import app
        assert app.late.value() == "library"
        # And nobody has closed what was none of ours.
        until(lambda: not sealed())
        for fd, inode in wait.mine.items():
            assert os.fstat(fd).st_ino == inode
    """
    child.run(waiting(script), app(files(order)))


def test_a_forked_child_has_none_of_them(child: Child, app: App) -> None:
    script = f"""
        def wait():
            until(lambda: {LATE!r} in sealed())
            pid = os.fork()
            if pid == 0:
                os._exit(len(sealed()))
            assert os.waitpid(pid, 0)[1] == 0
        builtins.wait = wait
        import app
        assert app.late.value() == "library"
    """
    child.run(waiting(script), app(files()))


@pytest.mark.parametrize("order", ORDERS.values(), ids=ORDERS)
def test_tampering_is_for_whoever_asks(child: Child, app: App, order: str | None) -> None:
    path = app(files(order))
    content = path.read_bytes()
    # The name stands first in the member's own header, right in front of what is stored.
    place = content.index(NEEDED.encode()) + len(NEEDED) + 60
    changed = f"""
        with open({str(path)!r}, "r+b") as file:
            file.seek({place})
            file.write(b"tamper")
        builtins.wait = lambda: time.sleep(0.2)
        assert failure("app").startswith("IntegrityCheckFailed"), failure("app")
    """
    earlier = f"""
        def wait():
            until(lambda: {{{LATE!r}, {NEEDED!r}}} <= sealed())
            with open({str(path)!r}, "r+b") as file:
                file.seek({place})
                file.write(b"tamper")
        builtins.wait = wait
        import app
        assert app.late.value() == "library"
    """
    child.run(waiting(earlier), path)
    path.write_bytes(content)
    child.run(waiting(changed), path)


def test_where_memory_cannot_be_sealed_the_asker_says_so(child: Child, app: App) -> None:
    script = """
        builtins.wait = lambda: time.sleep(0.1)
        said = failure("app")
        assert "no memory that can be sealed" in said, said
    """
    child.run(forbidding(1) + waiting(script), app(files()))


def test_what_takes_the_place_of_memory_while_it_is_loaded_is_refused(
    child: Child, app: App, tmp_path: Path
) -> None:
    evil = tmp_path / "evil.so"
    evil.write_bytes(extension("late", value="evil"))
    script = f"""
        builtins.wait = lambda: None
        def replace(event, arguments):
            if event != "signedvfs.load" or arguments[1] != {LATE!r}:
                return
            other = os.open({str(evil)!r}, os.O_RDONLY)
            for fd in map(int, os.listdir("/proc/self/fd")):
                name = f"/proc/self/fd/{{fd}}"
                if os.path.lexists(name) and os.readlink(name).startswith("/memfd:"):
                    os.dup2(other, fd)
        sys.addaudithook(replace)
        said = failure("app")
        assert "the program has closed the descriptor" in said, said
        assert "app.late" not in sys.modules
    """
    child.run(waiting(script), app(files()))
