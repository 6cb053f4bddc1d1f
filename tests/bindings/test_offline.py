"""statement, sign_statement and attach."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from typing import Any

import pytest

import signedvfs
from signedvfs import _tools

LATER = 4102444800


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """An archive that nobody has signed."""
    path = tmp_path / "app.zip"
    with _tools.ArchiveWriter(path) as writer:
        writer.add("a.py", b"A = 1\n")
    return path


def test_a_statement_says_what_it_states(archive: Path) -> None:
    before = archive.read_bytes()
    drawn = signedvfs.statement(archive, name="n", serial=3, expires=LATER, not_before=1,
                                hash="sha384", index=True)  # fmt: skip
    assert archive.read_bytes() == before
    digest = hashlib.sha256(drawn.text.encode()).digest()
    assert drawn.message == b"signedvfs manifest v1\0" + digest
    for one in (drawn, signedvfs.Statement.parse(drawn.text)):
        assert (one.name, one.serial, one.expires, one.not_before) == ("n", 3, LATER, 1)
        assert (one.hash_type, one.has_index, one.members) == ("sha384", True, 1)
        assert (one.prefix_length, one.recorded) == (None, 0)
        assert (one.left_out, one.vanished, one.warnings) == ([], [], [])
        assert one.text == drawn.text
        assert "'n'" in repr(one)


def test_what_is_lost_is_told(archive: Path) -> None:
    import zipfile

    with zipfile.ZipFile(archive, "a") as opened:
        opened.comment = b"lost"
    assert any("comment" in one for one in signedvfs.statement(archive).vanished)


def test_three_steps(
    archive: Path, key: signedvfs.PrivateKey, other_key: signedvfs.PrivateKey
) -> None:
    drawn = signedvfs.statement(archive, serial=3)
    both = signedvfs.sign_statement(drawn, [key, other_key])
    assert both == signedvfs.sign_statement(drawn.text, key) + signedvfs.sign_statement(
        drawn, [other_key]
    )
    publics = [key.public_key, other_key.public_key]
    steps: list[tuple[int, int]] = []
    report = signedvfs.attach(archive, both, publics, statement=drawn,
                              progress=lambda *step: steps.append(step))  # fmt: skip
    assert report.signers == [public.fingerprint for public in publics]
    assert steps[-1] == (2, 2)
    signedvfs.open(archive, signedvfs.TrustPolicy(publics, threshold=2)).verify_all()


def test_signatures_come_in_any_form(
    archive: Path, tmp_path: Path, key: signedvfs.PrivateKey
) -> None:
    drawn = signedvfs.statement(archive)
    line = signedvfs.sign_statement(drawn, key)
    raw = base64.b64decode(line.split()[1])
    signify = b"untrusted comment: x\n" + base64.b64encode(b"Ed" + bytes(8) + raw) + b"\n"
    minisign = signify + b"trusted comment: y\n" + base64.b64encode(raw) + b"\n"
    for form in (line, [line], line.encode(), raw, [bytearray(raw)], signify, minisign):
        target = tmp_path / "out.zip"
        signedvfs.attach(archive, form, key.public_key, statement=drawn, output=target)  # type: ignore[arg-type]  # bytearray too
        signedvfs.open(target, signedvfs.TrustPolicy(key.public_key)).verify_all()
        target.unlink()


def test_what_does_not_fit_changes_nothing(
    archive: Path, key: signedvfs.PrivateKey, other_key: signedvfs.PrivateKey
) -> None:
    before = archive.read_bytes()
    drawn = signedvfs.statement(archive)
    line = signedvfs.sign_statement(drawn, key)
    other = signedvfs.statement(archive, serial=1)
    embedded = b"untrusted comment: x\n" + base64.b64encode(b"Ed" + bytes(72)) + b"\ntext"
    wrong: list[tuple[Any, Any, Any, type[Exception]]] = [
        (line, other_key.public_key, drawn, ValueError),
        (line, [], drawn, ValueError),
        ([], key.public_key, drawn, ValueError),
        ([line, line], key.public_key, drawn, ValueError),
        (line, key.public_key, other, signedvfs.KeyFileError),
        (line, key.public_key, None, ValueError),
        (line, key.public_key, drawn.text + "x", signedvfs.IntegrityCheckFailed),
        (bytes(64), key.public_key, drawn, signedvfs.KeyFileError),
        (embedded, key.public_key, drawn, signedvfs.KeyFileError),
        (embedded.replace(b"\ntext", b""), key.public_key, drawn, signedvfs.KeyFileError),
        (line, key, drawn, TypeError),
        (line, key.public_key, 5, TypeError),
        (5, key.public_key, drawn, TypeError),
    ]
    for signatures, keys, statement, error in wrong:
        with pytest.raises(error):
            signedvfs.attach(archive, signatures, keys, statement=statement)
        assert archive.read_bytes() == before


def test_an_expired_statement_is_not_signed(archive: Path, key: signedvfs.PrivateKey) -> None:
    drawn = signedvfs.statement(archive, expires=1000, at=999)
    with pytest.raises(ValueError, match="expired"):
        signedvfs.sign_statement(drawn, key)
    line = signedvfs.sign_statement(drawn, key, at=999)
    with pytest.raises(ValueError, match="expired"):
        signedvfs.attach(archive, line, key.public_key, statement=drawn)
    signedvfs.attach(archive, line, key.public_key, statement=drawn, at=999)


def test_a_statement_is_made_by_its_functions_only() -> None:
    import pickle

    with pytest.raises(TypeError):
        signedvfs.Statement()
    text = "sha256\n@members " + "0" * 64 + " 1\n"
    with pytest.raises(TypeError):
        pickle.dumps(signedvfs.Statement.parse(text))
