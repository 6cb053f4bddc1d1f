"""keygen --from-signedimp, the old name that `key` shows, and archives that were signed twice."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import signedvfs
from tests.bindings.compat.fixtures import FIXTURES, PASSWORD
from tests.cli.helpers import Cli

_OLD = FIXTURES / "key.encrypted"
_NAME = (FIXTURES / "key.fingerprint").read_text().strip()


@pytest.fixture
def old_password(cli: Cli) -> tuple[str, Path]:
    """The options that give the old password."""
    file = cli.directory / "old password"
    file.write_text(f"{PASSWORD}\n")
    return "--old-password-file", file


def test_a_key_file_is_converted(cli: Cli, old_password: tuple[str, Path]) -> None:
    words = ("keygen", "app.key", "--from-signedimp", _OLD, *old_password)
    done = cli.ok(*words, "--no-password", "--json")
    assert done.json["signedimp_fingerprint"] == _NAME
    assert done.json["algorithm"] == "rsa-pss"
    private = signedvfs.PrivateKey.load(cli.directory / "app.key")
    assert private.public_key == signedvfs.PublicKey.load(cli.directory / "app.pub")
    shown = cli.ok("key", "app.pub")
    assert _NAME in shown.out
    assert cli.ok("key", "app.key", "--json").json["signedimp_fingerprint"] == _NAME


def test_the_new_file_gets_a_password_of_its_own(cli: Cli, old_password: tuple[str, Path]) -> None:
    (cli.directory / "new").write_text("new password\n")
    words = ("keygen", "app.key", "--from-signedimp", _OLD, *old_password)
    cli.ok(*words, "--password-file", "new")
    assert b"ENCRYPTED" in (cli.directory / "app.key").read_bytes()
    signedvfs.PrivateKey.load(cli.directory / "app.key", "new password")


def test_a_password_is_asked_for_on_a_terminal(cli: Cli) -> None:
    words = ("keygen", "app.key", "--from-signedimp", _OLD)
    code, shown = cli.terminal(*words, answers=[PASSWORD, "new", "new"])
    assert code == 0, shown
    assert PASSWORD not in shown
    signedvfs.PrivateKey.load(cli.directory / "app.key", "new")


def test_a_wrong_password_makes_nothing(cli: Cli) -> None:
    (cli.directory / "wrong").write_text("wrong\n")
    words = ("keygen", "app.key", "--from-signedimp", _OLD, "--no-password", "--json")
    done = cli(*words, "--old-password-file", "wrong")
    assert (done.code, done.error["code"]) == (2, "WrongPassword")
    assert "--old-password-file" in done.error["advice"]
    assert "--old-password-file" in cli(*words).error["advice"]  # and without a terminal
    assert [path.name for path in cli.directory.iterdir()] == ["wrong"]


@pytest.mark.parametrize(
    ("file", "code"),
    [("small.encrypted", "WeakKey"), ("public.encrypted", "BadKey"), ("key.pickle", "BadKey")],
)
def test_what_is_no_key_to_sign_with_is_not_converted(
    file: str, code: str, cli: Cli, old_password: tuple[str, Path]
) -> None:
    words = ("keygen", "app.key", "--from-signedimp", FIXTURES / file, *old_password)
    done = cli(*words, "--no-password", "--json")
    assert (done.code, done.error["code"]) == (2, code)
    assert not (cli.directory / "app.key").exists()
    assert not (cli.directory / "app.pub").exists()


@pytest.mark.parametrize(
    "words",
    [
        ("--from-signedimp", str(_OLD), "--alg", "rsa-pss"),
        ("--from-signedimp", str(_OLD), "--bits", "4096"),
        ("--from-signedimp", "absent"),
        ("--old-password-file", "old password"),
    ],
)
def test_options_that_contradict_each_other_are_an_error(words: tuple[str, ...], cli: Cli) -> None:
    (cli.directory / "old password").write_text(PASSWORD)
    done = cli("keygen", "app.key", *words, "--no-password")
    assert done.code == 2
    assert not (cli.directory / "app.key").exists()


def test_other_keys_have_no_old_name(cli: Cli) -> None:
    made = cli.ok("keygen", "app.key", "--no-password", "--json").json
    assert made["signedimp_fingerprint"] is None
    assert "signedimp" not in cli.ok("key", "app.pub").out


@pytest.mark.parametrize("name", ["twice.zip", "two-keys.zip"])
def test_an_archive_that_was_signed_twice_has_a_way_forward(
    name: str, cli: Cli, old_password: tuple[str, Path]
) -> None:
    shutil.copy(FIXTURES / name, cli.directory / "app.zip")
    cli.ok("keygen", "app.key", "--from-signedimp", _OLD, *old_password, "--no-password")
    refused = cli("verify", "app.zip", "--trust", "app.pub", "--legacy")
    assert refused.code == 1
    assert "unsign" in refused.err
    assert "signedimp-manifest.txt" in cli.ok("unsign", "app.zip").out
    cli.ok("sign", "app.zip", "--key", "app.key")
    assert cli.ok("verify", "app.zip", "--trust", "app.pub").code == 0
