"""What opening a stranger's file may cost before anybody has vouched for it: memory, in a child."""

from __future__ import annotations

import bz2
import gzip
import lzma
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Callable

import pytest

import signedvfs
from tests.support.archives import MANIFEST, members_of

MEBIBYTE = 1 << 20
# Libraries that are loaded at the first archive of a kind, and a manifest of a few bytes.
LITTLE = 24

_OPEN = """
import resource, sys, signedvfs

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024

policy = signedvfs.TrustPolicy([signedvfs.PublicKey.load(sys.argv[2])])
before = peak()
try:
    signedvfs.open(sys.argv[1], policy)
    code = "opened"
except signedvfs.IntegrityCheckError as error:
    code = error.code
print(code, peak() - before)
"""


@pytest.fixture
def cost(tmp_path: Path, key: signedvfs.PrivateKey) -> Callable[[Path], tuple[str, int]]:
    """Open an archive in a child; return the refusal's code, and the mebibytes that it took."""
    public = tmp_path / "key.pub"
    public.write_text(key.public_key.pem)

    def measure(archive: Path) -> tuple[str, int]:
        done = subprocess.run(
            [sys.executable, "-I", "-c", _OPEN, archive, public],
            check=True,
            capture_output=True,
            text=True,
        )
        code, mebibytes = done.stdout.split()
        return code, int(mebibytes)

    return measure


@pytest.fixture
def manifest(tmp_path: Path, key: signedvfs.PrivateKey) -> bytes:
    """A genuine manifest, for an archive with one small member app.py."""
    archive = tmp_path / "genuine.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("app.py", "x = 1\n")
    signedvfs.sign(archive, key)
    return members_of(archive)[MANIFEST]


def _gzip(path: Path) -> IO[bytes]:
    return gzip.open(path, "wb", compresslevel=1)  # type: ignore[return-value]  # writes


def _bzip2(path: Path) -> IO[bytes]:
    return bz2.open(path, "wb")


def _xz(path: Path) -> IO[bytes]:
    return lzma.open(path, "wb", preset=0)


COMPRESSIONS = pytest.mark.parametrize("compress", [_gzip, _bzip2, _xz])


def _file(name: str, size: int) -> Iterable[bytes]:
    info = tarfile.TarInfo(name)
    info.size = size
    yield info.tobuf()
    for _ in range(size // MEBIBYTE):
        yield bytes(MEBIBYTE)
    yield bytes(size % MEBIBYTE + -size % 512)


def _member(name: str, content: bytes) -> bytes:
    info = tarfile.TarInfo(name)
    info.size = len(content)
    return info.tobuf() + content + bytes(-len(content) % 512)


@COMPRESSIONS
def test_an_unsigned_bomb_costs_nothing(
    compress: Callable[[Path], IO[bytes]], tmp_path: Path, cost: Callable[[Path], tuple[str, int]]
) -> None:
    archive = tmp_path / "app.zip"
    with compress(archive) as file:
        file.writelines(_file("evil.py", 100 * MEBIBYTE))
    code, mebibytes = cost(archive)
    assert code == "NoManifest"
    assert mebibytes < LITTLE


@COMPRESSIONS
def test_a_bomb_behind_a_stolen_manifest_costs_nothing(
    compress: Callable[[Path], IO[bytes]],
    tmp_path: Path,
    manifest: bytes,
    cost: Callable[[Path], tuple[str, int]],
) -> None:
    archive = tmp_path / "app.tar"
    with compress(archive) as file:
        file.write(_member(MANIFEST, manifest))
        file.writelines(_file("evil.py", 100 * MEBIBYTE))
    code, mebibytes = cost(archive)
    assert code == "UnlistedMember"
    assert mebibytes < LITTLE


@COMPRESSIONS
def test_a_manifest_that_is_a_bomb_costs_nothing(
    compress: Callable[[Path], IO[bytes]], tmp_path: Path, cost: Callable[[Path], tuple[str, int]]
) -> None:
    archive = tmp_path / "app.tar"
    with compress(archive) as file:
        file.writelines(_file(MANIFEST, 100 * MEBIBYTE))
    code, mebibytes = cost(archive)
    assert code == "TooLarge"
    assert mebibytes < LITTLE


@COMPRESSIONS
def test_many_streams_in_a_row_cost_nothing(
    compress: Callable[[Path], IO[bytes]], tmp_path: Path, cost: Callable[[Path], tuple[str, int]]
) -> None:
    one = tmp_path / "one"
    with compress(one) as file:
        file.writelines(_file("evil.py", 20 * MEBIBYTE))
    archive = tmp_path / "app.tar"
    archive.write_bytes(one.read_bytes() * 16)
    code, mebibytes = cost(archive)
    assert code == "NoManifest"
    assert mebibytes < LITTLE


def test_a_gzip_header_without_an_end_costs_nothing(
    tmp_path: Path, cost: Callable[[Path], tuple[str, int]]
) -> None:
    archive = tmp_path / "app.tar.gz"
    archive.write_bytes(b"\x1f\x8b\x08\x08" + bytes(6) + b"a" * (100 * MEBIBYTE))
    code, mebibytes = cost(archive)
    assert code == "ForeignFormat"
    assert mebibytes < LITTLE


def test_a_zip_whose_members_declare_a_lot_costs_nothing(
    tmp_path: Path, manifest: bytes, cost: Callable[[Path], tuple[str, int]]
) -> None:
    for last in (None, manifest):
        archive = tmp_path / "app.zip"
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as file:
            file.writestr("evil.py", bytes(100 * MEBIBYTE))
            if last is not None:
                file.writestr(MANIFEST, last)
        code, mebibytes = cost(archive)
        assert code == ("NoManifest" if last is None else "MissingMember")
        assert mebibytes < LITTLE


def test_a_hundred_thousand_names_cost_nothing(
    tmp_path: Path, manifest: bytes, cost: Callable[[Path], tuple[str, int]]
) -> None:
    for last in (None, manifest):
        archive = tmp_path / "app.zip"
        with zipfile.ZipFile(archive, "w") as file:
            for i in range(100_000):
                file.writestr(f"{i:0200}.py", b"")
            if last is not None:
                file.writestr(MANIFEST, last)
        code, mebibytes = cost(archive)
        assert code == ("NoManifest" if last is None else "UnlistedMember")
        assert mebibytes < LITTLE


def test_many_signatures_cost_no_more_than_their_text(
    tmp_path: Path, cost: Callable[[Path], tuple[str, int]]
) -> None:
    archive = tmp_path / "app.zip"
    signatures = b"".join(b"%064x QUJD\n" % i for i in range(200_000))
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr(MANIFEST, signatures + b"\nsha256\n")
    code, mebibytes = cost(archive)
    assert code == "TooLarge"
    assert mebibytes < len(signatures) // MEBIBYTE + LITTLE


def test_the_defaults_bound_the_manifest_and_all_that_is_decoded() -> None:
    limits = signedvfs.Limits()
    assert limits.manifest_bytes == 64 * MEBIBYTE
    assert limits.member_bytes == 256 * MEBIBYTE
    assert limits.total_bytes == 2048 * MEBIBYTE
