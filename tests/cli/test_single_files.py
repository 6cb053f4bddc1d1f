"""verify-file, and --exec."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.helpers import Cli, fingerprint, write_tree

SCRIPT = '#!/bin/sh\necho "signed $*"\nexit 7\n'


@pytest.fixture
def signed(cli: Cli, keys: Path) -> Path:
    """signed is a directory with a program in it."""
    root = write_tree(cli.directory / "app", {"bin/tool": SCRIPT, "data": "x"})
    cli.ok("sign", root, "--key", keys / "a.key", "--name", "app")
    return root


def test_shows_what_it_is(cli: Cli, keys: Path, signed: Path) -> None:
    words = ("verify-file", "app/bin/tool", "--trust", keys / "a.pub")
    assert "app/bin/tool: verified" in cli.ok(*words).out
    shown = cli.ok(*words, "--json").json
    assert len(shown.pop("digest")) == 64
    assert shown == {
        "path": "app/bin/tool",
        "verified": True,
        "directory": str(signed),
        "member": "bin/tool",
        "size": len(SCRIPT),
        "hash": "sha256",
        "name": "app",
        "serial": None,
        "signers": [fingerprint(keys / "a.pub")],
    }


def test_refuses(cli: Cli, keys: Path, signed: Path) -> None:
    trust = ("--trust", keys / "a.pub", "--json")
    write_tree(signed, {"bin/added": SCRIPT, "data": "y"})
    write_tree(cli.directory, {"outside": SCRIPT})
    for path, code in (
        ("app/bin/added", "NotFound"),
        ("app/data", "DigestMismatch"),
        ("outside", "NoManifest"),
    ):
        done = cli("verify-file", path, *trust)
        assert (done.code, done.error["code"]) == (1, code)
        done = cli("verify-file", *trust, "--exec", path, "-")
        assert (done.code, done.error["code"]) == (1, code)
        assert "signed -" not in done.out
    assert cli("verify-file", "app/bin/tool", "--trust", keys / "b.pub").code == 1
    assert cli("verify-file", "app/bin/tool", *trust, "--name", "other").code == 1
    assert cli("verify-file", "nowhere", *trust).code == 2


def test_executes_and_ends_as_the_program_does(cli: Cli, keys: Path, signed: Path) -> None:
    done = cli(
        "verify-file", "--trust", keys / "a.pub",
        "--exec", signed / "bin/tool", "--json", "-v", "--", "a b",
    )  # fmt: skip
    assert (done.code, done.out, done.err) == (7, "signed --json -v -- a b\n", "")


def test_what_is_not_executed(cli: Cli, keys: Path, signed: Path) -> None:
    write_tree(signed, {"env": "#!/usr/bin/env sh\n"})
    cli.ok("sign", signed, "--key", keys / "a.key")
    for name, problem in (("data", "verified, but not executed"), ("env", "PATH would choose")):
        done = cli("verify-file", "--trust", keys / "a.pub", "--exec", signed / name)
        assert done.code == 2
        assert problem in done.err


def test_by_a_detached_manifest(cli: Cli, keys: Path, tree: Path) -> None:
    cli.ok("sign", tree, "--key", keys / "a.key", "--detached", "m", "--root", "plugins")
    words = ("--trust", keys / "a.pub", "--manifest", "m", "--directory", tree)
    cli.ok("verify-file", tree / "top.py", *words, "--root", "plugins")
    assert cli("verify-file", tree / "top.py", *words).code == 1


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        ((), "name one file"),
        (("--exec",), "name one file"),
        (("app/data", "--exec", "app/bin/tool"), "name one file"),
        (("app/data", "--manifest", "m"), "go together"),
        (("app/data", "--directory", "app"), "go together"),
        (("app/data", "--root", "x"), "--root goes with"),
        (("app/bin/",), "names a directory"),
    ],
)
def test_usage(cli: Cli, keys: Path, signed: Path, words: tuple[str, ...], problem: str) -> None:
    assert signed.is_dir()
    done = cli("verify-file", "--trust", keys / "a.pub", *words)
    assert done.code == 2
    assert problem in done.err
