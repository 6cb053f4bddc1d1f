"""Another process of the same user writes into our memory as long as it can."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from tests.importer.native.conftest import App, Child
from tests.importer.native.foundry import SUFFIX, extension

# Opens every memory of another process for writing, and writes what would be other code.
ATTACKER = """
import mmap, os, sys
victim = f"/proc/{sys.argv[1]}/fd"
own = {}
print("ready", flush=True)
opened = written = mapped = 0
while os.path.exists(victim):
    try:
        names = os.listdir(victim)
    except OSError:
        break
    for name in names:
        path = f"{victim}/{name}"
        try:
            if "/memfd:" not in os.readlink(path):
                continue
            fd = os.open(path, os.O_RDWR)
        except OSError:
            continue
        opened += 1
        try:
            for _ in range(50):
                size = os.fstat(fd).st_size
                if size > 4096:
                    # A hole in the seals, for as long as the mapping is there.
                    with mmap.mmap(fd, size) as memory:
                        mapped += 1
                        at = memory.find(b"genuine code")
                        if at >= 0:
                            memory[at : at + 12] = b"evil code!!!"
                            written += 1
                os.pwrite(fd, b"evil", 4096)
                written += 1
                os.ftruncate(fd, size + 1)
        except (OSError, ValueError):
            pass  # sealed by now
        finally:
            os.close(fd)
print(opened, mapped, written, flush=True)
"""

VICTIM = """
import importlib, os, sys
print(os.getpid(), flush=True)
sys.stdin.readline()
outcomes = {{"right": 0, "refused": 0}}
for number in range({count}):
    name = f"p{{number}}._m"
    for _ in range(50):  # what was disturbed can be tried again
        try:
            module = importlib.import_module(name)
        except signedvfs.IntegrityCheckError as error:
            assert "by somebody" in str(error), error
            outcomes["refused"] += 1
        else:
            assert module.value() == "genuine code", module.value()
            outcomes["right"] += 1
            break
print(outcomes["right"], outcomes["refused"], flush=True)
"""

COUNT = 200


@contextmanager
def started(*command: str) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def test_other_code_never_runs(child: Child, app: App) -> None:
    padding = "const char padding[1 << 20] = {1};"
    content = extension("_m", "genuine code", more=padding)
    path = app({f"p{number}/_m{SUFFIX}": content for number in range(COUNT)})
    with started(*child.command(VICTIM.format(count=COUNT), path)) as victim:
        assert victim.stdin and victim.stdout
        number = victim.stdout.readline().strip()
        with started(sys.executable, "-I", "-c", ATTACKER, number) as attacker:
            assert attacker.stdout and attacker.stdout.readline() == "ready\n"
            victim.stdin.write("go\n")
            victim.stdin.flush()
            outcome = victim.stdout.read()
            assert victim.wait() == 0, outcome
            opened, mapped, written = map(int, attacker.stdout.read().split())
    right, refused = map(int, outcome.split())
    print(f"right {right}, refused {refused}; opened {opened}, mapped {mapped}, wrote {written}")
    # Whether the attacker was quick enough is chance; that it found something is not.
    assert opened > 0
    assert right + refused > 0
