"""Keys that are trusted without an option, or by --trust-dir."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from signedvfs.cli import key_ring
from signedvfs.cli.failures import CliError
from tests.cli.helpers import Cli, fingerprint

pytestmark = pytest.mark.slow

Put = Callable[..., Path]

COMMANDS = {
    "run": (["run"], ["app.zip"]),
    "verify": (["verify"], ["app.zip"]),
    "list": (["list"], ["app.zip"]),
    "cat": (["cat"], ["app.zip", "top.py"]),
    "extract": (["extract", "-C", "out"], ["app.zip"]),
}


@pytest.fixture
def put(cli: Cli, keys: Path) -> Put:
    """put copies keys into a ring below the test's directory, as its user would have it."""

    def copy(*names: str, ring: str = "config/signedvfs/keys.d") -> Path:
        directory = cli.directory / ring
        directory.mkdir(parents=True, exist_ok=True)
        for path in (directory, *directory.parents):
            if path == cli.directory:
                break
            path.chmod(0o755)
        for name in names:
            (directory / name).write_bytes((keys / name).read_bytes())
            (directory / name).chmod(0o644)
        return directory

    return copy


def env(cli: Cli) -> dict[str, str]:
    """An environment whose user keeps settings below the test's directory."""
    return {"XDG_CONFIG_HOME": str(cli.directory / "config"), "HOME": str(cli.directory / "home")}


@pytest.mark.usefixtures("archive")
@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_goes_by_the_ring(cli: Cli, put: Put, name: str) -> None:
    before, behind = COMMANDS[name]
    done = cli(*before, *behind, env=env(cli))
    assert done.code == 2
    assert "no key is trusted" in done.err
    assert "/etc/signedvfs/keys.d" in done.err
    assert str(cli.directory / "config/signedvfs/keys.d") in done.err
    put("a.pub")
    assert cli(*before, *behind, env=env(cli)).code == 0, done.err


@pytest.mark.usefixtures("archive")
@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_takes_directories(cli: Cli, put: Put, name: str) -> None:
    put("b.pub", ring="one")
    put("a.pub", ring="two")
    before, behind = COMMANDS[name]
    assert cli(*before, "--trust-dir", "one", *behind, env=env(cli)).code == 1
    assert cli(*before, "--trust-dir", "one", "--trust-dir", "two", *behind).code == 0


def test_the_users_ring_is_in_the_home_directory(cli: Cli, archive: Path, put: Put) -> None:
    put("a.pub", ring="home/.config/signedvfs/keys.d")
    for config in ("", "relative"):
        done = cli("verify", archive, env={**env(cli), "XDG_CONFIG_HOME": config})
        assert done.code == 0, done.err


@pytest.mark.parametrize("name", ["verify", "run"])
def test_what_is_named_stands_in_its_place(
    cli: Cli, archive: Path, keys: Path, put: Put, name: str
) -> None:
    put("a.pub")
    put("b.pub", ring="other")
    for words in (["--trust", keys / "b.pub"], ["--trust-dir", "other"]):
        done = cli(name, *words, archive, env=env(cli))
        assert done.code == 1
        assert fingerprint(keys / "a.pub") in done.err
    both = cli(name, "--trust", keys / "a.pub", "--trust-dir", "other", archive, env=env(cli))
    assert both.code == 0


def test_a_key_in_two_places_counts_once(cli: Cli, archive: Path, keys: Path, put: Put) -> None:
    put("a.pub", ring="one")
    put("a.pub", ring="two")
    twice = ("--trust-dir", "one", "--trust-dir", "two", "--trust", keys / "a.pub")
    assert cli("verify", *twice, archive).code == 0
    done = cli("verify", *twice, "--threshold", "2", archive)
    assert done.code != 0


def test_verify_says_which_file_vouches(cli: Cli, archive: Path, put: Put) -> None:
    put("a.pub")
    out = cli("verify", archive, env=env(cli)).out
    assert f"({cli.directory}/config/signedvfs/keys.d/a.pub)" in out


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda ring: ring.chmod(0o775), "keys.d can be written by others"),
        (lambda ring: ring.chmod(0o1777), "keys.d can be written by others"),
        (lambda ring: ring.parent.chmod(0o777), "signedvfs can be written by others"),
        (lambda ring: (ring / "a.pub").chmod(0o664), "a.pub can be written by others"),
        (lambda ring: (ring / "a.pub").chmod(0o646), "a.pub can be written by others"),
        (lambda ring: (ring / "b.pub").write_text("no key\n"), "b.pub"),
        (lambda ring: (ring / "b.pub").write_bytes(b"\xff"), "b.pub"),
        (lambda ring: (ring / "b.pub").write_bytes(b""), "b.pub"),
        (lambda ring: (ring / "b.pub").mkdir(), "b.pub is no regular file"),
        (lambda ring: (ring / "b.pub").symlink_to("a.pub"), "b.pub is no regular file"),
        (lambda ring: (ring / "b.pub").symlink_to("absent"), "b.pub is no regular file"),
        (lambda ring: os.mkfifo(ring / "b.pub"), "b.pub is no regular file"),
    ],
)
def test_what_could_be_somebody_elses_is_an_error(
    cli: Cli, archive: Path, put: Put, spoil: Callable[[Path], object], reason: str
) -> None:
    ring = put("a.pub")
    spoil(ring)
    done = cli("run", archive, env=env(cli))
    assert (done.code, done.out) == (2, "")
    assert reason in done.err
    assert "\nnext: " in done.err


def test_a_private_key_is_an_error(cli: Cli, archive: Path, keys: Path, put: Put) -> None:
    ring = put("a.pub")
    (ring / "b.pub").write_bytes((keys / "b.key").read_bytes())
    (ring / "b.pub").chmod(0o600)
    done = cli("verify", archive, env=env(cli))
    assert done.code == 2
    assert "b.pub is a private key" in done.err


def test_another_owner_is_an_error(put: Put, monkeypatch: pytest.MonkeyPatch) -> None:
    # Nobody but root can give files away: so another user looks at them.
    ring = put("a.pub")
    assert [path for path, _ in key_ring.keys_in(str(ring), must_exist=True)] == [f"{ring}/a.pub"]
    if os.geteuid() == 0:
        for path in (ring, ring / "a.pub"):
            os.chown(path, 12345, -1)
            with pytest.raises(CliError, match="belongs to user 12345") as caught:
                key_ring.keys_in(str(ring), must_exist=True)
            assert str(path) in str(caught.value)
            os.chown(path, 0, -1)
    else:
        monkeypatch.setattr(os, "geteuid", lambda: 12345)
        with pytest.raises(CliError, match="belongs to user"):
            key_ring.keys_in(str(ring), must_exist=True)


def test_other_files_are_no_keys(cli: Cli, archive: Path, put: Put) -> None:
    ring = put("a.pub")
    (ring / "README").write_text("the key of the release team\n")
    (ring / "b.pub.old").write_text("no key\n")
    assert cli("verify", archive, env=env(cli)).code == 0


def test_a_directory_that_is_named_has_to_be_there(cli: Cli, archive: Path, put: Put) -> None:
    put("a.pub")
    done = cli("run", "--trust-dir", "nowhere", archive, env=env(cli))
    assert done.code == 2
    assert "nowhere" in done.err
    put(ring="empty")
    done = cli("run", "--trust-dir", "empty", archive, env=env(cli))
    assert done.code == 2
    assert "put it into empty" in done.err


def test_the_ring_can_be_shown(cli: Cli, keys: Path, put: Put) -> None:
    done = cli("key", "--ring", env=env(cli))
    assert done.code == 0
    assert "no key is trusted by default" in done.out
    ring = put("a.pub", "b.pub")
    done = cli("key", "--ring", env=env(cli))
    for name in ("a.pub", "b.pub"):
        assert f"{ring}/{name}" in done.out
        assert fingerprint(keys / name) in done.out
    put("a.pub", ring="other")
    shown = cli.ok("key", "--ring", "--trust-dir", "other", "--json").json
    assert shown["directories"] == ["other"]
    assert [one["path"] for one in shown["keys"]] == ["other/a.pub"]
    assert [one["fingerprint"] for one in shown["keys"]] == [fingerprint(keys / "a.pub")]


@pytest.mark.parametrize("words", [[], ["--ring", "a.pub"], ["a.pub", "--trust-dir", "d"]])
def test_key_shows_one_key_or_the_ring(cli: Cli, words: list[str]) -> None:
    done = cli("key", *words)
    assert done.code == 2
    assert "--ring" in done.err
