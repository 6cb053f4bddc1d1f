"""Public key files of other programs: OpenSSH, signify, minisign.

Each is read into the bytes of a SubjectPublicKeyInfo, which `PublicKey` then checks as it does its
own: what is weak is refused, whatever file it came in.
"""

from __future__ import annotations

import base64
import binascii
import os
from typing import NamedTuple

from signedvfs import PublicKey
from signedvfs.custody import wire
from signedvfs.custody.failures import bad_key

COMMENT = b"untrusted comment: "
_ALGORITHM = b"Ed"  # of signify, and of minisign's public keys
_KEY_NUMBER_BYTES = 8
_ED25519_BYTES = 32
_MOST_BYTES = 1 << 16

# What stands in front of the key's bytes in a SubjectPublicKeyInfo (RFC 8410 section 4, RFC 5480
# section 2).
_ED25519 = bytes.fromhex("302a300506032b6570032100")
_P256 = bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d030107034200")
_P384 = bytes.fromhex("3076301006072a8648ce3d020106052b81040022036200")


class SshKind(NamedTuple):
    """SshKind is one of OpenSSH's kinds of keys: its encoding here, and its numbers' size."""

    prefix: bytes
    curve: bytes  # as OpenSSH calls it; empty: the key is one string
    point_bytes: int
    number_bytes: int  # of each of a signature's two numbers; 0: it has none


SSH_KINDS = {
    "ssh-ed25519": SshKind(_ED25519, b"", _ED25519_BYTES, 0),
    "ecdsa-sha2-nistp256": SshKind(_P256, b"nistp256", 65, 32),
    "ecdsa-sha2-nistp384": SshKind(_P384, b"nistp384", 97, 48),
}


class SshKey(NamedTuple):
    """SshKey is a public key as an ssh-agent knows it."""

    kind: str
    blob: bytes
    public_key: PublicKey


def load_public_key(path: str | bytes | os.PathLike[str]) -> PublicKey:
    """load_public_key reads a public key file in PEM, of OpenSSH, signify or minisign.

    Raises KeyFileError, OSError.
    """
    content = _content(path)
    if content is None or content.lstrip().startswith(b"-----BEGIN"):
        return PublicKey.load(path)
    where = os.fsdecode(path)
    if content.startswith(COMMENT):
        return _signify_key(content, where)
    return ssh_key_of(content, where).public_key


def load_ssh_key(path: str | bytes | os.PathLike[str]) -> SshKey:
    """load_ssh_key reads a public key file of OpenSSH. Raises KeyFileError, OSError."""
    content = _content(path)
    if content is None:
        PublicKey.load(path)  # which says what is wrong with it
        content = b""
    return ssh_key_of(content, os.fsdecode(path))


def _content(path: str | bytes | os.PathLike[str]) -> bytes | None:
    # What is no regular file is not waited for: nothing is returned then.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        import stat

        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return None
        return file.read(_MOST_BYTES)


def ssh_key_of(content: bytes, where: str) -> SshKey:
    """ssh_key_of reads "kind base64 comment" on one line (sshd(8), AUTHORIZED_KEYS FILE FORMAT)."""
    lines = content.splitlines()
    words = lines[0].split(None, 2) if lines else []
    if len(lines) != 1 or len(words) < 2:
        raise bad_key(
            f"{where}: no public key in PEM, and none of OpenSSH, signify or minisign",
            "Name a public key file.",
        )
    kind = words[0].decode("ascii", "replace")
    found = SSH_KINDS.get(kind)
    if found is None:
        raise _unsuitable_ssh_kind(kind, where)
    try:
        blob = base64.b64decode(words[1], validate=True)
        read = wire.Reader(blob)
        named = read.string()
        curve = read.string() if found.curve else b""
        point = read.string()
        read.end()
    except (binascii.Error, wire.WireError) as error:
        raise bad_key(f"{where}: a malformed key: {error}", "Copy it anew.") from None
    if named != kind.encode() or curve != found.curve or len(point) != found.point_bytes:
        raise bad_key(f"{where}: the key is of another kind than {kind!r}", "Copy it anew.")
    return SshKey(kind, blob, _public_key(found.prefix + point))


def _unsuitable_ssh_kind(kind: str, where: str) -> Exception:
    kinds = ", ".join(SSH_KINDS)
    why = f"keys of the kind {kind!r} are not handled"
    if kind.endswith("-cert-v01@openssh.com"):
        why = "this is a certificate, which says nothing to those who verify"
    elif kind == "ssh-rsa":
        why = (
            "an ssh-agent signs with RSA keys by PKCS#1 v1.5 only, and signatures by RSA keys have "
            "to be RSA-PSS"
        )
    elif kind.startswith("sk-"):
        why = "FIDO keys sign another message, with a counter in it, than the one to be signed"
    return bad_key(f"{where}: {why}", f"Use a key of one of these kinds: {kinds}")


def signify_content(content: bytes, where: str, size: int) -> tuple[bytes, bytes]:
    """signify_content returns the algorithm and the last `size` bytes of a signify file's line."""
    lines = content.splitlines()
    try:
        line = base64.b64decode(lines[1], validate=True)
    except (IndexError, binascii.Error):
        line = b""
    if len(line) != len(_ALGORITHM) + _KEY_NUMBER_BYTES + size:
        raise bad_key(
            f"{where}: no {'key' if size == _ED25519_BYTES else 'signature'} of signify or "
            "minisign: a comment, and a line of base64 of that length",
            "Copy it anew.",
        )
    return line[: len(_ALGORITHM)], line[-size:]


def _signify_key(content: bytes, where: str) -> PublicKey:
    algorithm, key = signify_content(content, where, _ED25519_BYTES)
    if algorithm != _ALGORITHM or len(content.splitlines()) != 2:
        raise bad_key(f"{where}: no public key of signify or minisign", "Name the public half.")
    return _public_key(_ED25519 + key)


def _public_key(info: bytes) -> PublicKey:
    return PublicKey(base64.b64encode(info).decode())
