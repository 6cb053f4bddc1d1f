"""sign, unsign and append."""

from __future__ import annotations

import shutil
import stat
import sys
import zipfile
from pathlib import Path

import pytest

import signedvfs
from tests.cli.helpers import Cli, fingerprint, flip


@pytest.fixture
def unsigned(cli: Cli, tree: Path) -> Path:
    """unsigned is an archive that nobody has signed."""
    path = cli.directory / "plain.zip"
    cli.ok("pack", tree, "-o", path, "--unsigned")
    return path


def test_signs_in_place(cli: Cli, unsigned: Path, keys: Path) -> None:
    done = cli.ok("sign", unsigned, "--key", keys / "a.key", "--json").json
    assert len(done.pop("warnings")) == 1  # of .pyc files beside their sources
    assert done == {
        "output": str(unsigned),
        "added": False,
        "members": 7,
        "name": None,
        "serial": None,
        "not_before": None,
        "expires": None,
        "hash": "sha256",
        "index": False,
        "prefix_length": None,
        "recorded": 0,
        "carried_over": [],
        "signers": [fingerprint(keys / "a.pub")],
        "kept": [],
        "dropped": [],
        "left_out": [],
        "vanished": [],
    }
    cli.ok("verify", unsigned, "--trust", keys / "a.pub")


def test_signs_into_another_file(cli: Cli, unsigned: Path, keys: Path) -> None:
    before = unsigned.read_bytes()
    cli.ok("sign", unsigned, "--key", keys / "a.key", "-o", "out.zip")
    assert unsigned.read_bytes() == before
    cli.ok("verify", "out.zip", "--trust", keys / "a.pub")


def test_signs_attributes(cli: Cli, unsigned: Path, keys: Path) -> None:
    cli.ok("sign", unsigned, "--key", keys / "a.key", "--name", "n", "--serial", "7",
           "--hash", "sha384", "--expires", "2099-06-30",
           "--not-before", "2020-01-01T02:00:00+02:00")  # fmt: skip
    shown = cli.ok("verify", unsigned, "--trust", keys / "a.pub", "--json").json
    assert shown["name"] == "n"
    assert shown["serial"] == 7
    assert shown["hash"] == "sha384"
    assert shown["expires"] == "2099-06-30T00:00:00Z"
    assert shown["not_before"] == "2020-01-01T00:00:00Z"


def test_shows_everything_that_is_signed_now(cli: Cli, archive: Path, keys: Path) -> None:
    # The attributes come from the manifest that a.key has signed, and the report says so.
    (cli.directory / "front.zip").write_bytes(b"#!/bin/sh\n" + archive.read_bytes())
    words = ("sign", "front.zip", "--key", keys / "a.key", "--expires", "2099-06-30")
    shown = cli.ok(*words).out
    for told in ("myapp (carried over)", "5 (carried over)", "2099-06-30T00:00:00Z\n",
                 "10 bytes, signed", fingerprint(keys / "a.pub")):  # fmt: skip
        assert told in shown
    facts = cli.ok(*words, "--json").json
    assert (facts["name"], facts["serial"], facts["prefix_length"]) == ("myapp", 5, 10)
    assert facts["carried_over"] == ["name", "serial"]
    cli.ok("append", archive, sys.executable, "-o", "app.run", "--key", keys / "a.key")
    assert "myapp (carried over)" in cli.ok("append", archive, sys.executable, "-o", "app.run",
                                            "--key", keys / "a.key").out  # fmt: skip


def test_says_what_it_does_not_take_over(cli: Cli, archive: Path, keys: Path) -> None:
    done = cli.ok("sign", archive, "--key", keys / "b.key")
    assert f"dropped    the signature by {fingerprint(keys / 'a.pub')}" in done.out
    assert "name 'myapp', serial 5" in done.err
    facts = cli.ok("sign", archive, "--key", keys / "b.key", "--json").json
    assert (facts["name"], facts["serial"], facts["dropped"]) == (None, None, [])


def test_warns_of_a_serial_number_without_a_name(cli: Cli, unsigned: Path, keys: Path) -> None:
    words = ("sign", unsigned, "--key", keys / "a.key", "--serial", "1")
    assert "path" in cli.ok(*words).err
    assert cli.ok(*words, "--name", "app").err == ""
    assert len(cli.ok("sign", unsigned, "-o", "o.zip", "--key", keys / "b.key", "--serial", "1",
                      "--json").json["warnings"]) == 3  # fmt: skip


def test_sign_warns_of_what_pack_has_compiled_for_another_and_pack_does_not(
    cli: Cli, tree: Path, unsigned: Path, keys: Path
) -> None:
    # I6: nobody who is handed an archive knows what its .pyc files do.
    told = "3 .pyc files beside their sources run instead of them"
    packed = cli.ok("pack", tree, "-o", "own.zip", "--key", keys / "a.key")
    assert packed.err == ""
    assert (
        cli.ok("sign", "own.zip", "--key", keys / "a.key", "--serial", "2", "--name", "x").err == ""
    )
    for archive, key in ((unsigned, "a.key"), ("own.zip", "b.key")):
        done = cli.ok("sign", archive, "-o", "other.zip", "--key", keys / key)
        assert told in done.err
        assert "app/__main__.pyc" in done.err
    assert (
        cli.ok("pack", tree, "-o", "x.zip", "--key", keys / "a.key", "--json").json["warnings"]
        == []
    )


def test_a_stolen_manifest_names_nothing(cli: Cli, archive: Path, keys: Path) -> None:
    # C21: it is genuine, by the same key, and another archive's.
    with zipfile.ZipFile(archive) as opened:
        manifest = opened.read("signedimp-manifest.txt")
    with zipfile.ZipFile(cli.directory / "stolen.zip", "w") as opened:
        opened.writestr("pay.py", "")
        opened.writestr("signedimp-manifest.txt", manifest)
    below = cli.directory / "stolen"
    below.mkdir()
    (below / "pay.py").touch()
    (below / "signedimp-manifest.txt").write_bytes(manifest)
    for path in ("stolen.zip", "stolen"):
        done = cli.ok("sign", path, "--key", keys / "a.key")
        assert "lists other members" in done.err
        assert "name 'myapp', serial 5" in done.err
        assert "carried over" not in done.out
        assert cli.ok("verify", path, "--trust", keys / "a.pub", "--json").json["name"] is None


@pytest.mark.parametrize("times", [("--expires", "2020-01-01"), ("--not-before", "2999-01-01")])
def test_what_is_not_valid_is_not_made(
    cli: Cli, unsigned: Path, tree: Path, keys: Path, times: tuple[str, str]
) -> None:
    before = unsigned.read_bytes()
    for words in (("sign", unsigned), ("pack", tree, "-o", "new.zip")):
        done = cli(*words, "--key", keys / "a.key", *times, "--json")
        assert (done.code, done.error["code"]) == (2, "Usage")
        assert "--at TIME" in done.error["advice"]
        assert ".signedvfs-" not in done.error["reason"], "a path that nobody knows"
    assert unsigned.read_bytes() == before
    assert not (cli.directory / "new.zip").exists()
    valid = "2019-12-31" if times[0] == "--expires" else "2999-01-01"
    for words in (("sign", unsigned), ("pack", tree, "-o", "new.zip")):
        cli.ok(*words, "--key", keys / "a.key", *times, "--at", valid)
    done = cli("append", unsigned, sys.executable, "-o", "app.run", "--key", keys / "a.key")
    assert (done.code, (cli.directory / "app.run").exists()) == (2, False)
    cli.ok("append", unsigned, sys.executable, "-o", "app.run", "--key", keys / "a.key",
           "--at", valid)  # fmt: skip


def test_adds_a_second_signature_on_request(cli: Cli, archive: Path, keys: Path) -> None:
    done = cli.ok("sign", archive, "--key", keys / "b.key", "--keep-signatures", "--json").json
    assert done["added"] is True
    assert done["kept"] == [fingerprint(keys / "a.pub")]
    assert sorted(done["signers"]) == sorted(fingerprint(keys / f"{one}.pub") for one in "ab")
    wrong = cli("sign", archive, "--key", keys / "b.key", "--keep-signatures", "--serial", "6",
                "--json")  # fmt: skip
    assert (wrong.code, wrong.error["code"]) == (2, "Usage")
    assert "what differs: serial" in wrong.error["reason"]
    assert "--keep-signatures" in wrong.error["advice"]
    both = ("--trust", keys / "a.pub", "--trust", keys / "b.pub", "--threshold", "2")
    assert cli.ok("verify", archive, *both, "--json").json["name"] == "myapp"


def test_says_what_it_leaves_out(cli: Cli, keys: Path) -> None:
    # A compiled file of another time than its source: zipimport would not run it.
    path = cli.directory / "stale.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("m.py", "A = 1\n")
        header = __import__("importlib.util").util.MAGIC_NUMBER + bytes(4) + b"\x01" * 8
        archive.writestr("m.pyc", header + b"N")
    done = cli.ok("sign", path, "--key", keys / "a.key", "--json").json
    assert [one for one in done["left_out"] if "m.pyc" in one], done


def test_signs_a_directory(cli: Cli, tree: Path, keys: Path) -> None:
    cli.ok("sign", tree, "--key", keys / "a.key")
    assert cli.ok("verify", tree, "--trust", keys / "a.pub", "--json").json["members"] == 4
    cli.ok("unsign", tree)
    assert cli("verify", tree, "--trust", keys / "a.pub", "--json").error["code"] == "NoManifest"


def test_an_index_is_a_choice(cli: Cli, unsigned: Path, keys: Path) -> None:
    before = unsigned.read_bytes()
    for option, has_index in (("--index", True), ("--no-index", False)):
        cli.ok("sign", unsigned, "-o", "out.zip", "--key", keys / "a.key", option)
        with zipfile.ZipFile(cli.directory / "out.zip") as archive:
            assert ("signedvfs-index.bin" in archive.namelist()) == has_index
        # people see the application, whatever holds it together
        assert "signedvfs-index" not in cli.ok("list", "out.zip", "--trust", keys / "a.pub").out
        cli.ok("verify", "out.zip", "--trust", keys / "a.pub")
        cli.ok("extract", "out.zip", "-C", option[2:], "--trust", keys / "a.pub")
        assert not list(cli.directory.rglob("signedvfs-index.bin"))
        cli.ok("unsign", "out.zip")
        assert (cli.directory / "out.zip").read_bytes() == before


def test_unsign_restores_the_unsigned_archive(cli: Cli, unsigned: Path, keys: Path) -> None:
    before = unsigned.read_bytes()
    cli.ok("sign", unsigned, "--key", keys / "a.key")
    cli.ok("unsign", unsigned, "-o", "again.zip")
    assert (cli.directory / "again.zip").read_bytes() == before


def test_a_failed_signature_leaves_the_file_alone(cli: Cli, keys: Path) -> None:
    path = cli.directory / "twice.zip"
    with pytest.warns(UserWarning), zipfile.ZipFile(path, "w") as archive:
        archive.writestr("m.py", "A = 1\n")
        archive.writestr("m.py", "A = 2\n")
    before = path.read_bytes()
    done = cli("sign", path, "--key", keys / "a.key", "--json")
    assert (done.code, done.error["code"]) == (1, "DuplicateName")
    assert path.read_bytes() == before
    assert [one.name for one in cli.directory.iterdir()] == ["twice.zip"]


@pytest.mark.parametrize("words", [("sign", "absent.zip"), ("sign", "absent.zip", "--key", "x")])
def test_wrong_arguments_are_errors_of_the_user(cli: Cli, words: tuple[str, ...]) -> None:
    done = cli(*words)
    assert done.code == 2
    assert len(done.err.splitlines()) == 2


def test_a_name_that_cannot_be_signed_is_an_error_of_the_user(
    cli: Cli, archive: Path, keys: Path
) -> None:
    done = cli("sign", archive, "--key", keys / "a.key", "--name", "a\\b", "--json")
    assert (done.code, done.error["code"]) == (2, "Usage")
    assert "the product name 'a" in done.error["reason"]
    assert "copy" not in done.error["reason"] + done.error["advice"]


@pytest.mark.parametrize("time", ["tomorrow", "2027-13-01", "+90", "90d"])
def test_a_time_that_is_none_is_refused(cli: Cli, archive: Path, keys: Path, time: str) -> None:
    done = cli("sign", archive, "--key", keys / "a.key", "--expires", time)
    assert done.code == 2
    assert time in done.err


@pytest.fixture
def appended(cli: Cli, archive: Path, keys: Path) -> Path:
    """appended is an executable with the archive behind it."""
    program = cli.directory / "program"
    program.write_bytes(b"#!/bin/sh\necho in front\nexit 0\n" + b"#" * 1000)
    program.chmod(0o755)
    cli.ok("append", archive, program, "-o", "app.run", "--key", keys / "a.key")
    return cli.directory / "app.run"


def test_appends_an_archive_to_an_executable(cli: Cli, appended: Path, keys: Path) -> None:
    assert stat.S_IMODE(appended.stat().st_mode) == 0o755
    shown = cli.ok("verify", appended, "--trust", keys / "a.pub", "--json").json
    assert shown["prefix_length"] == (cli.directory / "program").stat().st_size
    assert shown["name"] == "myapp"
    with zipfile.ZipFile(appended) as archive:
        assert archive.read("top.py") == b"VALUE = 42\n"
    assert cli.ok("run", "--trust", keys / "a.pub", appended, "x").out == "app x\n"


# A18: bytes in front of the archive
def test_verify_checks_the_executable_too(cli: Cli, appended: Path, keys: Path) -> None:
    flip(appended, b"in front")
    done = cli("verify", appended, "--trust", keys / "a.pub", "--json")
    assert (done.code, done.error["code"]) == (1, "PrefixMismatch")


def test_append_refuses_keys_that_have_not_signed(cli: Cli, archive: Path, keys: Path) -> None:
    done = cli("append", archive, sys.executable, "-o", "x", "--key", keys / "b.key", "--json")
    assert (done.code, done.error["code"]) == (1, "NoTrustedKey")
    assert not (cli.directory / "x").exists()


def test_append_refuses_a_second_archive(
    cli: Cli, appended: Path, archive: Path, keys: Path
) -> None:
    done = cli("append", archive, appended, "-o", "x", "--key", keys / "a.key")
    assert done.code == 2
    assert not (cli.directory / "x").exists()


def test_signing_again_gives_the_same_bytes(cli: Cli, unsigned: Path, keys: Path) -> None:
    shutil.copy(unsigned, cli.directory / "copy.zip")
    for path in (unsigned, cli.directory / "copy.zip"):
        cli.ok("sign", path, "--key", keys / "a.key", "--serial", "1")
    assert unsigned.read_bytes() == (cli.directory / "copy.zip").read_bytes()
    policy = signedvfs.TrustPolicy([signedvfs.PublicKey.load(keys / "a.pub")])
    assert signedvfs.open(unsigned, policy).serial == 1
