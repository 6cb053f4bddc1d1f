"""ArchiveWriter: canonical archives that appear whole or not at all."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import zipfile
from pathlib import Path
from typing import Any, Literal

import pytest

import signedvfs
from signedvfs._tools import ArchiveWriter
from tests.support.archives import members_of

TEXT = b"the same again and again. " * 400


def test_what_is_added_can_be_read_by_zipfile(tmp_path: Path) -> None:
    archive = tmp_path / "a.zip"
    with ArchiveWriter(archive) as writer:
        writer.add("stored.txt", TEXT, "stored")
        writer.add("deflated.txt", TEXT, method="deflate", level=9)
        writer.add("empty", b"")
        writer.add("\N{SNOWMAN}/random", bytes(range(256)))
    with zipfile.ZipFile(archive) as opened:
        assert opened.testzip() is None
        methods = {info.filename: info.compress_type for info in opened.infolist()}
    assert methods["stored.txt"] == zipfile.ZIP_STORED
    assert methods["deflated.txt"] == zipfile.ZIP_DEFLATED
    # What would not get smaller is stored.
    assert methods["\N{SNOWMAN}/random"] == zipfile.ZIP_STORED
    assert members_of(archive)["deflated.txt"] == TEXT
    assert [path.name for path in tmp_path.iterdir()] == ["a.zip"]


def test_zstd_members_are_read_back(
    tmp_path: Path, key: signedvfs.PrivateKey, policy: signedvfs.TrustPolicy
) -> None:
    archive = tmp_path / "a.zip"
    with ArchiveWriter(archive) as writer:
        writer.add("a.txt", TEXT, "zstd", level=19)
    assert zipfile.ZipFile(archive).infolist()[0].compress_type == 93
    signedvfs.sign(archive, key)
    assert signedvfs.open(archive, policy).read("a.txt") == TEXT


def test_the_same_members_give_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one.zip", "two.zip"):
        with ArchiveWriter(tmp_path / name) as writer:
            writer.add("a.txt", TEXT)
            writer.add("b.txt", TEXT, "zstd")
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()


@pytest.mark.parametrize("data", [bytearray(TEXT), memoryview(TEXT), memoryview(TEXT)[::2]])
def test_any_buffer_is_data(data: Any, tmp_path: Path) -> None:
    with ArchiveWriter(tmp_path / "a.zip") as writer:
        writer.add("a", data)
    assert members_of(tmp_path / "a.zip")["a"] == bytes(data)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (("a", "text"), TypeError),
        (("a", 3), TypeError),
        ((b"a", b""), TypeError),
        (("a", b"", "lzma"), ValueError),
        (("a", b"", None), TypeError),
        (("a", TEXT, "deflate", 99), ValueError),
        (("a", TEXT, "zstd", -99), ValueError),
        # B1, B2, B3, B4: names that no signed archive may have.
        (("../a", b""), ValueError),
        (("/a", b""), ValueError),
        (("a\\b", b""), ValueError),
        (("a\0b", b""), ValueError),
        (("a\nb", b""), ValueError),
        (("\udcff", b""), ValueError),
        (("", b""), ValueError),
    ],
)
def test_what_cannot_be_added_is_refused(
    arguments: tuple[Any, ...], error: type[Exception], tmp_path: Path
) -> None:
    writer = ArchiveWriter(tmp_path / "a.zip")
    with pytest.raises(error):
        writer.add(*arguments)
    del writer
    assert list(tmp_path.iterdir()) == []


# A1: one name, two members.
def test_a_name_is_added_once(tmp_path: Path) -> None:
    writer = ArchiveWriter(tmp_path / "a.zip")
    writer.add("a.py", b"")
    writer.add("a.py", b"evil")
    # A tool's argument is no tampering.
    with pytest.raises(ValueError, match=r"a\.py") as caught:
        writer.finish()
    assert not isinstance(caught.value, signedvfs.IntegrityCheckError)
    assert getattr(caught.value, "code", None) == "DuplicateName"
    assert getattr(caught.value, "path", None) == str(tmp_path / "a.zip")
    assert list(tmp_path.iterdir()) == []


def test_nothing_appears_before_finish(tmp_path: Path) -> None:
    archive = tmp_path / "a.zip"
    archive.write_bytes(b"precious")
    writer = ArchiveWriter(archive)
    writer.add("a", TEXT)
    assert archive.read_bytes() == b"precious"
    writer.finish()
    assert members_of(archive) == {"a": TEXT}
    assert [path.name for path in tmp_path.iterdir()] == ["a.zip"]


def test_an_exception_in_the_block_leaves_nothing_behind(tmp_path: Path) -> None:
    archive = tmp_path / "a.zip"
    archive.write_bytes(b"precious")
    with pytest.raises(LookupError), ArchiveWriter(archive) as writer:
        writer.add("a", TEXT)
        raise LookupError
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"precious"]
    with pytest.raises(ValueError, match="finished or abandoned"):
        writer.finish()


def test_a_finished_archive_takes_no_more(tmp_path: Path) -> None:
    with ArchiveWriter(tmp_path / "a.zip") as writer:
        writer.add("a", b"")
        writer.finish()
    with pytest.raises(ValueError, match="finished or abandoned"):
        writer.add("b", b"")
    with pytest.raises(ValueError, match="finished or abandoned"):
        writer.finish()
    assert members_of(tmp_path / "a.zip") == {"a": b""}


def test_a_place_that_cannot_be_written_is_an_os_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="absent"):
        ArchiveWriter(tmp_path / "absent" / "a.zip")
    (tmp_path / "taken").mkdir()
    with pytest.raises(OSError, match="taken"), ArchiveWriter(tmp_path / "taken") as writer:
        writer.add("a", b"")
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_child_process_leaves_its_parents_archive_alone(tmp_path: Path) -> None:
    archive = tmp_path / "a.zip"
    with ArchiveWriter(archive) as writer:
        for number in range(100):
            writer.add(f"{number}.bin", os.urandom(50_000))
        child = os.fork()
        if child == 0:
            try:
                with pytest.raises(ValueError, match="another process"):
                    writer.add("evil", b"")
                with pytest.raises(ValueError, match="another process"):
                    writer.finish()
                writer.__exit__(LookupError, LookupError(), None)
                del writer
            except BaseException:
                os._exit(1)
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
        assert not archive.exists()
    assert len(members_of(archive)) == 100


def test_a_failure_of_an_earlier_member_is_not_forgotten(tmp_path: Path) -> None:
    script = """
import os, resource, signal, sys
from signedvfs._tools import ArchiveWriter

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (3_000_000, 3_000_000))
writer = ArchiveWriter(sys.argv[1])
raised = 0
for _ in range(20):
    try:
        writer.add(f"{_}.bin", os.urandom(1_000_000))
    except OSError:
        raised += 1
try:
    writer.finish()
except OSError:
    print("refused")
"""
    command = [sys.executable, "-c", script, str(tmp_path / "a.zip")]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    assert result.stdout == "refused\n"
    assert list(tmp_path.iterdir()) == []


def test_threads_may_share_a_writer(tmp_path: Path) -> None:
    archive = tmp_path / "a.zip"
    contents = {f"{number}.bin": bytes([number]) * 50_000 for number in range(32)}
    with ArchiveWriter(archive) as writer:
        threads = [threading.Thread(target=writer.add, args=item) for item in contents.items()]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert members_of(archive) == contents


@pytest.mark.parametrize("method", ["deflate", "zstd"])
@pytest.mark.parametrize("ratio", [0, 2, 500, 1100])
def test_what_it_writes_is_read_under_the_same_limits(
    method: Literal["deflate", "zstd"], ratio: int, tmp_path: Path, key: signedvfs.PrivateKey
) -> None:
    archive = tmp_path / "a.zip"
    limits = signedvfs.Limits(ratio=ratio)
    zeros = bytes(4 << 20)  # zstd makes 145 bytes of it
    with ArchiveWriter(archive, limits=limits) as writer:
        writer.add("zeros.bin", zeros, method=method)
    assert ratio == 0 or archive.stat().st_size * ratio > len(zeros)
    signedvfs.sign(archive, key, limits=limits)
    opened = signedvfs.open(archive, signedvfs.TrustPolicy([key.public_key]))
    assert opened.read("zeros.bin") == zeros


@pytest.mark.parametrize(
    ("field", "name", "content"),
    [
        ("name_bytes", "a" * 11, b""),
        ("member_bytes", "a", bytes(11)),
        ("total_bytes", "a", bytes(11)),
    ],
)
def test_it_keeps_to_its_limits(field: str, name: str, content: bytes, tmp_path: Path) -> None:
    writer = ArchiveWriter(tmp_path / "a.zip", limits=signedvfs.Limits(**{field: 10}))
    with pytest.raises(ValueError, match=field) as caught:
        writer.add(name, content)
    assert getattr(caught.value, "limit", None) == field
    assert getattr(caught.value, "member", None) == name


def test_it_counts_members(tmp_path: Path) -> None:
    writer = ArchiveWriter(tmp_path / "a.zip", limits=signedvfs.Limits(members=1))
    writer.add("a", b"")
    with pytest.raises(ValueError, match="the limit members is 1"):
        writer.add("b", b"")
        writer.finish()


def test_a_longer_name_can_be_allowed(tmp_path: Path, key: signedvfs.PrivateKey) -> None:
    archive = tmp_path / "a.zip"
    name = "n" * 3000
    limits = signedvfs.Limits(name_bytes=3000)
    with ArchiveWriter(archive, limits=limits) as writer:
        writer.add(name, b"content")
    signedvfs.sign(archive, key, limits=limits)
    policy = signedvfs.TrustPolicy([key.public_key])
    assert signedvfs.open(archive, policy, limits=limits).read(name) == b"content"
    with pytest.raises(signedvfs.IntegrityCheckError) as caught:
        signedvfs.open(archive, policy)
    assert caught.value.limit == "name_bytes"
