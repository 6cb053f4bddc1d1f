"""build, from what PyInstaller has made: by hand here, as its format is."""

from __future__ import annotations

import contextlib
import importlib.util
import inspect
import os
import re
import struct
import textwrap
from pathlib import Path
from typing import Any

import pytest

import signedvfs
from signedvfs import PrivateKey, TrustPolicy
from signedvfs.building import BuildError, BuildReport, build
from signedvfs.building.frozen.carchive import read_carchive
from signedvfs.building.frozen.pyz import read_pyz
from tests.support.freezers import Entry, code, make_pkg, make_pyz, pyc, write_executable
from tests.support.native import SUFFIX, compile_object

SCRIPT = Entry("s", "app", code("print('hello')"))


def modules(**more: tuple[int, bytes]) -> Entry:
    """modules is an archive of a package, and more."""
    content = {"pkg": (1, code("X = 1")), "pkg.part": (0, code("Y = 2")), **more}
    return Entry("z", "PYZ.pyz", make_pyz(content), False)


class Built:
    """Built builds from collections, and opens what comes out."""

    def __init__(self, launcher: Path, key: PrivateKey, output: Path) -> None:
        self._launcher, self._key, self._output = launcher, key, output

    def __call__(self, path: Path, **options: Any) -> tuple[BuildReport, signedvfs.SignedVfs]:
        report = build(path, self._output, key=self._key, freezer="pyinstaller",
                       launcher=self._launcher, compression="stored", **options)  # fmt: skip
        return report, signedvfs.open(self._output, TrustPolicy(self._key.public_key))

    def refuses(self, path: Path, match: str) -> None:
        """refuses checks that nothing is built, and what is said."""
        with pytest.raises(BuildError, match=match):
            self(path)
        assert not self._output.exists()


@pytest.fixture
def built(
    launcher: Path, key: PrivateKey, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Built:
    # The standard library goes by what is known of it; its modules are many to write.
    known = signedvfs.building.stdlib.library_items()
    monkeypatch.setattr("signedvfs.building.builder.library_items", list)
    monkeypatch.setattr("signedvfs.building.frozen.standard.library_items", lambda: known)
    return Built(launcher, key, tmp_path / "output")


def reasons(report: BuildReport) -> dict[str, str]:
    """reasons are why files were left out, by the last part of their paths."""
    return {Path(one.path).name: one.reason for one in report.left_out}


def test_one_file(built: Built, tmp_path: Path) -> None:
    entries = [
        Entry("m", "struct", code("")),
        Entry("m", "pyimod02_importers", code("")),
        Entry("s", "pyiboot01_bootstrap", code("")),
        Entry("s", "pyi_rth_inspect", code("")),
        Entry("s", "my hook", code("X = 1")),
        SCRIPT,
        modules(gone=(3, b"")),
        Entry("x", "pkg/data.txt", b"data"),
        Entry("x", "base_library.zip", b"PK"),
        Entry("n", "link.txt", b"pkg/data.txt\0", False),
    ]
    options = ["W ignore", "pyi-contents-directory x"]
    executable = write_executable(tmp_path / "app", entries, options)
    report, archive = built(executable)
    names = archive.list()
    assert {"pkg/__init__.pyc", "pkg/part.pyc", "pkg/data.txt", "link.txt"} <= set(names)
    assert archive.read("link.txt") == archive.read("pkg/data.txt") == b"data"
    scripts = [name for name in names if name.startswith("signedvfs-collected/")]
    assert scripts == ["signedvfs-collected/00_my_hook.pyc", "signedvfs-collected/01_app.pyc"]
    header = importlib.util.MAGIC_NUMBER + b"\1\0\0\0" + bytes(8)
    assert archive.read(scripts[1]) == header + SCRIPT.content
    assert archive.read("pkg/part.pyc") == header + code("Y = 2")
    assert b"00_my_hook" in archive.read("__main__.pyc")
    assert "base_library.zip" in reasons(report)
    assert "pyi_rth_inspect" in reasons(report)
    assert not any("pyimod" in name or name.startswith("struct") for name in names)
    assert report.warnings == ("options for the interpreter are not taken: W ignore",)


def test_a_directory(built: Built, tmp_path: Path) -> None:
    content = tmp_path / "dist/inside"
    executable = write_executable(
        tmp_path / "dist/app", [SCRIPT, modules()], ["pyi-contents-directory inside"]
    )
    (content / "pkg").mkdir(parents=True)
    (content / "pkg/data.txt").write_bytes(b"data")
    (content / "pkg/template.py").write_bytes(b"no Python at all")
    (content / "alone.pyc").write_bytes(pyc("Z = 3"))
    (content / "link.txt").symlink_to("pkg/data.txt")
    for path in (executable, executable.parent):
        report, archive = built(path)
        assert {"pkg/data.txt", "alone.pyc", "link.txt"} <= set(archive.list())
        # Nobody imports it, so it stays what it is.
        assert archive.read("pkg/template.py") == b"no Python at all"
        assert archive.read("alone.pyc")[4:16] == b"\1\0\0\0" + bytes(8)
        assert not report.uncompiled


def test_a_package_beside_the_executable(built: Built, tmp_path: Path) -> None:
    executable = tmp_path / "dist/app"
    executable.parent.mkdir()
    executable.write_bytes(b"\x7fELF")
    executable.with_name("app.pkg").write_bytes(make_pkg([SCRIPT, modules()]))
    _, archive = built(executable)
    assert "pkg/part.pyc" in archive.list()
    assert "app.pkg" not in archive.list()


def test_standard_modules_are_ours_and_the_applications_are_its_own(
    built: Built, tmp_path: Path
) -> None:
    content = modules(
        textwrap=(0, code(inspect.getsource(textwrap))),
        # Another release of the same module.
        token=(0, code("def ISTERMINAL(x): pass\ndef ISNONTERMINAL(x): pass\ndef ISEOF(x): pass")),
        code=(0, code("MINE = 1")),
        signedvfs=(1, code("")),
    )
    report, archive = built(write_executable(tmp_path / "app", [SCRIPT, content]))
    names = archive.list()
    assert "code.pyc" in names
    assert "textwrap.pyc" not in names
    assert "token.pyc" not in names
    assert "2 modules" in " ".join(reasons(report))
    assert report.warnings == (
        "the collection has its own module code, and not the standard library's",
    )


def test_libraries(built: Built, tmp_path: Path) -> None:
    inside = tmp_path / "dist/_internal"
    (inside / "lib-dynload").mkdir(parents=True)
    write_executable(
        tmp_path / "dist/app", [SCRIPT, modules()], ["pyi-contents-directory _internal"]
    )
    standard, both, _ = (
        compile_object(inside / f"lib{name}.so", soname=f"lib{name}.so")
        for name in ("standard", "both", "opened")
    )
    compile_object(inside / f"lib-dynload/_bisect{SUFFIX}", needs=[standard, both])
    compile_object(inside / f"own{SUFFIX}", needs=[both])
    report, archive = built(tmp_path / "dist")
    names = archive.list()
    # What one module of the application needs, all find; what nothing needs, it opens by a path.
    assert "python.libs/libboth.so" in names
    assert {"libopened.so", f"own{SUFFIX}"} <= set(names)
    assert [name for name in names if "libstandard" in name or "_bisect" in name] == []
    assert {"libstandard.so", f"_bisect{SUFFIX}"} <= set(reasons(report))
    assert report.native is not None
    assert report.native.problems == ()


@pytest.mark.parametrize(
    ("name", "match"),
    [
        ("/etc/passwd", "no path inside"),
        ("../up", "no path inside"),
        ("a/../../b", "no path inside"),
        ("a//b", "no path inside"),
        ("a\\b", "no path inside"),
    ],
)
def test_paths_that_lead_out(built: Built, tmp_path: Path, name: str, match: str) -> None:
    built.refuses(write_executable(tmp_path / "app", [SCRIPT, Entry("x", name, b"")]), match)


@pytest.mark.parametrize(
    ("entries", "match"),
    [
        ([], "has no program"),
        ([Entry("s", "pyi_rth_inspect", code(""))], "has no program"),
        ([Entry("s", "app", b"text")], "no compiled code"),
        ([SCRIPT, Entry("d", "../other/app:libx.so")], "its files in another program"),
        ([SCRIPT, Entry("?", "odd")], "unknown kind"),
        ([SCRIPT, Entry("n", "link", b"nowhere\0")], "which is not there"),
        ([SCRIPT, Entry("x", "data", b"1234", True, 3)], "larger than it should"),
        ([SCRIPT, Entry("x", "data", b"1234", False, 5)], "another size"),
        ([SCRIPT, Entry("z", "PYZ.pyz", b"PYZ", False)], "no archive of modules"),
        ([SCRIPT, Entry("z", "PYZ.pyz", b"PYZ\0" + bytes(30), False)], "another Python"),
        ([SCRIPT, modules(**{"a/b": (0, code(""))})], "no name of one"),
        ([SCRIPT, modules(**{"a..b": (0, code(""))})], "no path inside"),
        ([SCRIPT, modules(data=(2, b"x"))], "has data in it"),
        ([SCRIPT, modules(odd=(7, b"x"))], "an entry that is none"),
        ([SCRIPT, modules(text=(0, b"text"))], "no compiled code"),
    ],
)
def test_broken_entries(built: Built, tmp_path: Path, entries: list[Entry], match: str) -> None:
    built.refuses(write_executable(tmp_path / "app", entries), match)


def test_every_cut_and_every_flip_is_told(tmp_path: Path) -> None:
    entries = [SCRIPT, Entry("x", "a/b.txt", b"data")]
    content = make_pkg(entries, ["option"])
    path = tmp_path / "app"
    for size in range(len(content)):
        path.write_bytes(content[:size])
        if size < len(content) - 80:
            assert read_carchive(path) is None
        else:
            with pytest.raises(BuildError, match="it is cut off"):
                read_carchive(path)
    for at in range(len(content)):
        path.write_bytes(content[:at] + bytes([content[at] ^ 0x41]) + content[at + 1 :])
        try:
            archive = read_carchive(path)
        except BuildError:
            continue
        if archive is None:
            continue
        for one in archive.entries:
            assert one.offset + one.stored <= len(content)
            with contextlib.suppress(BuildError):
                archive.read(one)


def test_no_table_of_modules_is_taken_for_one() -> None:
    good = make_pyz({"pkg": (1, code("")), "pkg.part": (0, code(""))})
    table = struct.unpack("!i", good[8:12])[0]
    assert [one.name for one in read_pyz(good, "here").modules] == ["pkg", "pkg.part"]
    for size in range(table, len(good)):
        with pytest.raises(BuildError, match="here"):
            read_pyz(good[:size], "here")
    for at in range(table, len(good)):
        for bit in range(8):
            flipped = bytearray(good)
            flipped[at] ^= 1 << bit
            try:
                pyz = read_pyz(bytes(flipped), "here")
            except BuildError:
                continue
            assert all(one.offset + one.size <= table for one in pyz.modules)
    deep = good[:table] + b"[\1\0\0\0" * 100_000
    with pytest.raises(BuildError, match="a table in a table"):
        read_pyz(deep, "here")
    for rest in (b"[\xff\xff\xff\x7f", b"c", b"r\0\0\0\0", b"i\1\0\0\0", b")\1i\1\0\0\0", b""):
        with pytest.raises(BuildError, match="here"):
            read_pyz(good[:table] + rest, "here")


def test_another_python(built: Built, tmp_path: Path) -> None:
    path = tmp_path / "app"
    for python, named in ((308, "3.8"), (399, "3.99")):
        match = f"is of Python {re.escape(named)}, and this is"
        built.refuses(write_executable(path, [SCRIPT, modules()], python=python), match)
    other = make_pyz({}, (3550).to_bytes(2, "little") + b"\r\n")
    match = "Python 3.13|another Python"
    built.refuses(write_executable(path, [SCRIPT, Entry("z", "PYZ.pyz", other, False)]), match)


def test_links_that_lead_out(built: Built, tmp_path: Path) -> None:
    write_executable(tmp_path / "dist/app", [SCRIPT], ["pyi-contents-directory inside"])
    inside = tmp_path / "dist/inside"
    inside.mkdir()
    (tmp_path / "secret").write_text("secret", encoding="utf-8")
    for target, match in (
        ("../../secret", "no file of the collection"),
        ("nothing", "no file of the collection"),
        ("..", "a link to a directory"),
    ):
        (inside / "link").symlink_to(target)
        built.refuses(tmp_path / "dist", match)
        (inside / "link").unlink()
    os.mkfifo(inside / "pipe")
    built.refuses(tmp_path / "dist", "is no file")


def test_what_is_no_collection(built: Built, tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    plain.write_bytes(b"\x7fELF")
    built.refuses(plain, "no executable of PyInstaller")
    built.refuses(tmp_path, "has: none")
    for name in ("one", "two"):
        write_executable(tmp_path / name, [SCRIPT])
    built.refuses(tmp_path, "has: one, two")
    write_executable(tmp_path / "far", [SCRIPT], ["pyi-contents-directory elsewhere"])
    built.refuses(tmp_path / "far", "which is not there")


def test_keys_and_the_output_are_not_packed(built: Built, tmp_path: Path) -> None:
    inside = tmp_path / "inside"
    inside.mkdir()
    write_executable(tmp_path / "app", [SCRIPT], ["pyi-contents-directory inside"])
    (inside / "app.key").write_bytes(b"a key")
    report, archive = built(tmp_path / "app", exclude=[inside / "app.key"])
    assert "app.key" not in archive.list()
    assert "app.key" in reasons(report)


def test_the_same_again(built: Built, tmp_path: Path) -> None:
    entries = [SCRIPT, modules(), Entry("x", "data", b"data")]
    path = write_executable(tmp_path / "app", entries)
    built(path)
    first = (tmp_path / "output").read_bytes()
    built(path)
    assert (tmp_path / "output").read_bytes() == first


def test_the_collection_is_not_written_over(
    built: Built, tmp_path: Path, launcher: Path, key: PrivateKey
) -> None:
    path = write_executable(tmp_path / "app", [SCRIPT, Entry("x", "data", b"")])
    content = path.read_bytes()
    with pytest.raises(BuildError, match="is what is built from"):
        build(path, path, key=key, freezer="pyinstaller", launcher=launcher)
    assert path.read_bytes() == content
    built(path)


def test_nothing_else_is_named(built: Built, tmp_path: Path) -> None:
    path = write_executable(tmp_path / "app", [SCRIPT, Entry("x", "data", b"")])
    for options in ({"main": "pkg"}, {"requirements": [path]}, {"without": ["pkg"]}):
        with pytest.raises(BuildError, match="something else is named"):
            built(path, **options)
    with pytest.raises(FileNotFoundError):
        built(tmp_path / "nothing")


def test_hooks_for_c_code_are_told_of(built: Built, tmp_path: Path) -> None:
    entries = [Entry("s", "pyi_rth_gtk", code("")), Entry("s", "pyi_rth_setuptools", code("")),
               SCRIPT, modules(), Entry("x", "data", b"")]  # fmt: skip
    report, archive = built(write_executable(tmp_path / "app", entries))
    assert "pyi_rth_gtk tells C code where its files are" in report.warnings[0]
    assert "signedvfs-collected/00_pyi_rth_gtk.pyc" in archive.list()
    assert "pyi_rth_setuptools" in reasons(report)
