"""signedvfs.preload: native code that a parent loads for the children that it forks."""

from __future__ import annotations

from pathlib import Path

from tests.importer.native.conftest import App, Child
from tests.importer.native.foundry import SUFFIX, extension, library, writes
from tests.importer.workshop import Workshop

SAY = "libsay.so"


def test_loads_a_package_and_its_libraries_and_imports_nothing(
    child: Child, app: App, tmp_path: Path
) -> None:
    marker = tmp_path / "ran"
    say = library("say", "bundled", soname=SAY, more=writes(marker))
    module = extension("_m", calls="say", needs={SAY: say}, rpath="$ORIGIN/../pkg.libs")
    path = app(
        {
            "pkg/__init__.py": "raise RuntimeError('executed')\n",
            f"pkg/_m{SUFFIX}": module,
            f"pkg/sub/_n{SUFFIX}": extension("_n", "deep"),
            "pkg/sub/_n.cpython-27m-x86_64-linux-gnu.so": b"of another interpreter",
            f"pkg.libs/{SAY}": say,
            f"pkgs/_o{SUFFIX}": extension("_o", "another package"),
        }
    )
    out = child.run(
        """
        loaded = signedvfs.preload("pkg")
        print(loaded, [name for name in sys.modules if name.split(".")[0] == "pkg"])
        maps = open("/proc/self/maps").read()
        libraries = ("pkg/_m", "pkg/sub/_n", "pkg.libs/libsay.so", "pkgs/_o")
        print([name in maps for name in libraries])
        """,
        path,
    )
    members = [f"pkg/_m{SUFFIX}", f"pkg/sub/_n{SUFFIX}"]
    assert out == f"{members} []\n[True, True, True, False]\n"
    assert marker.exists()


def test_children_share_what_the_parent_has_loaded(child: Child, app: App) -> None:
    path = app({f"_m{SUFFIX}": extension("_m", "shared")})
    out = child.run(
        """
        import os
        def mapped():
            return {line.split()[4] for line in open("/proc/self/maps") if "app.zip/_m" in line}
        signedvfs.preload("_m")
        before = mapped()
        pid = os.fork()
        if pid == 0:
            import _m
            os._exit(0 if _m.value() == "shared" and mapped() == before else 1)
        print(len(before), os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
        """,
        path,
    )
    assert out == "1 0\n"


def test_what_it_can_not_load(workshop: Workshop, child: Child) -> None:
    signed = workshop.zip("app.zip", {f"_m{SUFFIX}": b"text", "plain.py": "", "p/__init__.py": ""})
    out = child.run(
        """
        for name in ("absent", "json", "_m", "p.q"):
            try:
                signedvfs.preload(name)
            except (ImportError, ValueError) as error:
                print(type(error).__name__, error)
        print(signedvfs.preload("plain", "p"))
        """,
        signed,
    )
    lines = out.splitlines()
    assert lines[0] == "ModuleNotFoundError no module named 'absent'"
    assert lines[1] == "ImportError 'json' is in no signed archive or directory"
    assert lines[2].startswith(f"ZipImportError cannot load '_m{SUFFIX}' from ")
    assert lines[3] == ("ValueError 'p.q' is no top-level package; name the package that it is in")
    assert lines[4] == "[]"


def test_a_namespace_package_of_two_archives(workshop: Workshop, child: Child) -> None:
    paths = [
        workshop.zip(f"{name}.zip", {f"ns/_{name}{SUFFIX}": extension(f"_{name}", name)})
        for name in ("one", "two")
    ]
    out = child.run("print(signedvfs.preload('ns'))", *paths)
    assert out == f"{[f'ns/_{name}{SUFFIX}' for name in ('one', 'two')]}\n"
