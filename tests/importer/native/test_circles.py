"""Libraries that need each other."""

from __future__ import annotations

import errno
import platform
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from signedvfs._tools import _shared_object
from tests.importer.native.conftest import App, Child
from tests.importer.native.foundry import SUFFIX, extension, library, writes
from tests.importer.native.test_no_memory import forbidding
from tests.importer.workshop import Files, Workshop

# A library "a" is liba.so.1. It calls those that it needs, down to some depth, and so do they.
SAYS = """
#include <string.h>
@DECLARATIONS@
void say_@NAME@(char* out, int depth) {
  strcat(out, "@VALUE@");
  if (depth > 0) { @CALLS@ }
}
const char* said_@NAME@(void) {
  static char out[256];
  out[0] = 0;
  say_@NAME@(out, 2);
  return out;
}
"""

Needs = Mapping[str, Sequence[str]]

TWO: Needs = {"a": "b", "b": "a"}
THREE: Needs = {"a": "b", "b": "c", "c": "a"}
SHARED: Needs = {"a": "bd", "b": "a", "d": "a"}
WITH_OTHERS: Needs = {"a": "bx", "b": "ya", "x": "w", "y": "", "w": ""}
TWICE: Needs = {"a": "bc", "b": "a", "c": "d", "d": "c"}
ITSELF: Needs = {"a": "a"}


def file_of(name: str) -> str:
    return f"lib{name}.so.1"


def make(
    name: str,
    needs: Sequence[str],
    linked: Mapping[str, bytes],
    *,
    value: str = "",
    soname: str | None = "",
    versions: bool = False,
    more: str = "",
) -> bytes:
    code = SAYS
    for word, meaning in {
        "DECLARATIONS": "".join(f"void say_{one}(char* out, int depth);" for one in needs),
        "CALLS": "".join(f"say_{one}(out, depth - 1);" for one in needs),
        "NAME": name,
        "VALUE": value or name,
    }.items():
        code = code.replace(f"@{word}@", meaning)
    return library(
        f"unused_{name}",
        "",
        soname=file_of(name) if soname == "" else soname,
        needs={file_of(one): linked[one] for one in needs},
        more=code + more,
        # Each symbol has a version, which is the name of its library.
        flags=["-Wl,--default-symver"] if versions else [],
    )


def circle(
    needs: Needs,
    *,
    values: Mapping[str, str] = {},
    sonames: Mapping[str, str | None] = {},
    versions: bool = False,
    more: Mapping[str, str] = {},
) -> dict[str, bytes]:
    """Return the libraries by their names; they are linked with others that need nothing."""
    stubs = {one: make(one, "", {}, versions=versions) for one in needs}
    return {
        one: make(
            one,
            needs[one],
            stubs,
            value=values.get(one, ""),
            soname=sonames.get(one, ""),
            versions=versions,
            more=more.get(one, ""),
        )
        for one in needs
    }


def files_of(libraries: Mapping[str, bytes], name: str = "_m", more: str = "") -> Files:
    """Return a package whose module calls the library "a"."""
    needs = {file_of("a"): make("a", "", {})}
    module = extension(name, calls="said_a", needs=needs, rpath="$ORIGIN/../pkg.libs", more=more)
    bundled = {f"pkg.libs/{file_of(one)}": content for one, content in libraries.items()}
    return {"pkg/__init__.py": "", f"pkg/{name}{SUFFIX}": module, **bundled}


@pytest.mark.parametrize("versions", [False, True], ids=["plain", "versions"])
@pytest.mark.parametrize(
    ("needs", "said"),
    [
        (TWO, "aba"),
        (THREE, "abc"),
        (SHARED, "abada"),
        (WITH_OTHERS, "abyaxw"),
        (TWICE, "abacd"),
        (ITSELF, "aaa"),
    ],
    ids=["two", "three", "shared", "with others", "twice", "itself"],
)
def test_they_are_loaded_together(
    child: Child, app: App, needs: Needs, said: str, versions: bool
) -> None:
    libraries = circle(needs, versions=versions)
    wanted = _shared_object(libraries["a"], platform.machine(), "a")["versions"]
    assert any(version.endswith(".so.1") for _, version in wanted) is (versions and needs != ITSELF)
    path = app(files_of(libraries))
    script = f"""
        import pkg._m
        assert pkg._m.value() == {said!r}, pkg._m.value()
        maps = open("/proc/self/maps").read().splitlines()
        images = [one.split()[5] for one in maps if "/pkg.libs/lib" in one and " r-xp " in one]
        assert len(images) == len(set(images)) == {len(libraries)}, images
    """
    child.run(script, path)


def test_they_are_what_was_signed(child: Child, app: App) -> None:
    """Not a byte is changed for it, and no file is looked for."""
    libraries = circle(TWO)
    path = app(files_of(libraries))
    script = """
        import ctypes, pkg._m
        class Header(ctypes.Structure):
            _fields_ = [("address", ctypes.c_size_t), ("name", ctypes.c_char_p)]
        seen = {}
        @ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(Header), ctypes.c_size_t, ctypes.c_void_p)
        def look(header, size, data):
            seen[header.contents.address] = header.contents.name
            return 0
        ctypes.CDLL(None).dl_iterate_phdr(look, None)
        bases = {}
        for line in open("/proc/self/maps"):
            span, _, offset, *_, name = line.split(None, 5)
            if "pkg.libs/lib" in name and " more" not in name and int(offset, 16) == 0:
                bases[name.split("pkg.libs/")[1].split()[0]] = int(span.split("-")[0], 16)
        assert sorted(bases) == ["liba.so.1", "libb.so.1"], bases
        import zipfile
        with zipfile.ZipFile(sys.path[0]) as opened:
            for name, base in bases.items():
                content = opened.read("pkg.libs/" + name)
                assert base in seen
                # Nobody writes to the headers, the symbols, and the names of what it needs.
                assert ctypes.string_at(base, 0x400) == content[:0x400], name
    """
    child.run(script, path)


def test_no_file_is_looked_for(child: Child, app: App, tmp_path: Path) -> None:
    """Libraries of those names lie where the linker would look."""
    marker = tmp_path / "ran"
    planted = tmp_path / "planted"
    planted.mkdir()
    for one in THREE:
        (planted / file_of(one)).write_bytes(make(one, "", {}, value="X", more=writes(marker)))
    path = app(files_of(circle(THREE)))
    environment = {"LD_LIBRARY_PATH": str(planted)}
    assert child.value("pkg._m", path, environment=environment) == "abc"
    assert not marker.exists()


@pytest.mark.parametrize("soname", [None, "libelse.so"], ids=["none", "another"])
def test_without_the_name_they_are_refused(
    child: Child, app: App, tmp_path: Path, soname: str | None
) -> None:
    marker = tmp_path / "ran"
    libraries = circle(TWO, sonames={"b": soname}, more={"a": writes(marker), "b": writes(marker)})
    said = child.failure("pkg._m", app(files_of(libraries)))
    assert said.startswith("ZipImportError: cannot load"), said
    wanted = (
        "'pkg.libs/liba.so.1' and 'pkg.libs/libb.so.1' need each other, by the name 'libb.so.1', "
        "which the library does not have in it (DT_SONAME)"
    )
    assert wanted in said, said
    assert not marker.exists()


def test_a_symbol_that_is_missing(child: Child, app: App, tmp_path: Path) -> None:
    """The linker loads all or none, names the member, and is asked again as if never before."""
    marker = tmp_path / "ran"
    needs = "void nowhere(void); void call(void) { nowhere(); }"
    libraries = circle(TWO, more={"a": writes(marker), "b": needs})
    path = app(files_of(libraries))
    script = f"""
        import os
        for attempt in range(2):
            said = failure("pkg._m")
            assert "pkg.libs/libb.so.1: undefined symbol: nowhere" in said, said
            assert "/proc/" not in said, said
            assert "liba.so.1" not in open("/proc/self/maps").read()
        assert not os.path.exists({str(marker)!r})
    """
    child.run(script, path)


def test_somebody_elses_name_is_refused(child: Child, app: App, tmp_path: Path) -> None:
    """A library of that name in the process would be taken for the one that is needed."""
    marker = tmp_path / "ran"
    other = tmp_path / "other.so"
    other.write_bytes(make("b", "", {}, value="X"))
    path = app(files_of(circle(TWO, more={"a": writes(marker), "b": writes(marker)})))
    script = f"""
        import ctypes, os
        ctypes.CDLL({str(other)!r})
        said = failure("pkg._m")
        assert "'pkg.libs/liba.so.1' needs 'pkg.libs/libb.so.1' by the name " in said, said
        assert {str(other)!r} in said, said
        assert not os.path.exists({str(marker)!r})
    """
    child.run(script, path)


def test_the_same_ones_of_two_archives(workshop: Workshop, child: Child) -> None:
    """Where all are the same, the second archive gets those of the first; else it is refused."""
    first = workshop.zip("first.zip", files_of(circle(TWO)))
    same = files_of(circle(TWO), "_n", "int another;")
    second = workshop.zip("second.zip", {k.replace("pkg/", "qkg/"): v for k, v in same.items()})
    other = files_of(circle(TWO, values={"b": "B"}), "_o")
    third = workshop.zip("third.zip", {k.replace("pkg/", "okg/"): v for k, v in other.items()})
    script = """
        import pkg._m, qkg._n
        assert pkg._m.value() == qkg._n.value() == "aba"
        names = {line.split()[-2] for line in open("/proc/self/maps") if "libb.so.1" in line}
        assert len([one for one in names if "more" not in one]) == 1, names
        said = failure("okg._o")
        assert "libb.so.1' of" in said and "first.zip" in said, said
    """
    child.run(script, first, second, third)


def test_a_newer_release_is_not_mixed_in(workshop: Workshop, child: Child) -> None:
    path = workshop.zip("app.zip", files_of(circle(TWO)), 1, "app")
    newer = workshop.zip("newer.zip", files_of(circle(TWO, values={"b": "B"})), 2, "app")
    script = f"""
        import importlib, os
        import pkg._m
        os.replace({str(newer)!r}, {str(path)!r})
        importlib.invalidate_caches()
        for name in ("pkg", "pkg._m"):
            del sys.modules[name]
        said = failure("pkg._m")
        assert "of which another release was loaded before" in said, said
    """
    child.run(script, path)


def test_each_is_announced_before_any_runs(child: Child, app: App, tmp_path: Path) -> None:
    marker = tmp_path / "ran"
    path = app(files_of(circle(THREE, more={one: writes(marker) for one in THREE})))
    script = f"""
        import os, pkg
        seen, forbidden = [], None
        def hook(event, arguments):
            if event.startswith("signedvfs."):
                seen.append((event.split(".")[1], arguments[1], os.path.exists({str(marker)!r})))
                if arguments[1] == forbidden and event == "signedvfs.load":
                    raise RuntimeError("not this one")
        sys.addaudithook(hook)
        libraries = [f"pkg.libs/lib{{one}}.so.1" for one in "abc"]
        for forbidden in libraries:
            said = failure("pkg._m")
            assert said == "RuntimeError: not this one", said
            assert not os.path.exists({str(marker)!r})
        forbidden = None
        seen.clear()
        import pkg._m
        assert pkg._m.value() == "abc"
        module = "pkg/_m{SUFFIX}"
        assert seen == [
            *(("verify", one, False) for one in [*libraries, module]),
            *(("load", one, False) for one in libraries),
            ("load", module, True),
        ], seen
    """
    child.run(script, path)


def test_a_hook_may_load_them_meanwhile(child: Child, app: App) -> None:
    """What it loads is what is used: there are no second copies."""
    files = files_of(circle(TWO))
    other = files_of(circle(TWO), "_n", "int another;")
    path = app({**files, **other})
    script = """
        import pkg
        asked = []
        def hook(event, arguments):
            if event == "signedvfs.load" and "liba" in arguments[1]:
                asked.append(event)
                if len(asked) == 1:
                    import pkg._n
        sys.addaudithook(hook)
        import pkg._m
        assert pkg._m.value() == "aba" and pkg._n.value() == "aba" and len(asked) == 2
        images = [l for l in open("/proc/self/maps") if "liba.so.1" in l and " r-xp " in l]
        assert len(images) == 1, images
    """
    child.run(script, path)


@pytest.mark.parametrize("mode", ["ctypes.RTLD_LOCAL", "ctypes.RTLD_GLOBAL"])
def test_ctypes_loads_one_by_name(child: Child, app: App, mode: str) -> None:
    libraries = circle(THREE)
    files = files_of(libraries)
    path = app({**files, "app.py": "import ctypes\n"})
    script = f"""
        import ctypes, app
        signedvfs.open_doors()
        library = ctypes.CDLL("libb.so.1", mode={mode})
        library.said_b.restype = ctypes.c_char_p
        assert library.said_b() == b"bca"
        # Only what was loaded for all to see is seen by all.
        try:
            ctypes.CDLL(None).said_c
        except AttributeError:
            assert {mode} == ctypes.RTLD_LOCAL
        else:
            assert {mode} == ctypes.RTLD_GLOBAL
        import pkg._m
        assert pkg._m.value() == "abc"
    """
    child.run(script, path)


def test_a_module_among_them(child: Child, app: App) -> None:
    """A library that needs the module that needs it: where the module has its name in it."""
    name = f"_m{SUFFIX}"
    base = '#include <string.h>\nvoid say_m(char* out, int depth) { strcat(out, "m"); }'
    stub = library("unused_m", "", soname=name, more=base)
    back = library(
        "said",
        "back ",
        soname="libback.so",
        more="void say_m(char* out, int depth);\n"
        "static char out[9];\nconst char* called(void) { out[0] = 0; say_m(out, 0); return out; }",
        calls="called",
        needs={name: stub},
    )
    module = extension("_m", calls="said", needs={"libback.so": back}, more=base, soname=name)
    path = app({name: module, "libback.so": back})
    assert child.value("_m", path) == "back m"
    nameless = extension("_m", calls="said", needs={"libback.so": back}, more=base)
    path = app({name: nameless, "libback.so": back})
    assert "does not have in it (DT_SONAME)" in child.failure("_m", path)


def test_where_memory_is_forbidden(child: Child, app: App, tmp_path: Path) -> None:
    """Files without names stand in for the memory of all."""
    path = app(files_of(circle(TWO)))
    script = f"""
import pkg._m
assert pkg._m.value() == "aba"
images = [one for one in open("/proc/self/maps") if {str(tmp_path)!r} in one and " r-xp " in one]
assert len(images) == 3, images  # the module is one, too
assert "memfd" not in open("/proc/self/maps").read()
"""
    child.run(forbidding(errno.EPERM) + script, path, library_directory=str(tmp_path))
