"""--limit: every command that opens or makes an archive has it, honours it, and advises it."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from tests.cli.helpers import Cli, write_tree

ZEROS = 4 << 20
PROGRAM: dict[str, str | bytes] = {
    "__main__.py": "import pkgutil; print(len(pkgutil.get_data('data', 'zeros.bin')))\n",
    "data/__init__.py": "",
    "data/zeros.bin": bytes(ZEROS),
}
SMALL = f"--limit=member_bytes={ZEROS - 1}"
LARGE = f"--limit=member_bytes={ZEROS}"


@pytest.fixture
def program(cli: Cli, keys: Path) -> Path:
    """program is an archive, signed by a.key, with one member that SMALL does not allow."""
    tree = write_tree(cli.directory / "program", PROGRAM)
    cli.ok("pack", tree, "-o", "prog.zip", "--key", keys / "a.key")
    (cli.directory / "launcher").write_bytes(b"#!/bin/sh\n")
    return Path("prog.zip")


@pytest.mark.parametrize(
    "words",
    [
        ["sign", "prog.zip", "-o", "out", "--key", "a.key"],
        ["unsign", "prog.zip", "-o", "out"],
        ["append", "prog.zip", "launcher", "-o", "out", "--key", "a.key"],
        ["verify", "prog.zip", "--trust", "a.pub"],
        ["cat", "prog.zip", "data/zeros.bin", "--trust", "a.pub"],
        ["extract", "prog.zip", "-C", "out", "--trust", "a.pub"],
        ["list", "prog.zip", "--trust", "a.pub"],
        ["pack", "program", "-o", "out", "--key", "a.key"],
        ["pack", "program", "-o", "out", "--unsigned"],
    ],
    ids=lambda words: words[0] + words[-2] if words[0] == "pack" else words[0],
)
@pytest.mark.usefixtures("program")
def test_every_command_honours_it_and_advises_it(words: list[str], cli: Cli, keys: Path) -> None:
    words = [str(keys / word) if word.startswith("a.") else word for word in words]
    refused = cli(*words, SMALL)
    assert refused.code != 0
    assert "--limit member_bytes=N" in refused.err
    assert "signedvfs.Limits(" not in refused.err
    assert not (cli.directory / "out").is_file()
    cli.ok(*words, LARGE, *(["--force"] if words[0] == "extract" else []))


def test_run_honours_it(cli: Cli, program: Path, keys: Path) -> None:
    run = ("run", "--trust", keys / "a.pub")
    assert cli.ok(*run, LARGE, program).out == f"{ZEROS}\n"
    refused = cli(*run, SMALL, program)
    assert refused.code == 1
    assert "--limit member_bytes=N" in refused.err


def test_what_was_signed_under_raised_limits_runs_under_raised_limits(cli: Cli, keys: Path) -> None:
    tree = write_tree(cli.directory / "program", {"__main__.py": "print('runs')\n"})
    wide = "--limit=name_bytes=5000"
    write_tree(tree, {"/".join(["d" * 200] * 6) + "/x.txt": "long"})
    refused = cli("pack", tree, "-o", "prog.zip", "--key", keys / "a.key")
    assert refused.code != 0
    assert "--limit name_bytes=N" in refused.err
    cli.ok("pack", tree, "-o", "prog.zip", "--key", keys / "a.key", wide)
    run = ("run", "--trust", keys / "a.pub")
    assert cli(*run, "prog.zip").code == 1
    assert cli.ok(*run, wide, "prog.zip").out == "runs\n"


@pytest.mark.parametrize("compression", ["deflate", "zstd"])
@pytest.mark.parametrize("record", [[], ["--record", "-m data"]], ids=["plain", "recorded"])
def test_what_pack_writes_is_read_by_default(
    compression: str, record: list[str], cli: Cli, keys: Path
) -> None:
    tree = write_tree(cli.directory / "program", {**PROGRAM, "data/__main__.py": ""})
    key = ("--key", keys / "a.key")
    cli.ok("pack", tree, "-o", "prog.zip", *key, "--compression", compression, *record)
    assert cli.ok("run", "--trust", keys / "a.pub", "prog.zip").out == f"{ZEROS}\n"
    cli.ok("verify", "prog.zip", "--trust", keys / "a.pub")
    cli.ok("unsign", "prog.zip")


def test_recording_runs_under_the_limits_of_pack(cli: Cli, keys: Path) -> None:
    tree = write_tree(cli.directory / "program", {**PROGRAM, "data/__main__.py": ""})
    for command in ("-m data", "prog.zip", "-c 'import data'"):
        record = ("pack", tree, "-o", "prog.zip", "--key", keys / "a.key", "--record", command)
        cli.ok(*record, LARGE)
        refused = cli(*record, SMALL)
        assert refused.code == 2
        assert "program/data/zeros.bin" in refused.err


@pytest.mark.parametrize("signed", [True, False])
@pytest.mark.parametrize(
    ("limit", "named"),
    [
        (SMALL, "program/data/zeros.bin"),
        ("--limit=total_bytes=100000", "program/data/zeros.bin"),
        ("--limit=members=2", "program/data/"),
        ("--limit=name_bytes=10", "program/"),
    ],
)
def test_packs_errors_name_what_its_user_named(
    limit: str, named: str, signed: bool, cli: Cli, keys: Path
) -> None:
    tree = write_tree(cli.directory / "program", PROGRAM)
    sign = ["--key", str(keys / "a.key")] if signed else ["--unsigned"]
    done = cli("pack", tree, "-o", "out.zip", limit, *sign)
    assert done.code == 2
    assert named in done.err
    assert "unsigned.zip" not in done.err
    assert ".signedvfs-" not in done.err
    assert sorted(path.name for path in cli.directory.iterdir()) == ["program"]


def test_errors_of_signing_name_the_archive(cli: Cli, keys: Path) -> None:
    with zipfile.ZipFile(cli.directory / "twins.zip", "w") as archive:
        for name in ("x.py", "x/__init__.py"):
            archive.writestr(name, "")
    done = cli("sign", "twins.zip", "-o", "out.zip", "--key", keys / "a.key")
    assert done.code == 2
    assert "twins.zip: 'x.py' and 'x/__init__.py' are the same module" in done.err
    assert ".signedvfs-" not in done.err
