"""sign --stdlib and --site, and verify by what they write."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.cli.helpers import Cli, write_tree
from tests.support.native import SEARCHING, SUFFIX, compile_object


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory, keys: Path) -> Path:
    """manifest is that of the library of the interpreter that runs the command."""
    directory = tmp_path_factory.mktemp("library")
    done = Cli(directory).ok("sign", "--stdlib", "--key", keys / "a.key", "-o", "std.manifest")
    assert "signed std.manifest" in done.out
    return directory / "std.manifest"


def test_verifies_the_whole_library(cli: Cli, keys: Path, manifest: Path) -> None:
    words = ("verify", "--stdlib", "--manifest", manifest, "--trust", keys / "a.pub", "--json")
    shown = cli.ok(*words).json
    assert shown["verified"] is True
    assert shown["manifest"] == str(manifest)
    roots = {one["root"]: one for one in shown["roots"]}
    assert roots["stdlib"]["members"] > 500
    assert set(roots) <= {"stdlib", "lib-dynload"}
    assert shown["signers"] == shown["signatures"]


def test_says_what_native_code_of_the_library_needs(cli: Cli, keys: Path, manifest: Path) -> None:
    words = ("verify", "--stdlib", "--manifest", manifest, "--trust", keys / "a.pub", "--native")
    shown = cli.ok(*words, "--json").json
    reports = {one["root"]: one["native"] for one in shown["roots"]}
    assert reports["stdlib"] is None or "lib-dynload" not in reports
    native = reports.get("lib-dynload") or reports["stdlib"]
    if native is None:
        pytest.skip("this interpreter has all of its modules built in")
    assert native["problems"] == []
    system = {name for one in native["objects"] for name in one["system"]}
    assert "libc.so.6" in system
    assert not any(one["missing"] for one in native["objects"])
    done = cli.ok(*words)
    assert "lib-dynload: " in done.out
    assert "not to be imported" not in done.err
    one = native["objects"][0]["member"]
    assert one in done.out


def test_a_root_of_packages_is_none_of_the_library(cli: Cli, keys: Path, tmp_path: Path) -> None:
    # By itself each is a signed directory: what it needs is not the system's.
    needed = compile_object(tmp_path / "libsay.so.1", soname="libsay.so.1")
    place = tmp_path / "site"
    compile_object(
        place / f"_m{SUFFIX}", SEARCHING, needs=[needed], flags=["-Wl,-rpath,/opt/elsewhere"]
    )
    cli.ok("sign", place, "--key", keys / "a.key", "--detached", "site.manifest")
    words = (place, "--manifest", "site.manifest", "--trust", keys / "a.pub", "--native")
    shown = cli.ok("verify", *words, "--json").json["native"]
    assert [one["missing"] for one in shown["objects"]] == [["libsay.so.1"]]
    advice = [one["advice"] for one in shown["problems"]]
    assert len(advice) == 2
    assert all("sign the directory again" in text for text in advice)
    assert not any("ack " in text for text in advice)
    for command in ("verify", "list"):
        err = cli.ok(command, *words).err
        assert "not to be imported from the signed directory" in err


def test_lists_the_whole_library(cli: Cli, keys: Path, manifest: Path) -> None:
    words = ("list", "--stdlib", "--manifest", manifest, "--trust", keys / "a.pub")
    shown = cli.ok(*words, "--json").json
    roots = {one["root"]: one for one in shown["roots"]}
    assert set(roots) <= {"stdlib", "lib-dynload"}
    names = {one["name"] for one in roots["stdlib"]["members"]}
    assert {"os.py", "json/__init__.py"} <= names
    assert "native" not in roots["stdlib"]
    lines = cli.ok(*words).out.splitlines()
    assert any(line.endswith(" stdlib/os.py") for line in lines)
    assert cli("list", "--site", *words[2:]).code == 1  # nobody has signed that


def test_one_root_is_read_like_any_directory(cli: Cli, keys: Path, manifest: Path) -> None:
    library = sys.modules["os"].__file__
    assert library is not None
    path = Path(library).parent
    words = (path, "--manifest", manifest, "--root", "stdlib", "--trust", keys / "a.pub")
    assert cli.ok("cat", words[0], "this.py", *words[1:]).raw == (path / "this.py").read_bytes()
    assert cli("list", words[0], "--manifest", manifest, "--trust", keys / "a.pub").code == 1


def test_an_unsigned_root_is_refused(cli: Cli, keys: Path, manifest: Path) -> None:
    words = ("--manifest", manifest, "--trust", keys / "a.pub")
    for asked in (("--site",), ("--stdlib", "--site")):
        done = cli("verify", *asked, *words)
        assert done.code == 1
        assert "'site'" in done.err


def test_signs_bytecode_of_a_directory_on_request(cli: Cli, tree: Path, keys: Path) -> None:
    tag = sys.implementation.cache_tag
    cli.ok("sign", tree, "--key", keys / "a.key")
    name = f"top.{tag}.pyc"
    write_tree(tree, {f"__pycache__/{name}": b"junk"})
    shown = cli.ok("sign", tree, "--key", keys / "a.key", "--pycache", "--json").json
    assert shown["left_out"] == [f"__pycache__/{name}: it is too short for a .pyc"]


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (("--stdlib", "tree", "-o", "m"), "take no PATH"),
        (("--stdlib", "--root", "x", "-o", "m"), "no --root"),
        (("--stdlib",), "need a detached manifest: -o FILE"),
        (("--site", "-o", "m", "--detached", "n"), "one detached manifest"),
        (("--site", "-o", "m", "--index"), "without an index"),
        ((), "name PATH, or give --stdlib or --site"),
    ],
)
def test_usage(cli: Cli, keys: Path, words: tuple[str, ...], problem: str) -> None:
    done = cli("sign", "--key", keys / "a.key", *words)
    assert done.code == 2
    assert problem in done.err
    assert not (cli.directory / "m").exists()


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (("--stdlib",), "--manifest FILE"),
        (("--stdlib", "tree", "--manifest", "m"), "take no PATH"),
        ((), "name PATH"),
    ],
)
@pytest.mark.parametrize("command", ["verify", "list"])
def test_usage_of_reading(
    cli: Cli, keys: Path, command: str, words: tuple[str, ...], problem: str
) -> None:
    done = cli(command, "--trust", keys / "a.pub", *words)
    assert done.code == 2
    assert problem in done.err
