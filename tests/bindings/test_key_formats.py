"""Public key files of OpenSSH, signify and minisign, and what is none."""

from __future__ import annotations

import base64
import os
from pathlib import Path

import pytest

import signedvfs
from signedvfs.custody.key_formats import load_public_key, load_ssh_key

# Of RFC 8032, section 7.1, test 1.
ED25519_BYTES = bytes.fromhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")
ED25519_INFO = bytes.fromhex("302a300506032b6570032100") + ED25519_BYTES


def string(content: bytes) -> bytes:
    """string is RFC 4251's."""
    return len(content).to_bytes(4, "big") + content


def ssh_line(kind: str, *parts: bytes) -> str:
    """ssh_line is a public key of OpenSSH's, without a comment."""
    blob = b"".join(map(string, (kind.encode(), *parts)))
    return f"{kind} {base64.b64encode(blob).decode()}"


def signify(content: bytes, comment: str = "key") -> str:
    """signify is a key file of signify's, and of minisign's."""
    return f"untrusted comment: {comment}\n{base64.b64encode(content).decode()}\n"


ED25519 = ssh_line("ssh-ed25519", ED25519_BYTES)


def written(tmp_path: Path, text: str | bytes) -> Path:
    """written is a file with that text."""
    path = tmp_path / "key.pub"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


@pytest.mark.parametrize(
    "text",
    [
        ED25519,
        f"{ED25519}\n",
        f"{ED25519} a comment of words\r\n",
        signify(b"Ed" + b"number78" + ED25519_BYTES),
        signify(b"Ed" + b"number78" + ED25519_BYTES, "minisign public key 1234"),
    ],
)
def test_one_key_in_many_forms(tmp_path: Path, text: str) -> None:
    expected = signedvfs.PublicKey(base64.b64encode(ED25519_INFO).decode())
    assert load_public_key(written(tmp_path, text)) == expected
    assert load_public_key(written(tmp_path, expected.pem)) == expected


@pytest.mark.parametrize("curve", ["p256", "p384"])
def test_ecdsa_keys_of_openssh(tmp_path: Path, curve: str) -> None:
    expected = signedvfs.PrivateKey.generate(f"ecdsa-{curve}").public_key  # type: ignore[arg-type]  # one of two literals
    info = base64.b64decode("".join(expected.pem.splitlines()[1:-1]))
    point = info[-65:] if curve == "p256" else info[-97:]
    kind = f"ecdsa-sha2-nist{curve}"
    text = ssh_line(kind, f"nist{curve}".encode(), point)
    found = load_ssh_key(written(tmp_path, text))
    assert (found.kind, found.public_key) == (kind, expected)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "no public key"),
        ("junk", "no public key"),
        (f"{ED25519}\n{ED25519}\n", "no public key"),
        (ssh_line("ssh-rsa", b"\1\0\1", bytes(256)), "PKCS#1 v1.5 only"),
        (ssh_line("sk-ssh-ed25519@openssh.com", ED25519_BYTES, b"ssh:"), "FIDO keys"),
        (ssh_line("ssh-ed25519-cert-v01@openssh.com", b""), "certificate"),
        (ssh_line("ecdsa-sha2-nistp521", b"nistp521", bytes(133)), "not handled"),
        (ssh_line("ssh-ed25519", ED25519_BYTES[:-1]), "another kind"),
        (ssh_line("ssh-ed25519", ED25519_BYTES, b""), "more than was expected"),
        (ED25519[:-8], "malformed"),
        (f"ssh-ed25519 {ED25519[-8:]}", "malformed"),
        (f"ecdsa-sha2-nistp256 {ED25519.split()[1]}", "malformed"),
        ("ssh-ed25519 *", "malformed"),
        (ssh_line("ecdsa-sha2-nistp256", b"nistp384", bytes(65)), "another kind"),
        # Weak keys stay weak: the neutral element, for which one signature fits everything.
        (ssh_line("ssh-ed25519", b"\1" + bytes(31)), "order"),
        (signify(b"Ed" + b"number78" + b"\1" + bytes(31)), "order"),
        (ssh_line("ecdsa-sha2-nistp256", b"nistp256", bytes(65)), "public key"),
        (signify(b"ED" + b"number78" + ED25519_BYTES), "no public key of signify"),
        (signify(b"Ed" + b"number78" + bytes(62)), "no key of signify"),  # a secret key's size
        (signify(b"Ed" + b"number78" + bytes(64)), "no key of signify"),  # a signature's
        ("untrusted comment: x\n", "no key of signify"),
        (signify(b"Ed" + b"number78" + ED25519_BYTES) + "more\n", "no public key of signify"),
    ],
)
def test_what_is_no_suitable_key(tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(signedvfs.KeyFileError, match=reason):
        load_public_key(written(tmp_path, text))


def test_a_private_key_is_none(tmp_path: Path) -> None:
    path = tmp_path / "a.key"
    signedvfs.PrivateKey.generate().save(path)
    with pytest.raises(signedvfs.KeyFileError, match="private key"):
        load_public_key(path)
    with pytest.raises(signedvfs.KeyFileError, match="none of OpenSSH"):
        load_ssh_key(path)


def test_what_is_no_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    for load in (load_public_key, load_ssh_key):
        for path in (tmp_path / "fifo", "/dev/zero", tmp_path):
            with pytest.raises((signedvfs.KeyFileError, OSError)):
                load(path)
        with pytest.raises(FileNotFoundError):
            load(tmp_path / "nothing")
