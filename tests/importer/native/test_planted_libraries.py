"""Wherever somebody can put a library of a name that is wanted, it is never the one that runs.

Each planted one leaves a mark when it is loaded; so that this is no test that cannot fail, one of
them shows that the linker by itself would have taken it.
"""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from signedvfs import _core
from tests.importer.native.conftest import App, Child
from tests.importer.native.foundry import SUFFIX, Planted, extension, library, with_search
from tests.importer.own_needs import parts_needed_by
from tests.importer.workshop import Files, Workshop

SAY = "libsay.so.1"


@pytest.fixture
def planted(tmp_path: Path) -> Planted:
    return Planted(tmp_path)


BUNDLED = partial(library, "say", "bundled", soname=SAY)


def needing(rpath: str | None = None, runpath: str | None = None, more: str = "") -> bytes:
    return extension(
        "_m", calls="say", needs={SAY: BUNDLED()}, rpath=rpath, runpath=runpath, more=more
    )


def using(rpath: str | None = None, runpath: str | None = None, more: str = "") -> Files:
    return {f"_m{SUFFIX}": needing(rpath, runpath, more), SAY: BUNDLED()}


def test_the_linker_itself_would_take_it(tmp_path: Path, planted: Planted) -> None:
    """The premise of all that follows."""
    directory = planted.put(SAY)
    (tmp_path / f"_m{SUFFIX}").write_bytes(needing())
    script = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import _m; print(_m.value())"
    done = subprocess.run(
        [sys.executable, "-I", "-c", script],
        env={**os.environ, "LD_LIBRARY_PATH": str(directory)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "evil\n" and planted.ran


@pytest.mark.parametrize("soname", [True, False])
def test_by_the_library_path(child: Child, app: App, planted: Planted, soname: bool) -> None:
    # What the core itself needs, the linker has found before anybody could say a word.
    parts = {"libpthread.so.0", "libdl.so.2"} - parts_needed_by(Path(_core.__file__))
    directory = planted.put(SAY, "libc.so.6", *parts)
    (directory / "libc.so.6").unlink()  # no process begins with that one
    files = using()
    if not soname:
        content = library("say", "bundled")
        files = {
            f"_m{SUFFIX}": extension("_m", calls="say", needs={SAY: content}),
            SAY: content,
        }
    environment = {"LD_LIBRARY_PATH": str(directory)}
    assert child.value("_m", app(files), environment=environment) == "bundled"
    assert not planted.ran


OUTSIDE = [
    "{planted}",
    "$ORIGIN/../cwd/planted",
    "$ORIGIN/../cwd",
    "$ORIGIN/../root/{planted}",
    "$ORIGIN/../../../../../{planted}",
    "$ORIGIN/_m.libs:",
    ":$ORIGIN/_m.libs",
    "planted",
    ".",
    "/proc/self/cwd/planted",
    "$LIB/../{planted}",
    "/usr/lib/../../{planted}",
    "$ORIGIN/$LIB/{planted}",
]
# From memory these lead to where nothing is and nobody can make anything, as they ought to.
NOWHERE = ["$ORIGIN/../../../..//{planted}", "$ORIGIN/../../../{planted}"]


@pytest.mark.parametrize("kind", ["rpath", "runpath"])
@pytest.mark.parametrize("search", [False, True], ids=["needs", "searches"])
def test_by_search_paths(
    workshop: Workshop, child: Child, planted: Planted, kind: str, search: bool
) -> None:
    """What the object needs is there before anybody searches; what could search is refused."""
    planted.put(SAY, "liblater.so")
    for name in (SAY, "liblater.so"):  # the child's current directory is its parent
        (planted.directory.parent / name).write_bytes((planted.directory / name).read_bytes())
    more = "void look(void) {} void* find(const char*);"
    if search:
        more = with_search() + 'void look(void) { find("liblater.so"); }'
    paths, refused = [], []
    for number, where in enumerate([*OUTSIDE, *NOWHERE]):
        text = where.format(planted=planted.directory)
        files = using(
            rpath=text if kind == "rpath" else None,
            runpath=text if kind == "runpath" else None,
            more=more + "\n__attribute__((constructor)) static void begin(void) { look(); }",
        )
        # Deep enough for each of these to be a path in the archive as well.
        deep: Files = {f"a{number}/b/c/d/e/f/{name}": data for name, data in files.items()}
        paths.append(workshop.zip(f"app{number}.zip", deep))
        if search and where in OUTSIDE:
            refused.append(number)
    script = f"""
        import importlib
        for number in range({len(paths)}):
            name = f"a{{number}}.b.c.d.e.f._m"
            if number in {refused}:
                said = failure(name)
                assert said.startswith("ZipImportError: cannot load"), said
                assert "has the linker search" in said, said
            else:
                assert importlib.import_module(name).value() == "bundled"
    """
    child.run(script, *paths)
    assert not planted.ran


def test_by_a_place_that_comes_later(child: Child, app: App, planted: Planted) -> None:
    """An object that searches outside is refused where there is nothing yet, too."""
    missing = planted.directory / "later"
    for number, where in enumerate(
        [f"$ORIGIN/../cwd/{missing.name}", f"$ORIGIN/../../../../../..{missing}"]
    ):
        files = {
            f"a/b/c/d/e/f/g/{name}": content
            for name, content in using(runpath=where, more=with_search()).items()
        }
        said = child.failure("a.b.c.d.e.f.g._m", app(files))
        assert "that is not in the archive" in said, (number, said)


def test_searching_beside_itself_is_fine(child: Child, app: App, planted: Planted) -> None:
    """What wheels have: nothing is where $ORIGIN leads to from memory, and nobody can change it."""
    planted.put("liblater.so")
    more = (
        with_search()
        + """
__attribute__((constructor)) static void look(void) { find("liblater.so"); }
"""
    )
    path = app(using(rpath="$ORIGIN/_m.libs:$ORIGIN:/usr/lib", more=more))
    assert child.value("_m", path) == "bundled"
    assert not planted.ran


@pytest.mark.parametrize("variable", ["LD_PRELOAD", "LD_AUDIT"])
@pytest.mark.parametrize("name", [SAY, "libwhatever.so"])
def test_what_was_loaded_ahead_is_refused(
    child: Child, app: App, planted: Planted, variable: str, name: str
) -> None:
    path = planted.put(name) / name
    before = os.environ.get(variable, "")
    said = child.failure("_m", app(using()), environment={variable: f"{before}:{path}".strip(":")})
    assert variable in said and name in said and "ZipImportError" in said, said
    if variable == "LD_PRELOAD":
        assert planted.ran  # which nobody could help


def test_what_was_loaded_ahead_can_be_allowed(child: Child, app: App, planted: Planted) -> None:
    directory = planted.put(SAY, "libmalloc.so.2")
    before = os.environ.get("LD_PRELOAD", "")
    path = app(using())

    def ahead(*names: str) -> dict[str, str]:
        return {"LD_PRELOAD": " ".join([before, *(str(directory / name) for name in names)])}

    # What it defines comes before what others define; whoever allows it has been told.
    allowed = {"preloads": ["libmalloc.so.2"], "environment": ahead("libmalloc.so.2")}
    assert child.value("_m", path, **allowed) == "evil"
    said = child.failure(
        "_m", path, preloads=["libmalloc.so.2"], environment=ahead("libmalloc.so.2", SAY)
    )
    assert SAY in said and "LD_PRELOAD" in said, said
    # Even so it does not stand in for what is in the archive.
    said = child.failure("_m", path, preloads=[SAY], environment=ahead(SAY))
    assert "loaded before" in said and SAY in said, said


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_a_variable_that_is_there_twice(
    child: Child, app: App, planted: Planted, order: tuple[int, int]
) -> None:
    """The linker takes the last one, most others the first."""
    directory = planted.put(SAY, "libmalloc.so.2")
    names = ("libmalloc.so.2", SAY)
    before = os.environ.get("LD_PRELOAD", "")
    ahead = [f"LD_PRELOAD={before} {directory / names[one]}" for one in order]
    command = child.command("print(failure('_m'))", app(using()), preloads=["libmalloc.so.2"])
    # No function of Python's starts a program so.
    script = f"""if True:
        import ctypes, os, sys
        def array(texts):
            return (ctypes.c_char_p * (len(texts) + 1))(*map(os.fsencode, texts), None)
        others = {{name: value for name, value in os.environ.items() if name != "LD_PRELOAD"}}
        variables = [f"{{name}}={{value}}" for name, value in others.items()]
        words = {command!r}
        ctypes.CDLL(None).execve(os.fsencode(words[0]), array(words), array(variables + {ahead!r}))
    """
    done = subprocess.run(
        [sys.executable, "-I", "-c", script], capture_output=True, text=True, check=True
    )
    assert SAY in done.stdout and "LD_PRELOAD" in done.stdout, done.stdout


def test_changing_the_environment_later_changes_nothing(
    child: Child, app: App, planted: Planted
) -> None:
    directory = planted.put(SAY, "libX11.so.6")
    script = f"""
        import os
        os.environ["LD_LIBRARY_PATH"] = {str(directory)!r}
        os.environ["LD_PRELOAD"] = {str(directory / SAY)!r}
        import _m
        assert _m.value() == "bundled"
    """
    child.run(script, app(using()))
    assert not planted.ran


def test_an_environment_that_was_written_over(child: Child, app: App, planted: Planted) -> None:
    """As programs do that give their process another title: the linker has its own copy."""
    name = absent_system_library()
    directory = planted.put(name)
    module = extension("_m", needs={name: library("say", "", soname=name)})
    script = """
        import ctypes
        fields = open("/proc/self/stat").read().rsplit(")", 1)[1].split()
        begin, end = int(fields[47]), int(fields[48])
        ctypes.memset(begin, 0x20, end - begin - 1)
        assert b"LD_LIBRARY_PATH" not in open("/proc/self/environ", "rb").read()
        said = failure("_m")
        assert "of the system is wanted" in said, said
    """
    path = app({f"_m{SUFFIX}": module})
    child.run(script, path, environment={"LD_LIBRARY_PATH": str(directory)})
    assert not planted.ran


def absent_system_library() -> str:
    """Return a library that modules may expect of the system, and that this one has not."""
    is_arm = platform.machine() == "aarch64"
    return "ld-linux-x86-64.so.2" if is_arm else "ld-linux-aarch64.so.1"


def test_a_library_of_the_system_that_is_not_there(
    child: Child, app: App, planted: Planted
) -> None:
    name = absent_system_library()
    directory = planted.put(name)
    module = extension("_m", needs={name: library("say", "", soname=name)})
    path = app({f"_m{SUFFIX}": module})
    for environment in ({}, {"LD_LIBRARY_PATH": str(directory)}):
        said = child.failure("_m", path, environment=environment)
        assert name in said and "of the system is wanted" in said, said
    assert not planted.ran


def test_a_library_of_the_system_that_is_there(child: Child, app: App, planted: Planted) -> None:
    """With a planted one in front of it, and of what it needs."""
    name = "libstdc++.so.6"
    directory = planted.put(name, "libgcc_s.so.1", "libm.so.6")
    for inherited in ("libgcc_s.so.1", "libm.so.6", name):
        if is_loaded_at_start(inherited):
            (directory / inherited).unlink()
    module = extension("_m", needs={name: library("say", "", soname=name)})
    path = app({f"_m{SUFFIX}": module})
    script = f"""
        import _m
        assert _m.value() == "genuine"
        found = {{line.split()[-1] for line in open("/proc/self/maps") if {name!r} in line}}
        assert found and not any("planted" in one for one in found), found
    """
    child.run(script, path, environment={"LD_LIBRARY_PATH": str(directory)})
    assert not planted.ran


def is_loaded_at_start(name: str) -> bool:
    """Tell whether a process with our hook has the library already: then none is looked for."""
    script = "import signedvfs; print(open('/proc/self/maps').read())"
    done = subprocess.run([sys.executable, "-I", "-c", script], capture_output=True, text=True)
    return name in done.stdout


def test_a_library_that_the_policy_allows(child: Child, app: App, planted: Planted) -> None:
    """It comes from the system's own directories, not from the environment's."""
    name = "libexotic.so.7"
    directory = planted.put(name)
    module = extension("_m", needs={name: library("say", "", soname=name)})
    path = app({f"_m{SUFFIX}": module})
    said = child.failure("_m", path)
    assert f"needs the library '{name}', which is neither in the archive nor one" in said, said
    said = child.failure(
        "_m", path, libraries=[name], environment={"LD_LIBRARY_PATH": str(directory)}
    )
    assert "of the system is wanted" in said and not planted.ran, said


def test_a_library_that_the_policy_allows_is_taken(child: Child, app: App) -> None:
    """OpenSSL is on every machine with ours, and on no list of what every system has."""
    name = "libcrypto.so.3"
    module = extension("_m", needs={name: library("say", "", soname=name)})
    path = app({f"_m{SUFFIX}": module})
    assert name in child.failure("_m", path)
    assert child.value("_m", path, libraries=[name]) == "genuine"
