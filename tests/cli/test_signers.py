"""--signer-command, --signer-key and --signer-ssh, of sign, append and pack."""

from __future__ import annotations

import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.helpers import Cli, fingerprint
from tests.support.signing_elsewhere import Elsewhere, openssl_key


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Elsewhere:
    """A key that only openssl uses."""
    return openssl_key(tmp_path_factory.mktemp("elsewhere"))


def options(*signers: Elsewhere) -> list[str | Path]:
    """options name signers that are commands."""
    words: list[str | Path] = []
    for one in signers:
        words += ["--signer-command", shlex.join(one.command), "--signer-key", one.public]
    return words


def test_every_command_that_signs_takes_a_command(
    cli: Cli, tree: Path, elsewhere: Elsewhere
) -> None:
    by = options(elsewhere)
    cli.ok("pack", tree, "-m", "app", "-o", "app.zip", "--name", "myapp", *by)
    facts = cli.ok("sign", "app.zip", *by, "--json").json
    assert facts["signers"] == [fingerprint(elsewhere.public)]
    assert facts["carried_over"] == ["name"], "a key that is elsewhere is known by its public half"
    cli.ok("append", "app.zip", sys.executable, "-o", "app", *by)
    cli.ok("sign", tree, *by)
    for path in ("app.zip", "app", tree):
        cli.ok("verify", path, "--trust", elsewhere.public)


def test_several_sign_with_a_key_at_hand(
    cli: Cli, archive: Path, elsewhere: Elsewhere, keys: Path, tmp_path: Path
) -> None:
    second = openssl_key(tmp_path, "P-384", "second")
    facts = cli.ok("sign", archive, "--key", keys / "a.key", *options(elsewhere, second), "--json")
    publics = (keys / "a.pub", elsewhere.public, second.public)
    assert facts.json["signers"] == [fingerprint(public) for public in publics]
    trust = [word for public in publics for word in ("--trust", public)]
    cli.ok("verify", archive, *trust, "--threshold", "3")


def test_an_agent_signs(cli: Cli, archive: Path, tmp_path: Path) -> None:
    subprocess.run(
        ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / "id"], check=True
    )
    refused = cli("sign", archive, "--signer-ssh", "id.pub", env={"SSH_AUTH_SOCK": ""})
    assert refused.code == 2
    assert "ssh-add" in refused.err


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ((), "nobody is named who signs"),
        (("--signer-command", "true"), "--signer-key 0 times"),
        (("--signer-key", "a.pub"), "--signer-command is given 0 times"),
        (("--signer-timeout", "5", "--key", "a.key"), "--signer-timeout is for"),
        (("--signer-command", "'", "--signer-key", "a.pub"), "No closing quotation"),
        (("--signer-command", "", "--signer-key", "a.pub"), "--signer-command is empty"),
        (("--signer-command", "true", "--signer-key", "none.pub"), "none.pub"),
        (("--signer-command", "true", "--signer-key", "a.key"), "private key"),
        (("--signer-command", "true", "--signer-key", "a.pub"), "does not fit"),
        (("--signer-command", "false", "--signer-key", "a.pub"), "ended with status 1"),
        (("--signer-command", "sleep 60", "--signer-key", "a.pub", "--signer-timeout", "1"),
         "within 1 seconds"),
        (("--signer-timeout", "0", "--key", "a.key"), "not a number of seconds"),
        (("--signer-ssh", "a.pub"), "none of OpenSSH"),
        (("--signer-ssh", "none.pub"), "none.pub"),
    ],
)  # fmt: skip
def test_what_keeps_it_from_being_signed(
    cli: Cli, archive: Path, keys: Path, words: tuple[str, ...], reason: str
) -> None:
    before = archive.read_bytes()
    for name in ("a.pub", "a.key"):
        (cli.directory / name).write_bytes((keys / name).read_bytes())
    done = cli("sign", archive, *words)
    assert done.code == 2
    assert reason in done.err
    assert "next:" in done.err or "--help" in done.err or reason.startswith("--signer-timeout")
    assert archive.read_bytes() == before


def test_an_archive_is_signed_or_not(cli: Cli, tree: Path, elsewhere: Elsewhere) -> None:
    words = ("pack", tree, "-o", "app.zip")
    assert cli(*words, "--unsigned", *options(elsewhere)).code == 2
    assert cli(*words).code == 2
    assert not (cli.directory / "app.zip").exists()


# What the command says of itself reaches the person, and JSON stays one object.
def test_standard_error_passes_through(cli: Cli, archive: Path, elsewhere: Elsewhere) -> None:
    said = f"echo touch the token >&2; exec {shlex.join(elsewhere.command)}"
    by = ("--signer-command", shlex.join(["sh", "-c", said]), "--signer-key", elsewhere.public)
    done = cli.ok("sign", archive, *by, "--json")
    assert done.err == "touch the token\n"
    assert done.json["signers"] == [fingerprint(elsewhere.public)]


@pytest.fixture
def approving(tmp_path: Path, elsewhere: Elsewhere) -> Iterator[Path]:
    """A script that signs serial 7 only, which it reads in the text, and not in the message."""
    path = tmp_path / "approve.sh"
    command = shlex.join(elsewhere.command)
    path.write_text(
        f'#!/bin/sh\ngrep -q "^@serial 7$" "$SIGNEDVFS_HEADER_FILE" && exec {command}\n'
    )
    path.chmod(0o755)
    yield path


def test_a_command_can_look_at_what_it_signs(
    cli: Cli, archive: Path, approving: Path, elsewhere: Elsewhere
) -> None:
    by = ("--signer-command", approving, "--signer-key", elsewhere.public)
    assert cli("sign", archive, *by, "--serial", "8").code == 2
    cli.ok("sign", archive, *by, "--serial", "7")
