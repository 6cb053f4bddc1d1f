"""statement, sign-statement and attach."""

from __future__ import annotations

import hashlib
import os
import subprocess
from pathlib import Path

import pytest

from tests.cli.helpers import Cli, fingerprint
from tests.support.signing_elsewhere import openssl_key

pytestmark = pytest.mark.slow


@pytest.fixture
def unsigned(cli: Cli, tree: Path) -> Path:
    """unsigned is an archive that nobody has signed."""
    path = cli.directory / "plain.zip"
    cli.ok("pack", tree, "-o", path, "--unsigned", "--source", "strip")
    return path


@pytest.fixture
def stated(cli: Cli, unsigned: Path) -> Path:
    """stated is what was drawn up for it."""
    cli.ok("statement", unsigned, "--name", "büro", "--serial", "7", "--expires", "2099-06-30",
           "-o", "app.statement")  # fmt: skip
    return cli.directory / "app.statement"


def test_two_people_sign_what_a_third_has_made(
    cli: Cli, unsigned: Path, stated: Path, keys: Path
) -> None:
    before = unsigned.read_bytes()
    for name in ("a", "b"):
        words = ("sign-statement", stated, "--key", keys / f"{name}.key", "--yes")
        (cli.directory / f"{name}.sig").write_bytes(cli.ok(*words).raw)
    assert unsigned.read_bytes() == before
    trust = ("--trust", keys / "a.pub", "--trust", keys / "b.pub")
    facts = cli.ok("attach", unsigned, "a.sig", "b.sig", "--statement", stated, *trust, "--json")
    assert facts.json["signers"] == [fingerprint(keys / "a.pub"), fingerprint(keys / "b.pub")]
    assert facts.json["name"] == "büro"
    cli.ok("verify", unsigned, *trust, "--threshold", "2", "--name", "büro", "--min-serial", "7")


def test_one_after_the_other(cli: Cli, unsigned: Path, stated: Path, keys: Path) -> None:
    for name in ("a", "b"):
        key = keys / f"{name}.key"
        cli.ok("sign-statement", stated, "--key", key, "--yes", "-o", f"{name}.sig")
    cli.ok("attach", unsigned, "a.sig", "--statement", stated, "--trust", keys / "a.pub")
    done = cli.ok("attach", unsigned, "b.sig", "--trust", keys / "b.pub")
    assert f"{fingerprint(keys / 'a.pub')} (kept, not checked)" in done.out
    again = cli.ok("statement", unsigned, "--keep-signatures")
    assert again.raw == stated.read_bytes()


def test_a_directory_is_attached_to_where_it_stands(cli: Cli, tree: Path, keys: Path) -> None:
    cli.ok("statement", tree, "-o", "tree.statement")
    assert not list(tree.glob("*.txt"))
    cli.ok("sign-statement", "tree.statement", "--key", keys / "a.key", "--yes", "-o", "a.sig")
    cli.ok("attach", tree, "a.sig", "--statement", "tree.statement", "--trust", keys / "a.pub")
    cli.ok("verify", tree, "--trust", keys / "a.pub")


# The text is data: what an encoding cannot write is written all the same.
def test_the_text_is_written_as_it_is(cli: Cli, unsigned: Path, stated: Path) -> None:
    words = ("statement", unsigned, "--name", "büro", "--serial", "7", "--expires", "2099-06-30")
    done = cli(*words, env={"PYTHONIOENCODING": "ascii"})
    assert done.raw == stated.read_bytes()
    facts = cli.ok(*words, "--json").json
    assert facts["statement"].encode() == stated.read_bytes()
    assert facts["digest"] == hashlib.sha256(stated.read_bytes()).hexdigest()


def test_whoever_signs_sees_it_and_is_asked(cli: Cli, stated: Path, keys: Path) -> None:
    words = ("sign-statement", stated, "--key", keys / "a.key")
    refused = cli(*words)
    assert refused.code == 2 and "--yes" in refused.err
    code, shown = cli.terminal(*words, answers=["no"])
    assert code == 2
    for told in ("büro", "7", "2099-06-30T00:00:00Z", "nothing was signed",
                 hashlib.sha256(stated.read_bytes()).hexdigest()):  # fmt: skip
        assert told in shown
    assert fingerprint(keys / "a.pub") not in shown
    code, shown = cli.terminal(*words, answers=["yes"])
    assert code == 0
    assert fingerprint(keys / "a.pub") in shown
    code, shown = cli.terminal(*words, answers=[""])
    assert code == 2


def test_a_name_cannot_speak_to_the_terminal(cli: Cli, keys: Path) -> None:
    text = f"sha256\n@members {'0' * 64} 1\n@name a\x1b[2Jb\n@serial 1\n"
    (cli.directory / "bad.statement").write_text(text)
    code, shown = cli.terminal("sign-statement", "bad.statement", "--key", keys / "a.key")
    assert code == 1
    assert "\x1b[2J" not in shown


def test_a_command_signs_a_statement(cli: Cli, unsigned: Path, stated: Path, keys: Path) -> None:
    elsewhere = openssl_key(cli.directory)
    by = ("--signer-command", f"openssl dgst -sha256 -sign {elsewhere.private}",
          "--signer-key", elsewhere.public)  # fmt: skip
    cli.ok("sign-statement", stated, "--key", keys / "a.key", *by, "--yes", "-o", "both.sig")
    trust = ("--trust", keys / "a.pub", "--trust", elsewhere.public)
    cli.ok("attach", unsigned, "both.sig", "--statement", stated, *trust, "-o", "out.zip")
    cli.ok("verify", "out.zip", *trust, "--threshold", "2")


def test_a_signature_over_the_message_is_enough(cli: Cli, unsigned: Path, stated: Path) -> None:
    elsewhere = openssl_key(cli.directory)
    cli.ok("sign-statement", stated, "--message", "app.message", "--yes")
    message = (cli.directory / "app.message").read_bytes()
    assert message == b"signedvfs manifest v1\0" + hashlib.sha256(stated.read_bytes()).digest()
    done = subprocess.run(elsewhere.command, input=message, capture_output=True, check=True)
    (cli.directory / "raw.sig").write_bytes(done.stdout)
    cli.ok("attach", unsigned, "raw.sig", "--statement", stated, "--trust", elsewhere.public)
    cli.ok("verify", unsigned, "--trust", elsewhere.public)


def openbsd(cli: Cli) -> tuple[list[str], list[str]]:
    """openbsd makes a key of signify's, and returns it and the options that sign."""
    subprocess.run(["signify-openbsd", "-G", "-n", "-p", "signify.pub", "-s", "signify.sec"],
                   cwd=cli.directory, check=True)  # fmt: skip
    return ["signify.pub"], ["signify-openbsd", "-S", "-s", "signify.sec", "-m"]


def mini(cli: Cli, *how: str) -> tuple[list[str], list[str]]:
    """mini does the same with minisign."""
    subprocess.run(["minisign", "-G", "-W", "-p", "mini.pub", "-s", "mini.sec"],
                   cwd=cli.directory, check=True, capture_output=True)  # fmt: skip
    return ["mini.pub"], ["minisign", "-S", *how, "-s", "mini.sec", "-m"]


@pytest.mark.parametrize("tool", ["signify", "minisign"])
def test_signify_and_minisign_sign(cli: Cli, unsigned: Path, stated: Path, tool: str) -> None:
    public, command = openbsd(cli) if tool == "signify" else mini(cli, "-l")
    cli.ok("sign-statement", stated, "--message", "app.message", "--yes")
    subprocess.run([*command, "app.message", "-x", "other.sig"], cwd=cli.directory, check=True)
    cli.ok("attach", unsigned, "other.sig", "--statement", stated, "--trust", *public)
    cli.ok("key", *public, "-o", "converted.pub")
    for key in (*public, "converted.pub"):
        cli.ok("verify", unsigned, "--trust", key)


def test_minisigns_default_does_not_fit(cli: Cli, unsigned: Path, stated: Path) -> None:
    public, command = mini(cli)
    before = unsigned.read_bytes()
    cli.ok("sign-statement", stated, "--message", "app.message", "--yes")
    subprocess.run([*command, "app.message", "-x", "other.sig"], cwd=cli.directory, check=True)
    done = cli("attach", unsigned, "other.sig", "--statement", stated, "--trust", *public)
    assert done.code == 2
    assert "BLAKE2b" in done.err and "minisign -S -l" in done.err and "other.sig" in done.err
    assert unsigned.read_bytes() == before


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "0 bytes"),
        (b"x" * 70_000, "70000 bytes"),
        (b"junk", "fits none"),
        (b"\0" * 64, "fits none"),
        (b"untrusted comment: x\n", "no signature"),
        (b"untrusted comment: x\n!!!\n", "no signature"),
        (b"0" * 64 + b" ***\n", "no fingerprint and base64"),
        (b"0" * 64 + b" AAAA\n", "whose key is not given"),
        (b"0" * 64 + b" AAAA\njunk\n", "no fingerprint and base64"),
    ],
)
def test_what_is_no_signature(
    cli: Cli, unsigned: Path, stated: Path, keys: Path, content: bytes, reason: str
) -> None:
    before = unsigned.read_bytes()
    (cli.directory / "bad.sig").write_bytes(content)
    done = cli("attach", unsigned, "bad.sig", "--statement", stated, "--trust", keys / "a.pub")
    assert done.code == 2
    assert reason in done.err and "next:" in done.err
    assert unsigned.read_bytes() == before


def test_a_signature_on_something_else(
    cli: Cli, unsigned: Path, stated: Path, keys: Path, tree: Path
) -> None:
    before = unsigned.read_bytes()
    cli.ok("statement", unsigned, "--serial", "8", "-o", "other.statement")
    for name in (stated.name, "other.statement"):
        cli.ok("sign-statement", name, "--key", keys / "a.key", "--yes", "-o", f"{name}.sig")
    trust = ("--trust", keys / "a.pub")
    done = cli("attach", unsigned, "other.statement.sig", "--statement", stated, *trust)
    assert done.code == 2 and "does not fit" in done.err
    done = cli("attach", unsigned, f"{stated.name}.sig", *trust)
    assert done.code == 2 and "--statement" in done.err
    done = cli("attach", tree, f"{stated.name}.sig", "--statement", stated, *trust)
    assert done.code == 2 and "the members or their content" in done.err
    done = cli("attach", unsigned, f"{stated.name}.sig", "--statement", stated,
               "--trust", keys / "b.pub")  # fmt: skip
    assert done.code == 2 and "whose key is not given" in done.err
    assert unsigned.read_bytes() == before


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (b"", 1),
        (b"sha256\n", 1),
        (b"md5\n@members " + b"0" * 64 + b" 1\n", 1),
        (b"sha256\n@members " + b"0" * 64 + b" 1\n@owner me\n", 1),
        (b"sha256\n@members " + b"0" * 64 + b" 1", 1),
        (b"sha256\r\n@members " + b"0" * 64 + b" 1\r\n", 1),
        (b"sha256\n@expires 2001-01-01T00:00:00Z\n@members " + b"0" * 64 + b" 1\n", 2),
        (b"sha256\n@members " + b"0" * 64 + b" 1\n@name \xff\n", 2),
        (b"sha256\n" * 200_000, 2),
    ],
)
def test_what_is_no_statement_is_not_signed(cli: Cli, keys: Path, text: bytes, code: int) -> None:
    (cli.directory / "bad.statement").write_bytes(text)
    done = cli("sign-statement", "bad.statement", "--key", keys / "a.key", "--yes", "-o", "bad.sig")
    assert done.code == code
    assert done.err
    assert not (cli.directory / "bad.sig").exists()


def test_nothing_is_overwritten(cli: Cli, unsigned: Path, stated: Path, keys: Path) -> None:
    before = unsigned.read_bytes()
    words = ("sign-statement", stated, "--yes")
    for done in (
        cli("statement", unsigned, "-o", unsigned),
        cli(*words, "--key", keys / "a.key", "-o", unsigned),
        cli(*words, "--message", unsigned),
        cli("key", keys / "a.pub", "-o", unsigned),
    ):
        assert done.code == 2
        assert "exists" in done.err
    assert unsigned.read_bytes() == before


def test_options_that_make_no_sense(cli: Cli, stated: Path, keys: Path) -> None:
    for words in (
        ("sign-statement", stated, "--yes"),
        ("sign-statement", stated, "--message", "m", "--key", keys / "a.key", "--yes"),
        ("sign-statement", stated, "--message", "m", "-o", "n", "--yes"),
        ("attach", "nothing.zip", "a.sig", "--trust", keys / "a.pub"),
        ("attach", "plain.zip", "nothing.sig", "--trust", keys / "a.pub"),
        ("attach", "plain.zip", "--trust", keys / "a.pub"),
        ("statement", "nothing.zip"),
        ("key", "--ring", "-o", "x"),
    ):
        assert cli(*words).code == 2


def test_what_is_no_file_is_not_waited_for(cli: Cli, unsigned: Path, keys: Path) -> None:
    os.mkfifo(cli.directory / "fifo")
    trust = ("--trust", keys / "a.pub")
    for words in (
        ("sign-statement", "fifo", "--key", keys / "a.key", "--yes"),
        ("attach", unsigned, "fifo", *trust),
        ("attach", unsigned, "fifo", "--statement", "fifo", *trust),
    ):
        done = cli(*words)
        assert done.code == 2 and "regular file" in done.err
