"""sign takes what the world makes, says what vanishes, and names the one thing that it refuses."""

from __future__ import annotations

import io
import shutil
import struct
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import pytest

import signedvfs
from tests.cli.helpers import Cli

pytestmark = pytest.mark.slow

MAIN = "import pkg.sub.m\nprint('ran', pkg.sub.m.VALUE)\n"
MODULE = "VALUE = 42\n" + "# filling\n" * 50
SOURCES = {"__main__.py": MAIN, "pkg/sub/m.py": MODULE}
RAN = "ran 42\n"


class Pipe(io.RawIOBase):
    """Pipe is where one can only write on, as streaming writers do."""

    def __init__(self, file: BinaryIO) -> None:
        self.file = file

    def writable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return False

    def tell(self) -> int:
        raise OSError

    def write(self, data: object) -> int:
        assert isinstance(data, (bytes, bytearray, memoryview))
        return self.file.write(data)


def plain(path: Path, method: int = zipfile.ZIP_DEFLATED, comment: bytes = b"") -> None:
    """Write an archive of SOURCES."""
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, text in SOURCES.items():
            archive.writestr(name, text)
        archive.comment = comment


def streamed(path: Path, method: int = zipfile.ZIP_DEFLATED) -> None:
    with path.open("wb") as file, zipfile.ZipFile(Pipe(file), "w", method) as archive:
        for name, text in SOURCES.items():
            archive.writestr(name, text)


def with_entry(path: Path, name: str, data: bytes = b"", **fields: object) -> None:
    plain(path)
    info = zipfile.ZipInfo(name)
    for field, value in fields.items():
        setattr(info, field, value)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(info, data)


def forced_zip64(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in SOURCES.items():
            with archive.open(name, "w", force_zip64=True) as member:
                member.write(text.encode())


def in_code_page(path: Path) -> None:
    with_entry(path, "caf~.txt")
    path.write_bytes(path.read_bytes().replace(b"caf~.txt", b"caf\x82.txt"))


def signedimp_twice(path: Path) -> None:
    """Append two manifests, as signedimp does where one is there already."""
    plain(path)
    for key in (b"first", b"second"):
        with (
            pytest.warns(UserWarning, match="Duplicate") if key == b"second" else io.StringIO(),
            zipfile.ZipFile(path, "a") as archive,
        ):
            archive.writestr("signedimp-manifest.txt", b"md5\n" + key)


def go(path: Path) -> None:
    """Write as Go's archive/zip does: a descriptor behind everything but directories, zip32."""
    body, directory = b"", b""
    entries = [("pkg/", ""), *SOURCES.items()]
    for name, text in entries:
        data = text.encode()
        flags, method = (0, 0) if name.endswith("/") else (8, 8)
        packer = zlib.compressobj(wbits=-15)
        stored = packer.compress(data) + packer.flush() if method else b""
        numbers = struct.pack("<III", zlib.crc32(data), len(stored), len(data))
        common = struct.pack("<HHHHH", 20, flags, method, 0, 0x21)
        sizes = struct.pack("<HH", len(name), 0)
        offset = len(body)
        body += b"PK\3\4" + common + bytes(12) + sizes + name.encode() + stored
        if flags:
            body += b"PK\7\x08" + numbers
        directory += b"PK\1\2" + struct.pack("<H", 20) + common + numbers + sizes
        directory += struct.pack("<HHHII", 0, 0, 0, 0, offset) + name.encode()
    count = len(entries)
    end = struct.pack("<HHHHIIH", 0, 0, count, count, len(directory), len(body), 0)
    path.write_bytes(body + directory + b"PK\5\6" + end)


Builder = Callable[[Path], None]
ACCEPTED: dict[str, tuple[Builder, str]] = {
    "comment": (lambda path: plain(path, comment=b"made by me"), "comment of 10 bytes"),
    "member-comment": (
        lambda path: with_entry(path, "x.txt", comment=b"mine"),
        "1 comment of a member: 'x.txt'",
    ),
    "streamed": (streamed, "2 data descriptors: '__main__.py', 'pkg/sub/m.py'"),
    "streamed-stored": (lambda path: streamed(path, zipfile.ZIP_STORED), "2 data descriptors"),
    "go": (go, "2 data descriptors"),
    "force_zip64": (forced_zip64, "2 zip64 fields that are not needed"),
    "extra": (
        lambda path: with_entry(path, "x.txt", extra=b"UT\5\0\3abcd"),
        "1 member's extra fields (times, owners and the like): 'x.txt'",
    ),
    "empty-directory": (lambda path: with_entry(path, "logs/"), "1 empty directory: 'logs/'"),
    "directory-content": (
        lambda path: with_entry(path, "pkg/", b"what for?"),
        "1 directory entry that is compressed or has content: 'pkg/'",
    ),
    "deflated-directory": (
        lambda path: with_entry(path, "pkg/", compress_type=zipfile.ZIP_DEFLATED),
        "1 directory entry that is compressed or has content: 'pkg/'",
    ),
    "bzip2": (lambda path: plain(path, zipfile.ZIP_BZIP2), "2 bzip2 compressions"),
    "lzma": (lambda path: plain(path, zipfile.ZIP_LZMA), "2 lzma compressions"),
    "code-page": (in_code_page, "written in UTF-8: 'caf\N{LATIN SMALL LETTER E WITH ACUTE}.txt'"),
    "signedimp-twice": (signedimp_twice, "1 older copy"),
}


@pytest.mark.parametrize("index", ["--index", "--no-index"])
@pytest.mark.parametrize("kind", ACCEPTED)
def test_signs_what_vanishes_when_it_is_written_anew(
    cli: Cli, keys: Path, kind: str, index: str
) -> None:
    build, told = ACCEPTED[kind]
    path = cli.directory / "app.zip"
    build(path)
    before = path.read_bytes()
    words = ("sign", path, "--key", keys / "a.key", index)
    facts = cli.ok(*words, "-o", "out.zip", "--json").json
    assert len([one for one in facts["vanished"] if told in one]) == 1, facts["vanished"]
    assert path.read_bytes() == before
    shown = cli.ok(*words)
    assert "  vanished  " in shown.out
    assert told in shown.out
    assert path.read_bytes() == (cli.directory / "out.zip").read_bytes(), "reproducible"
    cli.ok("verify", path, "--trust", keys / "a.pub")
    assert cli.ok("run", "--trust", keys / "a.pub", path).out == RAN
    assert subprocess.check_output([sys.executable, path], text=True) == RAN, "zipimport reads it"
    assert cli.ok(*words, "--json").json["vanished"] == [], "nothing is left to vanish"
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        assert {"pkg/", "pkg/sub/"} <= {*archive.namelist()}
        assert "logs/" not in archive.namelist()


@pytest.mark.parametrize("tool", ["zip", "bsdtar", "jar"])
def test_signs_what_other_tools_write(cli: Cli, keys: Path, tool: str) -> None:
    if shutil.which(tool) is None:
        pytest.skip(f"{tool} is not installed")
    tree = cli.directory / "tree"
    for name, text in SOURCES.items():
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_text(text)
    (tree / "logs").mkdir()
    out = cli.directory / "app.zip"
    words = {
        "zip": f"zip -qr - . | cat > {out}",
        "bsdtar": f"bsdtar --format zip -cf {out} __main__.py pkg",
        "jar": f"jar cf {out} .",
    }
    subprocess.run(["sh", "-c", words[tool]], cwd=tree, check=True)
    done = cli.ok("sign", out, "--key", keys / "a.key", "--json").json
    assert any("data descriptor" in one for one in done["vanished"])
    assert cli.ok("run", "--trust", keys / "a.pub", out).out == RAN


def test_says_what_vanished_to_python(cli: Cli, keys: Path) -> None:
    path = cli.directory / "app.zip"
    plain(path, comment=b"hello")
    report = signedvfs.sign(path, signedvfs.PrivateKey.load(keys / "a.key"))
    assert report.vanished == ["the archive's comment of 5 bytes"]


def test_attributes_come_from_no_manifest_of_several(cli: Cli, keys: Path) -> None:
    path = cli.directory / "app.zip"
    plain(path)
    cli.ok("sign", path, "--key", keys / "a.key", "--name", "app", "--serial", "7")
    with zipfile.ZipFile(path) as archive:
        manifest = archive.read("signedimp-manifest.txt")
    with pytest.warns(UserWarning, match="Duplicate"), zipfile.ZipFile(path, "a") as archive:
        archive.writestr("signedimp-manifest.txt", manifest)
    done = cli.ok("sign", path, "--key", keys / "a.key", "--json").json
    assert (done["name"], done["serial"]) == (None, None)
    assert any("there are several" in one for one in done["warnings"])


def test_unsigns_what_signedimp_has_signed_twice(cli: Cli) -> None:
    path = cli.directory / "app.zip"
    signedimp_twice(path)
    shown = cli.ok("unsign", path, "-o", "out.zip").out
    assert "vanished  1 older copy of a member that is written anew" in shown
    assert cli.ok("unsign", path, "--json").json["vanished"] == [
        "1 older copy of a member that is written anew: 'signedimp-manifest.txt'"
    ]
    with zipfile.ZipFile(path) as archive:
        assert archive.namelist() == [*SOURCES]


def test_the_verifier_stays_strict(cli: Cli, keys: Path) -> None:
    path = cli.directory / "app.zip"
    plain(path)
    cli.ok("sign", path, "--key", keys / "a.key")
    commented = path.read_bytes()[:-2] + b"\2\0hi"
    path.write_bytes(commented)
    done = cli("verify", path, "--trust", keys / "a.pub", "--json")
    assert (done.code, done.error["code"]) == (1, "TrailingBytes")
    done = cli("run", "--trust", keys / "a.pub", path)
    assert (done.out, done.code != 0) == ("", True)


# What stays refused. Each has a way out, which is gone to its end.


def twice(path: Path) -> None:
    plain(path)
    with pytest.warns(UserWarning, match="Duplicate"), zipfile.ZipFile(path, "a") as archive:
        archive.writestr("pkg/sub/m.py", "VALUE = 43\n")


def other_local(field: int, value: bytes) -> Builder:
    def build(path: Path) -> None:
        plain(path)
        data = bytearray(path.read_bytes())
        data[field : field + len(value)] = value
        path.write_bytes(data)

    return build


def gap(path: Path) -> None:
    plain(path)
    data = path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        directory = archive.start_dir
    end = bytearray(data[directory:])
    end[-6:-2] = struct.pack("<I", directory + 4)
    path.write_bytes(data[:directory] + b"gap!" + end)


def trailing(path: Path) -> None:
    plain(path)
    path.write_bytes(path.read_bytes() + bytes(100))


def linked(path: Path) -> None:
    with_entry(path, "pkg/link.py", b"sub/m.py", external_attr=0o120777 << 16, create_system=3)


def backslashed(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in SOURCES.items():
            archive.writestr(name.replace("/", "\\"), text)


def renamed_by_extra(path: Path) -> None:
    field = b"\1" + struct.pack("<I", zlib.crc32(b"x.txt")) + b"y.txt"
    with_entry(path, "x.txt", extra=b"\x75\x70" + struct.pack("<H", len(field)) + field)


def encrypted(path: Path) -> None:
    if shutil.which("zip") is None:
        pytest.skip("zip, which encrypts, is not installed")
    plain(path)
    tree = path.parent / "plain"
    with zipfile.ZipFile(path) as archive:
        archive.extractall(tree)
    path.unlink()
    subprocess.run(["zip", "-qr", "-P", "secret", path, "."], cwd=tree, check=True)


UNZIP = "unzip -o -q app.zip -d tree || test $? -lt 2"
ZIPFILE = f"{sys.executable} -m zipfile -e app.zip tree"
RENAME = r"mkdir -p tree/pkg/sub && mv 'tree/pkg\sub\m.py' tree/pkg/sub/m.py"
REFUSED: dict[str, tuple[Builder, str, str, str]] = {
    "duplicate": (
        twice,
        "DuplicateName",
        "'pkg/sub/m.py' and 'pkg/sub/m.py' have the same name",
        "unzip -n -q app.zip -d tree",
    ),
    "local-name": (
        other_local(30, b"__MAIN__.py"), "HeaderMismatch", "another name: '__MAIN__.py'", UNZIP,
    ),
    "local-checksum": (other_local(14, bytes(4)), "HeaderMismatch", "another checksum", ZIPFILE),
    "local-time": (other_local(10, b"\1\1"), "HeaderMismatch", "another time", UNZIP),
    "gap": (gap, "NotTiled", "4 bytes follow its content that belong to no member", UNZIP),
    "trailing": (trailing, "TrailingBytes", "100 bytes follow the zip archive", "head"),
    "link": (linked, "BadMode", "'pkg/link.py': it is a symbolic link", UNZIP),
    "backslash": (backslashed, "BadName", "contains a backslash", f"({UNZIP}) && {RENAME}"),
    "renamed": (renamed_by_extra, "BadRecord", "an extra field gives it another name", UNZIP),
    "encrypted": (
        encrypted, "BadFlags", "it is encrypted", "unzip -q -P secret app.zip -d tree",
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", REFUSED)
def test_names_the_one_thing_that_is_wrong_and_a_way_out(cli: Cli, keys: Path, kind: str) -> None:
    build, code, told, way_out = REFUSED[kind]
    path = cli.directory / "app.zip"
    build(path)
    before = path.read_bytes()
    done = cli("sign", path, "--key", keys / "a.key", "--json")
    assert (done.code, done.error["code"]) == (1, code), done.error
    assert told in done.error["reason"]
    assert path.read_bytes() == before
    if way_out == "head":
        command = done.error["advice"].partition("(")[2].partition(")")[0]
        way_out = command.replace("FILE", "app.zip").replace("NEW", "new.zip")
        subprocess.run(["sh", "-c", way_out], cwd=cli.directory, check=True)
        cli.ok("sign", "new.zip", "--key", keys / "a.key")
    else:
        assert "unzip" in done.error["advice"]
        assert "signedvfs pack TREE -o NEW --key KEY" in done.error["advice"]
        subprocess.run(
            ["sh", "-c", way_out],
            cwd=cli.directory,
            check=True,
            stdin=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        cli.ok("pack", "tree", "-o", "new.zip", "--key", keys / "a.key", "--follow-links")
    assert cli.ok("run", "--trust", keys / "a.pub", "new.zip").out == RAN
