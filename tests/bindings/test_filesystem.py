"""signedvfs://: fsspec's own tests for what reads, and what writing and tampering are answered."""

from __future__ import annotations

import errno
import json
import pickle
import posixpath
from collections.abc import Callable
from pathlib import Path
from typing import Any

import fsspec
import pytest
from fsspec.implementations.local import LocalFileSystem
from fsspec.tests import abstract

import signedvfs
from signedvfs.filesystem import SignedFileSystem

SignedArchive = Callable[..., Path]
SCENARIOS = {
    "bulk": "_bulk_operations_scenario_0",
    "glob": "_glob_edge_cases_files",
    "prefix": "_dir_and_file_with_same_name_prefix",
    "hashed": "_10_files_with_hashed_names",
}


class TestGet(abstract.AbstractFixtures, abstract.AbstractGetTests):  # type: ignore[misc]  # untyped
    """fsspec's tests of what reads: it has no others that a file system without writing could pass.

    Its scenarios are made by its own code, on disk, and signed.
    """

    @pytest.fixture(params=["archive", "with an index", "directory"])
    def fs(
        self,
        request: pytest.FixtureRequest,
        tmp_path: Path,
        key: signedvfs.PrivateKey,
        policy: signedvfs.TrustPolicy,
        signed_archive: SignedArchive,
    ) -> SignedFileSystem:
        root = tmp_path / "scenarios"
        (root / "made" / "src").mkdir(parents=True)
        (root / "made" / "src" / "file").touch()
        for name, make in SCENARIOS.items():
            getattr(self, make)(LocalFileSystem(auto_mkdir=True), posixpath.join, str(root / name))
        if request.param == "directory":
            signedvfs.sign(root, key)
            return SignedFileSystem(root, policy)
        files = {
            str(path.relative_to(root)): path.read_bytes()
            for path in sorted(root.rglob("*"))
            if path.is_file()
        }
        made = signed_archive(files, index=request.param == "with an index")
        return SignedFileSystem(made, policy)

    def test_get_directory_recursive(
        self,
        fs: SignedFileSystem,
        fs_join: Callable[..., str],
        fs_path: str,
        local_fs: LocalFileSystem,
        local_join: Callable[..., str],
        local_target: str,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        # The one test that makes its own files does so by these two; they are there already.
        for name in ("mkdir", "touch"):
            monkeypatch.setattr(fs, name, lambda _: None)
        super().test_get_directory_recursive(
            fs, fs_join, fs_path, local_fs, local_join, local_target
        )

    @pytest.fixture
    def fs_path(self) -> str:
        return "made"

    @pytest.fixture
    def fs_join(self) -> Callable[..., str]:
        return posixpath.join

    @pytest.fixture
    def supports_empty_directories(self) -> bool:
        return False

    @pytest.fixture
    def fs_bulk_operations_scenario_0(self) -> str:
        return "bulk/source"

    @pytest.fixture
    def fs_glob_edge_cases_files(self) -> str:
        return "glob/source"

    @pytest.fixture
    def fs_dir_and_file_with_same_name_prefix(self) -> str:
        return "prefix/source"

    @pytest.fixture
    def fs_10_files_with_hashed_names(self) -> str:
        return "hashed/source"


FILES = {
    "data/a.json": b'{"a": 1}',
    "data/deep/b.csv": b"x,y\n1,2\n",
    "data/deep/c.bin": bytes(range(256)),
    "top.txt": b"top\nsecond\n",
}


@pytest.fixture
def archive(signed_archive: SignedArchive) -> Path:
    return signed_archive(FILES)


@pytest.fixture
def fs(archive: Path, policy: signedvfs.TrustPolicy) -> Any:
    return fsspec.filesystem("signedvfs", fo=archive, policy=policy)


def test_the_entry_point_makes_it_known(fs: Any) -> None:
    assert isinstance(fs, SignedFileSystem)
    assert fsspec.get_filesystem_class("signedvfs") is SignedFileSystem


def test_files_are_found(fs: Any) -> None:
    assert fs.ls("", detail=False) == ["data", "top.txt"]
    assert fs.ls("/data/", detail=False) == ["data/a.json", "data/deep"]
    assert fs.ls("top.txt", detail=False) == ["top.txt"]
    assert fs.find("") == sorted(FILES)
    assert fs.find("", maxdepth=2) == ["data/a.json", "top.txt"]
    assert fs.glob("data/**/*.csv") == ["data/deep/b.csv"]
    assert [root for root, _, _ in fs.walk("")] == ["", "data", "data/deep"]
    assert fs.du("data") == sum(len(FILES[name]) for name in FILES if name.startswith("data"))
    assert fs.info("data")["type"] == "directory"
    assert fs.isdir("") and fs.isdir("data/deep") and not fs.isdir("data/a.json")
    assert fs.isfile("signedvfs://top.txt") and not fs.isfile("data")
    assert fs.exists("data") and fs.exists("top.txt") and not fs.exists("top")
    assert fs.ukey("top.txt") == fs.vfs.stat("top.txt").digest
    assert fs.info("top.txt") == {
        "name": "top.txt", "size": 11, "type": "file", "digest": fs.vfs.stat("top.txt").digest,
    }  # fmt: skip


def test_files_are_read(fs: Any) -> None:
    assert fs.cat(list(FILES)) == FILES
    assert fs.cat("top.txt") == FILES["top.txt"]
    assert fs.cat_file("data/deep/c.bin", 3, -2) == bytes(range(3, 254))
    assert fs.head("data/deep/c.bin", 4) == bytes(range(4))
    with fs.open("data/deep/c.bin") as file:
        file.seek(-1, 2)
        assert file.read() == b"\xff"
    with fs.open("top.txt", "r", encoding="ascii") as file:
        assert list(file) == ["top\n", "second\n"]
    assert fs.get_mapper("data")["deep/b.csv"] == FILES["data/deep/b.csv"]


@pytest.mark.parametrize(
    ("path", "error"),
    [("absent", FileNotFoundError), ("data/../top.txt", FileNotFoundError),
     ("signedimp-manifest.txt", FileNotFoundError), ("data", IsADirectoryError)],
)  # fmt: skip
def test_what_is_no_file_is_not_read(fs: Any, path: str, error: type[OSError]) -> None:
    for read in (fs.cat_file, fs.open):
        with pytest.raises(error) as caught:
            read(path)
        assert caught.value.filename == path
    if error is FileNotFoundError:
        for look in (fs.info, fs.ls):
            with pytest.raises(error):
                look(path)


def test_urls_are_chained(archive: Path, policy: signedvfs.TrustPolicy) -> None:
    url = f"signedvfs://data/a.json::{archive}"
    with fsspec.open(url, policy=policy) as file:
        assert json.load(file) == {"a": 1}
    with fsspec.open(f"signedvfs://data/a.json::file://{archive}", policy=policy) as file:
        assert json.load(file) == {"a": 1}
    found = fsspec.open_files(f"signedvfs://data/*/*.csv::{archive}", policy=policy)
    assert [one.path for one in found] == ["data/deep/b.csv"]
    # Nobody is trusted unasked.
    with pytest.raises(signedvfs.IntegrityCheckMissing):
        fsspec.open(url)


@pytest.mark.usefixtures("clean_import_state")
def test_the_policy_is_asked_each_time(
    archive: Path, key: signedvfs.PrivateKey, other_key: signedvfs.PrivateKey
) -> None:
    signedvfs.set_policy(signedvfs.TrustPolicy([key.public_key]))
    assert fsspec.filesystem("signedvfs", fo=archive).exists("top.txt")
    signedvfs.set_policy(signedvfs.TrustPolicy([other_key.public_key]))
    with pytest.raises(signedvfs.IntegrityCheckMissing):
        fsspec.filesystem("signedvfs", fo=archive)


@pytest.mark.parametrize("fo", ["ftp://example.org/app.zip", "memory://app.zip"])
def test_only_local_files_are_opened(fo: str, policy: signedvfs.TrustPolicy) -> None:
    with pytest.raises(ValueError, match="is no local file"):
        fsspec.filesystem("signedvfs", fo=fo, policy=policy)
    with pytest.raises(ValueError, match="is no local file"):
        fsspec.open(f"signedvfs://a::{fo}", policy=policy)


WRITING: dict[str, Callable[[Any, str], object]] = {
    "open": lambda fs, _: fs.open("new", "wb"),
    "append": lambda fs, _: fs.open("top.txt", "ab"),
    "update": lambda fs, _: fs.open("top.txt", "r+b"),
    "exclusive": lambda fs, _: fs.open("new", "xb"),
    "text": lambda fs, _: fs.open("new", "w"),
    "pipe": lambda fs, _: fs.pipe("new", b"x"),
    "write_text": lambda fs, _: fs.write_text("new", "x"),
    "touch": lambda fs, _: fs.touch("top.txt", truncate=False),
    "mkdir": lambda fs, _: fs.mkdir("new"),
    "mkdirs": lambda fs, _: fs.mkdirs("new"),
    "rm": lambda fs, _: fs.rm("data", recursive=True),
    "rm_file": lambda fs, _: fs.rm_file("top.txt"),
    "rmdir": lambda fs, _: fs.rmdir("data"),
    "copy": lambda fs, _: fs.copy("top.txt", "new"),
    "mv": lambda fs, _: fs.mv("top.txt", "new"),
    "put": lambda fs, local: fs.put(local, "new"),
    "put directory": lambda fs, local: fs.put(posixpath.dirname(local), "new", recursive=True),
    "mapper": lambda fs, _: fs.get_mapper("data").__setitem__("new", b"x"),
}


@pytest.mark.parametrize("write", WRITING.values(), ids=WRITING.keys())
def test_nothing_is_written(
    fs: Any, archive: Path, tmp_path: Path, write: Callable[[Any, str], object]
) -> None:
    local = tmp_path / "local" / "file"
    local.parent.mkdir()
    local.write_bytes(b"x")
    before = archive.read_bytes()
    with pytest.raises(OSError) as caught:
        write(fs, str(local))
    assert caught.value.errno == errno.EROFS
    assert archive.read_bytes() == before
    assert not fs.exists("new")


@pytest.mark.parametrize("index", [False, True])
def test_tampering_is_never_an_absent_file(
    signed_archive: SignedArchive, policy: signedvfs.TrustPolicy, tmp_path: Path, index: bool
) -> None:
    archive = signed_archive(FILES, method="stored", index=index)
    fs = fsspec.filesystem("signedvfs", fo=archive, policy=policy)
    content = bytearray(archive.read_bytes())
    content[content.index(FILES["data/a.json"])] ^= 1
    archive.write_bytes(content)
    reads: list[Callable[[], object]] = [
        lambda: fs.cat_file("data/a.json"),
        lambda: fs.cat_file("data/a.json", 6, 7),
        lambda: fs.open("data/a.json"),
        lambda: fs.get("data/a.json", str(tmp_path / "out")),
        lambda: fs.get_mapper("data").get("a.json"),
        lambda: "a.json" in fs.get_mapper("data") and fs.read_text("data/a.json"),
    ]
    for read in reads:
        with pytest.raises(signedvfs.IntegrityCheckError):
            read()
    assert not (tmp_path / "out").exists() or (tmp_path / "out").read_bytes() == b""
    assert fs.cat_file("top.txt") == FILES["top.txt"]


def test_a_copy_in_another_process_goes_by_its_own_policy(
    fs: Any, archive: Path, key: signedvfs.PrivateKey
) -> None:
    assert pickle.loads(pickle.dumps(fs)).cat_file("top.txt") == FILES["top.txt"]
    signedvfs_default = signedvfs.get_policy()
    try:
        signedvfs.set_policy(signedvfs.TrustPolicy([key.public_key]))
        unbound = pickle.dumps(fsspec.filesystem("signedvfs", fo=archive))
    finally:
        signedvfs.set_policy(signedvfs_default)
    with pytest.raises(signedvfs.IntegrityCheckMissing):
        pickle.loads(unbound)
