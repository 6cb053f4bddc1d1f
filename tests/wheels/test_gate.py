"""The gate names every condition that is broken on purpose, and passes what breaks none."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from scripts.wheels import gate
from tests.wheels.made_wheels import (
    CORE,
    CORE_CODE,
    FOREIGN,
    FOREIGN_CODE,
    INFORMATION,
    LAUNCHER,
    TAG,
    compile_object,
    compile_program,
    for_aarch64,
    members_of_package,
    write_wheel,
)

# Stands in for auditwheel, which takes a second, where a test is about something else.
CONSENT = [sys.executable, "-c", """print('{"overall_tag": "manylinux_2_28_x86_64"}')"""]
AUDITWHEEL = [sys.executable, "-m", "auditwheel"]
CANARY = "extern long __stack_chk_guard; long PyInit__core(void) { return __stack_chk_guard; }\n"


@dataclass
class Bench:
    """Bench makes wheels in a directory and has the gate judge them."""

    directory: Path
    package: Path
    members: dict[str, bytes]

    def judge(self, members: Mapping[str, bytes], tag: str = TAG, **settings: object) -> list[str]:
        """Returns what is wrong: each sentence with the name of its check."""
        wheel = write_wheel(self.directory, members, tag)
        return self.judge_file(wheel, **settings)

    def judge_file(self, wheel: Path, **settings: object) -> list[str]:
        expected = gate.Expected(self.package, auditwheel=CONSENT)
        for name, value in settings.items():
            setattr(expected, name, value)
        found = gate.judge(wheel, expected)
        return [f"{name}: {sentence}" for name, wrong in found.items() for sentence in wrong]

    def core(self, code: str = CORE_CODE, *options: str, **how: object) -> dict[str, bytes]:
        """Returns the members with another core."""
        content = compile_object(self.directory, code, *options, **how)  # type: ignore[arg-type]  # passed through
        return {**self.members, CORE: content}


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, bytes, bytes]:
    directory = tmp_path_factory.mktemp("compiled")
    core, foreign = (compile_object(directory, one) for one in (CORE_CODE, FOREIGN_CODE))
    return core, foreign, compile_program(directory)


@pytest.fixture
def bench(tmp_path: Path, compiled: tuple[bytes, bytes, bytes]) -> Bench:
    package = tmp_path / "package"
    package.mkdir()
    (package / "__init__.py").write_text("NAME = 1\n", encoding="utf-8")
    (package / "py.typed").touch()
    return Bench(tmp_path, package, members_of_package(package, *compiled))


def test_what_breaks_nothing_passes(bench: Bench) -> None:
    forbidden = [str(bench.directory)]
    assert bench.judge(bench.members, forbidden=forbidden, auditwheel=AUDITWHEEL) == []


def test_a_newer_glibc_is_no_longer_the_floor(bench: Bench) -> None:
    # gettid came with glibc 2.30 (its NEWS), and is in no older one.
    newer = "int gettid(void); int PyInit__core(void) { return gettid(); }\n"
    newer += "void PyInit__tools(void) {}\n"
    (wrong,) = bench.judge(bench.core(newer), auditwheel=AUDITWHEEL)
    assert wrong.startswith("floor: auditwheel says manylinux_2_3")
    assert "GLIBC_2.30" in wrong


def test_an_auditwheel_that_fails_is_no_consent(bench: Bench) -> None:
    (wrong,) = bench.judge(bench.members, auditwheel=["false"])
    assert wrong.startswith("floor: auditwheel does not judge it")


@pytest.mark.parametrize(
    ("exports", "sentence"),
    [
        (("PyInit_*", "keep"), f"exports: {CORE} exports keep"),
        (("PyInit__core",), f"exports: {CORE} does not export PyInit__tools"),
    ],
)
def test_exports_are_exact(bench: Bench, exports: tuple[str, ...], sentence: str) -> None:
    assert bench.judge(bench.core(exports=exports)) == [sentence]


def test_the_other_shared_object_exports_one_function(
    bench: Bench, compiled: tuple[bytes, bytes, bytes]
) -> None:
    wrong = bench.judge({**bench.members, FOREIGN: compiled[0]})
    assert wrong == [
        f"exports: {FOREIGN} exports PyInit__core, PyInit__tools",
        f"exports: {FOREIGN} does not export signedvfs_foreign_decode_3",
    ]


def test_the_launcher_shows_nothing_and_needs_no_unwinder(bench: Bench) -> None:
    showing = compile_program(bench.directory, "-Wl,--export-dynamic")
    wrong = bench.judge({**bench.members, LAUNCHER: showing})
    assert len(wrong) == 1 and wrong[0].startswith(f"exports: {LAUNCHER} exports ")
    needing = compile_program(bench.directory, "-Wl,--no-as-needed", "-lgcc_s")
    wrong = bench.judge({**bench.members, LAUNCHER: needing})
    assert wrong == [f"needed: {LAUNCHER} needs libgcc_s.so.1"]


def test_another_library_is_named(bench: Bench, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "libother.so.1").write_bytes(
        compile_object(tmp_path / "other", "", "-Wl,-soname,libother.so.1")
    )
    other = f"-Wl,--no-as-needed,{tmp_path}/other/libother.so.1"
    wrong = bench.judge(bench.core(CORE_CODE, other))
    assert f"needed: {CORE} needs libother.so.1" in wrong


def test_a_search_path_is_named(bench: Bench) -> None:
    wrong = bench.judge(bench.core(CORE_CODE, "-Wl,-rpath,/opt/lib"))
    assert wrong == [f"needed: {CORE} looks for libraries in /opt/lib"]


def test_an_unwinder_of_its_own_is_named(bench: Bench) -> None:
    content = bench.members[CORE].replace(b"libgcc_s.so.1\0", b"libc.so.6\0\0\0\0\0")
    wrong = bench.judge({**bench.members, CORE: content})
    assert any("has an unwinder of its own" in one for one in wrong), wrong


@pytest.mark.parametrize(
    ("option", "sentence"),
    [
        ("-Wl,-z,norelro", "is not linked with -z relro -z now"),
        ("-Wl,-z,lazy", "is not linked with -z relro -z now"),
        ("-Wl,-z,execstack", "has an executable stack"),
    ],
)
def test_hardening(bench: Bench, option: str, sentence: str) -> None:
    assert bench.judge(bench.core(CORE_CODE, option)) == [f"hardening: {CORE} {sentence}"]


def test_a_fixed_canary_on_aarch64_is_named(bench: Bench) -> None:
    tag = TAG.replace("x86_64", "aarch64")
    good = for_aarch64(compile_object(bench.directory, CANARY))
    fixed = for_aarch64(
        compile_object(bench.directory, "long __stack_chk_guard = 0xff0a;\n" + CANARY)
    )

    def canaries(core: bytes) -> list[str]:
        names = {name.replace("x86_64", "aarch64"): one for name, one in bench.members.items()}
        name = CORE.replace("x86_64", "aarch64")
        wrong = bench.judge({**names, FOREIGN: good, LAUNCHER: good, name: core}, tag)
        return [one for one in wrong if one.startswith("canary: ")]

    assert canaries(good) == []
    (wrong,) = canaries(fixed)
    assert wrong.endswith("it does not take the linker's __stack_chk_guard")


@pytest.mark.parametrize("member", [CORE, f"{INFORMATION}/METADATA"])
def test_a_path_of_the_machine_that_built_it_is_named(bench: Bench, member: str) -> None:
    # Behind the end of an ELF file nothing looks at it.
    members = {**bench.members, member: bench.members[member] + b"\0/somewhere/checkout/a\0"}
    assert bench.judge(members, forbidden=["/somewhere/else"]) == []
    (wrong,) = bench.judge(members, forbidden=["/somewhere/checkout"])
    assert wrong == f"paths: {member} has the path /somewhere/checkout"


def test_a_path_of_a_source_is_named_wherever_it_was(bench: Bench) -> None:
    code = CORE_CODE + 'const char *PyInit_where(void) { return "/builds/x/vfs/trust.cc"; }\n'
    wrong = bench.judge(bench.core(code, exports=("PyInit__core", "PyInit__tools")))
    assert wrong == [f"paths: {CORE} has paths of sources: /builds/x/vfs/trust.cc"]


def test_symbols_for_debuggers_are_named(bench: Bench) -> None:
    wrong = bench.judge(bench.core(CORE_CODE, "-g", stripped=False))
    assert any(one.startswith(f"stripped: {CORE} is not stripped: .debug") for one in wrong), wrong


@pytest.mark.parametrize("name", ["tests/test_it.py", "signedvfs/extra.py", f"{INFORMATION}/x.py"])
def test_what_does_not_belong_there_is_named(bench: Bench, name: str) -> None:
    assert bench.judge({**bench.members, name: b""}) == [f"contents: nothing is known of {name}"]


@pytest.mark.parametrize(
    "name", [CORE, FOREIGN, LAUNCHER, "signedvfs/py.typed", f"{INFORMATION}/METADATA"]
)
def test_what_is_missing_is_named(bench: Bench, name: str) -> None:
    wrong = bench.judge({one: content for one, content in bench.members.items() if one != name})
    assert f"contents: it lacks {name}" in wrong


def test_a_module_that_is_not_the_sources_is_named(bench: Bench) -> None:
    wrong = bench.judge({**bench.members, "signedvfs/__init__.py": b"NAME = 2\n"})
    assert wrong == ["contents: signedvfs/__init__.py is not what is in the sources"]


def test_what_is_no_elf_file_is_named(bench: Bench) -> None:
    wrong = bench.judge({**bench.members, FOREIGN: b"#!/bin/sh\n"})
    assert f"contents: {FOREIGN} is no ELF file" in wrong
    (unreadable,) = bench.judge({**bench.members, FOREIGN: b"\x7fELF\x02\x01\x01"})
    assert unreadable.startswith(f"readable: {FOREIGN} is no ELF file that can be read")


@pytest.mark.parametrize("name", ["LICENSE", "bundled/openssl/LICENSE.txt"])
def test_missing_licences_are_named(bench: Bench, name: str) -> None:
    full = f"{INFORMATION}/licenses/{name}"
    (wrong,) = bench.judge({one: text for one, text in bench.members.items() if one != full})
    assert wrong.startswith("contents: it lacks ")


def test_a_record_that_is_wrong_is_named(bench: Bench) -> None:
    good = write_wheel(bench.directory, bench.members)
    record = gate.open_wheel(good).members[f"{INFORMATION}/RECORD"]
    changed = record.replace(b"signedvfs/py.typed,sha256=4", b"signedvfs/py.typed,sha256=5")
    assert changed != record
    wheel = write_wheel(bench.directory, bench.members, record=changed)
    assert bench.judge_file(wheel) == [
        "record: RECORD has another digest or size of signedvfs/py.typed"
    ]
    wheel = write_wheel(bench.directory, bench.members, record=record + b"more.py,,\n")
    assert bench.judge_file(wheel) == ["record: RECORD and the members differ: more.py"]


def test_a_tag_that_the_metadata_does_not_have_is_named(bench: Bench) -> None:
    metadata = b"Wheel-Version: 1.0\nTag: cp311-cp311-linux_x86_64\n"
    (wrong,) = bench.judge({**bench.members, f"{INFORMATION}/WHEEL": metadata})
    assert wrong == f"tag: the name says {TAG}, and the metadata cp311-cp311-linux_x86_64"


def test_a_platform_with_another_glibc_is_named(bench: Bench) -> None:
    tag = TAG.replace("2_28", "2_31")
    metadata = f"Wheel-Version: 1.0\nTag: {tag}\n".encode()
    wrong = bench.judge({**bench.members, f"{INFORMATION}/WHEEL": metadata}, tag)
    assert wrong == ["tag: the name promises manylinux_2_31_x86_64, and not glibc 2.28"]


def test_code_for_another_machine_is_named(
    bench: Bench, compiled: tuple[bytes, bytes, bytes]
) -> None:
    wrong = bench.judge({**bench.members, FOREIGN: for_aarch64(compiled[1])})
    assert f"tag: {FOREIGN} is for aarch64" in wrong


def test_a_second_build_with_other_bytes_is_named(bench: Bench, tmp_path: Path) -> None:
    again = tmp_path / "again"
    write_wheel(again, bench.members)
    assert bench.judge(bench.members, again=again) == []
    write_wheel(again, {**bench.members, "signedvfs/__init__.py": b"NAME = 2\n"})
    (wrong,) = bench.judge(bench.members, again=again)
    assert wrong.startswith(
        f"reproducible: a second build differs: {INFORMATION}/RECORD, signedvfs/__init__.py"
    )
    write_wheel(again, dict(reversed(bench.members.items())))
    (wrong,) = bench.judge(bench.members, again=again)
    assert wrong.startswith("reproducible: a second build differs")
    (wrong,) = bench.judge(bench.members, again=tmp_path / "nowhere")
    assert wrong.startswith("reproducible: there is no second build")


@pytest.mark.parametrize("name", ["signedvfs-0.1.0-cp311-cp311-linux_x86_64.whl", "other.whl"])
def test_other_files_are_not_judged(bench: Bench, name: str) -> None:
    path = write_wheel(bench.directory, bench.members).rename(bench.directory / name)
    assert bench.judge_file(path) == [
        f"readable: no name of a wheel of signedvfs for manylinux or musllinux: {name}"
    ]


def test_a_broken_archive_is_refused(bench: Bench) -> None:
    path = write_wheel(bench.directory, bench.members)
    path.write_bytes(path.read_bytes()[:-30])
    (wrong,) = bench.judge_file(path)
    assert wrong.startswith("readable: cannot be read")


def test_the_command_says_what_is_wrong(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    good = write_wheel(bench.directory, bench.members)
    bad = write_wheel(bench.directory / "bad", {**bench.members, "more.py": b""})
    package = ["--package", str(bench.package)]
    assert gate.main([str(good), *package]) == 0
    assert capsys.readouterr().out == f"{good.name}: passed\n"
    assert gate.main([str(good), str(bad), *package]) == 1
    said = capsys.readouterr().out
    assert said.splitlines()[1:] == [
        f"{bad.name}: refused",
        "  contents: nothing is known of more.py",
    ]
    assert gate.main([str(bad), "--json", *package]) == 1
    assert json.loads(capsys.readouterr().out)[str(bad)] == {
        "contents": ["nothing is known of more.py"]
    }


def test_every_check_is_broken_here() -> None:
    here = Path(__file__).read_text(encoding="utf-8")
    assert [name for name in gate.CHECKS if f"{name}: " not in here] == []
