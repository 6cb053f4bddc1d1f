"""The exceptions: which one for what, what they say, and who must not catch them."""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest

import signedvfs
from signedvfs._tools import ArchiveWriter
from tests.support.archives import MANIFEST, members_of, tamper, write_archive

if TYPE_CHECKING:
    from tests.conftest import SignedArchive

FILES = {"a.py": b"A = 1\n", "b.py": b"B = 1\n"}


# I7, I8: what importlib and applications swallow.
@pytest.mark.parametrize(
    "swallowed", [ImportError, OSError, KeyError, ValueError, AttributeError, LookupError]
)
def test_integrity_errors_are_not_among_the_exceptions_that_people_swallow(
    swallowed: type[Exception],
) -> None:
    for error in (
        signedvfs.IntegrityCheckError,
        signedvfs.IntegrityCheckFailed,
        signedvfs.IntegrityCheckMissing,
    ):
        assert not issubclass(error, swallowed)
        assert issubclass(error, Exception)


def test_one_class_catches_all_integrity_errors() -> None:
    assert issubclass(signedvfs.IntegrityCheckFailed, signedvfs.IntegrityCheckError)
    assert issubclass(signedvfs.IntegrityCheckMissing, signedvfs.IntegrityCheckError)
    assert not issubclass(signedvfs.IntegrityCheckMissing, signedvfs.IntegrityCheckFailed)


def _strip(archive: Path) -> None:
    tamper(archive, {MANIFEST: None})


def _add(archive: Path) -> None:
    tamper(archive, {"evil.py": b""})


def _remove(archive: Path) -> None:
    tamper(archive, {"b.py": None})


def _change(archive: Path) -> None:
    tamper(archive, {"a.py": b"A = 2\n"})


def _garble_manifest(archive: Path) -> None:
    text = members_of(archive)[MANIFEST]
    tamper(archive, {MANIFEST: text.replace(b"\nsha256\n", b"\nsha257\n")})


def _cut(archive: Path) -> None:
    archive.write_bytes(archive.read_bytes()[:-1])


def _extend(archive: Path) -> None:
    archive.write_bytes(archive.read_bytes() + b"\0")


def _empty(archive: Path) -> None:
    archive.write_bytes(b"")


def _swap_for_text(archive: Path) -> None:
    archive.write_bytes(b"print('no archive')\n" * 20)


MISSING = signedvfs.IntegrityCheckMissing
FAILED = signedvfs.IntegrityCheckFailed


@pytest.mark.parametrize(
    ("attack", "error", "code", "member"),
    [
        (_strip, MISSING, "NoManifest", None),
        (_add, MISSING, "UnlistedMember", "evil.py"),
        (_remove, FAILED, "MissingMember", "b.py"),
        (_change, FAILED, "DigestMismatch", "a.py"),
        (_garble_manifest, FAILED, "BadSignature", None),
        (_cut, FAILED, None, None),
        (_extend, FAILED, None, None),
        (_empty, FAILED, None, None),
        (_swap_for_text, FAILED, "NotAnArchive", None),
    ],
)
def test_every_attack_gets_an_error_that_a_person_understands(
    attack: Callable[[Path], None],
    error: type[signedvfs.IntegrityCheckError],
    code: str | None,
    member: str | None,
    signed_archive: SignedArchive,
    policy: signedvfs.TrustPolicy,
) -> None:
    archive = signed_archive(FILES)
    attack(archive)
    with pytest.raises(signedvfs.IntegrityCheckError) as caught:
        signedvfs.open(archive, policy).verify_all()
    assert type(caught.value) is error
    assert (caught.value.path, caught.value.member) == (str(archive), member)
    if code is not None:
        assert caught.value.code == code
    message = str(caught.value)
    assert archive.name in message
    if member is not None:
        assert member in message
    # The last sentence says what to do.
    assert message.endswith(".")
    assert ". " in message


@pytest.mark.parametrize(
    ("attack", "message"),
    [
        (
            _strip,
            f"{MANIFEST} is not its last member, so nobody has signed this as it is. If you made "
            "it, sign it with 'signedvfs sign'; otherwise do not run it.",
        ),
        (
            _add,
            "'evil.py' is in the archive, but was not signed. If you added it, sign the archive "
            "anew; otherwise do not run this copy.",
        ),
        (
            _remove,
            "'b.py' is listed, but not there. Do not run this copy; ask its signer for a fresh "
            "one.",
        ),
        (
            _swap_for_text,
            "its bytes are those of no known archive format. Name a signed archive or directory.",
        ),
    ],
)
def test_messages_say_where_what_and_what_to_do_once_each(
    attack: Callable[[Path], None],
    message: str,
    signed_archive: SignedArchive,
    policy: signedvfs.TrustPolicy,
) -> None:
    archive = signed_archive(FILES)
    attack(archive)
    with pytest.raises(signedvfs.IntegrityCheckError) as caught:
        signedvfs.open(archive, policy)
    assert str(caught.value) == f"{archive}: {message}"


def test_an_archive_by_an_unknown_key_says_how_to_trust_it(
    signed_archive: SignedArchive, other_key: signedvfs.PrivateKey
) -> None:
    policy = signedvfs.TrustPolicy(other_key.public_key)
    with pytest.raises(signedvfs.IntegrityCheckMissing, match=r"signedvfs\.trust") as caught:
        signedvfs.open(signed_archive(FILES), policy)
    assert caught.value.code == "NoTrustedKey"


# No verdict is no reason to go on.
def test_what_cannot_be_looked_at_is_an_integrity_check_error_and_no_os_error(
    tmp_path: Path, policy: signedvfs.TrustPolicy
) -> None:
    (tmp_path / "loop").symlink_to("loop")
    for path, code in (
        (tmp_path / "absent.zip", "NotFound"),
        (tmp_path / ("x" * 300), "Io"),
    ):
        with pytest.raises(signedvfs.IntegrityCheckError) as caught:
            signedvfs.open(path, policy)
        assert type(caught.value) is signedvfs.IntegrityCheckError
        assert (caught.value.code, caught.value.path) == (code, str(path))
        assert caught.value.member is None


# F1: a FIFO as archive.
def test_a_fifo_is_refused_and_does_not_block(
    tmp_path: Path, policy: signedvfs.TrustPolicy
) -> None:
    os.mkfifo(tmp_path / "fifo.zip")
    with pytest.raises(signedvfs.IntegrityCheckFailed) as caught:
        signedvfs.open(tmp_path / "fifo.zip", policy)
    assert caught.value.code == "NotRegular"


# F8: names that a terminal would obey.
def test_messages_escape_the_names_that_they_quote(
    signed_archive: SignedArchive, policy: signedvfs.TrustPolicy, tmp_path: Path
) -> None:
    archive = signed_archive(FILES, path=tmp_path / "a\x1b[2J.zip")
    vfs = signedvfs.open(archive, policy)
    with pytest.raises(signedvfs.IntegrityCheckMissing) as caught:
        vfs.read("no\x1b[31m\u202esuch")
    assert str(caught.value).isprintable()
    assert caught.value.path == str(archive)
    assert caught.value.member == "no\x1b[31m\u202esuch"


def test_errors_survive_pickling(
    signed_archive: SignedArchive, policy: signedvfs.TrustPolicy
) -> None:
    vfs = signedvfs.open(signed_archive(FILES), policy)
    with pytest.raises(signedvfs.IntegrityCheckMissing) as caught:
        vfs.read("absent")
    again = pickle.loads(pickle.dumps(caught.value))
    assert type(again) is signedvfs.IntegrityCheckMissing
    assert str(again) == str(caught.value)
    assert (again.code, again.path, again.member) == ("NotFound", vfs.path, "absent")


def test_an_error_made_by_hand_has_the_attributes_too() -> None:
    error = signedvfs.IntegrityCheckError("made by hand")
    assert (error.code, error.path, error.member) == ("", None, None)


def test_a_writer_of_unsigned_archives_is_no_way_in(
    tmp_path: Path, policy: signedvfs.TrustPolicy
) -> None:
    write_archive(tmp_path / "a.zip", FILES)
    with pytest.raises(signedvfs.IntegrityCheckMissing, match="signedvfs sign"):
        signedvfs.open(tmp_path / "a.zip", policy)


def test_every_error_of_a_tool_has_the_attributes(
    tmp_path: Path, signed_archive: SignedArchive, key: signedvfs.PrivateKey
) -> None:
    archive, absent = signed_archive(FILES), tmp_path / "absent"

    def pack() -> None:
        with ArchiveWriter(tmp_path / "new.zip") as writer:
            writer.add("../m.py", b"")

    wrong: list[tuple[type[Exception], str, Path | None, Callable[[], object]]] = [
        (ValueError, "Usage", None, lambda: signedvfs.PrivateKey.generate(cast(Any, "dsa"))),
        (ValueError, "Usage", None, lambda: signedvfs.TrustPolicy(threshold=-1)),
        (ValueError, "Usage", None, lambda: signedvfs.TrustPolicy(threshold=1 << 40)),
        (ValueError, "Usage", None, lambda: signedvfs.TrustPolicy(now=float("nan"))),
        (ValueError, "Usage", None, lambda: signedvfs.Limits(members=0)),
        (ValueError, "Usage", None, lambda: signedvfs.Limits(members=-1)),
        (ValueError, "Usage", archive, lambda: signedvfs.sign(archive, key, expires=0)),
        (ValueError, "BadName", tmp_path / "new.zip", pack),
        (FileNotFoundError, "NotFound", absent, lambda: signedvfs.PublicKey.load(absent)),
        (FileNotFoundError, "NotFound", absent, lambda: signedvfs.sign(absent, key)),
        (signedvfs.KeyFileError, "BadKey", archive, lambda: signedvfs.PublicKey.load(archive)),
    ]
    for kind, code, path, work in wrong:
        with pytest.raises(kind) as caught:
            work()
        error: Any = caught.value
        assert not isinstance(error, signedvfs.IntegrityCheckError)
        assert (error.code, error.path, error.limit) == (code, path and str(path), None)
        assert str(error).endswith(error.reason + (f". {error.advice}" if error.advice else ""))


def test_an_advice_for_one_case_is_an_attribute_too(
    signed_archive: SignedArchive, key: signedvfs.PrivateKey
) -> None:
    with pytest.raises(ValueError, match="have expired") as caught:
        signedvfs.sign(signed_archive(FILES), key, expires=0)
    error: Any = caught.value
    assert "--at TIME (in Python: at=TIME)" in error.advice
    assert error.advice not in error.reason
