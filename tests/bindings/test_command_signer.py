"""CommandSigner: what a command gets, what it may answer, and what ends it."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import pytest

import signedvfs
from tests.support.signing_elsewhere import Elsewhere, openssl_key

HEADER = "sha256\n@members 00 1\n@name büro\n"


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Elsewhere:
    """A key that only openssl uses."""
    return openssl_key(tmp_path_factory.mktemp("elsewhere"))


def python(code: str, *words: str) -> list[str]:
    """python is a command that runs a program."""
    return [sys.executable, "-I", "-c", code, *words]


@pytest.mark.parametrize("curve", ["P-256", "P-384"])
def test_a_command_signs(tmp_path: Path, curve: str) -> None:
    elsewhere = openssl_key(tmp_path, curve)
    tree = tmp_path / "tree"
    tree.mkdir()
    signer = signedvfs.CommandSigner(elsewhere.command, elsewhere.key)
    assert signedvfs.sign(tree, signer).signers == [elsewhere.key.fingerprint]
    signedvfs.open(tree, signedvfs.TrustPolicy(elsewhere.key)).verify_all()
    assert signer.public_key == elsewhere.key


def test_it_gets_the_message_the_text_and_the_environment(
    elsewhere: Elsewhere, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIN_COMMAND", "ask")
    code = (
        "import os, stat, sys\n"
        "path = os.environ['SIGNEDVFS_HEADER_FILE']\n"
        "assert stat.S_IMODE(os.stat(os.path.dirname(path)).st_mode) == 0o700\n"
        "out = sys.stdout.buffer\n"
        "out.write(sys.stdin.buffer.read() + b'|' + open(path, 'rb').read())\n"
        "out.write(b'|' + os.environ['PIN_COMMAND'].encode() + b'|' + path.encode())\n"
    )
    answer = signedvfs.CommandSigner(python(code), elsewhere.key).sign(b"\0message", HEADER)
    message, text, pin, path = answer.split(b"|")
    assert (message, text, pin) == (b"\0message", HEADER.encode(), b"ask")
    assert not os.path.lexists(path), "the text is gone when the command has ended"


def test_no_shell_reads_its_words(elsewhere: Elsewhere) -> None:
    words = ["$(touch x)", "a b", "*", ";true", "`id`"]
    code = "import sys; sys.stdout.write('|'.join(sys.argv[1:]))"
    signer = signedvfs.CommandSigner(python(code, *words), elsewhere.key)
    assert signer.sign(b"m", HEADER) == "|".join(words).encode()


def test_who_does_not_read_the_message_may_answer(elsewhere: Elsewhere) -> None:
    code = "import os; os.close(0); os.write(1, b'signature')"
    assert signedvfs.CommandSigner(python(code), elsewhere.key).sign(b"m", HEADER) == b"signature"


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        (python("raise SystemExit(3)"), "ended with status 3"),
        (python("import os; os.write(1, b'x' * 64); os.abort()"), "ended with signal 6"),
        (python("import os\nwhile True: os.write(1, b'x' * 4096)"), "more than 16384 bytes"),
        (["/nowhere/signer"], "cannot be started"),
        (["/"], "cannot be started"),
    ],
)
def test_what_fails_says_so(elsewhere: Elsewhere, command: list[str], reason: str) -> None:
    with pytest.raises(signedvfs.KeyFileError, match=reason) as caught:
        signedvfs.CommandSigner(command, elsewhere.key).sign(b"m", HEADER)
    assert caught.value.code == "SignerFailed"
    assert caught.value.advice


# Both end at once: one says nothing, the other has closed its output and stays.
@pytest.mark.parametrize("before", ["", "import os; os.close(1); "])
def test_what_takes_too_long_is_ended(tmp_path: Path, elsewhere: Elsewhere, before: str) -> None:
    pid = tmp_path / "pid"
    code = f"import os; open({str(pid)!r}, 'w').write(str(os.getpid())); {before}import signal; "
    signer = signedvfs.CommandSigner(
        python(code + "signal.pause()"), elsewhere.key, timeout=0.5
    )  # fmt: skip
    with pytest.raises(signedvfs.KeyFileError, match=r"within 0\.5 seconds"):
        signer.sign(b"m", HEADER)
    if pid.exists() and pid.read_text():
        with pytest.raises(ProcessLookupError):
            os.kill(int(pid.read_text()), 0)


def test_arguments_that_make_no_sense(elsewhere: Elsewhere) -> None:
    key: Any = elsewhere.key
    wrong: list[tuple[Any, Any, Any, type[Exception]]] = [
        ("openssl dgst", key, 1, TypeError),
        (b"openssl", key, 1, TypeError),
        ([], key, 1, ValueError),
        ([""], key, 1, ValueError),
        (["a\0b"], key, 1, ValueError),
        (["a", 5], key, 1, ValueError),
        (["a"], str(elsewhere.public), 1, TypeError),
        (["a"], None, 1, TypeError),
        (["a"], key, 0, ValueError),
        (["a"], key, -1, ValueError),
        (["a"], key, float("nan"), ValueError),
        (["a"], key, float("inf"), ValueError),
    ]
    for command, public, timeout, error in wrong:
        with pytest.raises(error):
            signedvfs.CommandSigner(command, public, timeout=timeout)


def test_its_repr_keeps_arguments_to_itself(elsewhere: Elsewhere) -> None:
    shown = repr(signedvfs.CommandSigner(["tool", "--pin", "secret"], elsewhere.key))
    assert "tool" in shown and elsewhere.key.fingerprint in shown
    assert "secret" not in shown
