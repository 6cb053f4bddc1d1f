"""What is no module that can be loaded, and what it says of itself that is not accepted."""

from __future__ import annotations

import struct
import sysconfig
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.importer.native.conftest import App, Child
from tests.importer.native.foundry import SUFFIX, extension, library, writes
from tests.importer.workshop import Workshop

SAY = "libsay.so.1"


def edited(offset: int, form: str, value: int) -> Callable[[bytes], bytes]:
    def edit(content: bytes) -> bytes:
        out = bytearray(content)
        struct.pack_into(form, out, offset, value)
        return bytes(out)

    return edit


@pytest.mark.parametrize(
    ("edit", "says"),
    [
        (lambda _: b"", "it is no ELF file"),
        (lambda _: b"print('text')\n", "it is no ELF file"),
        (lambda c: c[:10], "ends in its ELF header"),
        (lambda c: c[:200], "outside the file"),
        (lambda c: c[: len(c) // 3], "outside the file"),
        (edited(18, "<H", 183), "aarch64"),
        (edited(18, "<H", 40), "it is built for"),
        (edited(4, "B", 1), "a 32-bit machine"),
        (edited(5, "B", 2), "a big-endian machine"),
        (edited(16, "<H", 1), "an object file that has not been linked"),
        (edited(16, "<H", 2), "it is a program"),
        (edited(56, "<H", 0xFFFF), "program headers"),
        (edited(56, "<H", 60000), "program headers"),
        (edited(56, "<H", 0), "program headers"),
        (edited(32, "<Q", 1 << 62), "program headers lie outside"),
    ],
    ids=[
        *("empty", "text", "header", "headers", "third", "aarch64", "arm", "32", "big", "object"),
        *("program", "max", "many", "none", "far"),
    ],
)
def test_no_shared_object_of_this_machine(
    child: Child, app: App, edit: Callable[[bytes], bytes], says: str, tmp_path: Path
) -> None:
    marker = tmp_path / "ran"
    content = edit(extension("_m", more=writes(marker)))
    path = app({"pkg/__init__.py": "", f"pkg/_m{SUFFIX}": content})
    script = f"""
        try:
            import pkg._m
        except ImportError as error:
            assert type(error).__name__ == "ZipImportError"
            assert error.name == "pkg._m", error.name
            assert error.path == {str(path)!r} + "/pkg/_m{SUFFIX}", error.path
            print(error)
    """
    said = child.run(script, path)
    assert said.startswith(f"cannot load 'pkg/_m{SUFFIX}' from '{path}': "), said
    assert says in said and not marker.exists(), said


def test_a_fallback_in_python_is_possible(child: Child, app: App) -> None:
    """Packages catch the ImportError of their speed-ups."""
    source = """
try:
    from pkg._m import value
except ImportError:
    def value(): return "python"
"""
    path = app({"pkg/__init__.py": source, f"pkg/_m{SUFFIX}": "no library"})
    assert child.value("pkg", path) == "python"


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (["-Wl,--audit,libaudit-me.so"], "DT_AUDIT libaudit-me.so"),
        (["-Wl,--depaudit,libaudit-me.so"], "DT_DEPAUDIT libaudit-me.so"),
        (["-Wl,--filter,libfilter.so"], "DT_FILTER libfilter.so"),
        (["-Wl,--auxiliary,libauxiliary.so"], "DT_AUXILIARY libauxiliary.so"),
    ],
    ids=["audit", "depaudit", "filter", "auxiliary"],
)
@pytest.mark.parametrize("in_library", [False, True])
def test_what_lets_others_in(
    child: Child, app: App, flags: list[str], says: str, in_library: bool, tmp_path: Path
) -> None:
    marker = tmp_path / "ran"
    more = writes(marker)
    content = library("say", "x", soname=SAY, flags=flags if in_library else [], more=more)
    plain = library("say", "x", soname=SAY)  # `ld` would have the module audit it, too
    module = extension(
        "_m", calls="say", needs={SAY: plain}, flags=[] if in_library else flags, more=more
    )
    path = app({f"_m{SUFFIX}": module, f"_m.libs/{SAY}": content})
    said = child.failure("_m", path)
    assert says in said and said.startswith("ZipImportError"), said
    assert not marker.exists()


@pytest.mark.parametrize("name", ["./libsay.so.1", "/tmp/libsay.so.1", "$ORIGIN/libsay.so.1"])
def test_libraries_by_path(child: Child, app: App, name: str, tmp_path: Path) -> None:
    """A path is opened as it is, whatever is loaded: there is none into an archive."""
    content = library("say", "evil", soname=name, more=writes(tmp_path / "ran"))
    module = extension("_m", calls="say", needs={SAY: content})
    path = app({f"_m{SUFFIX}": module, f"_m.libs/{SAY}": library("say", "x")})
    said = child.failure("_m", path)
    assert f"needs the library '{name}'" in said, said


def test_another_python(child: Child, app: App) -> None:
    """A module that brings an interpreter of its own would bring a second one to the process."""
    name = "libpython3.6m.so.1.0"
    content = library("say", "x", soname=name)
    module = extension("_m", needs={name: content})
    path = app({f"_m{SUFFIX}": module})
    assert name in child.failure("_m", path)
    assert "another copy of the interpreter" in child.failure("_m", path, libraries=[name])
    path = app({f"_m{SUFFIX}": module, f"_m.libs/{name}": content})
    said = child.failure("_m", path)
    assert name in said and "another copy of the interpreter" in said, said


def test_the_python_that_runs(child: Child, app: App, tmp_path: Path) -> None:
    """Modules that link its library get the one that is there already, whatever they bring."""
    name = sysconfig.get_config_var("INSTSONAME")
    if not sysconfig.get_config_var("Py_ENABLE_SHARED"):
        name = f"libpython{sysconfig.get_config_var('LDVERSION')}.so.1.0"
    content = library("say", "x", soname=name, more=writes(tmp_path / "ran"))
    module = extension("_m", needs={name: content})
    path = app({f"_m{SUFFIX}": module, f"_m.libs/{name}": content})
    with_library = f"""
        if any({name!r} in line for line in open("/proc/self/maps")):
            import _m
            print(_m.value())
        else:
            print(failure("_m"))
    """
    said = child.run(with_library, path)
    assert said == "genuine\n" or "another copy of the interpreter" in said, said
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("loader", ["ctypes", "archive"])
def test_a_library_of_that_name_was_loaded_before(
    workshop: Workshop, child: Child, loader: str, tmp_path: Path
) -> None:
    genuine = library("say", "bundled", soname=SAY)
    other = library("say", "another", soname=SAY)
    path = workshop.zip(
        "app.zip",
        {
            f"_m{SUFFIX}": extension("_m", calls="say", needs={SAY: genuine}),
            f"_m.libs/{SAY}": genuine,
        },
    )
    before = workshop.zip(
        "before.zip",
        {
            f"_before{SUFFIX}": extension("_before", calls="say", needs={SAY: other}),
            f"_before.libs/{SAY}": other,
        },
    )
    file = tmp_path / SAY
    file.write_bytes(other)
    loads = f"import ctypes\nctypes.CDLL({str(file)!r})" if loader == "ctypes" else "import _before"
    whose = str(file) if loader == "ctypes" else f"'_before.libs/{SAY}' of '{before}'"
    said = child.run(f"{loads}\nprint(failure('_m'))", path, before)
    assert "ZipImportError" in said and "which was loaded before" in said and whose in said, said


@pytest.mark.parametrize("packed", [{}, {"index": True}, {"compression": 0, "index": True}])
@pytest.mark.parametrize("soname", [SAY, None])
def test_the_same_library_in_two_archives(
    workshop: Workshop, child: Child, soname: str | None, packed: dict[str, Any]
) -> None:
    """It is the same content, so it does not matter whose."""
    content = library("say", "bundled", soname=soname)
    paths = [
        workshop.zip(
            f"app{number}.zip",
            {
                f"_m{number}{SUFFIX}": extension(f"_m{number}", calls="say", needs={SAY: content}),
                f"_m{number}.libs/{SAY}": content,
            },
            **(packed if number else {"index": False}),
        )
        for number in range(2)
    ]
    script = "import _m0, _m1\nassert _m0.value() == _m1.value() == 'bundled'"
    child.run(script, *paths)
