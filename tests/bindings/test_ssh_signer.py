"""SshSigner: keys that it takes, what it asks an agent, and answers that it does not believe."""

from __future__ import annotations

import base64
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import signedvfs
from tests.bindings.test_key_formats import ED25519, string


def answer(*parts: bytes) -> bytes:
    """answer is a whole answer of an agent that signs."""
    body = b"\x0e" + string(b"".join(map(string, parts)))
    return string(body)


@contextmanager
def agent(path: Path, reply: Callable[[bytes], bytes]) -> Iterator[list[bytes]]:
    """agent answers one request, and keeps what it was asked."""
    asked: list[bytes] = []
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        listening.listen()
        listening.settimeout(60)  # whoever never asks is not waited for

        def serve() -> None:
            connection, _ = listening.accept()
            with connection:
                asked.append(connection.recv(1 << 16))
                connection.sendall(reply(asked[0]))

        thread = threading.Thread(target=serve)
        thread.start()
        yield asked
        thread.join()


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    """An OpenSSH public key."""
    path = tmp_path / "id.pub"
    path.write_text(f"{ED25519} somebody@somewhere\n")
    return path


def test_it_asks_for_raw_data(tmp_path: Path, key_file: Path) -> None:
    blob = base64.b64decode(ED25519.split()[1])
    with agent(tmp_path / "agent", lambda _: answer(b"ssh-ed25519", b"s" * 64)) as asked:
        signer = signedvfs.SshSigner(key_file, str(tmp_path / "agent"))
        assert signer.sign(b"message", "") == b"s" * 64
    # Type 13, key, data, no flags (draft-miller-ssh-agent).
    assert asked == [string(b"\x0d" + string(blob) + string(b"message") + bytes(4))]
    assert "ssh-ed25519" in repr(signer)


def test_the_environment_names_the_agent(
    tmp_path: Path, key_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    signer = signedvfs.SshSigner(key_file)
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    with pytest.raises(signedvfs.KeyFileError, match="SSH_AUTH_SOCK is not set"):
        signer.sign(b"m", "")
    monkeypatch.setenv("SSH_AUTH_SOCK", str(tmp_path / "agent"))
    with pytest.raises(signedvfs.KeyFileError, match="cannot be asked: No such file"):
        signer.sign(b"m", "")
    with agent(tmp_path / "agent", lambda _: answer(b"ssh-ed25519", b"s" * 64)):
        assert signer.sign(b"m", "") == b"s" * 64


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (string(b"\x05"), "did not sign"),
        (b"", "hung up"),
        (b"\0\0", "hung up"),
        (string(b""), "answer of 0 bytes"),
        (b"\xff\xff\xff\xff", "answer of 4294967295 bytes"),
        (b"\0\0\x40\x01" + bytes(16385), "answer of 16385 bytes"),
        (string(b"\x0e"), "ends too early"),
        (string(b"\x0e" + string(b"") + b"x"), "more than was expected"),
        (answer(b"ssh-rsa", b"s" * 64), "another kind"),
        (answer(b"ssh-ed25519"), "ends too early"),
        (answer(b"ssh-ed25519", b"s", b"t"), "more than was expected"),
    ],
)
def test_other_answers_are_refused(
    tmp_path: Path, key_file: Path, reply: bytes, reason: str
) -> None:
    with agent(tmp_path / "agent", lambda _: reply):
        signer = signedvfs.SshSigner(key_file, str(tmp_path / "agent"))
        with pytest.raises(signedvfs.KeyFileError, match=reason) as caught:
            signer.sign(b"m", "")
    assert caught.value.code == "SignerFailed"


# A signature that does not fit the key is refused, whatever the agent says of it.
def test_a_false_signature_changes_nothing(tmp_path: Path, key_file: Path) -> None:
    tree = tmp_path / "tree"
    tree.mkdir()
    with agent(tmp_path / "agent", lambda _: answer(b"ssh-ed25519", b"s" * 64)):
        signer = signedvfs.SshSigner(key_file, str(tmp_path / "agent"))
        with pytest.raises(signedvfs.KeyFileError, match="does not fit"):
            signedvfs.sign(tree, signer)
    assert list(tree.iterdir()) == []


def test_an_agent_that_says_nothing_is_left(tmp_path: Path, key_file: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "agent"))
        listening.listen()
        signer = signedvfs.SshSigner(key_file, str(tmp_path / "agent"), timeout=0.2)
        with pytest.raises(signedvfs.KeyFileError, match=r"within 0\.2 seconds"):
            signer.sign(b"m", "")
