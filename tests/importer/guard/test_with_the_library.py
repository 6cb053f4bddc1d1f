"""The standard library beside the manager: what goes around imports, and what starts processes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.importer.guard.conftest import EVIL, Managed
from tests.importer.workshop import Workshop

DIST = {
    "app-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: app\nVersion: 1.0\n",
    "app-1.0.dist-info/RECORD": "",
}
FILES = {
    "m.py": "v = 1\n",
    "p/__init__.py": "v = 2\n",
    "p/sub.py": "v = 3\n",
    "p/data.txt": "data",
    "p/__main__.py": "print('main', __name__)\n",
    **DIST,
}


@pytest.mark.parametrize("kind", ["zip", "tree"])
def test_listing_reading_running(workshop: Workshop, managed: Managed, kind: str) -> None:
    place = workshop.zip("app.zip", FILES) if kind == "zip" else workshop.tree("app", FILES)
    (workshop.directory / "out.txt").write_text("out")
    lines = managed.run(
        f"""
        manager().install()
        import importlib.metadata, importlib.resources, pkgutil, runpy, p
        print(sorted(m.name for m in pkgutil.iter_modules([{str(place)!r}])))
        print(importlib.metadata.version("app"))
        data = p.__path__[0] + "/data.txt"
        print(importlib.resources.read_text("p", "data.txt"), p.__loader__.get_data(data))
        print(open(data).read(), open("out.txt").read())
        runpy.run_module("p", run_name="run")
        import importlib
        print(importlib.reload(p).v, importlib.util.find_spec("p.sub").origin.endswith("/p/sub.py"))
        """,
        place,
    )
    assert lines == ["['m', 'p']", "1.0", "data b'data'", "data out", "main run", "2 True"]


def test_reload_of_what_changed(workshop: Workshop, managed: Managed) -> None:
    # I17
    place = workshop.tree("app", FILES)
    evil = workshop.tree("evil", {"m.py": EVIL}, sign=False)
    lines = managed.run(
        f"""
        import subprocess
        manager().install()
        import m
        subprocess.run(["cp", {str(evil / "m.py")!r}, {str(place / "m.py")!r}], check=True)
        try:
            importlib.reload(m)
        except signedvfs.IntegrityCheckFailed as error:
            print(m.v, error.member)
        """,
        place,
    )
    assert lines == ["1 m.py"]


CHILD = """
import sys
sys.path.insert(0, {path!r})

def main(method):
    import multiprocessing, signedvfs
    signedvfs.SignedImportManager(
        [signedvfs.PublicKey.load({public!r})], trust_stdlib_paths=True, check_modules=False
    ).install()
    signedvfs._core._installed_managers()[0].lock()
    import work
    with multiprocessing.get_context(method).Pool(1) as pool:
        print(pool.apply(work.look, ()))

if __name__ == "__main__":
    main(sys.argv[1])
"""
WORK = """
import importlib
def outcome(name):
    try:
        return importlib.import_module(name).v
    except BaseException as error:
        return type(error).__name__
def look():
    import signedvfs
    manager, = signedvfs._core._installed_managers()
    return outcome("m"), outcome("evil"), manager.locked, manager.mode
"""


@pytest.mark.parametrize("method", ["spawn", "forkserver", "fork"])
def test_children(workshop: Workshop, method: str) -> None:
    # I16: they import as their parent does
    place = workshop.tree("app", {**FILES, "work.py": WORK})
    program = workshop.directory / "program.py"
    text = CHILD.format(path=str(place), public=str(workshop.public_path))
    program.write_text(text)
    (workshop.directory / "evil.py").write_text(EVIL)
    done = subprocess.run(
        [sys.executable, str(program), method],
        capture_output=True, text=True, timeout=120, check=False, cwd=workshop.directory,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines() == ["(1, 'IntegrityCheckMissing', True, 'enforce')"]


def test_environment_of_an_attacker(workshop: Workshop, managed: Managed) -> None:
    # J1, J3, I12: what starts before any program is out of reach, and stays the last that runs
    place = workshop.tree("app", FILES)
    evil = workshop.tree("evil", {"evil.py": EVIL, "m.py": EVIL, "json.py": EVIL}, sign=False)
    lines = managed.run(
        "manager().install()\nimport json\nprint(outcome('m'), outcome('evil'))",
        place,
        flags=(),
        environment={
            "PYTHONPATH": str(evil),
            "PYTHONPYCACHEPREFIX": str(evil),
            "PYTHONBREAKPOINT": "evil.v",
            "PYTHON_LAZY_IMPORTS": "all",
            "PYTHONSTARTUP": str(evil / "evil.py"),
        },
    )
    assert lines == ["1 IntegrityCheckMissing"]


def test_bytecode_elsewhere(workshop: Workshop, managed: Managed) -> None:
    # J2: modules that are trusted by their path have their bytecode beside them, or none
    evil = workshop.directory / "prefix"
    code = (
        "import importlib.util, marshal, sys\n"
        "sys.pycache_prefix = sys.argv[1]\n"
        "import os, wave\n"
        "path = importlib.util.cache_from_source(wave.__file__)\n"
        "import importlib._bootstrap_external as b\n"
        "stat = os.stat(wave.__file__)\n"
        "code = compile('print(\"EVIL\")', wave.__file__, 'exec')\n"
        "os.makedirs(os.path.dirname(path), exist_ok=True)\n"
        "open(path, 'wb').write(b._code_to_timestamp_pyc(code, stat.st_mtime, stat.st_size))\n"
    )
    subprocess.run([sys.executable, "-c", code, str(evil)], check=True, timeout=60)
    assert list(Path(evil).rglob("wave*.pyc"))
    prefix = {"PYTHONPYCACHEPREFIX": str(evil)}
    plain = managed.run("import wave", flags=(), environment=prefix)
    assert plain == ["EVIL"]
    lines = managed.run("manager().install()\nimport wave\nprint('ok')",
                        flags=(), environment=prefix)  # fmt: skip
    assert lines == ["ok"]


def test_the_library_is_not_trusted_by_default(workshop: Workshop, managed: Managed) -> None:
    place = workshop.tree("app", FILES)
    lines = managed.run(
        """
        manager(trust_stdlib_paths=False).install()
        print(outcome("m"), outcome("wave"), outcome("xml.dom"))
        """,
        place,
    )
    assert lines == ["1 IntegrityCheckMissing IntegrityCheckMissing"]


def test_installed_packages_are_no_library(managed: Managed) -> None:
    # what stands below the library, or leads into it, is not trusted by its path
    lines = managed.run(
        """
        import os
        library = os.path.dirname(os.__file__)
        os.symlink(library, "link")
        sys.path[:] = [library + "/site-packages", os.path.abspath("link"),
                       library + "/../" + os.path.basename(library), library + "-evil"]
        manager().install()
        print(outcome("colorsys"))
        sys.path.append(library)
        import colorsys
        print(colorsys.__spec__.origin == library + "/colorsys.py")
        """
    )
    assert lines == ["IntegrityCheckMissing", "True"]


SPELLINGS = ["/", "//", "/./", "///.//", "/json/../", "/./json/.././"]


@pytest.mark.parametrize("spelled", SPELLINGS)
def test_no_spelling_makes_installed_packages_the_library(managed: Managed, spelled: str) -> None:
    library = os.path.dirname(os.__file__)  # noqa: PTH120  # as the script spells it
    installed = Path(library) / "site-packages"
    packages = sorted(path.parent.name for path in installed.glob("*/__init__.py"))
    if not packages:
        pytest.skip("this interpreter has no packages below its library")
    lines = managed.run(
        f"""
        import io, os
        library, name = {library!r}, {packages[0]!r}
        inside = library + {spelled!r} + "site-packages"
        assert os.path.isdir(inside)
        one = manager(lockdown=True)
        one.install()
        def refused(use, *given):
            try:
                print(use(*given))
            except signedvfs.IntegrityCheckMissing:
                print("refused")
        for end in ("", "/", "/.", "//"):
            refused(one.find_spec, name, [inside + end])
        refused(io.open_code, inside + "/" + name + "/__init__.py")
        print(one.find_spec("colorsys", [library + "/"]).origin)
        """
    )
    assert lines == ["refused"] * 5 + [f"{library}/colorsys.py"]


def test_a_signed_copy_of_the_library(workshop: Workshop, managed: Managed) -> None:
    library = Path(os.__file__).parent
    names = ["wave.py", "sndhdr.py", "colorsys.py", "struct.py", "keyword.py"]
    files = {name: (library / name).read_text() for name in names if (library / name).exists()}
    place = workshop.tree("stdlib", files)
    lines = managed.run(
        """
        manager(trust_stdlib_paths=False).install()
        import colorsys, keyword
        print(type(colorsys.__loader__).__module__, outcome("tabnanny"))
        """,
        place,
    )
    assert lines == ["signedvfs IntegrityCheckMissing"]


def test_interpreters_have_managers_of_their_own(managed: Managed, workshop: Workshop) -> None:
    place = workshop.tree("app", FILES)
    if sys.version_info < (3, 13):
        code = "import _xxsubinterpreters as i\nrun = i.run_string\nmake = i.create\n"
    else:
        code = "import _interpreters as i\nrun = i.run_string\nmake = i.create\n"
    lines = managed.run(
        f"""
        {code.replace(chr(10), chr(10) + " " * 8)}
        manager().install()
        other = make()
        run(other, "import sys; print(type(sys.meta_path).__name__, flush=True)")
        print(type(sys.meta_path).__name__)
        """,
        place,
    )
    assert lines == ["list", "_GuardedMetaPath"]


def test_threads(workshop: Workshop, managed: Managed) -> None:
    files = {f"m{i}.py": f"v = {i}\n" for i in range(40)}
    place = workshop.zip("app.zip", files)
    evil = workshop.tree("evil", {f"e{i}.py": EVIL for i in range(40)}, sign=False)
    lines = managed.run(
        """
        import threading
        one = manager()
        one.install()
        found = []
        def work(part):
            for i in range(40):
                found.append((outcome(f"m{i}"), i))
                found.append((outcome(f"e{i}"), "IntegrityCheckMissing"))
                if part == 0:
                    one.reinstall()
                    importlib.invalidate_caches()
        threads = [threading.Thread(target=work, args=(part,)) for part in range(4)]
        for thread in threads: thread.start()
        for thread in threads: thread.join()
        print(len(found), all(a == b for a, b in found))
        """,
        place,
        evil,
    )
    assert lines == ["320 True"]
