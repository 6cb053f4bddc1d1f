"""Wheels for musl: the gate names every condition of theirs that is broken on purpose."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts.wheels import gate, musl
from tests.wheels.made_wheels import (
    CORE,
    CORE_CODE,
    FOREIGN,
    FOREIGN_CODE,
    INFORMATION,
    LAUNCHER,
    compile_for_musl,
    compile_object,
    members_of_package,
    write_wheel,
)

TAG = "cp311-cp311-musllinux_1_2_x86_64"
MUSL_CORE = "signedvfs/_core.so"
# Something of the C library, something of Python's, and something that nobody has to have.
USES = """
int open(const char *, int, ...); void *PyModule_New(const char *); int _PyLong_Sign(void *);
void maybe(void) __attribute__((weak));
void PyInit__core(void) { if (maybe) maybe(); open("", 0); _PyLong_Sign(PyModule_New("")); }
void PyInit__tools(void) {}
"""


class Bench:
    """Bench makes wheels for musl in a directory and has the gate judge them."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.package = directory / "package"
        self.package.mkdir()
        (self.package / "__init__.py").write_text("NAME = 1\n", encoding="utf-8")
        foreign = compile_for_musl(directory, FOREIGN_CODE, exports="signedvfs_foreign_*")
        members = members_of_package(self.package, self.core(USES), foreign, b"")
        members[MUSL_CORE] = members.pop(CORE)
        del members[LAUNCHER]
        self.members = {**members, **self.metadata(TAG)}

    def core(self, code: str, *options: str, soname: str = musl.FILE) -> bytes:
        return compile_for_musl(self.directory, code, *options, soname=soname)

    @staticmethod
    def metadata(tag: str) -> dict[str, bytes]:
        return {f"{INFORMATION}/WHEEL": f"Wheel-Version: 1.0\nTag: {tag}\n".encode()}

    def judge(self, tag: str = TAG, **changed: bytes) -> list[str]:
        """Returns what is wrong with the wheel that has another `core` or `foreign`."""
        names = {"core": MUSL_CORE, "foreign": FOREIGN}
        members = {**self.members, **{names[one]: content for one, content in changed.items()}}
        return self.judge_members(members, tag)

    def judge_members(self, members: dict[str, bytes], tag: str = TAG) -> list[str]:
        # An auditwheel that is asked all the same has nothing good to say.
        expected = gate.Expected(self.package, auditwheel=["false"])
        found = gate.judge(write_wheel(self.directory, members, tag), expected)
        return [f"{name}: {sentence}" for name, wrong in found.items() for sentence in wrong]


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_what_breaks_nothing_passes(bench: Bench) -> None:
    assert bench.judge() == []


def test_a_function_that_musl_does_not_have_is_named(bench: Bench) -> None:
    code = "int __read_chk(void); int gettid(void);\n"
    code += "int PyInit__core(void) { return __read_chk() + gettid(); } void PyInit__tools(void) {}"
    wrong = f"floor: {MUSL_CORE} needs what musl 1.2 does not have: __read_chk, gettid"
    assert bench.judge(core=bench.core(code)) == [wrong]


def test_only_the_extension_takes_what_is_pythons(bench: Bench) -> None:
    code = "int PyErr_Check(void); int signedvfs_foreign_decode_3(void) { return PyErr_Check(); }\n"
    foreign = compile_for_musl(bench.directory, code, exports="signedvfs_foreign_*")
    wrong = f"floor: {FOREIGN} needs what musl 1.2 does not have: PyErr_Check"
    assert bench.judge(foreign=foreign) == [wrong]


def test_a_file_for_glibc_is_named(bench: Bench) -> None:
    code = CORE_CODE + "int printf(void); int PyInit_it(void) { return printf(); }"
    wrong = bench.judge(core=compile_object(bench.directory, code))
    assert f"needed: {MUSL_CORE} needs libc.so.6, libgcc_s.so.1" in wrong
    assert any("needs versions of symbols of libc.so.6" in one for one in wrong), wrong


def test_another_library_is_named(bench: Bench) -> None:
    core = bench.core(USES, soname="libc.musl-x86_64.so.1")
    assert bench.judge(core=core) == [
        f"needed: {MUSL_CORE} needs libc.musl-x86_64.so.1",
        f"needed: {MUSL_CORE} has a C library of its own: it does not need libc.so",
    ]


def test_packed_relocations_are_named(bench: Bench) -> None:
    code = USES + "static int one; int *PyInit_where = &one;\n"
    core = bench.core(code, "-Wl,-z,pack-relative-relocs")
    (wrong,) = [one for one in bench.judge(core=core) if one.startswith("floor")]
    assert wrong.endswith("has relocations that musl before 1.2.4 passes over (DT_RELR)")


def test_another_musl_is_named(bench: Bench) -> None:
    tag = TAG.replace("1_2", "1_1")
    wrong = bench.judge_members({**bench.members, **bench.metadata(tag)}, tag)
    assert wrong == ["tag: the name promises musllinux_1_1_x86_64, and not musl 1.2"]


def test_a_launcher_or_a_core_for_glibc_does_not_belong_there(bench: Bench) -> None:
    for name in (LAUNCHER, CORE):
        wrong = bench.judge_members({**bench.members, name: b""})
        assert wrong == [f"contents: nothing is known of {name}"]


@pytest.mark.parametrize("name", [MUSL_CORE, FOREIGN])
def test_what_is_missing_is_named(bench: Bench, name: str) -> None:
    members = {one: content for one, content in bench.members.items() if one != name}
    assert f"contents: it lacks {name}" in bench.judge_members(members)


def test_the_list_of_functions_is_read() -> None:
    assert {"open", "pthread_create", "dl_iterate_phdr", "environ"} <= musl.symbols()
    assert not {"renameat2", "gettid", "__read_chk", "gnu_get_libc_version"} & musl.symbols()
