"""Libraries that come in the archive: where wheels put them, and in which order they are loaded."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.importer.native.conftest import App, Child
from tests.importer.native.foundry import SUFFIX, extension, library, writes
from tests.importer.workshop import Files, Workshop

SAY = "libsay.so.1"


@pytest.mark.parametrize("soname", [SAY, None, "libother.so.2"], ids=["soname", "none", "another"])
@pytest.mark.parametrize("kind", ["rpath", "runpath"])
@pytest.mark.parametrize(
    ("entry", "search_path"),
    [
        ("pkg.libs/", "$ORIGIN/../pkg.libs"),
        ("pkg.libs/", "${ORIGIN}/.././pkg.libs/"),
        ("pkg/", "$ORIGIN"),
        ("pkg/.libs/", "$ORIGIN/.libs"),
        ("other.libs/", "$ORIGIN/nowhere:$ORIGIN/../other.libs"),
    ],
)
def test_is_found_where_the_module_says(
    child: Child, app: App, soname: str | None, kind: str, entry: str, search_path: str
) -> None:
    content = library("say", "bundled", soname=soname)
    # Without a name of its own a library is known by its file's; with one, that is what is noted.
    name = SAY if soname is None else soname
    module = extension(
        "_m",
        calls="say",
        needs={name: content},
        rpath=search_path if kind == "rpath" else None,
        runpath=search_path if kind == "runpath" else None,
    )
    path = app({"pkg/__init__.py": "", f"pkg/_m{SUFFIX}": module, f"{entry}{name}": content})
    assert child.value("pkg._m", path) == "bundled"


def test_a_name_that_is_not_its_file(child: Child, app: App) -> None:
    """As with files that were renamed: it is needed by the file's name, and has another."""
    content = library("say", "bundled", soname="libquite-another.so")
    nameless = library("say", "unused")
    module = extension("_m", calls="say", needs={SAY: nameless}, rpath="$ORIGIN/_m.libs")
    path = app({f"_m{SUFFIX}": module, f"_m.libs/{SAY}": content})
    assert child.value("_m", path) == "bundled"


def chain(names: bool) -> Files:
    third = library("third", "3", soname="lib3.so" if names else None)
    second = library(
        "second", "2", calls="third", needs={"lib3.so": third}, soname="lib2.so" if names else None
    )
    first = library(
        "first", "1", calls="second", needs={"lib2.so": second}, soname="lib1.so" if names else None
    )
    module = extension("_m", calls="first", needs={"lib1.so": first}, rpath="$ORIGIN/../pkg.libs")
    return {
        "pkg/__init__.py": "",
        f"pkg/_m{SUFFIX}": module,
        "pkg.libs/lib1.so": first,
        "pkg.libs/lib2.so": second,
        "pkg.libs/lib3.so": third,
    }


@pytest.mark.parametrize("names", [True, False])
@pytest.mark.parametrize("place", ["zip", "tree"])
def test_a_chain_of_three(workshop: Workshop, child: Child, names: bool, place: str) -> None:
    if place == "zip":
        path = workshop.zip("app.zip", chain(names))
        assert child.value("pkg._m", path) == "123"
        return
    root = workshop.tree("app", chain(names))
    protect = f"signedvfs.hook.protect({str(root)!r})\n"
    assert child.run(protect + "import pkg._m\nprint(pkg._m.value())", root) == "123\n"


@pytest.mark.parametrize("soname", [SAY, None])
def test_two_modules_share_one(child: Child, app: App, soname: str | None) -> None:
    counting = """
static int count;
const char* counted(void) { static char c[9]; sprintf(c, "%d", ++count); return c; }
"""
    content = library("say", "", soname=soname, more=counting, calls="counted")
    files: Files = {
        f"p{i}/_m{SUFFIX}": extension(
            "_m", calls="say", needs={SAY: content}, rpath="$ORIGIN/../p.libs"
        )
        for i in range(3)
    }
    path = app({**files, f"p.libs/{SAY}": content})
    script = """
        import p0._m, p1._m, p2._m
        assert [m.value() for m in (p0._m, p1._m, p2._m, p0._m)] == ["1", "2", "3", "4"]
    """
    child.run(script, path)


def test_an_extension_module_that_others_link(child: Child, app: App) -> None:
    """Without a SONAME, it is found by its file's name; and it is imported as well."""
    name = f"_base{SUFFIX}"
    base = extension("_base", "base", more='const char* base(void) { return "shared"; }')
    user = extension("_user", calls="base", needs={name: base}, rpath="$ORIGIN")
    path = app({name: base, f"_user{SUFFIX}": user})
    for order in ("_base, _user", "_user, _base"):
        script = f"""
            import {order}
            assert (_base.value(), _user.value()) == ("base", "shared")
            images = [one for one in open("/proc/self/maps") if "_base" in one and "r-xp" in one]
            assert len(images) == 1, images
            assert _base.__file__ == {str(path)!r} + "/{name}"
        """
        child.run(script, path)


@pytest.mark.parametrize("depth", [1, 2])
def test_before_anything_runs_all_is_there(
    child: Child, app: App, tmp_path: Path, depth: int
) -> None:
    marker = tmp_path / "ran"
    missing = library("missing", "", soname="libmissing.so")
    deep = depth == 2
    first = library(
        "first",
        "1",
        soname="lib1.so",
        calls="missing" if deep else None,
        needs={"libmissing.so": missing} if deep else {},
        more=writes(marker),
    )
    fine = library("fine", "", soname="libfine.so", more=writes(marker))
    needs = {"libfine.so": fine, "lib1.so": first}
    if not deep:
        needs["libmissing.so"] = missing
    module = extension("_m", calls="first", needs=needs, more=writes(marker))
    path = app({f"_m{SUFFIX}": module, "_m.libs/lib1.so": first, "_m.libs/libfine.so": fine})
    said = child.failure("_m", path)
    assert said.startswith("ZipImportError: cannot load") and "'libmissing.so'" in said, said
    assert not marker.exists()


def test_two_directories_of_libraries_are_not_guessed_between(child: Child, app: App) -> None:
    """A module that says where takes that one; one that does not, neither."""
    one, two = library("say", "one", soname=SAY), library("say", "two", soname=SAY)
    says = extension("_says", calls="say", needs={SAY: one}, rpath="$ORIGIN/two.libs")
    silent = extension("_silent", calls="say", needs={SAY: one})
    files: Files = {
        f"_says{SUFFIX}": says,
        f"_silent{SUFFIX}": silent,
        f"one.libs/{SAY}": one,
        f"two.libs/{SAY}": two,
    }
    path = app(files)
    assert child.value("_says", path) == "two"
    assert SAY in child.failure("_silent", path)


def test_flags_of_the_interpreter_are_used(child: Child, app: App) -> None:
    """RTLD_GLOBAL lets later modules find symbols of an earlier one."""
    giver = extension("_giver", more='const char* gift(void) { return "given"; }')
    taker = extension("_taker", calls="gift")
    path = app({f"_giver{SUFFIX}": giver, f"_taker{SUFFIX}": taker})
    script = """
        import os
        said = failure("_taker")
        assert "undefined symbol: gift" in said, said
        sys.setdlopenflags(os.RTLD_NOW | os.RTLD_GLOBAL)
        import _giver, _taker
        assert _taker.value() == "given"
    """
    child.run(script, path)


def test_symbols_of_other_archives_stay_apart(workshop: Workshop, child: Child) -> None:
    paths = []
    for name in ("one", "two"):
        content = library("say", name, soname=f"lib{name}.so")
        module = extension(f"_{name}", calls="say", needs={f"lib{name}.so": content})
        files: Files = {f"_{name}{SUFFIX}": module, f"_{name}.libs/lib{name}.so": content}
        paths.append(workshop.zip(f"{name}.zip", files))
    script = "import _one, _two\nassert (_one.value(), _two.value()) == ('one', 'two')"
    child.run(script, *paths)


OPENS = """
#include <dlfcn.h>
const char* asked(void) {
  void* found = dlopen("libsay.so.1", RTLD_NOW);
  if (found == NULL) return "nothing";
  return ((const char* (*)(void))dlsym(found, "say"))();
}
"""


def test_notes_bring_what_is_asked_for_later(child: Child, app: App) -> None:
    """What code opens by name while it runs is loaded ahead of it, as the notes say."""
    module = extension("_m", calls="asked", more=OPENS)
    files: Files = {f"_m{SUFFIX}": module, f"_m.libs/{SAY}": library("say", "found", soname=SAY)}
    path = app(files)
    assert child.value("_m", path) == "nothing"
    path = app({**files, "signedvfs-native.txt": f"_m{SUFFIX}\t_m.libs/{SAY}\n"})
    assert child.value("_m", path) == "found"
    path = app({**files, "signedvfs-native.txt": f"_m{SUFFIX}\t_m.libs/libno.so\n"})
    assert "'_m.libs/libno.so', which is no member" in child.failure("_m", path)
    path = app({**files, "signedvfs-native.txt": f"_m{SUFFIX} _m.libs/{SAY}\n"})
    assert "which is no pair of members" in child.failure("_m", path)


def test_notes_of_a_library_bring_what_it_asks_for(child: Child, app: App) -> None:
    """The module that needs the library knows nothing of it."""
    asking = library("ask", "", soname="libask.so", more=OPENS, calls="asked")
    module = extension("_m", calls="ask", needs={"libask.so": asking})
    files: Files = {
        f"_m{SUFFIX}": module,
        "_m.libs/libask.so": asking,
        f"_m.libs/{SAY}": library("say", "found", soname=SAY),
    }
    assert child.value("_m", app(files)) == "nothing"
    notes = f"_m.libs/libask.so\t_m.libs/{SAY}\n"
    assert child.value("_m", app({**files, "signedvfs-native.txt": notes})) == "found"


def test_notes_of_what_needs_the_one_that_asks(child: Child, app: App) -> None:
    """A plug-in of a library needs that: it comes after it."""
    asking = library("ask", "", soname="libask.so", more=OPENS, calls="asked")
    plugin = library("say", "plugged ", soname=SAY, needs={"libask.so": asking})
    module = extension("_m", calls="ask", needs={"libask.so": asking})
    notes = f"_m.libs/libask.so\t_m.libs/{SAY}\n"
    files: Files = {
        f"_m{SUFFIX}": module,
        "_m.libs/libask.so": asking,
        f"_m.libs/{SAY}": plugin,
        "signedvfs-native.txt": notes,
    }
    assert child.value("_m", app(files)) == "plugged "
