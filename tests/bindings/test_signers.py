"""Signers that Python gives: what signs in the place of a PrivateKey, and what it may not do."""

from __future__ import annotations

import hashlib
import subprocess
from pathlib import Path
from typing import Any

import pytest

import signedvfs
from signedvfs import _tools
from tests.support.signing_elsewhere import Elsewhere, openssl_key

MANIFEST = "signedimp-manifest.txt"


class Asking:
    """Asking has openssl sign, and notes what it was asked for."""

    def __init__(self, elsewhere: Elsewhere) -> None:
        self.public_key = elsewhere.key
        self.asked: list[tuple[bytes, str]] = []
        self._command = elsewhere.command

    def sign(self, message: bytes, header: str) -> bytes:
        self.asked.append((message, header))
        return subprocess.run(self._command, input=message, capture_output=True, check=True).stdout


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Elsewhere:
    """A key that this process does not have."""
    return openssl_key(tmp_path_factory.mktemp("elsewhere"))


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """An archive that nobody has signed."""
    path = tmp_path / "app.zip"
    with _tools.ArchiveWriter(path) as writer:
        writer.add("a.py", b"A = 1\n")
    return path


def test_an_object_signs_archives_directories_and_executables(
    tmp_path: Path, archive: Path, elsewhere: Elsewhere
) -> None:
    signer = Asking(elsewhere)
    policy = signedvfs.TrustPolicy(elsewhere.key)
    signedvfs.sign(archive, signer, name="büro")
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "a.py").write_bytes(b"")
    signedvfs.sign(tree, [signer])
    program = tmp_path / "program"
    program.write_bytes(b"\xcc" * 1000)
    signedvfs.append(archive, program, tmp_path / "app", signer)
    for path in (archive, tree, tmp_path / "app"):
        signedvfs.open(path, policy).verify_all()
    assert len(signer.asked) == 3
    for message, header in signer.asked:
        digest = hashlib.sha256(header.encode()).digest()
        assert message == b"signedvfs manifest v1\0" + digest
    assert "@name büro\n" in signer.asked[0][1]
    assert "@prefix " in signer.asked[2][1]


def test_an_object_signs_beside_a_key(
    archive: Path, elsewhere: Elsewhere, key: signedvfs.PrivateKey
) -> None:
    report = signedvfs.sign(archive, [key, Asking(elsewhere)])
    assert report.signers == [key.public_key.fingerprint, elsewhere.key.fingerprint]
    both = signedvfs.TrustPolicy([key.public_key, elsewhere.key], threshold=2)
    signedvfs.open(archive, both).verify_all()


class Giving:
    """Giving answers with what it was made with, or raises that."""

    def __init__(self, public_key: Any, answer: object) -> None:
        self.public_key = public_key
        self._answer = answer

    def sign(self, _message: bytes, _header: str) -> Any:
        if isinstance(self._answer, BaseException):
            raise self._answer
        return self._answer


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (b"", signedvfs.KeyFileError),
        (bytes(64), signedvfs.KeyFileError),
        (bytes(71), signedvfs.KeyFileError),
        (bytearray(b"0" * 16385), signedvfs.KeyFileError),
        ("text", TypeError),
        (None, TypeError),
        (LookupError("no such token"), LookupError),
        (KeyboardInterrupt(), KeyboardInterrupt),
        (SystemExit(3), SystemExit),
    ],
)
def test_what_is_no_signature_changes_nothing(
    archive: Path, elsewhere: Elsewhere, answer: object, error: type[BaseException]
) -> None:
    before = archive.read_bytes()
    with pytest.raises(error) as caught:
        signedvfs.sign(archive, Giving(elsewhere.key, answer))
    if isinstance(caught.value, signedvfs.KeyFileError):
        assert caught.value.code == "SignerFailed"
        assert caught.value.reason and caught.value.advice
    assert archive.read_bytes() == before
    assert [path.name for path in archive.parent.iterdir()] == ["app.zip"]


# What fits another key, or another statement by the right one, is as wrong as junk.
def test_a_signature_on_something_else_is_refused(
    tmp_path: Path, archive: Path, elsewhere: Elsewhere
) -> None:
    signer = Asking(elsewhere)
    signedvfs.sign(archive, signer, output=tmp_path / "first.zip")
    old = signer.sign(*signer.asked[0])
    with pytest.raises(signedvfs.KeyFileError, match="does not fit"):
        signedvfs.sign(archive, Giving(elsewhere.key, old), serial=1)
    with pytest.raises(signedvfs.KeyFileError, match="does not fit"):
        signedvfs.sign(archive, Giving(openssl_key(tmp_path).key, old))
    signedvfs.sign(archive, Giving(elsewhere.key, memoryview(old)))


def test_what_is_no_signer_is_a_type_error(archive: Path, key: signedvfs.PrivateKey) -> None:
    class Keyless:
        def sign(self, *_: object) -> bytes:
            return b""

    class Silent:
        public_key = key.public_key
        sign = None

    wrong = [Keyless(), Silent(), Giving("text", b""), Giving(None, b""), 5, "key", [key, 5]]
    for signers in wrong:
        with pytest.raises(TypeError, match=r"keys|iterable"):
            signedvfs.sign(archive, signers)  # type: ignore[arg-type]  # on purpose


# A signer is user code: it may sign by this very function, look at progress, or end the program.
def test_a_signer_may_sign_something_else_meanwhile(
    tmp_path: Path, archive: Path, elsewhere: Elsewhere, key: signedvfs.PrivateKey
) -> None:
    other = tmp_path / "other"
    other.mkdir()

    class Nested(Asking):
        def sign(self, message: bytes, header: str) -> bytes:
            signedvfs.sign(other, key)
            return super().sign(message, header)

    steps: list[int] = []
    signedvfs.sign(archive, Nested(elsewhere), progress=lambda done, _: steps.append(done))
    assert steps[-1] == 2
    assert (other / MANIFEST).exists()


def test_a_key_may_not_be_given_twice(archive: Path, elsewhere: Elsewhere) -> None:
    signer = Asking(elsewhere)
    with pytest.raises(ValueError, match="twice"):
        signedvfs.sign(archive, [signer, Asking(elsewhere)])
    assert signer.asked == []
