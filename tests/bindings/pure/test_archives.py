"""The verifier in Python alone: what it reads, what only it refuses, and what it needs for that."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
import time
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import signedvfs
from signedvfs import pure
from signedvfs.pure.inflate import inflate
from tests.bindings.pure.helpers import DIRECTORY
from tests.conftest import SignedArchive
from tests.support.archives import MANIFEST, tamper
from tests.support.frozen import FROZEN

_FILES = {"pkg/__init__.py": b"value = 1\n", "pkg/data.bin": bytes(range(256)) * 40, "empty": b""}


def _key(key: signedvfs.PrivateKey) -> pure.Key:
    return pure.Key(key.public_key.pem.encode())


def _contents(path: Path, *keys: signedvfs.PrivateKey, **policy: Any) -> dict[str, bytes]:
    archive = pure.Archive(str(path), [_key(key) for key in keys], **policy)
    return {name: archive.read(name) for name in archive.names}


def _tree(root: Path, key: signedvfs.PrivateKey, **signing: Any) -> Path:
    for name, content in _FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)
    signedvfs.sign(root, key, **signing)
    return root


@pytest.mark.parametrize("kind", ["sha256", "sha384", "sha512"])
@pytest.mark.parametrize("method", ["stored", "deflate"])
@pytest.mark.parametrize("index", [False, True])
def test_archives_are_read(
    kind: Any, method: Any, index: bool, signed_archive: SignedArchive, key: signedvfs.PrivateKey
) -> None:
    archive = signed_archive(_FILES, method=method, hash=kind, index=index)
    assert _contents(archive, key) == _FILES


@pytest.mark.parametrize("algorithm", ["ecdsa-p256", "ecdsa-p384", "rsa-pss"])
def test_every_kind_of_key_verifies(algorithm: Any, signed_archive: SignedArchive) -> None:
    key = signedvfs.PrivateKey.generate(algorithm)
    assert _contents(signed_archive(_FILES, keys=key), key) == _FILES


def test_an_index_of_many_pages_is_read(
    signed_archive: SignedArchive, key: signedvfs.PrivateKey
) -> None:
    files = {f"package/module{number:04}.py": b"x = %d\n" % number for number in range(400)}
    archive = pure.Archive(str(signed_archive(files)), [_key(key)])
    assert archive.names == sorted(files)
    assert archive.read("package/module0399.py") == b"x = 399\n"
    assert int(archive.attributes["@index"].split()[1]) < 8192  # there are pages below the root


def test_random_content_goes_through_every_kind_of_deflate_block(
    signed_archive: SignedArchive, key: signedvfs.PrivateKey
) -> None:
    files = {
        "random": os.urandom(70_000),
        "mixed": (b"a" * 300 + os.urandom(300)) * 60,
        "text": Path(zipfile.__file__).read_bytes()[:60_000],
        "short": b"short short short",
        "zeros": bytes(30_000),
    }
    assert _contents(signed_archive(files), key) == files


def test_an_archive_behind_an_executable_is_read(
    signed_archive: SignedArchive, key: signedvfs.PrivateKey, tmp_path: Path
) -> None:
    start, out = tmp_path / "start", tmp_path / "app"
    start.write_bytes(b"#!/bin/sh\n")
    signedvfs.append(signed_archive(_FILES), start, out, key)
    assert _contents(out, key) == _FILES
    out.write_bytes(out.read_bytes().replace(b"#!/bin/sh", b"#!/bin/ls"))
    with pytest.raises(pure.RefusedError, match="in front"):
        _contents(out, key)


def test_directories_are_read(tmp_path: Path, key: signedvfs.PrivateKey) -> None:
    root = _tree(tmp_path / "tree", key, name="tree")
    (root / "unlisted.py").write_text("nobody looks at it")
    assert _contents(root, key, name="tree") == _FILES


@pytest.mark.parametrize(
    ("signing", "policy", "accepted"),
    [
        ({"name": "app"}, {"name": "app"}, True),
        ({"name": "app"}, {"name": "other"}, False),
        ({}, {"name": "app"}, False),
        ({"name": "app", "serial": 7}, {"min_serial": 7}, True),
        ({"name": "app", "serial": 7}, {"min_serial": 8}, False),
        ({}, {"min_serial": 1}, False),
        ({"expires": 2_000_000_000}, {"now": 1_999_999_999}, True),
        ({"expires": 2_000_000_000}, {"now": 2_000_000_000}, False),
        ({"not_before": 1_600_000_000}, {"now": 1_600_000_000}, True),
        ({"not_before": 1_600_000_000}, {"now": 1_599_999_999}, False),
        ({}, {"threshold": 2}, False),
        ({}, {"threshold": 0}, False),
    ],
)
def test_policies_are_those_of_the_native_verifier(
    signing: Any,
    policy: Any,
    accepted: bool,
    signed_archive: SignedArchive,
    key: signedvfs.PrivateKey,
    other_key: signedvfs.PrivateKey,
) -> None:
    archive = signed_archive(_FILES, **signing)
    native: dict[str, Any] = {"threshold": policy.get("threshold", 1)}
    if "name" in policy:
        native["names"] = {policy["name"]}
    if "min_serial" in policy:
        native["min_serial"] = {"": policy["min_serial"]}
    if "now" in policy:
        native["now"] = lambda: policy["now"]
    keys = [key, other_key]
    if accepted:
        assert _contents(archive, *keys, **policy) == _FILES
        signedvfs.open(archive, signedvfs.TrustPolicy([one.public_key for one in keys], **native))
        return
    with pytest.raises(pure.RefusedError):
        _contents(archive, *keys, **policy)
    with pytest.raises((signedvfs.IntegrityCheckError, ValueError)):
        signedvfs.open(archive, signedvfs.TrustPolicy([one.public_key for one in keys], **native))


def test_two_keys_can_be_asked_for(
    signed_archive: SignedArchive, key: signedvfs.PrivateKey, other_key: signedvfs.PrivateKey
) -> None:
    archive = signed_archive(_FILES, keys=[key, other_key])
    assert _contents(archive, key, other_key, threshold=2) == _FILES
    with pytest.raises(pure.RefusedError, match="threshold"):
        _contents(archive, key, key, threshold=2)


def test_no_key_trusts_nothing(signed_archive: SignedArchive, other_key: Any) -> None:
    archive = signed_archive(_FILES)
    for keys in ([], [other_key]):
        with pytest.raises(pure.RefusedError):
            _contents(archive, *keys)


def test_what_was_not_signed_is_not_read(
    signed_archive: SignedArchive, key: signedvfs.PrivateKey
) -> None:
    archive = pure.Archive(str(signed_archive(_FILES)), [_key(key)])
    for name in ("absent", MANIFEST, "pkg", "pkg/", "", "../x", "/etc/passwd", "pkg//__init__.py"):
        with pytest.raises(pure.RefusedError, match="not signed"):
            archive.read(name)


@pytest.mark.parametrize(
    "change",
    [
        {"pkg/__init__.py": b"value = 2\n"},
        {"pkg/__init__.py": None},
        {"more.py": b""},
        {MANIFEST: None},
        {"pkg/__init__.py": None, "pkg/__INIT__.py": b"value = 1\n"},
    ],
)
def test_changed_archives_are_refused(
    change: Any, signed_archive: SignedArchive, key: signedvfs.PrivateKey
) -> None:
    archive = signed_archive(_FILES)
    tamper(archive, change)
    with pytest.raises(pure.RefusedError):
        _contents(archive, key)


def test_refused_here_only(signed_archive: SignedArchive, key: signedvfs.PrivateKey) -> None:
    policy = signedvfs.TrustPolicy([key.public_key])
    for archive in (
        signed_archive({"a.py": b"a" * 999}, method="zstd"),
        signed_archive({"\N{LATIN SMALL LETTER A WITH DIAERESIS}.py": b""}),
    ):
        signedvfs.open(archive, policy).verify_all()
        with pytest.raises(pure.RefusedError):
            _contents(archive, key)


def test_manifests_of_signedimp_are_refused() -> None:
    archives = Path(__file__).parents[2] / "vfs" / "legacy_archives"
    key = pure.load_key(str(archives / "key.pub"))
    for name in ("sha1.zip", "md5.zip"):
        with pytest.raises(pure.RefusedError):
            pure.Archive(str(archives / name), [key])


# K2, K3: what is reached through a link, or is no plain file, is not read, and not waited for.
@pytest.mark.parametrize("name", ["pkg/__init__.py", MANIFEST])
@pytest.mark.parametrize("put", ["link", "pipe", "directory", "nothing", "other content"])
def test_what_stands_in_a_members_place_is_refused(
    name: str, put: str, tmp_path: Path, key: signedvfs.PrivateKey
) -> None:
    root = _tree(tmp_path / "tree", key)
    place = root / name
    place.rename(tmp_path / "moved")
    put_there: dict[str, Callable[[], Any]] = {
        "link": lambda: place.symlink_to(tmp_path / "moved"),
        "pipe": lambda: os.mkfifo(place),
        "directory": place.mkdir,
        "nothing": lambda: None,
        "other content": lambda: place.write_bytes(b"value = 2\n"),
    }
    put_there[put]()
    with pytest.raises(pure.RefusedError):
        _contents(root, key)


def test_a_directory_on_the_way_is_no_link(tmp_path: Path, key: signedvfs.PrivateKey) -> None:
    root = _tree(tmp_path / "tree", key)
    (root / "pkg").rename(tmp_path / "pkg")
    (root / "pkg").symlink_to(tmp_path / "pkg")
    with pytest.raises(pure.RefusedError):
        _contents(root, key)


def test_a_directory_stays_the_one_that_was_opened(
    tmp_path: Path, key: signedvfs.PrivateKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    _tree(tmp_path / "tree", key)
    monkeypatch.chdir(tmp_path)
    archive = pure.Archive("tree", [_key(key)])
    (tmp_path / "tree").rename(tmp_path / "elsewhere")
    monkeypatch.chdir("/")
    assert archive.read("pkg/__init__.py") == b"value = 1\n"


def test_files_are_closed(
    signed_archive: SignedArchive, tmp_path: Path, key: signedvfs.PrivateKey
) -> None:
    def descriptors() -> int:
        return len(os.listdir("/proc/self/fd"))  # noqa: PTH208  # as little as can be

    root, archive = _tree(tmp_path / "tree", key), signed_archive(_FILES)
    before = descriptors()
    for _ in range(3):
        _contents(root, key)
        _contents(archive, key)
        for path in (tmp_path / "absent", tmp_path, "/dev/null"):
            with pytest.raises(pure.RefusedError):
                pure.Archive(str(path), [_key(key)])
    assert descriptors() == before


def _run(directory: Path, *arguments: object) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-I", "-S", directory, *arguments]
    return subprocess.run([str(word) for word in command], capture_output=True, check=False)


def test_the_command_runs_from_a_copy(
    signed_archive: SignedArchive, tmp_path: Path, key: signedvfs.PrivateKey
) -> None:
    copy, public = tmp_path / "copy", tmp_path / "app.pub"
    shutil.copytree(DIRECTORY, copy)
    public.write_text(key.public_key.pem)
    archive = signed_archive(_FILES)
    found = _run(copy, public, archive)
    assert (found.returncode, found.stdout, found.stderr) == (0, b"verified: 3 members\n", b"")
    found = _run(copy, public, archive, "pkg/data.bin")
    assert (found.returncode, found.stdout) == (0, _FILES["pkg/data.bin"])
    assert _run(copy, public).returncode == 2
    tamper(archive, {"pkg/data.bin": b"\x1b[31m"})
    found = _run(copy, public, archive, "empty\x1b")
    assert (found.returncode, found.stdout) == (1, b"")
    assert b"\x1b" not in found.stderr
    assert found.stderr.startswith(b"error: ")


_NOTHING_BUT_BUILT_IN = """
import sys
from importlib.machinery import BuiltinImporter, FrozenImporter

directory, public, archive = sys.argv[1:]
class Own:  # finds the copy, and nothing else
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name.partition(".")[0] == "copy":
            return PathFinder.find_spec(name, path or [directory])
PathFinder = sys.meta_path[-1]
sys.meta_path[:] = [BuiltinImporter, FrozenImporter, Own]
before = set(sys.modules)
import copy
opened = copy.Archive(archive, [copy.load_key(public)])
contents = [opened.read(name) for name in opened.names]
more = {name for name in set(sys.modules) - before if name.partition(".")[0] != "copy"}
assert more <= {"posix", "time", "_sha2", "_sha256", "_sha512"}, more
print(len(contents), "members")
"""


def test_nothing_but_built_in_modules_is_imported(
    signed_archive: SignedArchive, tmp_path: Path, key: signedvfs.PrivateKey
) -> None:
    shutil.copytree(DIRECTORY, tmp_path / "copy")
    (tmp_path / "app.pub").write_text(key.public_key.pem)
    words = ["-I", "-S", *FROZEN, "-c", _NOTHING_BUT_BUILT_IN, tmp_path, tmp_path / "app.pub"]
    command = [sys.executable, *map(str, words), str(signed_archive(_FILES))]
    assert subprocess.run(command, capture_output=True, check=True).stdout == b"3 members\n"


def test_the_sources_import_nothing_else() -> None:
    for path in DIRECTORY.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                assert {one.name for one in node.names} <= {"posix", "sys", "time"}, path
            if isinstance(node, ast.ImportFrom):
                assert node.level == 1, path


def test_an_archive_is_read_once(signed_archive: SignedArchive, key: signedvfs.PrivateKey) -> None:
    # E1, E8: the file is gone, and another one in its place, before a member is asked for.
    path = signed_archive(_FILES)
    archive = pure.Archive(str(path), [_key(key)])
    path.write_bytes(b"")
    assert archive.read("pkg/__init__.py") == b"value = 1\n"


def test_the_clock_is_that_of_the_system(
    signed_archive: SignedArchive, key: signedvfs.PrivateKey
) -> None:
    archive = signed_archive(_FILES, not_before=0, expires=time.time() + 3600)
    assert _contents(archive, key) == _FILES


def test_a_stream_of_many_empty_blocks_takes_as_long_as_it_is() -> None:
    # Anybody can write one, and it is decoded before a signature is looked at. Where each block
    # copied what came before, this would take minutes.
    content = bytes(8 << 20)
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    stream = packer.compress(content) + packer.flush(zlib.Z_FULL_FLUSH)
    empty, last = b"\0\0\0\xff\xff", b"\1\0\0\xff\xff"
    assert inflate(stream + empty * 50_000 + last, len(content)) == content
    with pytest.raises(pure.RefusedError):
        inflate(stream + empty * 50_000, len(content))
