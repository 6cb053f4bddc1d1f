"""verify, list and cat."""

from __future__ import annotations

import hashlib
import subprocess
import zipfile
from pathlib import Path

import pytest

from tests.cli.helpers import SOURCES, Cli, command, fingerprint, flip


def test_verify_reports_everything_that_was_signed(cli: Cli, archive: Path, keys: Path) -> None:
    signer = fingerprint(keys / "a.pub")
    shown = cli.ok("verify", archive, "--trust", keys / "a.pub", "--json").json
    with zipfile.ZipFile(archive) as opened:
        infos = opened.infolist()
    files = [info for info in infos if not info.is_dir()]
    members = [info for info in files if info.filename != "signedimp-manifest.txt"]
    assert shown == {
        "path": str(archive),
        "verified": True,
        "name": "myapp",
        "serial": 5,
        "not_before": None,
        "expires": None,
        "hash": "sha256",
        "signers": [signer],
        "signatures": [signer],
        "members": len(members),
        "size": sum(info.file_size for info in members),
        "prefix_length": None,
        "prefix_signed": None,
        "unlisted": [],
    }
    done = cli.ok("verify", archive, "--trust", keys / "a.pub")
    assert "verified" in done.out
    assert signer in done.out


@pytest.mark.parametrize("index", ["--index", "--no-index"])
def test_bytes_in_front_are_shown_and_refused_unless_they_are_signed(
    cli: Cli, archive: Path, keys: Path, index: str
) -> None:
    # A18: what stands in front may be a program, and it runs
    trust = ("--trust", keys / "a.pub")
    front = b"#!/bin/sh\necho EVIL\nexit 0\n"
    cli.ok("sign", archive, "--key", keys / "a.key", index)
    assert "in front" not in cli.ok("list", archive, *trust).out
    archive.write_bytes(front + archive.read_bytes())
    done = cli("verify", archive, *trust, "--json")
    assert (done.code, done.error["code"]) == (1, "PrefixMismatch")
    assert f"{len(front)} bytes" in done.error["reason"]
    assert "signedvfs sign" in done.error["advice"]
    assert (
        f"in front  {len(front)} bytes, which nobody has signed"
        in cli.ok("list", archive, *trust).out
    )
    facts = cli.ok("list", archive, *trust, "--json").json
    assert (facts["prefix_length"], facts["prefix_signed"]) == (len(front), False)
    # It is never read, so the archive can be used nevertheless.
    assert cli.ok("run", *trust, archive, "x").out == "app x\n"

    cli.ok("sign", archive, "--key", keys / "a.key", index)
    facts = cli.ok("verify", archive, *trust, "--json").json
    assert (facts["prefix_length"], facts["prefix_signed"]) == (len(front), True)
    assert f"in front  {len(front)} bytes, signed" in cli.ok("list", archive, *trust).out
    assert f"{len(front)} bytes, verified" in cli.ok("verify", archive, *trust).out


def test_quiet_leaves_the_verdict_to_the_exit_code(cli: Cli, archive: Path, keys: Path) -> None:
    done = cli.ok("verify", archive, "--trust", keys / "a.pub", "--quiet")
    assert (done.out, done.err) == ("", "")


def test_a_changed_member_is_refused_and_named(cli: Cli, archive: Path, keys: Path) -> None:
    # C5: content is bound to its path
    flip(archive, b"hello\nhello")
    done = cli("verify", archive, "--trust", keys / "a.pub", "--json")
    assert done.code == 1
    assert done.error["code"] in ("DigestMismatch", "CorruptMember")
    assert "app/data/greeting.txt" in done.error["reason"]
    assert done.error["path"] == str(archive)
    assert done.error["member"] == "app/data/greeting.txt"
    done = cli("cat", archive, "app/data/greeting.txt", "--trust", keys / "a.pub")
    assert (done.code, done.out) == (1, "")
    done = cli("verify", archive, "--trust", keys / "a.pub")
    assert done.out == ""
    assert len(done.err.splitlines()) == 2
    assert "app/data/greeting.txt" in done.err


def test_an_unknown_signer_is_refused_by_fingerprint(cli: Cli, archive: Path, keys: Path) -> None:
    # C2: signed by nobody who is trusted
    done = cli("verify", archive, "--trust", keys / "b.pub")
    assert done.code == 1
    assert fingerprint(keys / "a.pub") in done.err
    assert "--trust" in done.err


# C1: no manifest, or one without any signature
@pytest.mark.parametrize(("remains", "code"), [(None, "NoManifest"), ("sha256\n", "NoTrustedKey")])
def test_what_nobody_signed_is_refused(
    cli: Cli, tree: Path, keys: Path, remains: str | None, code: str
) -> None:
    cli.ok("sign", tree, "--key", keys / "a.key")
    manifest = tree / "signedimp-manifest.txt"
    text = manifest.read_text()
    manifest.unlink()
    if remains is not None:
        # The signatures stand in front of the line that the rest begins with.
        manifest.write_text(text[text.index(f"\n{remains}") :])
    for words in (("verify", tree), ("cat", tree, "top.py")):
        done = cli(*words, "--trust", keys / "a.pub")
        assert (done.code, done.out) == (1, "")
    assert cli("verify", tree, "--trust", keys / "a.pub", "--json").error["code"] == code


# C17, C19, D12: rollback, another product, revoked keys
@pytest.mark.parametrize(
    ("options", "code"),
    [
        (["--min-serial", "6"], "Rollback"),
        (["--name", "other"], "WrongName"),
        (["--revoked", "PUB"], "KeyRevoked"),
        (["--revoked", "FPR"], "KeyRevoked"),
        (["--limit", "members=1"], "TooLarge"),
    ],
)
def test_policy_options_refuse(
    cli: Cli, archive: Path, keys: Path, options: list[str], code: str
) -> None:
    given = {"PUB": str(keys / "a.pub"), "FPR": fingerprint(keys / "a.pub")}
    words = [given.get(word, word) for word in options]
    trust: list[str | Path] = ["--trust", keys / "a.pub", "--trust", keys / "b.pub"]
    done = cli("verify", archive, *trust, *words, "--json")
    assert (done.code, done.error["code"]) == (1, code)


def test_a_revoked_signer_need_not_be_trusted(cli: Cli, archive: Path, keys: Path) -> None:
    cli.ok("sign", archive, "--key", keys / "a.key", "--key", keys / "b.key")
    trust = ("--trust", keys / "a.pub")
    for name in ("verify", "list", "run"):
        assert cli(name, *trust, "--revoked", keys / "b.pub", archive).code == 1
    fingerprint_of_b = fingerprint(keys / "b.pub")
    done = cli("verify", archive, *trust, "--revoked", fingerprint_of_b, "--json")
    assert (done.code, done.error["code"]) == (1, "KeyRevoked")


@pytest.mark.parametrize(
    "options",
    [["--min-serial", "5"], ["--name", "other", "--name", "myapp"], ["--limit", "members=99"]],
)
def test_policy_options_accept(cli: Cli, archive: Path, keys: Path, options: list[str]) -> None:
    cli.ok("verify", archive, "--trust", keys / "a.pub", *options)


def test_a_threshold_needs_several_signers(cli: Cli, archive: Path, keys: Path) -> None:
    trust = ("--trust", keys / "a.pub", "--trust", keys / "b.pub", "--threshold", "2", "--json")
    assert cli("verify", archive, *trust).error["code"] == "NoTrustedKey"


@pytest.mark.parametrize(
    ("at", "code"),
    [("2026-12-31T23:59:59Z", "NotYetValid"), ("2027-01-15", None), ("2027-02-01", "Expired")],
)
def test_validity_is_checked_at_the_time_given(
    cli: Cli, archive: Path, keys: Path, at: str, code: str | None
) -> None:
    cli.ok("sign", archive, "--key", keys / "a.key", "--not-before", "2027-01-01", "--expires",
           "2027-02-01", "--at", "2027-01-01")  # fmt: skip
    done = cli("verify", archive, "--trust", keys / "a.pub", "--at", at, "--json")
    assert done.code == (0 if code is None else 1)
    if code is not None:
        assert done.error["code"] == code
        assert done.error["advice"].endswith(".")


@pytest.mark.parametrize(
    "words",
    [
        ("verify", "app.zip"),
        ("verify", "app.zip", "--trust", "absent.pub"),
        ("verify", "absent.zip", "--trust", "A"),
        ("verify", "app.zip", "--trust", "A", "--threshold", "2"),
        ("verify", "app.zip", "--trust", "A", "--revoked", "me"),
        ("verify", "app.zip", "--trust", "A", "--limit", "pages=3"),
        ("verify", "app.zip", "--trust", "A", "--trus", "A"),
        ("verify", "app.zip", "extra", "--trust", "A"),
        ("frobnicate",),
        (),
    ],
)
def test_what_cannot_be_done_is_no_verdict(
    cli: Cli, archive: Path, keys: Path, words: tuple[str, ...]
) -> None:
    assert archive.exists()
    given = [str(keys / "a.pub") if word == "A" else word for word in words]
    done = cli(*given)
    assert (done.code, done.out) == (2, "")
    assert 1 <= len(done.err.splitlines()) <= 2
    done = cli(*given, "--json")
    assert done.code == 2
    assert done.error["reason"]


def test_files_that_are_not_listed_are_pointed_out(cli: Cli, tree: Path, keys: Path) -> None:
    # K1: an unlisted file in the tree
    cli.ok("sign", tree, "--key", keys / "a.key")
    (tree / "app" / "intruder.py").write_text("print('no')\n")
    done = cli.ok("verify", tree, "--trust", keys / "a.pub")
    assert "app/intruder.py" in done.err
    shown = cli.ok("verify", tree, "--trust", keys / "a.pub", "--json").json
    assert shown["unlisted"] == ["app/intruder.py"]
    done = cli("cat", tree, "app/intruder.py", "--trust", keys / "a.pub")
    assert (done.code, done.out) == (1, "")


def test_list_shows_names_sizes_and_digests(cli: Cli, archive: Path, keys: Path) -> None:
    members = cli.ok("list", archive, "--trust", keys / "a.pub", "--json").json["members"]
    found = {member["name"]: member for member in members}
    for name, text in SOURCES.items():
        assert found[name]["size"] == len(text)
        assert found[name]["digest"] == hashlib.sha256(text.encode()).hexdigest()
    lines = cli.ok("list", archive, "--trust", keys / "a.pub").out.splitlines()
    assert len(lines) == 1 + len(members)
    digest = hashlib.sha256(SOURCES["top.py"].encode()).hexdigest()
    assert [digest, "11", "top.py"] in [line.split() for line in lines]


def test_cat_writes_exactly_the_bytes(cli: Cli, tree: Path, keys: Path) -> None:
    content = bytes(range(256)) * 500
    (tree / "raw.bin").write_bytes(content)
    cli.ok("sign", tree, "--key", keys / "a.key")
    done = cli.ok("cat", tree, "raw.bin", "top.py", "--trust", keys / "a.pub")
    assert done.raw == content + b"VALUE = 42\n"
    flip(tree / "raw.bin", b"\x07\x08")
    done = cli("cat", tree, "raw.bin", "--trust", keys / "a.pub")
    assert (done.code, done.raw) == (1, b"")


def test_a_reader_that_goes_away_is_no_error(cli: Cli, tree: Path, keys: Path) -> None:
    (tree / "large.bin").write_bytes(bytes(1 << 20))
    cli.ok("sign", tree, "--key", keys / "a.key")
    words = command("cat", tree, "large.bin", "--trust", keys / "a.pub")
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.read(10)
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 141


# C9: weak hash
def test_what_signedimp_signed_is_read_when_asked_for(cli: Cli) -> None:
    signed = Path(__file__).parents[1] / "vfs" / "legacy_archives"
    trust = ("--trust", signed / "key.pub")
    for name in ("sha1", "md5"):
        archive = signed / f"{name}.zip"
        refused = cli("verify", archive, *trust)
        assert refused.code == 1
        assert "--legacy" in refused.err
        shown = cli.ok("verify", archive, *trust, "--legacy", "--json").json
        assert shown["hash"] == name
        assert shown["signers"] == [fingerprint(signed / "key.pub")]
        assert shown["signatures"] == shown["signers"]
        assert cli.ok("cat", archive, "main.py", *trust, "--legacy").out == "import pkg\n"


def test_what_signedimp_signed_can_be_signed_anew(cli: Cli, keys: Path, tmp_path: Path) -> None:
    archive = tmp_path / "app.zip"
    archive.write_bytes(
        (Path(__file__).parents[1] / "vfs" / "legacy_archives" / "sha1.zip").read_bytes()
    )
    cli.ok("unsign", archive)
    cli.ok("sign", archive, "--key", keys / "a.key")
    shown = cli.ok("verify", archive, "--trust", keys / "a.pub", "--json").json
    assert shown["hash"] == "sha256"
    assert shown["members"] == 3
