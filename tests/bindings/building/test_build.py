"""build: one file of an application, with all that it needs."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

import signedvfs
from signedvfs import IntegrityCheckError, PrivateKey, TrustPolicy, _tools
from signedvfs.building import BuildError, build
from signedvfs.building.elf import elf_size
from signedvfs.building.layout import PAGE
from signedvfs.building.linker import is_of_glibc, loaded_objects
from signedvfs.packaging import PackError
from tests.bindings.building.conftest import Built
from tests.cli.helpers import make_wheel, write_tree
from tests.support.native import compile_object


@pytest.fixture
def quickly(monkeypatch: pytest.MonkeyPatch, launcher: Path) -> dict[str, Any]:
    """quickly are arguments to build without the standard library's modules: they are many."""
    monkeypatch.setattr("signedvfs.building.builder.library_items", list)
    return {"launcher": launcher, "compression": "stored", "ephemeral": True}


def test_the_parts(built: Built) -> None:
    content = built.path.read_bytes()
    launcher = built.launcher.read_bytes()
    assert built.path.stat().st_mode & 0o7777 == 0o755
    assert elf_size(content) == len(launcher) == built.report.launcher
    archive = signedvfs.open(built.path, TrustPolicy(built.key.public_key))
    assert archive.prefix_length == len(launcher) + -len(launcher) % PAGE
    assert content[len(launcher) : archive.prefix_length] == bytes(-len(launcher) % PAGE)
    assert content[archive.prefix_length :][:4] == b"PK\3\4"
    archive.verify_all()
    assert (archive.name, archive.serial) == ("hello", 3)
    # The kernel starts what is in front, whatever stands behind it.
    assert subprocess.run([built.path], check=False).returncode == 42


def test_what_is_inside(built: Built) -> None:
    archive = signedvfs.open(built.path, TrustPolicy(built.key.public_key))
    names = archive.list()
    launch = archive.read("signedvfs-launch.txt").decode().splitlines()
    said = [line.partition(" ") for line in launch]
    library = next(value for keyword, _, value in said if keyword == "stdlib")
    assert "__main__.pyc" in names
    assert "__main__.py" not in names
    assert f"{library}/encodings/__init__.pyc" in names
    assert "signedvfs/__init__.pyc" in names
    assert not any(name.startswith(("signedvfs/cli/", "signedvfs/building/")) for name in names)
    assert not any(name.startswith("signedvfs/_core") for name in names)
    for keyword, _, value in said:
        if keyword == "library":
            assert value in names
        if keyword == "path" and value != ".":
            assert archive.is_dir(value)
    assert built.report.members == len(names)
    assert built.report.system == {}
    assert built.report.uncompiled == []
    assert built.report.glibc is not None
    assert built.report.native is not None
    assert built.report.native.problems == ()


def test_the_launcher_goes_by_what_was_asked(built: Built) -> None:
    content = built.path.read_bytes()
    rules, *choices = _tools._launcher_rules(content[: built.report.launcher])
    assert rules.keys == (built.key.public_key,)
    assert rules.names == frozenset({"hello"})
    assert dict(rules.min_serial) == {"hello": 2}
    assert (rules.threshold, choices) == (1, [False, False, False])
    assert signedvfs.open(built.path, rules).name == "hello"


def test_the_same_again(built: Built, tmp_path: Path) -> None:
    again = tmp_path / "again"
    build(built.script, again, key=built.key, launcher=built.launcher, name="hello", serial=3,
          min_serial=2, level=1)  # fmt: skip
    assert again.read_bytes() == built.path.read_bytes()


def test_an_ephemeral_key_is_another_each_time(
    built: Built, tmp_path: Path, quickly: dict[str, Any]
) -> None:
    one, two = (build(built.script, tmp_path / name, **quickly) for name in ("one", "two"))
    assert one.ephemeral
    assert one.signers != two.signers
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one", "two"]


def test_stripping_what_has_nothing_for_debuggers(
    built: Built, tmp_path: Path, launcher: Path
) -> None:
    """The library's own modules are carried without sections, which `strip` cannot do without."""
    report = build(
        built.script, tmp_path / "app", launcher=launcher, ephemeral=True, strip=True, level=1
    )
    assert report.native is not None
    assert any("/lib-dynload/" in one.member for one in report.native.objects)


def test_several_keys(built: Built, tmp_path: Path, quickly: dict[str, Any]) -> None:
    keys = [PrivateKey.generate(), PrivateKey.generate()]
    del quickly["ephemeral"]
    report = build(built.script, tmp_path / "app", key=keys, threshold=2, **quickly)
    assert len(report.signers) == 2
    content = (tmp_path / "app").read_bytes()
    assert _tools._launcher_rules(content[: report.launcher])[0].threshold == 2
    with pytest.raises(ValueError, match="threshold"):
        build(built.script, tmp_path / "app", key=keys, threshold=3, **quickly)


def test_the_library_has_nothing_left_to_strip(built: Built, tmp_path: Path) -> None:
    options: dict[str, Any] = {
        "key": built.key, "launcher": built.launcher, "minimal": True, "compression": "stored",
    }  # fmt: skip
    report = build(built.script, tmp_path / "stripped", strip=True, **options)
    build(built.script, tmp_path / "plain", **options)
    assert report.stripped == 0
    assert (tmp_path / "stripped").read_bytes() == (tmp_path / "plain").read_bytes()


def test_a_policy_that_the_result_does_not_satisfy(
    built: Built, tmp_path: Path, quickly: dict[str, Any]
) -> None:
    output = tmp_path / "app"
    output.write_text("what was there", encoding="utf-8")
    policy = TrustPolicy(built.key.public_key)
    with pytest.raises((IntegrityCheckError, PackError)):
        build(built.script, output, policy=policy, **quickly)
    assert output.read_text(encoding="utf-8") == "what was there"
    assert [path.name for path in tmp_path.iterdir()] == ["app"]


@pytest.mark.parametrize("stage", ["packing", "signing"])
def test_what_fails_leaves_nothing_behind(
    built: Built, tmp_path: Path, quickly: dict[str, Any], stage: str
) -> None:
    def progress(now: str, done: int, _: int) -> None:
        if now == stage and done:
            raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        build(built.script, tmp_path / "app", progress=progress, **quickly)
    assert list(tmp_path.iterdir()) == []


def test_a_release_that_the_launcher_would_refuse(
    built: Built, tmp_path: Path, quickly: dict[str, Any]
) -> None:
    for serial, said in ((None, "has none"), (4, "has 4")):
        with pytest.raises(BuildError, match=said):
            build(built.script, tmp_path / "app", serial=serial, min_serial=5, **quickly)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"main": "a", "script": "b"}, "two answers"),
        ({"key": True}, "give either"),
        ({"ephemeral": False}, "give either"),
        ({"source_files": "both"}, "'keep' or 'strip'"),
    ],
)
def test_arguments_that_contradict_each_other(
    built: Built, tmp_path: Path, quickly: dict[str, Any], given: dict[str, Any], said: str
) -> None:
    if "key" in given:
        given = {"key": built.key}
    with pytest.raises(ValueError, match=said):
        build(built.script, tmp_path / "app", **{**quickly, **given})


def test_sources_are_kept_on_request(built: Built, tmp_path: Path, quickly: dict[str, Any]) -> None:
    build(built.script, tmp_path / "app", source_files="keep", **quickly)
    with zipfile.ZipFile(tmp_path / "app") as archive:
        assert archive.read("__main__.py") == built.script.read_bytes()
        assert {"__main__.pyc", "signedvfs/__init__.py"} <= set(archive.namelist())


def main_of(path: Path) -> str:
    with zipfile.ZipFile(path) as archive:
        return archive.read("__main__.py").decode()


def test_a_directory_and_what_it_runs(tmp_path: Path, quickly: dict[str, Any]) -> None:
    tree = write_tree(tmp_path / "tree", {
        "app/__init__.py": "def main(): pass\n", "app/__main__.py": "", "signedvfs/__init__.py": "",
    })  # fmt: skip
    output = tmp_path / "app"
    report = build(tree, output, main="app:main", source_files="keep", **quickly)
    assert "from app import main" in main_of(output)
    # The launcher has its own, and what the application has of it is another.
    assert [one.reason for one in report.left_out] == ["the launcher's own is there"]
    build(tree, output, main="app", source_files="keep", **quickly)
    assert 'run_module("app"' in main_of(output)
    with pytest.raises(PackError, match="no module 'other'"):
        build(tree, output, main="other", **quickly)
    with pytest.raises(BuildError, match="nothing says what the executable runs"):
        build(tree, output, **quickly)
    write_tree(tree, {"__main__.py": "print(1)\n"})
    build(tree, output, source_files="keep", **quickly)
    assert main_of(output) == "print(1)\n"


def test_a_wheel_and_its_console_script(tmp_path: Path, quickly: dict[str, Any]) -> None:
    wheel = make_wheel(tmp_path, "tool", {
        "tool.py": "def run(): pass\n",
        "tool-1.0.dist-info/entry_points.txt": "[console_scripts]\ntool = tool:run\n",
    })  # fmt: skip
    output = tmp_path / "app"
    report = build(wheel, output, script="tool", source_files="keep", **quickly)
    assert "from tool import run" in main_of(output)
    (package,) = [one for one in report.packages if one.kind == "distribution"]
    assert (package.name, package.version) == ("tool", "1.0")
    assert {"tool.py", "tool.pyc", "tool-1.0.dist-info/RECORD"} <= set(package.files)


def test_a_requirement(
    tmp_path: Path, quickly: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    make_wheel(tmp_path, "tool", {"tool.py": "def run(): pass\n"})
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    report = build("tool==1.0", tmp_path / "app", main="tool:run", **quickly)
    assert [one.name for one in report.packages if one.kind == "distribution"] == ["tool"]
    with pytest.raises(PackError, match="pip could not resolve") as raised:
        build("tool==2.0", tmp_path / "app", main="tool:run", **quickly)
    assert "signedvfs-" not in raised.value.details


@pytest.mark.parametrize(
    ("sources", "said"),
    [
        (["tool"], "which version: tool==VERSION"),
        (["no/such/directory"], "No such file"),
        (["hello.py", "tree"], "and there are other sources"),
        (["notes.txt"], "is no script"),
        (["broken.py"], "does not compile"),
    ],
)
def test_what_is_no_source(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, quickly: dict[str, Any],
    sources: list[str], said: str,
) -> None:  # fmt: skip
    write_tree(tmp_path, {
        "hello.py": "", "tree/a.py": "", "notes.txt": "", "broken.py": "def (",
    })  # fmt: skip
    monkeypatch.chdir(tmp_path)
    with pytest.raises((BuildError, FileNotFoundError)) as raised:
        build(sources, "app", **quickly)
    assert said in str(raised.value) + getattr(raised.value, "advice", "")
    assert not (tmp_path / "app").exists()


def test_names_that_the_executable_has_itself(tmp_path: Path, quickly: dict[str, Any]) -> None:
    tree = write_tree(tmp_path / "tree", {"__main__.py": "", "signedvfs-launch.txt": "path /\n"})
    with pytest.raises(BuildError, match="the name of the launch file"):
        build(tree, tmp_path / "app", **quickly)


def test_libraries_of_one_name(tmp_path: Path, quickly: dict[str, Any]) -> None:
    # The importer takes none of two.
    tree = write_tree(tmp_path / "tree", {"__main__.py": ""})
    compile_object(tree / "it.libs/libgcc_s.so.1", "int a;", soname="libgcc_s.so.1")
    flags = ["-Wl,--no-as-needed", "-lgcc_s"]
    compile_object(tree / "_it.so", flags=flags)
    compile_object(tree / "other.libs/libgcc_s.so.1", "int a;", soname="libgcc_s.so.1")
    with pytest.raises(BuildError, match=r"_it\.so needs libgcc_s\.so\.1, and a distribution"):
        build(tree, tmp_path / "app", **quickly)


def test_the_script_is_not_overwritten(tmp_path: Path, quickly: dict[str, Any]) -> None:
    script = write_tree(tmp_path, {"app": "print(1)\n"}) / "app"
    with pytest.raises(BuildError, match="is what is built from"):
        build(script, script, **quickly)
    assert script.read_text(encoding="utf-8") == "print(1)\n"


def test_no_launcher(built: Built, tmp_path: Path, quickly: dict[str, Any]) -> None:
    other = write_tree(tmp_path, {"launcher": "#!/bin/sh\n"}) / "launcher"
    with pytest.raises(BuildError, match="is no launcher"):
        build(built.script, tmp_path / "app", **{**quickly, "launcher": other})
    with pytest.raises(BuildError, match="something stands behind it"):
        build(built.script, tmp_path / "app", **{**quickly, "launcher": built.path})


def test_only_what_is_imported(built: Built, tmp_path: Path) -> None:
    output = tmp_path / "app"
    report = build(built.script, output, key=built.key, launcher=built.launcher, minimal=True,
                   compression="stored")  # fmt: skip
    with zipfile.ZipFile(output) as archive:
        names = {name.partition("/python3")[2].partition("/")[2] for name in archive.namelist()}
    assert "json/decoder.pyc" in names
    assert "wsgiref/util.pyc" not in names
    assert "wsgiref.util" in report.unreached
    assert built.report.unreached == []
    assert len(report.libraries) < len(built.report.libraries)


def test_the_compiled_code_is_of_this_python(built: Built) -> None:
    archive = signedvfs.open(built.path, TrustPolicy(built.key.public_key))
    code = archive.read("__main__.pyc")
    done = subprocess.run(
        [sys.executable, "-I", "-c", "import marshal, sys; exec(marshal.loads("
         "sys.stdin.buffer.read()[16:]))"],
        input=code, stdout=subprocess.PIPE, check=True,
    )  # fmt: skip
    assert done.stdout == b'"hello"\n'


_IMPORT_ALL = """
import importlib, os, sys
failed = []
for name in sorted(os.listdir(sys.argv[1] + "/lib-dynload")):
    try:
        importlib.import_module(name.partition(".")[0])
    except ImportError as error:
        failed.append(f"{name}: {error}")
assert not failed, failed
assert "json" not in sys.modules
import json
assert json.__file__ == sys.argv[1] + "/json/__init__.pyc", json.__file__
for line in open("/proc/self/maps"):
    if ".so" in line: print(line.split(maxsplit=5)[5].strip())
"""


def test_all_of_it_loads_from_what_is_inside(built: Built, tmp_path: Path) -> None:
    # Unpacked, and with the linker told where: nothing but glibc comes from elsewhere.
    linkers = [path for path in loaded_objects() if path.name.startswith("ld-linux")]
    if not str(linkers[0].resolve()).startswith(("/lib", "/usr/lib")):
        pytest.skip("an interpreter that was moved has a search path that goes before ours")
    archive = signedvfs.open(built.path, TrustPolicy(built.key.public_key))
    write_tree(tmp_path, {name: archive.read(name) for name in archive.list()})
    (library,) = (tmp_path / "lib").iterdir()
    done = subprocess.run(
        [getattr(sys, "_base_executable", sys.executable), "-S", "-s", "-B", "-c", _IMPORT_ALL,
         library],
        env={"PYTHONHOME": str(tmp_path), "LD_LIBRARY_PATH": str(tmp_path / "python.libs")},
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    loaded = {Path(line) for line in done.stdout.splitlines()}
    outside = {path.name for path in loaded if tmp_path not in path.parents}
    assert len(loaded) > len(outside) + 10
    assert {name for name in outside if not is_of_glibc(name)} == set()
