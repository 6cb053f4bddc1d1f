"""Opening signed archives and directories, and reading from them."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import signedvfs
from tests.support.archives import MANIFEST, members_of, tamper, write_archive

if TYPE_CHECKING:
    from tests.conftest import SignedArchive

FILES = {"a.py": b"A = 1\n", "pkg/__init__.py": b"", "pkg/data.bin": bytes(range(256)) * 64}


def _directory(root: Path, key: signedvfs.PrivateKey) -> Path:
    for name, content in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)
    signedvfs.sign(root, key)
    return root


def test_members_read_as_they_were_signed(
    signed_archive: SignedArchive, policy: signedvfs.TrustPolicy
) -> None:
    vfs = signedvfs.open(signed_archive(FILES), policy)
    assert vfs.list() == sorted(FILES)
    assert {name: vfs.read(name) for name in vfs.list()} == FILES
    vfs.verify_all()


def test_directories_read_like_archives(
    tmp_path: Path, key: signedvfs.PrivateKey, policy: signedvfs.TrustPolicy
) -> None:
    root = _directory(tmp_path / "tree", key)
    (root / "added.py").write_bytes(b"")
    vfs = signedvfs.open(root, policy)
    assert {name: vfs.read(name) for name in vfs.list()} == FILES
    assert vfs.unlisted() == ["added.py"]
    # K1: an unlisted file in the tree.
    with pytest.raises(signedvfs.IntegrityCheckMissing):
        vfs.read("added.py")


def test_directories_can_be_listed(
    signed_archive: SignedArchive, policy: signedvfs.TrustPolicy
) -> None:
    vfs = signedvfs.open(signed_archive(FILES), policy)
    assert vfs.listdir() == vfs.listdir("") == ["a.py", "pkg"]
    assert vfs.listdir("pkg") == ["__init__.py", "data.bin"]
    assert vfs.listdir("a.py") == vfs.listdir("none") == vfs.listdir("pkg/") == []
    assert [name for name in ("", "pkg", "a.py", "none", "pkg/") if vfs.is_dir(name)] == ["", "pkg"]
    assert [name for name in ("", "pkg", "a.py", "none") if vfs.is_file(name)] == ["a.py"]
    assert not vfs.is_file(MANIFEST)
    with pytest.raises(TypeError):
        vfs.listdir(b"pkg")  # type: ignore[arg-type]  # what is tested


def test_archives_have_no_unlisted_files(
    signed_archive: SignedArchive, policy: signedvfs.TrustPolicy
) -> None:
    assert signedvfs.open(signed_archive(FILES), policy).unlisted() == []


def test_stat_tells_size_and_signed_digest(
    signed_archive: SignedArchive, policy: signedvfs.TrustPolicy
) -> None:
    stat = signedvfs.open(signed_archive(FILES), policy).stat("pkg/data.bin")
    content = FILES["pkg/data.bin"]
    assert (stat.name, stat.size) == ("pkg/data.bin", len(content))
    assert stat.digest == hashlib.sha256(content).hexdigest()
    assert repr(stat) == (
        f"signedvfs.Stat(name='pkg/data.bin', size={len(content)}, digest='{stat.digest}')"
    )


def test_attributes_tell_what_was_signed(
    signed_archive: SignedArchive,
    key: signedvfs.PrivateKey,
    other_key: signedvfs.PrivateKey,
    policy: signedvfs.TrustPolicy,
) -> None:
    archive = signed_archive(
        FILES,
        keys=[key, other_key],
        name="app",
        serial=42,
        not_before=1_000_000_000,
        expires=4_000_000_000,
        hash="sha512",
    )
    vfs = signedvfs.open(archive, policy)
    assert (vfs.path, vfs.name, vfs.serial) == (str(archive), "app", 42)
    assert (vfs.not_before, vfs.expires) == (1_000_000_000, 4_000_000_000)
    assert vfs.hash_type == "sha512"
    assert vfs.signers == [key.public_key.fingerprint]
    assert set(vfs.signatures) == {key.public_key.fingerprint, other_key.public_key.fingerprint}
    assert vfs.prefix_length is None
    assert repr(vfs) == f"<signedvfs.SignedVfs {str(archive)!r}>"


def test_attributes_that_were_not_signed_are_none(
    signed_archive: SignedArchive, policy: signedvfs.TrustPolicy
) -> None:
    vfs = signedvfs.open(signed_archive(FILES), policy)
    assert [vfs.name, vfs.serial, vfs.not_before, vfs.expires] == [None] * 4
    assert vfs.hash_type == "sha256"


def test_any_kind_of_path_opens(
    signed_archive: SignedArchive, policy: signedvfs.TrustPolicy, tmp_path: Path
) -> None:
    archive = signed_archive(FILES, path=tmp_path / "\udcff\N{SNOWMAN}.zip")
    for path in (archive, str(archive), os.fsencode(archive)):
        vfs = signedvfs.open(path, policy)
        assert vfs.path == str(archive)
        assert vfs.read("a.py") == FILES["a.py"]


# E12: the buffer that Python gets cannot be written to.
def test_what_is_read_is_immutable(
    signed_archive: SignedArchive, policy: signedvfs.TrustPolicy
) -> None:
    vfs = signedvfs.open(signed_archive(FILES), policy)
    content = vfs.read("a.py")
    assert type(content) is bytes
    assert memoryview(content).readonly
    for attribute in (vfs, vfs.stat("a.py")):
        with pytest.raises(TypeError):
            memoryview(attribute)  # type: ignore[arg-type]  # on purpose


@pytest.mark.parametrize(
    "name",
    ["absent.py", "", "pkg", "./a.py", "A.PY", "/a.py", "a.py/", "a.py\0", "\udcff", MANIFEST],
)
def test_a_name_that_is_not_listed_is_missing(
    name: str, signed_archive: SignedArchive, policy: signedvfs.TrustPolicy
) -> None:
    # C11: a path spelled differently.
    archive = signed_archive(FILES)
    vfs = signedvfs.open(archive, policy)
    for look in (vfs.read, vfs.stat):
        with pytest.raises(signedvfs.IntegrityCheckMissing) as caught:
            look(name)
        assert caught.value.code == "NotFound"
        assert caught.value.path == str(archive)


@pytest.mark.parametrize("name", [None, 1, b"a.py", Path("a.py")])
def test_a_name_is_a_str(
    name: object, signed_archive: SignedArchive, policy: signedvfs.TrustPolicy
) -> None:
    with pytest.raises(TypeError, match="name must be str"):
        signedvfs.open(signed_archive(FILES), policy).read(name)  # type: ignore[arg-type]  # on purpose


def test_objects_cannot_be_made_or_changed_from_outside(
    signed_archive: SignedArchive, policy: signedvfs.TrustPolicy
) -> None:
    with pytest.raises(TypeError):
        signedvfs.SignedVfs()
    with pytest.raises(TypeError):
        signedvfs.Stat()
    vfs = signedvfs.open(signed_archive(FILES), policy)
    for name in ("path", "signers", "read", "extra"):
        with pytest.raises(AttributeError):
            setattr(vfs, name, None)


# E1, E8: the archive is opened once; replacing the file changes nothing for who has it open.
def test_replacing_the_file_leaves_an_open_archive_as_it_was(
    signed_archive: SignedArchive, policy: signedvfs.TrustPolicy, tmp_path: Path
) -> None:
    archive = signed_archive(FILES)
    vfs = signedvfs.open(archive, policy)
    write_archive(tmp_path / "evil.zip", {"a.py": b"EVIL = 1\n"})
    (tmp_path / "evil.zip").replace(archive)
    assert vfs.read("a.py") == FILES["a.py"]


# E2: verified when used, not only when opened.
def test_a_member_that_changes_after_opening_is_refused(
    signed_archive: SignedArchive, policy: signedvfs.TrustPolicy
) -> None:
    archive = signed_archive(FILES, method="stored")
    vfs = signedvfs.open(archive, policy)
    vfs.verify_all()
    content = archive.read_bytes()
    at = content.index(b"A = 1")
    with archive.open("r+b") as file:
        file.seek(at)
        file.write(b"A = 2")
    with pytest.raises(signedvfs.IntegrityCheckFailed) as caught:
        vfs.read("a.py")
    assert caught.value.member == "a.py"
    assert vfs.read("pkg/data.bin") == FILES["pkg/data.bin"]
    with pytest.raises(signedvfs.IntegrityCheckFailed):
        vfs.verify_all()


# C5: listed members exchanged.
def test_swapped_members_are_refused(
    signed_archive: SignedArchive, policy: signedvfs.TrustPolicy
) -> None:
    archive = signed_archive({"a.py": b"A = 1\n", "b.py": b"B = 1\n"})
    tamper(archive, {"a.py": b"B = 1\n", "b.py": b"A = 1\n"})
    vfs = signedvfs.open(archive, policy)
    with pytest.raises(signedvfs.IntegrityCheckFailed) as caught:
        vfs.read("a.py")
    assert caught.value.code == "DigestMismatch"


def test_verify_all_reports_every_member(
    signed_archive: SignedArchive, policy: signedvfs.TrustPolicy
) -> None:
    seen: list[tuple[int, int]] = []
    vfs = signedvfs.open(signed_archive(FILES), policy)
    vfs.verify_all(progress=lambda done, total: seen.append((done, total)))
    assert seen[-1] == (len(FILES), len(FILES))
    assert seen == sorted(set(seen))


def test_what_progress_raises_ends_verify_all(
    signed_archive: SignedArchive, policy: signedvfs.TrustPolicy
) -> None:
    calls: list[int] = []

    def stop(done: int, _total: int) -> None:
        calls.append(done)
        raise LookupError("enough")

    vfs = signedvfs.open(signed_archive(FILES), policy)
    with pytest.raises(LookupError, match="enough"):
        vfs.verify_all(stop)
    assert len(calls) == 1


def test_progress_has_to_be_callable(
    signed_archive: SignedArchive, policy: signedvfs.TrustPolicy
) -> None:
    with pytest.raises(TypeError, match="progress"):
        signedvfs.open(signed_archive(FILES), policy).verify_all(1)  # type: ignore[arg-type]  # on purpose


def test_limits_bound_what_is_opened(
    signed_archive: SignedArchive, policy: signedvfs.TrustPolicy
) -> None:
    # F4: more than the caller is willing to spend.
    with pytest.raises(signedvfs.IntegrityCheckFailed) as caught:
        signedvfs.open(signed_archive(FILES), policy, signedvfs.Limits(members=2))
    assert caught.value.code == "TooLarge"
    with pytest.raises(TypeError, match="limits"):
        signedvfs.open(signed_archive(FILES), policy, 2)  # type: ignore[arg-type]  # on purpose


@pytest.mark.usefixtures("clean_import_state")
def test_without_a_policy_the_one_in_force_decides(
    signed_archive: SignedArchive,
    key: signedvfs.PrivateKey,
    policy: signedvfs.TrustPolicy,
) -> None:
    archive = signed_archive(FILES)
    signedvfs.set_policy(signedvfs.TrustPolicy())
    with pytest.raises(signedvfs.IntegrityCheckMissing):
        signedvfs.open(archive)
    signedvfs.set_policy(policy)
    assert signedvfs.open(archive).read("a.py") == FILES["a.py"]
    signedvfs.set_policy(signedvfs.TrustPolicy())
    signedvfs.trust(key.public_key)
    assert signedvfs.get_policy().keys == (key.public_key,)
    assert signedvfs.open(archive, None).read("a.py") == FILES["a.py"]


def test_a_manifest_is_a_member_of_the_archive_only(signed_archive: SignedArchive) -> None:
    assert list(members_of(signed_archive(FILES)))[-1] == MANIFEST
