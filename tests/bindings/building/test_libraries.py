"""The libraries that an executable carries, and the order in which they are loaded."""

from __future__ import annotations

import sys
import sysconfig
from pathlib import Path

import pytest

from signedvfs._tools import _shared_object
from signedvfs.building import BuildError
from signedvfs.building.libraries import Libraries
from signedvfs.building.linker import Found, Linker, is_of_glibc
from signedvfs.building.modules import close_application, close_library
from signedvfs.building.runtime import carried_python, python_library, python_name
from signedvfs.building.stdlib import library_items
from signedvfs.packaging.members import Item, Members
from tests.support.native import compile_object


def found_at(path: Path) -> Found:
    content = path.read_bytes()
    return Found(path, content, _shared_object(content))


def chain(directory: Path) -> dict[str, Path]:
    """chain makes libpython-like libraries: top needs left and right, and these need low."""
    flags = ["-Wl,-rpath,$ORIGIN"]
    low = compile_object(directory / "liblow.so.1", "int a;", soname="liblow.so.1")
    left = compile_object(directory / "libleft.so", needs=[low], soname="libleft.so", flags=flags)
    right = compile_object(
        directory / "libright.so", needs=[low, left], soname="libright.so", flags=flags
    )
    top = compile_object(
        directory / "libtop.so.9", needs=[right, left], soname="libtop.so.9", flags=flags
    )
    return {path.name: path for path in (low, left, right, top)}


def test_what_is_needed_is_loaded_first(tmp_path: Path) -> None:
    paths = chain(tmp_path)
    libraries = Libraries()
    order = libraries.add_python(found_at(paths["libtop.so.9"]))
    assert order == ["libgcc_s.so.1", "liblow.so.1", "libleft.so", "libright.so", "libtop.so.9"]
    for name, path in paths.items():
        assert libraries.found[name].path == path


def test_libraries_that_need_each_other_have_some_order(tmp_path: Path) -> None:
    flags = ["-Wl,-rpath,$ORIGIN"]
    one = compile_object(tmp_path / "libone.so", soname="libone.so")
    two = compile_object(tmp_path / "libtwo.so", needs=[one], soname="libtwo.so", flags=flags)
    compile_object(tmp_path / "libone.so", needs=[two], soname="libone.so", flags=flags)
    top = compile_object(tmp_path / "libtop.so", needs=[one], soname="libtop.so", flags=flags)
    order = Libraries().add_python(found_at(top))
    assert sorted(order[:-1]) == ["libgcc_s.so.1", "libone.so", "libtwo.so"]
    assert order[-1] == "libtop.so"


def test_the_python_that_runs() -> None:
    linker = Linker()
    library = python_library(linker)
    assert library.facts["soname"] == python_name()
    assert sys.version.split()[0].encode() in library.content
    order = Libraries(linker).add_python(library)
    assert order[0] == "libgcc_s.so.1"
    assert order[-1] == python_name()
    assert not any(map(is_of_glibc, order))


def test_a_python_that_is_linked_in() -> None:
    """What stands for it has its name, needs nothing, and has no code."""
    linker = Linker()
    python = carried_python(linker, sys.version)
    assert python.facts["soname"] == python_name()
    assert python.facts["needed"] == ()
    assert python.facts["loaded_size"] < 4096
    assert Libraries(linker).add_python(python) == ["libgcc_s.so.1", python_name()]
    with pytest.raises(BuildError, match=r"the launcher has Python 2\.7 in it, and this is"):
        carried_python(linker, "2.7")


def test_a_python_without_its_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sysconfig, "get_config_var", lambda _: None)
    monkeypatch.setattr(sys, "version_info", (3, 99))
    with pytest.raises(BuildError) as raised:
        python_library(Linker())
    assert "libpython3.99" in str(raised.value)
    assert "apt-get install libpython3.99" in raised.value.advice
    assert "--enable-shared" in raised.value.advice


def test_a_library_of_another_python_is_not_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compile_object(tmp_path / python_name(), "int a;", soname=python_name())
    monkeypatch.setattr("signedvfs.building.runtime._places", lambda name: iter([tmp_path / name]))
    monkeypatch.setattr(Linker, "find", lambda *_: None)
    with pytest.raises(BuildError, match="is of another version"):
        python_library(Linker())


def test_the_library_is_closed() -> None:
    items = [item for item in library_items() if item.name.endswith(".so")]
    libraries = Libraries()
    kept, left_out = close_library(items, libraries)
    assert len(kept) + len(left_out) == len(items)
    for item in kept:
        facts = _shared_object(item.read())
        assert not facts["search_paths"]
        for name in facts["needed"]:
            assert is_of_glibc(name) or name in libraries.found
    for item in libraries.items():
        facts = _shared_object(item.read())
        assert not facts["search_paths"]
        missing = [name for name in facts["needed"] if not is_of_glibc(name)]
        assert all(name in libraries.found for name in missing)
    assert not any(map(is_of_glibc, libraries.found))


def test_a_module_whose_library_is_missing_is_left_out(tmp_path: Path) -> None:
    gone = compile_object(tmp_path / "libgone.so.1", "int a;", soname="libgone.so.1")
    between = compile_object(tmp_path / "libbetween.so", needs=[gone], soname="libbetween.so")
    flags = ["-Wl,-rpath,$ORIGIN"]
    path = compile_object(tmp_path / "_it.so", needs=[between], flags=flags)
    plain = compile_object(tmp_path / "_plain.so")
    gone.unlink()
    items = [
        Item(f"lib/x/lib-dynload/{one.name}", str(one), one.read_bytes) for one in (path, plain)
    ]
    kept, left_out = close_library(items, Libraries())
    assert [item.origin for item in kept] == [str(plain)]
    assert [(one.path, one.reason) for one in left_out] == [
        (str(path), "it needs libgone.so.1, which is not here")
    ]


def members_of(paths: dict[str, Path]) -> Members:
    members = Members()
    for name, path in paths.items():
        members.add(Item(name, str(path), path.read_bytes))
    return members


def test_what_an_application_brings_along_is_not_collected(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = compile_object(tmp_path / "libown.so", "int a;", soname="libown.so")
    other = compile_object(tmp_path / "else/libelse.so", "int b;", soname="libelse.so")
    gone = compile_object(tmp_path / "libgone.so", "int c;", soname="libgone.so")
    flags = ["-Wl,-rpath,$ORIGIN/../it.libs:/opt/elsewhere"]
    module = compile_object(tmp_path / "_it.so", "extern void *dlopen(const char *, int);\n"
                            "void *f(void) { return dlopen(\"x\", 1); }",
                            needs=[own, other, gone], flags=flags)  # fmt: skip
    gone.unlink()
    monkeypatch.setenv("LD_LIBRARY_PATH", str(other.parent))
    members = members_of({"it/_it.so": module, "it.libs/libown.so": own})
    libraries = Libraries()
    assert close_application(members, libraries) == ["libgone.so"]
    assert set(libraries.found) == {"libelse.so"}
    # What leads out of the archive is taken out, and RECORD will say so.
    assert members.items["it/_it.so"].changed
    assert _shared_object(members.items["it/_it.so"].read(), None, "it/_it.so")["foreign"] == ()
    assert not members.items["it.libs/libown.so"].changed
