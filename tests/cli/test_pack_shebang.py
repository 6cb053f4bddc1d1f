"""pack --shebang: one file that executes, with its first line signed."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.cli.helpers import Cli, write_tree


@pytest.fixture
def line(keys: Path, tmp_path: Path) -> str:
    """line is the recipe of docs/shipping.md, with a `signedvfs` that is this Python's."""
    tool = tmp_path / "bin" / "signedvfs"
    write_tree(tmp_path, {"bin/signedvfs": f'#!/bin/sh\nexec {sys.executable} -m signedvfs "$@"\n'})
    tool.chmod(0o755)
    public = tmp_path / "app.pub"
    public.write_bytes((keys / "a.pub").read_bytes())
    return f"/usr/bin/env -S signedvfs run --trust {public}"


def execute(path: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PATH": f"{path.parent}/bin:{os.environ['PATH']}"}
    return subprocess.run(
        [str(path), *words], env=environment, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("mark", ["", "#!", "#! "])
def test_the_file_executes(cli: Cli, tree: Path, keys: Path, line: str, mark: str) -> None:
    cli.ok("pack", tree, "-m", "app", "-o", "app", "--key", keys / "a.key", "--shebang",
           mark + line)  # fmt: skip
    app = cli.directory / "app"
    assert app.read_bytes().startswith(f"#!{line}\n".encode())
    assert app.stat().st_mode & 0o777 == 0o777 & ~_umask()
    done = execute(app, "x", "y z")
    assert (done.stdout, done.returncode) == ("app x y z\n", 0), done.stderr
    report = cli.ok("verify", app, "--trust", keys / "a.pub", "--json").json
    assert report["prefix_length"] == len(line) + 3
    with zipfile.ZipFile(app) as archive:
        assert archive.testzip() is None
    # One byte of the line, in what is only a name.
    changed = bytearray(app.read_bytes())
    changed[changed.index(b"signedvfs")] ^= 0x20
    app.write_bytes(changed)
    refused = cli("verify", app, "--trust", keys / "a.pub", "--json")
    assert (refused.code, refused.error["code"]) == (1, "PrefixMismatch"), refused.error


def test_a_recorded_archive_executes(cli: Cli, tree: Path, keys: Path, line: str) -> None:
    cli.ok("pack", tree, "-m", "app", "-o", "app", "--key", keys / "a.key", "--shebang", line,
           "--record", "-m app")  # fmt: skip
    assert execute(cli.directory / "app").stdout == "app\n"


def test_an_unsigned_file_executes_and_is_signed_later(
    cli: Cli, tree: Path, keys: Path, line: str
) -> None:
    app = cli.directory / "app"
    cli.ok("pack", tree, "-m", "app", "-o", app, "--unsigned", "--shebang", f"{sys.executable} -I")
    assert execute(app).stdout == "app\n"
    cli.ok("pack", tree, "-m", "app", "-o", app, "--unsigned", "--shebang", line)
    cli.ok("sign", app, "--key", keys / "a.key")
    assert execute(app).stdout == "app\n"
    assert sorted(one.name for one in cli.directory.iterdir() if one.name[0] == ".") == []


@pytest.mark.parametrize(
    "line",
    [
        "", "#!", "python3", "env -S python3", "./python", "/usr/bin/python3\nimport evil",
        "/usr/bin/env python3 -I", "/usr/bin/python3 -I -m signedvfs",
        "/bin/" + "x" * 300, "/bin/sh\x00",
    ],
)  # fmt: skip
def test_a_line_that_would_not_run_is_refused(cli: Cli, tree: Path, line: str) -> None:
    import signedvfs.packaging

    with pytest.raises(signedvfs.packaging.PackError):
        signedvfs.pack(tree, cli.directory / "app", shebang=line)
    assert not (cli.directory / "app").exists()


def test_a_short_env_line_needs_no_splitting(cli: Cli, tree: Path) -> None:
    cli.ok("pack", tree, "-o", "app", "--unsigned", "--shebang", "/usr/bin/env python3")
    assert (cli.directory / "app").read_bytes().startswith(b"#!/usr/bin/env python3\n")


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
