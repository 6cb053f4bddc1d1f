"""Native code of the interpreter's own library, signed by a manifest: what programs expect of it,
and what nobody else gets by it.

What its modules need of the system is of the system, by the names that they have in them, wherever
somebody plants libraries of these names.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import signedvfs
from signedvfs import _tools
from tests.importer.guard.conftest import Managed
from tests.importer.native.foundry import SUFFIX, Planted, extension, library, with_search
from tests.importer.workshop import Workshop

INSTALL = "manager(trust_stdlib_paths=False, stdlib='stdlib.manifest'{}).install()\n"
USES = """
import bz2, ctypes, lzma, sqlite3, ssl, zlib
assert lzma.decompress(lzma.compress(b"text")) == bz2.decompress(bz2.compress(b"text")) == b"text"
with sqlite3.connect(":memory:") as made:
    print(made.execute("select 6 * 7").fetchone()[0])
print(ssl.create_default_context().check_hostname, ssl.MemoryBIO().write(b"four"))
ctypes.pythonapi.Py_GetVersion.restype = ctypes.c_char_p
print(ctypes.pythonapi.Py_GetVersion().decode() == sys.version)
print(ctypes.CDLL("libm.so.6").abs(-3))
"""
USED = ["42", "True 4", "True", "3"]


def native_directory() -> Path:
    """native_directory returns where the library's extension modules lie."""
    roots = {role: directory for role, directory, _ in signedvfs.library_roots()}
    if "lib-dynload" not in roots:
        pytest.skip("this interpreter has all of its modules built in")
    return Path(roots["lib-dynload"])


def file_of(module: str) -> Path:
    """file_of returns the file of one of them."""
    path = native_directory() / f"{module}{SUFFIX}"
    if not path.exists():
        pytest.skip(f"{module} is built into this interpreter")
    return path


def needed_of(module: str) -> list[str]:
    """needed_of returns what it needs that not every system has."""
    needed = _tools._shared_object(file_of(module).read_bytes())["needed"]
    return [name for name in needed if not _tools._is_system_library(name)]


@pytest.mark.usefixtures("library")
@pytest.mark.parametrize("more", ["", ", lockdown=True"])
def test_what_programs_expect(managed: Managed, more: str) -> None:
    script = INSTALL.format(more) + USES
    script += """
import _ctypes
print(type(_ctypes.__spec__.loader).__module__)
"""
    built_in = "_ctypes" in sys.builtin_module_names
    assert managed.run(script) == [*USED, "importlib._bootstrap" if built_in else "signedvfs"]


IMPORTING = """
import importlib, json
failed = []
for name in {names!r}:
    try:
        importlib.import_module(name)
    except ImportError:
        failed.append(name)
print(json.dumps(failed))
"""


@pytest.mark.usefixtures("library")
def test_every_module_that_python_imports_here(managed: Managed) -> None:
    """Whatever else the interpreter brings: readline, curses, dbm; what lacks a library fails."""
    names = sorted(path.name.partition(".")[0] for path in native_directory().glob(f"*{SUFFIX}"))
    text = IMPORTING.format(names=names)
    plain = subprocess.run(
        [sys.executable, "-I", "-W", "ignore", "-c", text],
        capture_output=True, text=True, check=True, timeout=120,
    )  # fmt: skip
    lines = managed.run(INSTALL.format("") + text, flags=("-I", "-W", "ignore"))
    assert json.loads(lines[-1]) == json.loads(plain.stdout.splitlines()[-1])


@pytest.fixture
def planted(tmp_path: Path) -> Planted:
    return Planted(tmp_path)


def names_wanted() -> list[str]:
    """names_wanted returns names of libraries that the modules of this file are going to want."""
    modules = ("_ctypes", "_sqlite3", "_lzma", "_bz2", "_ssl")
    found = [name for one in modules if (native_directory() / f"{one}{SUFFIX}").exists()
             for name in needed_of(one)]  # fmt: skip
    # The native half of signedvfs needs this one itself, and comes before any manager.
    wanted = sorted({name for name in found if not name.startswith(("libcrypto.", "libssl."))})
    if not wanted:
        pytest.skip("this interpreter's modules need no library of that kind")
    return wanted


def test_the_linker_itself_would_take_them(planted: Planted) -> None:
    """The premise of what follows."""
    module = file_of("_lzma")
    (name,) = needed_of("_lzma")
    planted.put(name)
    # A program's DT_RPATH comes before the environment: there the linker is asked for a file.
    script = f"import ctypes; ctypes.CDLL({str(planted.directory / name)!r})\nimport _lzma"
    environment = {**os.environ, "LD_LIBRARY_PATH": str(planted.directory)}
    done = subprocess.run(
        [sys.executable, "-I", "-c", script],
        env=environment, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 1, done.stdout
    assert "undefined symbol" in done.stderr
    assert module.name in done.stderr
    assert planted.ran


@pytest.mark.usefixtures("library")
@pytest.mark.parametrize("lists", ["{0}", "{0}:", ":{0}", "", ".", "planted:{0}:"])
def test_planted_in_the_library_path(managed: Managed, planted: Planted, lists: str) -> None:
    planted.put(*names_wanted())
    for name in names_wanted():  # the child's current directory
        (managed.workshop.directory / name).write_bytes((planted.directory / name).read_bytes())
    environment = {"LD_LIBRARY_PATH": lists.format(planted.directory)} if lists else {}
    assert managed.run(INSTALL.format("") + USES, environment=environment) == USED
    assert not planted.ran


@pytest.mark.usefixtures("library")
def test_a_later_library_path_means_nothing(managed: Managed, planted: Planted) -> None:
    planted.put(*names_wanted())
    script = f"""
import os
os.environ["LD_LIBRARY_PATH"] = {str(planted.directory)!r}
os.chdir({str(planted.directory)!r})
"""
    assert managed.run(INSTALL.format("") + script + USES) == USED
    assert not planted.ran


@pytest.mark.usefixtures("library")
@pytest.mark.parametrize("kind", ["zip", "tree", "root"])
def test_a_package_stays_bound_to_what_every_system_has(
    workshop: Workshop, managed: Managed, planted: Planted, kind: str
) -> None:
    """Its own search path finds nothing, and what the library may need it may not."""
    name = "libplanted.so.1"
    planted.put(name)
    evil = (planted.directory / name).read_bytes()
    (workshop.directory / name).write_bytes(evil)
    own = str(planted.directory)
    wanted = names_wanted()[0]
    also_evil = library("say", "evil", soname=wanted)
    files = {
        f"_m{SUFFIX}": extension("_m", calls="say", needs={name: evil}, runpath=own),
        f"_n{SUFFIX}": extension("_n", calls="say", needs={wanted: also_evil}),
        f"_s{SUFFIX}": extension("_s", more=with_search(), runpath=own),
    }
    more = ""
    if kind == "zip":
        place = workshop.zip("app.zip", files)
    elif kind == "tree":
        place = workshop.tree("app", files)
    else:
        place = workshop.tree("app", files, sign=False)
        roots = [("lib-dynload", str(place))]
        _tools._sign_roots(workshop.directory / "app.manifest", roots, workshop.key)
        more = f", manifests=[('app.manifest', {roots!r})]"
    lines = managed.run(
        INSTALL.format(more)
        + """
for name in ("_m", "_n", "_s"):
    try:
        importlib.import_module(name)
    except ImportError as error:
        print(*str(error).split(": ", 1)[1].split(". ", 1), sep="\\n")
""",
        place,
        environment={"LD_LIBRARY_PATH": own},
    )
    where = "the archive" if kind == "zip" else "the signed directory"
    missing = f"which is neither in {where} nor one that every system has"
    assert lines[0].endswith(f"needs the library {name!r}, {missing}")
    assert lines[2].endswith(f"needs the library {wanted!r}, {missing}")
    assert lines[4].endswith(f"has the linker search {own!r} (DT_RPATH), which is not in {where}")
    assert all(("ack" in line) == (kind == "zip") for line in (lines[1], lines[3], lines[5]))
    assert not planted.ran


@pytest.mark.usefixtures("library")
@pytest.mark.parametrize("more", ["", ", lockdown=True"])
def test_by_its_path(managed: Managed, more: str) -> None:
    """Who loads a module by its path gets the same: lib-dynload answers as a signed directory."""
    path = str(file_of("_lzma"))
    lines = managed.run(
        INSTALL.format(more)
        + f"""
import importlib.machinery, importlib.util
loader = importlib.machinery.ExtensionFileLoader("_lzma", {path!r})
spec = importlib.util.spec_from_file_location("_lzma", {path!r}, loader=loader)
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
print(module.__name__, module.__file__ == {path!r}, hasattr(module, "LZMACompressor"))
with open("/proc/self/maps") as maps:
    print(sorted({{line.split("/", 1)[1].split(":")[0] for line in maps if "_lzma" in line}}))
"""
    )
    assert lines[0] == "_lzma True True"
    assert lines[1].startswith("['memfd"), "it is mapped from sealed memory, and not from its file"


CHILD = """
import sys
def look():
    import ctypes, lzma, signedvfs
    (manager,) = signedvfs._core._installed_managers()
    return type(sys.modules["_lzma"].__spec__.loader).__module__, ctypes.sizeof(ctypes.c_int)

if __name__ == "__main__":
    import multiprocessing, signedvfs
    signedvfs.SignedImportManager(
        [signedvfs.PublicKey.load({public!r})], stdlib="stdlib.manifest", check_modules=False,
        policy=signedvfs.TrustPolicy(preloads={preloads!r}),
    ).install()
    with multiprocessing.get_context({method!r}).Pool(1) as pool:
        print(*pool.apply(look))
"""


@pytest.mark.usefixtures("library")
@pytest.mark.parametrize("method", ["spawn", "fork"])
def test_children(workshop: Workshop, method: str) -> None:
    from tests.support.native import PRELOADS

    file_of("_lzma")
    program = workshop.directory / "program.py"
    public = str(workshop.public_path)
    program.write_text(CHILD.format(public=public, preloads=PRELOADS, method=method))
    done = subprocess.run(
        [sys.executable, "-I", str(program)],
        capture_output=True, text=True, timeout=120, check=False, cwd=workshop.directory,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout == "signedvfs 4\n"


def test_only_the_librarys_own_roots_are_given_so(workshop: Workshop) -> None:
    place = workshop.tree("plain", {"m.py": "v = 1\n"}, sign=False)
    for role in ("site", "tree"):
        manifest = workshop.directory / f"{role}.manifest"
        _tools._sign_roots(manifest, [(role, str(place))], workshop.key)
        with pytest.raises(ValueError, match=f"'{role}' is no root of the interpreter's own"):
            signedvfs.SignedImportManager(
                workshop.public_key, stdlib=(manifest, [(role, str(place))])
            )
    # Whoever says that it is the library has to have it signed as that.
    with pytest.raises(signedvfs.IntegrityCheckFailed):
        signedvfs.SignedImportManager(
            workshop.public_key, stdlib=(manifest, [("lib-dynload", str(place))])
        )
