"""Whatever is done to a signed archive: what Python alone accepts, the native verifier accepts.

Each mutation comes from a seed, so a failure names one that can be made again.
"""

from __future__ import annotations

import base64
import hashlib
import random
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import pytest

import signedvfs
from signedvfs import _tools, pure
from signedvfs.pure.records import Member, members_of
from tests.bindings.pure.helpers import Signer
from tests.support import archives
from tests.support.archives import INDEX, MANIFEST

Contents = dict[str, bytes]

_FILES = {
    "pkg/__init__.py": b"value = 1\n",
    "pkg/Data.txt": b"abc" * 40,
    "main.py": b"import pkg\n" * 9,
    "empty": b"",
}
_SIGNER = Signer(b"differential")


def _accepted_natively(path: Path) -> Contents | None:
    key = signedvfs.PublicKey.from_pem(_SIGNER.pem.decode())
    try:
        opened = signedvfs.open(path, signedvfs.TrustPolicy([key]))
        return {name: opened.read(name) for name in opened.list()}
    except (signedvfs.IntegrityCheckError, OSError, ValueError):
        return None


def _accepted_purely(path: Path) -> Contents | None:
    try:
        opened = pure.Archive(str(path), [pure.Key(_SIGNER.pem)])
        return {name: opened.read(name) for name in opened.names}
    except pure.RefusedError:
        return None


def _opens_purely(path: Path) -> bool:
    try:
        pure.Archive(str(path), [pure.Key(_SIGNER.pem)])
    except pure.RefusedError:
        return False
    return True


def _compare(path: Path, what: object) -> bool:
    """Return whether Python alone accepts `path`, which the native verifier then must as well."""
    purely = _accepted_purely(path)
    if purely is not None:
        assert _accepted_natively(path) == purely, what
    return purely is not None


def _text(files: Contents, *attributes: bytes, kind: str = "sha256") -> bytes:
    """Return a manifest without its signatures."""
    lines = b"".join(
        hashlib.new(kind, content).hexdigest().encode() + b" " + name.encode() + b"\n"
        for name, content in sorted(files.items())
    )
    members = b"@members %s %d" % (hashlib.sha256(lines).hexdigest().encode(), len(files))
    header = [kind.encode(), *sorted([members, *attributes])]
    return b"\n".join(header) + b"\n" + lines


def _write(
    path: Path,
    files: Contents,
    manifest: bytes,
    method: Literal["stored", "deflate"] = "deflate",
) -> None:
    with _tools.ArchiveWriter(path) as writer:
        for name, content in files.items():
            writer.add(name, content, method)
        writer.add(MANIFEST, manifest, "stored")


def _write_tree(root: Path, files: Contents) -> None:
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)


def _flip(data: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(data))
    return data[:at] + bytes([data[at] ^ 1 << chance.randrange(8)]) + data[at + 1 :]


def _overwrite(data: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(data))
    piece = chance.choice([b"\0", b"\xff\xff\xff\xff", b"PK\1\2", b"\n", b"\1\0\0\0", b"../"])
    return data[:at] + piece + data[at + len(piece) :]


def _insert(data: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(data) + 1)
    return data[:at] + chance.choice([b"\0", b"\n", b" ", b"A", data[:9]]) + data[at:]


def _remove(data: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(data))
    return data[:at] + data[at + chance.choice([1, 2, 16, 400]) :]


def _copy(data: bytes, chance: random.Random) -> bytes:
    at, to, size = chance.randrange(len(data)), chance.randrange(len(data)), chance.randrange(1, 64)
    return data[:to] + data[at : at + size] + data[to + size :]


_MUTATIONS: list[Callable[[bytes, random.Random], bytes]]
_MUTATIONS = [_flip, _flip, _overwrite, _insert, _remove, _copy]


def _signed(path: Path, kind: str, method: Literal["stored", "deflate"] = "deflate") -> bytes:
    """Return an archive that both accept."""
    files, prefix = dict(_FILES), b""
    if kind == "indexed":
        files.update({f"more/m{i}.py": b"x = %d\n" % i * 9 for i in range(20)})
        _write(path, files, b"", method)
        signedvfs.sign(path, signedvfs.PrivateKey.generate(), index=True)
        return _signed_by_us(path.read_bytes())
    attributes = [b"@name app", b"@serial 7", b"@expires 2999-01-01T00:00:00Z"]
    if kind == "prefixed":
        prefix = b"#!/bin/sh\n"
        digest = hashlib.sha256(prefix).hexdigest().encode()
        attributes.append(b"@prefix %s %d" % (digest, len(prefix)))
    _write(path, files, _SIGNER.manifest(_text(files, *attributes)), method)
    return _behind(prefix, path.read_bytes())


def _signed_by_us(archive: bytes) -> bytes:
    """Replace the one signature, of a key that signs as long ones."""
    (manifest,) = (part for part in members_of(archive) if part.name == MANIFEST)
    text = manifest.content(archive)
    ours = _SIGNER.manifest(text.partition(b"\n\n")[2])
    assert len(ours) == len(text)
    old, new = (zlib.crc32(one).to_bytes(4, "little") for one in (text, ours))
    assert archive.count(old) == 2  # in both headers
    return archive.replace(text, ours).replace(old, new)


def _behind(prefix: bytes, archive: bytes) -> bytes:
    """Put an archive behind a prefix, all offsets counted from the beginning of the file."""
    out, size = bytearray(archive), len(prefix)
    begin = int.from_bytes(archive[-6:-2], "little")
    at = begin
    while archive[at : at + 4] == b"PK\1\2":
        offset = int.from_bytes(archive[at + 42 : at + 46], "little") + size
        out[at + 42 : at + 46] = offset.to_bytes(4, "little")
        at += 46 + int.from_bytes(archive[at + 28 : at + 30], "little")
    out[-6:-2] = (begin + size).to_bytes(4, "little")
    return prefix + bytes(out)


def _with_content(archive: bytes, member: Member, content: bytes, crc: int) -> bytes:
    """Give a stored member other content of the same size, and both its headers that checksum."""
    out = bytearray(archive)
    out[member.data : member.end] = content
    for place in (member.begin + 14, member.next - len(member.name) - 30):
        assert int.from_bytes(out[place : place + 4], "little") == member.crc
        out[place : place + 4] = crc.to_bytes(4, "little")
    return bytes(out)


# Checksums are for accidents: whoever changes a member writes the one that fits.
@pytest.mark.parametrize("kind", ["listed", "indexed", "prefixed"])
def test_changed_content_with_fitting_checksums(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "app.zip"
    good = _signed(path, kind, method="stored")
    changeable = [one for one in members_of(good) if one.size]
    path.write_bytes(good)
    assert _compare(path, "unchanged")
    accepted = 0
    for seed in range(60):
        chance = random.Random(f"checksums {kind} {seed}")
        member = changeable[seed % len(changeable)]
        content = good[member.data : member.end]
        wrong_checksum = seed % 10 == 0
        changed = content if wrong_checksum else _flip(content, chance)
        crc = member.crc ^ 1 if wrong_checksum else zlib.crc32(changed)
        path.write_bytes(_with_content(good, member, changed, crc))
        accepted += _compare(path, (seed, member.name))
    assert accepted == 0


def test_members_that_stand_elsewhere_than_the_index_says(tmp_path: Path) -> None:
    path = tmp_path / "app.zip"
    good = _signed(path, "indexed", method="stored")
    path.write_bytes(good)
    assert _compare(path, "unchanged")
    members = archives.members_of(path)
    own = {name: members.pop(name) for name in (MANIFEST, INDEX)}
    # Members of one size change places, and the manifest and the index stay where they were.
    sizes = [name for name in members if len(members[name]) == len(members["more/m10.py"])]
    turned = dict(zip(sizes, reversed(sizes)))
    names = [turned.get(name, name) for name in members]
    assert names != list(members)
    with _tools.ArchiveWriter(path) as writer:
        for name in names:
            writer.add(name, members[name], "stored")
        for name, content in own.items():
            writer.add(name, content, "stored")
    assert not _compare(path, "moved")
    assert _accepted_natively(path) is None


def test_a_page_of_the_index_that_was_not_signed(tmp_path: Path) -> None:
    path = tmp_path / "app.zip"
    with _tools.ArchiveWriter(path) as writer:
        for number in range(300):
            writer.add(f"package/of/many/module{number:04}.py", b"")
    signedvfs.sign(path, signedvfs.PrivateKey.generate())
    good = _signed_by_us(path.read_bytes())
    path.write_bytes(good)
    assert _opens_purely(path)
    index = members_of(good)[-1]
    pages = bytearray(good[index.data : index.end])
    root = len(pages) - 36 - _root_size(good)
    assert pages[root : root + 4] == b"\2\0\0\0"  # there are pages below it
    count = int.from_bytes(pages[root + 4 : root + 8], "little")
    pages[root + 8 + 4 * count + 12] ^= 1  # in the digest of the first one
    path.write_bytes(_with_content(good, index, bytes(pages), zlib.crc32(pages)))
    assert not _opens_purely(path)
    assert _accepted_natively(path) is None


def _root_size(archive: bytes) -> int:
    (line,) = (line for line in archive.split(b"\n") if line.startswith(b"@index "))
    return int(line.split(b" ")[2])


@pytest.mark.parametrize("kind", ["listed", "indexed", "prefixed"])
def test_changed_bytes(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "app.zip"
    good = _signed(path, kind)
    path.write_bytes(good)
    assert _compare(path, "unchanged") and _accepted_natively(path) is not None
    for seed in range(100):
        chance = random.Random(f"{kind} {seed}")
        data = chance.choice(_MUTATIONS)(good, chance)
        if chance.random() < 0.3:
            data = chance.choice(_MUTATIONS)(data, chance)
        path.write_bytes(data)
        assert not _compare(path, seed) or data == good, seed


_PIECES = [
    *(b"@", b"@name x", b"@serial 0", b"@serial 01", b"@serial 18446744073709551616", b"@future 1"),
    *(b"@expires 2020-01-01T00:00:00Z", b"@expires 2999-02-29T00:00:00Z", b"@not-before x"),
    *(b"@not-before 2000-02-29T23:59:59Z", b"@expires 2999-12-31T24:00:00Z", b"@name ../x"),
    *(
        b"@name  x",
        b"@name x ",
        b"@name a:b",
        b"@name " + b"n" * 256,
        b"@order %s 1",
        b"@order %s 0",
    ),
    *(b"@prefix %s 0", b"@prefix %s 5", b"@index %s 40", b"@members %s 4", b"sha1", b"sha384", b""),
    *(b"%s ../up", b"%s a/./b", b"%s /a", b"%s a\\b", b"%s PKG/data.TXT", b"%s pkg", b"%s main.py"),
    *(
        b"%s main.py/x",
        b"%s signedimp-manifest.txt",
        b"%s SIGNEDVFS-INDEX.BIN",
        b"%s dot.",
        b"%s a ",
    ),
    *(
        b"%s new",
        b"%s  new",
        b"%s \xc3\xa4",
        b"%s \xff",
        b"%s a\rb",
        b"%s a\x7f",
        b"%s " + b"n" * 1025,
    ),
]


@pytest.mark.parametrize("seed", range(5))
def test_changed_manifests_that_are_signed_again(seed: int, tmp_path: Path) -> None:
    path, chance = tmp_path / "app.zip", random.Random(f"manifests {seed}")
    root, accepted = tmp_path / "tree", 0
    for number in range(40):
        kind = chance.choice(["sha256", "sha256", "sha384", "sha512"])
        lines = _text(_FILES, b"@name app", b"@serial 7", kind=kind).split(b"\n")
        for _ in range(chance.randrange(3)):
            piece = chance.choice(_PIECES)
            filled = piece.replace(b"%s", hashlib.new(kind, b"").hexdigest().encode())
            at = chance.randrange(len(lines))
            lines[at : at + chance.randrange(2)] = chance.choice([[filled], [], [lines[at]] * 2])
        text = b"\n".join(lines)
        if chance.random() < 0.7:
            text = _consistent(text)
        if chance.random() < 0.3:
            text = chance.choice(_MUTATIONS)(text, chance)
        manifest = _SIGNER.manifest(text)
        _write(path, _FILES, manifest)
        accepted += _compare(path, (seed, number, text))
        # In a directory nothing but the manifest says which names there may be.
        _write_tree(root, {**_FILES, MANIFEST: manifest})
        _compare(root, (seed, number, text))
    assert 0 < accepted < 40


_CONFLICTS = [
    ["PKG/__init__.py"],
    ["Main.py"],
    ["pkg"],
    ["main.py/more.py"],
    ["MAIN.PY/more.py"],
    ["new", "new/er"],
    [MANIFEST],
    [INDEX.upper()],
    [f"{MANIFEST}/x"],
]


def _consistent(text: bytes) -> bytes:
    """Let the header commit to the lines that are there, so that these are looked at."""
    lines = text.split(b"\n")
    for at, line in enumerate(lines[:-1]):
        if line.startswith(b"@members"):
            rest = [one for one in lines[at + 1 :] if not one.startswith(b"@")]
            digest = hashlib.sha256(b"\n".join(rest)).hexdigest().encode()
            lines[at] = b"@members %s %d" % (digest, len(rest) - 1)
    return b"\n".join(lines)


@pytest.mark.parametrize("listed", _CONFLICTS)
def test_paths_that_are_one_to_somebody(listed: list[str], tmp_path: Path) -> None:
    files = {**_FILES, **dict.fromkeys(listed, b"")}
    manifest = _SIGNER.manifest(_text(files))
    _write_tree(tmp_path, {**_FILES, MANIFEST: manifest})
    assert not _compare(tmp_path, listed)
    assert not _opens_purely(tmp_path)


def test_changed_signatures(tmp_path: Path) -> None:
    path, other = tmp_path / "app.zip", Signer(b"other")
    text = _text(_FILES, b"@name app")
    good, more = _SIGNER.manifest(text), other.manifest(text)
    first, second = good.split(b"\n")[0], more.split(b"\n")[0]
    rest = good.partition(b"\n\n")[2]
    filler = [b"%064x AAAA" % number for number in range(20)]
    cases = {
        "both": ([first, second], True),
        "the other alone": ([second], False),
        "twice": ([first, first], False),
        "an empty one": ([first, b"%064x " % 5], False),
        "sixteen": ([first, *filler[:15]], True),
        "seventeen": ([first, *filler[:16]], False),
        "upper case": ([first.upper()], False),
        "two spaces": ([first.replace(b" ", b"  ")], False),
        "a carriage return": ([first + b"\r"], False),
        "not padded": ([first.rstrip(b"=")], False),
        "other end bits": ([first[:-3] + b"B=="], False),
        "none": ([], False),
        "of another text": ([_SIGNER.manifest(text + b"x").split(b"\n")[0]], True),
        "of another header": ([_SIGNER.manifest(b"sha256\n@name x\n").split(b"\n")[0]], False),
        "of another key": ([first[:65] + second[65:]], False),
        "a false one beside a good one": ([second[:65] + first[65:], first], True),
        "all zeros": ([first[:65] + base64.b64encode(bytes(64))], False),
    }
    for name, (lines, wanted) in cases.items():
        manifest = b"".join(line + b"\n" for line in lines) + b"\n" + rest
        _write(path, _FILES, manifest)
        assert _compare(path, name) == wanted, name
        assert (_accepted_natively(path) is not None) == wanted, name


def test_changed_directories(tmp_path: Path) -> None:
    for seed in range(60):
        chance, root = random.Random(f"directories {seed}"), tmp_path / str(seed)
        contents = {**_FILES, MANIFEST: _SIGNER.manifest(_text(_FILES, b"@name app"))}
        name = chance.choice([one for one in contents if contents[one]])
        good = contents[name]
        if seed > 4:
            contents[name] = chance.choice(_MUTATIONS)(good, chance)
        contents["beside"] = b"nobody looks at it"
        _write_tree(root, contents)
        assert _compare(root, seed) == (contents[name] == good)
