"""Archives with a signed index, through the Python face."""

from __future__ import annotations

import hashlib
import importlib
import sys
import zipfile
import zipimport
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest

import signedvfs
from tests.support.archives import INDEX, MANIFEST, members_of, tamper

if TYPE_CHECKING:
    from tests.conftest import SignedArchive

FILES = {
    **{f"pkg/m{number:03}.py": f"v = {number}\n".encode() * 20 for number in range(300)},
    "pkg/__init__.py": b"",
    "data.bin": bytes(range(256)) * 64,
}


@pytest.fixture
def archive(signed_archive: SignedArchive) -> Path:
    """An archive with an index of several pages."""
    return signed_archive(FILES, index=True)


def test_an_index_is_a_choice(
    signed_archive: SignedArchive, policy: signedvfs.TrustPolicy, tmp_path: Path
) -> None:
    def has_index(files: dict[str, bytes], **choice: bool) -> bool:
        return signedvfs.open(signed_archive(files, **choice), policy).has_index

    few = {"a.py": b""}
    assert [has_index(few), has_index(FILES)] == [False, True]
    assert [has_index(few, index=True), has_index(FILES, index=False)] == [True, False]
    with pytest.raises(TypeError, match="index must be True, False or None"):
        signed_archive(few, index=cast(Any, 1))
    (tmp_path / "tree").mkdir()
    with pytest.raises(ValueError, match="only archives have an index"):
        signedvfs.sign(tmp_path / "tree", signedvfs.PrivateKey.generate(), index=True)


def test_everything_is_as_without_it(archive: Path, policy: signedvfs.TrustPolicy) -> None:
    vfs = signedvfs.open(archive, policy)
    assert vfs.list() == sorted(FILES)
    assert {name: vfs.read(name) for name in vfs.list()} == FILES
    assert vfs.listdir() == ["data.bin", "pkg"]
    assert len(vfs.listdir("pkg")) == 301
    assert vfs.is_dir("pkg")
    assert vfs.is_file("data.bin")
    assert not vfs.is_file(INDEX)
    assert not vfs.is_file(MANIFEST)
    stat = vfs.stat("data.bin")
    assert stat.size == len(FILES["data.bin"])
    assert stat.digest == hashlib.sha256(FILES["data.bin"]).hexdigest()
    assert vfs.unlisted() == []
    for own in (INDEX, MANIFEST, "pkg", "none"):
        with pytest.raises(signedvfs.IntegrityCheckMissing):
            vfs.read(own)
        with pytest.raises(signedvfs.IntegrityCheckMissing):
            vfs.stat(own)
    seen: list[tuple[int, int]] = []
    vfs.verify_all(lambda done, total: seen.append((done, total)))
    assert seen[-1] == (len(FILES), len(FILES))


@pytest.mark.usefixtures("clean_import_state")
def test_other_readers_of_zip_archives_read_it(archive: Path) -> None:
    assert list(members_of(archive))[-2:] == [MANIFEST, INDEX]
    with zipfile.ZipFile(archive) as opened:
        assert opened.testzip() is None
    sys.path.insert(0, str(archive))
    sys.path_hooks.insert(0, zipimport.zipimporter)
    assert importlib.import_module("pkg.m007").v == 7


def test_unsigning_takes_it_away(archive: Path) -> None:
    signedvfs.unsign(archive)
    assert members_of(archive) == FILES


@pytest.mark.parametrize("index", [None, b"nonsense"])
def test_an_archive_without_its_index_is_refused(
    archive: Path, policy: signedvfs.TrustPolicy, index: bytes | None
) -> None:
    tamper(archive, {INDEX: index})
    with pytest.raises(signedvfs.IntegrityCheckFailed) as caught:
        signedvfs.open(archive, policy)
    assert caught.value.code == "BadIndex"
    assert "Do not run this copy" in str(caught.value)


@pytest.mark.parametrize(
    "changes",
    [
        {MANIFEST: None},
        {"pkg/m007.py": None},
        {"data.bin": None},
        {"pkg/m007.py": b"v = 666\n"},
    ],
)
def test_archives_put_together_anew_are_refused(
    archive: Path, policy: signedvfs.TrustPolicy, changes: dict[str, bytes | None]
) -> None:
    tamper(archive, changes)

    def open_and_read() -> None:
        signedvfs.open(archive, policy).read("pkg/m007.py")

    def open_and_verify() -> None:
        signedvfs.open(archive, policy).verify_all()

    for what in (open_and_read, open_and_verify):
        with pytest.raises(signedvfs.IntegrityCheckError):
            what()


def test_an_unlisted_member_is_never_seen_and_verifying_refuses_it(
    archive: Path, policy: signedvfs.TrustPolicy
) -> None:
    # C3: behind all members, so that these are where they were signed to be
    tamper(archive, {"evil.py": b""})
    vfs = signedvfs.open(archive, policy)
    assert not vfs.is_file("evil.py")
    assert "evil.py" not in vfs.list()
    assert vfs.read("pkg/m007.py") == FILES["pkg/m007.py"]
    with pytest.raises(signedvfs.IntegrityCheckError) as caught:
        vfs.verify_all()
    assert (caught.value.code, caught.value.member) == ("UnlistedMember", "evil.py")


def test_a_changed_page_is_refused_whatever_is_asked(
    archive: Path, policy: signedvfs.TrustPolicy
) -> None:
    vfs = signedvfs.open(archive, policy)
    content = archive.read_bytes()
    first_leaf = content.index(b"data.bin", content.index(INDEX.encode()))
    with archive.open("r+b") as file:
        file.seek(first_leaf)
        file.write(b"DATA.BIN")
    for question in (vfs.is_file, vfs.is_dir, vfs.read, vfs.stat):
        with pytest.raises(signedvfs.IntegrityCheckFailed) as caught:
            question("data.bin")
        assert caught.value.code == "IndexMismatch"
        assert caught.value.path == str(archive)
    for list_all in (vfs.list, vfs.listdir):
        with pytest.raises(signedvfs.IntegrityCheckFailed):
            list_all()
    assert vfs.read("pkg/m290.py") == FILES["pkg/m290.py"]


@pytest.mark.usefixtures("clean_import_state")
def test_the_hook_imports_by_it(archive: Path, key: signedvfs.PrivateKey) -> None:
    signedvfs.set_policy(signedvfs.TrustPolicy(key.public_key))
    sys.path_hooks.insert(0, signedvfs.hook)
    sys.path.insert(0, str(archive))
    assert importlib.import_module("pkg.m123").v == 123
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("pkg.m999")
