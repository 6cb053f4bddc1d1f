"""keygen and key."""

from __future__ import annotations

import base64
import stat
from pathlib import Path

import pytest

import signedvfs
from tests.cli.helpers import Cli, fingerprint


@pytest.mark.parametrize(
    ("algorithm", "bits"),
    [("ed25519", 256), ("ecdsa-p256", 256), ("ecdsa-p384", 384), ("rsa-pss", 2048)],
)
def test_makes_keys_of_every_algorithm(cli: Cli, algorithm: str, bits: int) -> None:
    size = ["--bits", str(bits)] if algorithm == "rsa-pss" else []
    made = cli.ok("keygen", "app.key", "--alg", algorithm, *size, "--no-password", "--json").json
    assert (made["algorithm"], made["bits"]) == (algorithm, bits)
    assert (made["private_key"], made["public_key"]) == ("app.key", "app.pub")
    assert made["fingerprint"] == fingerprint(cli.directory / "app.pub")
    assert signedvfs.PrivateKey.load(cli.directory / "app.key").public_key.bits == bits


def test_only_the_owner_can_read_a_private_key(cli: Cli) -> None:
    cli.ok("keygen", "app.key", "--no-password")
    assert stat.S_IMODE((cli.directory / "app.key").stat().st_mode) == 0o600


@pytest.mark.parametrize("taken", ["app.key", "app.pub"])
def test_never_overwrites_a_key(cli: Cli, taken: str) -> None:
    (cli.directory / taken).write_text("precious")
    done = cli("keygen", "app.key", "--no-password")
    assert done.code == 2
    assert f"{taken} exists" in done.err
    assert [path.name for path in cli.directory.iterdir()] == [taken]
    assert (cli.directory / taken).read_text() == "precious"


def test_leaves_nothing_where_the_private_key_cannot_be_written(cli: Cli) -> None:
    done = cli("keygen", "no/such/app.key", "--no-password")
    assert done.code == 2
    assert not list(cli.directory.rglob("*"))


def test_asks_for_a_decision_where_there_is_no_terminal(cli: Cli) -> None:
    done = cli("keygen", "app.key")
    assert done.code == 2
    assert "--password-file" in done.err
    assert "--no-password" in done.err
    assert not list(cli.directory.iterdir())


def test_an_empty_password_is_refused(cli: Cli) -> None:
    (cli.directory / "password").write_text("\n")
    assert "is empty" in cli("keygen", "app.key", "--password-file", "password").err
    assert not (cli.directory / "app.key").exists()


def test_a_password_file_encrypts_and_opens(cli: Cli, tree: Path) -> None:
    (cli.directory / "right").write_text("s\u00e9same\nnot this line\n")
    (cli.directory / "wrong").write_text("open\n")
    cli.ok("keygen", "app.key", "--password-file", "right")
    assert "ENCRYPTED" in (cli.directory / "app.key").read_text()
    sign = ("sign", tree, "--key", "app.key", "--json")
    assert cli(*sign).error["code"] == "WrongPassword"
    assert cli(*sign, "--password-file", "wrong").error["code"] == "WrongPassword"
    assert cli(*sign, "--password-file", "right").code == 0
    assert cli(*sign, "--password-file", "right", "--password-file", "wrong").code == 0


def test_asks_twice_for_a_new_password_and_once_for_a_known_one(cli: Cli) -> None:
    code, shown = cli.terminal("keygen", "app.key", answers=["sesame", "sesame"])
    assert code == 0, shown
    assert "sesame" not in shown
    code, shown = cli.terminal("key", "app.key", answers=["sesame"])
    assert code == 0, shown
    assert fingerprint(cli.directory / "app.pub") in shown
    code, shown = cli.terminal("key", "app.key", answers=["open"])
    assert code == 2, shown


@pytest.mark.parametrize("answers", [["sesame", "sesam"], [""]])
def test_writes_no_key_without_a_password_typed_the_same_twice(
    cli: Cli, answers: list[str]
) -> None:
    code, shown = cli.terminal("keygen", "app.key", answers=answers)
    assert code == 2, shown
    assert not list(cli.directory.iterdir())


@pytest.mark.parametrize("name", ["a.pub", "a.key"])
def test_shows_a_key_and_the_line_that_trusts_it(cli: Cli, keys: Path, name: str) -> None:
    shown = cli.ok("key", keys / name, "--json").json
    assert shown["fingerprint"] == fingerprint(keys / "a.pub")
    assert shown["private"] == (name == "a.key")
    evaluated = eval(shown["python"][len("signedvfs.trust") :])
    assert evaluated == signedvfs.PublicKey.load(keys / "a.pub")
    assert shown["python"] in cli.ok("key", keys / name).out


@pytest.mark.parametrize("content", [b"", b"\0" * 100, b"-----BEGIN PUBLIC KEY-----\nAAAA\n"])
def test_a_file_that_is_no_key_is_an_error_of_the_user(cli: Cli, content: bytes) -> None:
    (cli.directory / "bad.pub").write_bytes(content)
    assert cli("key", "bad.pub", "--json").error["code"] == "BadKey"
    done = cli("key", "bad.pub")
    assert done.code == 2
    assert "bad.pub" in done.err


def test_trusting_a_private_key_names_its_public_half(cli: Cli, archive: Path, keys: Path) -> None:
    done = cli("verify", archive, "--trust", keys / "a.key")
    assert done.code == 2
    assert str(keys / "a.pub") in done.err


# What other programs call a public key is shown, and written as --trust takes it.
def test_key_converts_public_keys_of_others(cli: Cli, keys: Path) -> None:
    der = base64.b64decode("".join((keys / "a.pub").read_text().splitlines()[1:-1]))
    blob = b"".join(len(part).to_bytes(4, "big") + part for part in (b"ssh-ed25519", der[-32:]))
    (cli.directory / "id.pub").write_text(f"ssh-ed25519 {base64.b64encode(blob).decode()} me\n")
    facts = cli.ok("key", "id.pub", "-o", "out.pub", "--json").json
    assert facts["fingerprint"] == fingerprint(keys / "a.pub")
    assert facts["output"] == "out.pub"
    assert (cli.directory / "out.pub").read_bytes() == (keys / "a.pub").read_bytes()
    cli.ok("key", keys / "a.key", "-o", "half.pub")
    assert (cli.directory / "half.pub").read_bytes() == (keys / "a.pub").read_bytes()
