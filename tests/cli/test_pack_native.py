"""pack, list and verify: what extension modules and libraries need."""

from __future__ import annotations

import base64
import csv
import hashlib
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from platform import machine
from typing import Any

import pytest

from tests.cli.helpers import Cli, make_wheel, members, write_tree
from tests.support.native import SEARCHING, SUFFIX, compile_object

pytestmark = pytest.mark.slow

MODULE = f"pkg/_it{SUFFIX}"
LIBRARIES = "pkg.libs"
NOTES = "signedvfs-native.txt"
PLATFORM = "manylinux_2_28_x86_64"
HERE = f"cp3{sys.version_info[1]}"


@pytest.fixture
def objects(tmp_path: Path) -> dict[str, bytes]:
    """objects are an extension module, and libraries that need one another as wheels have them."""
    root = tmp_path / "objects"
    two = compile_object(
        root / LIBRARIES / "libtwo-2.so.2",
        '#include <stdio.h>\nvoid two(void) { puts("two"); }',
        soname="libtwo-2.so.2",
    )
    one = compile_object(
        root / LIBRARIES / "libone-1.so",
        soname="libone-1.so",
        needs=[two],
        flags=["-Wl,-rpath,$ORIGIN"],
    )
    compile_object(
        root / MODULE,
        "int it(void) { return 1; }",
        needs=[one],
        flags=[f"-Wl,-rpath,$ORIGIN/../{LIBRARIES}", f"-L{two.parent}", "-lm"],
    )
    found = sorted(path for path in root.rglob("*.so*") if path.is_file())
    return {str(path.relative_to(root)): path.read_bytes() for path in found}


def pack(cli: Cli, files: Mapping[str, str | bytes], *options: str) -> dict[str, Any]:
    """pack packs a wheel of `files`, and returns what is reported of native code."""
    wheel = make_wheel(cli.directory, "pkg", {"pkg/__init__.py": "", **files})
    report = cli.ok("pack", wheel, "-o", "app.zip", "--unsigned", "--json", *options).json
    found = report["native"]
    assert isinstance(found, dict)
    return found


def reasons(native: Mapping[str, Any]) -> list[str]:
    assert all(problem["advice"] for problem in native["problems"])
    return [problem["reason"] for problem in native["problems"]]


def test_reports_what_each_needs(cli: Cli, objects: dict[str, bytes]) -> None:
    native = pack(cli, objects)
    found = {one["member"]: one for one in native["objects"]}
    two, one, module = f"{LIBRARIES}/libtwo-2.so.2", f"{LIBRARIES}/libone-1.so", MODULE
    assert list(found) == [two, one, module]  # each after what it needs
    assert found[module]["bundled"] == {"libone-1.so": one}
    assert found[module]["system"][:1] == ["libm.so.6"]
    assert found[one]["bundled"] == {"libtwo-2.so.2": two}
    assert found[one]["soname"] == "libone-1.so"
    assert "libc.so.6" in found[two]["needed"]
    assert [one["missing"] for one in native["objects"]] == [[], [], []]
    assert native["problems"] == native["notes"] == []
    assert native["glibc"] == found[two]["glibc"] is not None
    assert NOTES not in members(cli.directory / "app.zip")


def test_says_the_same_in_the_summary(cli: Cli, objects: dict[str, bytes]) -> None:
    wheel = make_wheel(cli.directory, "pkg", objects)
    done = cli.ok("pack", wheel, "-o", "app.zip", "--unsigned")
    assert "native  3 shared objects, glibc 2." in done.out
    assert done.err == ""
    assert members(cli.directory / "app.zip")[MODULE] == objects[MODULE]


def test_pure_code_has_nothing_native(cli: Cli, tree: Path) -> None:
    report = cli.ok("pack", tree, "-o", "app.zip", "--unsigned", "--json").json
    assert report["native"] is None
    assert report["compiled"] is True
    assert report["target"] is None


Change = Callable[[Path, dict[str, bytes]], None]


def lost(_: Path, files: dict[str, bytes]) -> None:
    del files[f"{LIBRARIES}/libtwo-2.so.2"]


def foreign(path: Path, files: dict[str, bytes]) -> None:
    made = compile_object(path / "x.so", SEARCHING, flags=["-Wl,-rpath,/opt/here:$ORIGIN/../.."])
    files[MODULE] = made.read_bytes()


def audited(path: Path, files: dict[str, bytes]) -> None:
    made = compile_object(path / "x.so", flags=["-Wl,--audit=libspy.so"])
    files[MODULE] = made.read_bytes()


def circular(path: Path, files: dict[str, bytes], soname: str | None = "libtwo-2.so.2") -> None:
    one = compile_object(path / "libone-1.so", soname="libone-1.so")
    two = compile_object(path / "libtwo-2.so.2", soname=soname, needs=[one])
    files[f"{LIBRARIES}/libtwo-2.so.2"] = two.read_bytes()


def nameless_circle(path: Path, files: dict[str, bytes]) -> None:
    circular(path, files, None)


def same_name(path: Path, files: dict[str, bytes]) -> None:
    one = compile_object(path / "libone-1.so", soname="libone-1.so")
    three = compile_object(path / "libthree.so", soname="libthree.so")
    two = compile_object(path / "libtwo-2.so.2", soname="libtwo-2.so.2", needs=[one, three])
    three = compile_object(path / "libthree.so", soname="libone-1.so", needs=[two])
    files[f"{LIBRARIES}/libtwo-2.so.2"] = two.read_bytes()
    files[f"{LIBRARIES}/libthree.so"] = three.read_bytes()


def cut(_: Path, files: dict[str, bytes]) -> None:
    files[MODULE] = files[MODULE][:-1] if len(files[MODULE]) < 200 else files[MODULE][:200]


def script(_: Path, files: dict[str, bytes]) -> None:
    files["pkg/libtext.so"] = b"INPUT(-lm)\n"


def other_machine(_: Path, files: dict[str, bytes]) -> None:
    content = bytearray(files[MODULE])
    content[18:20] = (183 if content[18] == 62 else 62).to_bytes(2, "little")
    files[MODULE] = bytes(content)


def other_python(_: Path, files: dict[str, bytes]) -> None:
    files["pkg/_old.cpython-36m-x86_64-linux-gnu.so"] = files[MODULE]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lost, f"{LIBRARIES}/libone-1.so needs the library 'libtwo-2.so.2', which is neither in"),
        (foreign, f"{MODULE} has the linker search '/opt/here', which is not in the archive"),
        (audited, f"{MODULE} has DT_AUDIT libspy.so, by which a library of that name"),
        (nameless_circle, f"{LIBRARIES}/libone-1.so and {LIBRARIES}/libtwo-2.so.2 need each other, "
                          "by the name 'libtwo-2.so.2', which the library does not have in it"),
        (same_name, f"{LIBRARIES}/libtwo-2.so.2 and {LIBRARIES}/libone-1.so need each other, by "
                    f"the name 'libone-1.so', which {LIBRARIES}/libthree.so has, too"),
        (cut, f"{MODULE}: its program headers lie outside the file"),
        (script, "pkg/libtext.so: it is no ELF file"),
        (other_machine, f"{MODULE}: it is built for "),
        (other_python, "pkg/_old.cpython-36m-x86_64-linux-gnu.so is an extension module for "
                       "another Python than this one"),
    ],
)  # fmt: skip
def test_reports_what_would_not_be_imported(
    cli: Cli, tmp_path: Path, objects: dict[str, bytes], change: Change, said: str
) -> None:
    change(tmp_path / "more", objects)
    native = pack(cli, objects)
    assert [reason for reason in reasons(native) if reason.startswith(said)]
    # A person is told, and the archive is there.
    done = cli.ok("pack", next(tmp_path.glob("pkg-*.whl")), "-o", "app.zip", "--unsigned")
    assert f"not to be imported from the archive: {said}" in done.err


def test_libraries_that_a_policy_allows_are_not_missing(
    cli: Cli, keys: Path, objects: dict[str, bytes]
) -> None:
    """As `run --library` has them, so pack, verify and list may be told of them."""
    files = {name: content for name, content in objects.items() if "libtwo" not in name}
    told = pack(cli, files)
    assert [one["missing"] for one in told["objects"] if one["missing"]] == [["libtwo-2.so.2"]]
    assert "--library libtwo-2.so.2" in told["problems"][0]["advice"]
    allowed = pack(cli, files, "--library", "libtwo-2.so.2")
    assert allowed["problems"] == [] and not any(one["missing"] for one in allowed["objects"])
    assert any("libtwo-2.so.2" in one["system"] for one in allowed["objects"])
    cli.ok("sign", "app.zip", "--key", str(keys / "a.key"))
    for command in ("verify", "list"):
        words = [command, "app.zip", "--trust", str(keys / "a.pub"), "--native", "--json"]
        assert len(cli.ok(*words).json["native"]["problems"]) == 1
        more = cli.ok(*words, "--library", "libtwo-2.so.2", "--library", "liba.so").json["native"]
        assert more == allowed


def test_libraries_that_need_each_other_are_mentioned(
    cli: Cli, keys: Path, tmp_path: Path, objects: dict[str, bytes]
) -> None:
    circular(tmp_path / "more", objects)
    native = pack(cli, objects)
    assert reasons(native) == []
    one, two = f"{LIBRARIES}/libone-1.so", f"{LIBRARIES}/libtwo-2.so.2"
    found = {facts["member"]: facts["circle"] for facts in native["objects"]}
    assert found == {MODULE: [], one: [two], two: [one]}
    key, trust = keys / "a.key", keys / "a.pub"
    cli.ok("pack", next(tmp_path.glob("pkg-*.whl")), "-o", "app.zip", "--key", key)
    listed = cli.ok("list", "app.zip", "--trust", trust, "--native").out
    assert f"need it, too   {two}" in listed, listed


def test_search_paths_of_what_never_searches_do_not_matter(
    cli: Cli, tmp_path: Path, objects: dict[str, bytes]
) -> None:
    made = compile_object(tmp_path / "x.so", flags=["-Wl,-rpath,/opt/here"])
    assert reasons(pack(cli, {**objects, MODULE: made.read_bytes()})) == []


def test_a_path_is_no_name_of_a_library(cli: Cli, tmp_path: Path) -> None:
    compile_object(tmp_path / "x/libpath.so")
    # Without a SONAME the linker records what it was given.
    made = compile_object(tmp_path / "it.so", needs=[tmp_path / "x/libpath.so"])
    native = pack(cli, {MODULE: made.read_bytes(), "pkg/libpath.so": b"x"})
    path = str(tmp_path / "x/libpath.so")
    assert f"{MODULE} needs the library {path!r}" in reasons(native)[0]


ASKING = 'const char *name = "libasked.so.1"; const char *other = "libother.so";'


def asking(tmp_path: Path, text: str = ASKING) -> dict[str, bytes]:
    """asking is a wheel's content whose module has the name of a library in it."""
    library = compile_object(tmp_path / "a/libasked.so.1", soname="libasked.so.1")
    module = compile_object(tmp_path / "a/module.so", text)
    return {MODULE: module.read_bytes(), f"{LIBRARIES}/libasked.so.1": library.read_bytes()}


def test_notes_what_code_asks_for_by_name(cli: Cli, keys: Path, tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path, "pkg", asking(tmp_path))
    options = ("-o", "app.zip", "--key", str(keys / "a.key"), "--json")
    report = cli.ok("pack", wheel, *options).json
    note = {"object": MODULE, "library": f"{LIBRARIES}/libasked.so.1"}
    assert report["native"]["notes"] == [note]
    line = f"{MODULE}\t{LIBRARIES}/libasked.so.1\n"
    assert members(cli.directory / "app.zip")[NOTES] == line.encode()
    trust = ("--trust", str(keys / "a.pub"))
    listed = cli.ok("list", "app.zip", *trust, "--native", "--json").json
    assert NOTES in [member["name"] for member in listed["members"]]
    assert listed["native"]["notes"] == [note]
    shown = cli.ok("list", "app.zip", *trust, "--native").out
    assert ["asks", "for", f"{LIBRARIES}/libasked.so.1"] in [
        line.split() for line in shown.split("\n")
    ]


def test_earlier_notes_are_left_out(cli: Cli, tmp_path: Path) -> None:
    tree = write_tree(tmp_path / "t", {NOTES: "a\tb\n", "x.py": ""})
    report = cli.ok("pack", tree, "-o", "app.zip", "--unsigned", "--json").json
    assert [one["reason"] for one in report["left_out"]] == ["earlier notes of libraries"]
    assert NOTES not in members(cli.directory / "app.zip")


@pytest.mark.parametrize("how", ["needed", "part of a text", "in another distribution", "needs it"])
def test_notes_nothing_else(cli: Cli, tmp_path: Path, how: str) -> None:
    text = ASKING if how != "part of a text" else 'const char *name = "no libasked.so.1";'
    files = asking(tmp_path, text)
    library = tmp_path / "a/libasked.so.1"
    more: list[Path] = []
    if how == "needed":
        made = compile_object(tmp_path / "b/module.so", text, needs=[library])
        files[MODULE] = made.read_bytes()
    elif how == "in another distribution":
        content = files.pop(f"{LIBRARIES}/libasked.so.1")
        more = [make_wheel(tmp_path, "more", {"more.libs/libasked.so.1": content})]
    elif how == "needs it":
        one = compile_object(tmp_path / "b/libone.so", text, soname="libone.so")
        two = compile_object(tmp_path / "b/libasked.so.1", soname="libasked.so.1", needs=[one])
        files = {
            f"{LIBRARIES}/libone.so": one.read_bytes(),
            f"{LIBRARIES}/libasked.so.1": two.read_bytes(),
        }
    wheel = make_wheel(tmp_path, "pkg", files)
    report = cli.ok("pack", wheel, *more, "-o", "app.zip", "--unsigned", "--json").json
    assert report["native"]["notes"] == []
    assert NOTES not in members(cli.directory / "app.zip")


def debuggable(tmp_path: Path) -> bytes:
    made = compile_object(tmp_path / "d/it.so", "int it(int a) { return a; }", flags=["-g"])
    content = made.read_bytes()
    assert b".debug_info" in content
    return content


def test_strips(cli: Cli, tmp_path: Path) -> None:
    content = debuggable(tmp_path)
    wheel = make_wheel(tmp_path, "pkg", {MODULE: content})
    report = cli.ok("pack", wheel, "-o", "app.zip", "--unsigned", "--strip", "--json").json
    found = members(cli.directory / "app.zip")
    assert b".debug_info" not in found[MODULE]
    assert report["stripped"] == len(content) - len(found[MODULE]) > 0
    assert report["unstripped"] == []
    rows = {row[0]: row for row in csv.reader(found["pkg-1.0.dist-info/RECORD"].decode().split())}
    digest = base64.urlsafe_b64encode(hashlib.sha256(found[MODULE]).digest()).rstrip(b"=").decode()
    assert rows[MODULE] == [MODULE, f"sha256={digest}", str(len(found[MODULE]))]
    assert "stripped" in cli.ok("pack", wheel, "-o", "a.zip", "--unsigned", "--strip").out
    # Without the option it is what the wheel has.
    cli.ok("pack", wheel, "-o", "b.zip", "--unsigned")
    assert members(cli.directory / "b.zip")[MODULE] == content


def test_a_wheel_is_checked_before_it_is_stripped(cli: Cli, tmp_path: Path) -> None:
    wrong = {MODULE: f"{MODULE},sha256=AAAA,1"}
    wheel = make_wheel(tmp_path, "pkg", {MODULE: debuggable(tmp_path)}, record=wrong)
    done = cli("pack", wheel, "-o", "app.zip", "--unsigned", "--strip")
    assert done.code == 2
    assert "is not what RECORD lists" in done.err


def test_says_that_strip_is_missing(cli: Cli, tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path, "pkg", {MODULE: debuggable(tmp_path)})
    words = ("pack", wheel, "-o", "app.zip", "--unsigned", "--strip")
    done = cli(*words, env={"PATH": str(tmp_path)})
    assert done.code == 2
    assert "there is no `strip` here" in done.err


@pytest.mark.parametrize(
    ("program", "said"),
    [
        ("head -c 100 \"$2\" > \"$2.x\"; mv \"$2.x\" \"$2\"", "program headers lie outside"),
        ("cat \"$(dirname \"$0\")/other.so\" > \"$2\"", "it would need something else"),
    ],
)  # fmt: skip
def test_keeps_what_strip_would_break(cli: Cli, tmp_path: Path, program: str, said: str) -> None:
    content = debuggable(tmp_path)
    wheel = make_wheel(tmp_path, "pkg", {MODULE: content})
    tool = tmp_path / "tools/strip"
    write_tree(tool.parent, {"strip": f"#!/bin/sh\nPATH=/usr/bin:/bin\n{program}\n"})
    tool.chmod(0o755)
    compile_object(tool.with_name("other.so"), flags=["-lm"])
    words = ("pack", wheel, "-o", "app.zip", "--unsigned", "--strip")
    done = cli(*words, "--json", env={"PATH": str(tool.parent)})
    assert done.code == 0, done.err
    (kept,) = done.json["unstripped"]
    assert kept["name"] == MODULE
    assert said in kept["reason"]
    assert done.json["stripped"] == 0
    assert members(cli.directory / "app.zip")[MODULE] == content
    assert "not stripped" in cli(*words, env={"PATH": str(tool.parent)}).err


def test_strip_that_fails_says_so(cli: Cli, tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path, "pkg", {MODULE: debuggable(tmp_path)})
    tool = write_tree(tmp_path / "tools", {"strip": "#!/bin/sh\necho no such thing\nexit 1\n"})
    (tool / "strip").chmod(0o755)
    done = cli("pack", wheel, "-o", "app.zip", "--unsigned", "--strip", env={"PATH": str(tool)})
    assert done.code == 2
    assert "no such thing" in done.err
    assert f"could not strip {wheel.name}/{MODULE}" in done.err


def test_lists_and_verifies_what_is_needed(cli: Cli, keys: Path, objects: dict[str, bytes]) -> None:
    wheel = make_wheel(cli.directory, "pkg", objects)
    cli.ok("pack", wheel, "-o", "app.zip", "--key", keys / "a.key")
    trust = ("app.zip", "--trust", str(keys / "a.pub"), "--native")
    for command in ("list", "verify"):
        done = cli.ok(command, *trust)
        assert f"{MODULE}\n" in done.out
        assert f"libone-1.so ({LIBRARIES}/libone-1.so)" in done.out
        assert "3 shared objects, glibc 2." in done.out
        assert done.err == ""
        assert len(cli.ok(command, *trust, "--json").json["native"]["objects"]) == 3
        assert "native" not in cli.ok(command, *trust[:-1], "--json").json


def test_says_that_there_is_nothing_native(cli: Cli, archive: Path, keys: Path) -> None:
    for command in ("list", "verify"):
        words = (command, archive, "--trust", keys / "a.pub", "--native")
        assert "native" in cli.ok(*words).out
        assert cli.ok(*words, "--json").json["native"] is None


def from_the_future(objects: Mapping[str, bytes]) -> dict[str, bytes]:
    """from_the_future are objects that want a glibc that nobody has."""
    return {
        name: content.replace(b"GLIBC_2.2.5\0", b"GLIBC_9.2.5\0").replace(
            b"GLIBC_2.17\0", b"GLIBC_9.17\0"
        )
        for name, content in objects.items()
    }


def test_says_that_this_glibc_is_too_old(cli: Cli, keys: Path, objects: dict[str, bytes]) -> None:
    wheel = make_wheel(cli.directory, "pkg", from_the_future(objects))
    cli.ok("pack", wheel, "-o", "app.zip", "--key", keys / "a.key")
    trust = ("app.zip", "--trust", str(keys / "a.pub"), "--native")
    report = cli.ok("verify", *trust, "--json").json
    assert report["native"]["glibc"].startswith("9.")
    assert report["glibc_here"].startswith("2.")
    done = cli.ok("verify", *trust)
    assert f"this machine has glibc {report['glibc_here']}, and 9." in done.err
    assert cli.ok("list", *trust).err == ""


def test_a_wheel_for_another_python_is_refused(cli: Cli, objects: dict[str, bytes]) -> None:
    wheel = make_wheel(cli.directory, "pkg", objects, tag="cp36-cp36m-linux_x86_64")
    done = cli("pack", wheel, "-o", "app.zip", "--unsigned")
    assert done.code == 2
    assert "is for another Python or platform than this one" in done.err
    assert f"its tag is cp36-cp36m-linux_x86_64, and {HERE}-{HERE}" in done.err


def test_reports_a_platform_that_promises_too_little(cli: Cli, objects: dict[str, bytes]) -> None:
    platform = f"manylinux_2_28_{machine()}"
    objects = {MODULE: objects[f"{LIBRARIES}/libtwo-2.so.2"]}
    version = f"3.{sys.version_info[1]}"
    native = pack(cli, from_the_future(objects), "--python", version, "--platform", platform)
    assert [one for one in reasons(native) if f"on {platform} promises 2.28" in one]
