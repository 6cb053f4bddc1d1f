"""A program that starts itself anew, in each of the ways in which updaters and reloaders do it."""

from __future__ import annotations

import pytest

from tests.cli.helpers import Cli, write_tree

MAIN = """
import os, subprocess, sys
life = int(os.environ.get("LIFE", "1"))
print("life", life, type(__loader__).__module__, *sys.argv[1:], flush=True)
if life < 3:
    os.environ["LIFE"] = str(life + 1)
    again = [sys.executable] + sys.argv
    {way}
"""
WAYS = {
    "execv": "os.execv(sys.executable, again)",
    "execl": "os.execl(sys.executable, *again)",
    "execve": "os.execve(sys.executable, again, dict(os.environ))",
    "spawnv": "sys.exit(os.spawnv(os.P_WAIT, sys.executable, again))",
    "subprocess": "sys.exit(subprocess.call(again))",
    "posix_spawn": (
        "sys.exit(os.waitpid(os.posix_spawn(sys.executable, again, dict(os.environ)), 0)[1] >> 8)"
    ),
}
UPDATING = """
import os, sys
print("old", type(__loader__).__module__, flush=True)
os.replace(sys.argv[1], sys.argv[0])
os.execv(sys.executable, [sys.executable] + sys.argv)
"""


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_every_life_is_verified(cli: Cli, way: str) -> None:
    tree = write_tree(cli.directory / "source", {"__main__.py": MAIN.format(way=way)})
    cli.ok("pack", tree, "-o", "app.zip", "--key", "app.key", "--quiet")
    done = cli.ok("run", "--trust", "app.pub", "app.zip", "-x", "word")
    assert done.out == "".join(f"life {life} signedvfs -x word\n" for life in (1, 2, 3))


@pytest.mark.parametrize("signer", ["app", "other"])
def test_an_update_is_run_where_its_signer_is_trusted(cli: Cli, signer: str) -> None:
    if signer == "other":
        cli.ok("keygen", "other.key", "--no-password")
    old = write_tree(cli.directory / "old", {"__main__.py": UPDATING})
    new = write_tree(
        cli.directory / "new", {"__main__.py": "print('new', type(__loader__).__module__)\n"}
    )
    cli.ok("pack", old, "-o", "app.zip", "--key", "app.key", "--quiet")
    cli.ok("pack", new, "-o", "new.zip", "--key", f"{signer}.key", "--quiet")
    done = cli("run", "--trust", "app.pub", "app.zip", "new.zip")
    expected = (0, "old signedvfs\nnew signedvfs\n") if signer == "app" else (1, "old signedvfs\n")
    assert (done.code, done.out) == expected, done.err
