"""Under the manager nothing that nobody has signed is imported, wherever it lies."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest

from tests.importer.guard.conftest import EVIL, Managed
from tests.importer.native.foundry import SUFFIX, extension, writes
from tests.importer.workshop import Files, Workshop, pyc

FILES = {
    "m.py": "v = 1\n",
    "p/__init__.py": "v = 2\n",
    "p/sub.py": "v = 3\n",
    "n/part.py": "v = 4\n",
}
SIGNED = """
manager().install()
import m, p.sub, n.part
assert (m.v, p.v, p.sub.v, n.part.v) == (1, 2, 3, 4)
for one in (m, p, p.sub, n.part):
    assert type(one.__loader__).__module__ == "signedvfs", one.__loader__
print("ok")
"""


@pytest.mark.parametrize("kind", ["zip", "indexed", "appended", "tree", "inside"])
def test_signed_places(workshop: Workshop, managed: Managed, kind: str) -> None:
    if kind == "tree":
        place = workshop.tree("app", FILES)
    elif kind == "appended":
        place = workshop.appended("app", FILES)
    elif kind == "inside":
        lib = {f"lib/{name}": content for name, content in FILES.items()}
        place = workshop.zip("app.zip", lib) / "lib"
    else:
        place = workshop.zip("app.zip", FILES, index=kind == "indexed")
    assert managed.run(SIGNED, place) == ["ok"]


@pytest.mark.parametrize(
    "kind", ["directory", "package", "bytecode", "native", "zip", "egg", "namespace", "link"]
)
def test_unsigned_places(workshop: Workshop, managed: Managed, kind: str) -> None:
    kinds: dict[str, Files] = {
        "package": {"evil/__init__.py": EVIL},
        "bytecode": {"evil.pyc": pyc(EVIL)},
        "native": {f"evil{SUFFIX}": b"\x7fELF"},
        "namespace": {"evil/part.py": EVIL},
    }
    files = kinds.get(kind, {"evil.py": EVIL})
    if kind in ("zip", "egg"):
        place = workshop.plain_zip(f"unsigned.{kind}", files)
    else:
        place = workshop.tree("unsigned", files, sign=False)
    if kind == "link":
        link = workshop.directory / "link"
        link.symlink_to(place)
        place = link
    lines = managed.run(
        "one = manager()\none.install()\n"
        "print(outcome('evil'), outcome('nowhere'))\n"
        "refused, = one.report()['refused']\n"
        "print(refused['module'], refused['code'], refused['path'])",
        place,
    )
    assert lines[0] == "IntegrityCheckMissing ModuleNotFoundError"
    assert lines[1].startswith(f"evil NoManifest {place}")


def test_unsigned_native_code_is_not_opened(workshop: Workshop, managed: Managed) -> None:
    marker = workshop.directory / "marker"
    library = extension("evil", "bad", more=writes(marker))
    place = workshop.tree("unsigned", {f"evil{SUFFIX}": library}, sign=False)
    assert managed.run("manager().install()\nprint(outcome('evil'))", place) == [
        "IntegrityCheckMissing"
    ]
    assert not marker.exists()


def test_signed_native_code(workshop: Workshop, managed: Managed) -> None:
    place = workshop.tree("app", {f"good{SUFFIX}": extension("good", "fine")})
    script = (
        "manager().install()\nimport good\nprint(good.value(), type(good.__loader__).__module__)"
    )
    assert managed.run(script, place) == ["fine signedvfs"]


def test_what_is_passed_by(workshop: Workshop, managed: Managed) -> None:
    # an unsigned directory in front replaces neither what is signed nor the library
    place = workshop.tree("app", FILES)
    front = workshop.tree("front", {"m.py": EVIL, "json.py": EVIL, "p/sub.py": EVIL}, sign=False)
    lines = managed.run("manager().install()\nimport json\nprint(outcome('m'), outcome('p.sub'))",
                        front, place)  # fmt: skip
    assert lines == ["1 3"]


def test_paths_that_appear_later(workshop: Workshop, managed: Managed) -> None:
    # .pth files, a package's __path__, pkgutil.extend_path, the current directory
    place = workshop.tree("app", {
        **FILES,
        "q/__init__.py": "import pkgutil\n__path__ = pkgutil.extend_path(__path__, __name__)\n",
    })  # fmt: skip
    evil = workshop.tree("evil", {"q/__init__.py": EVIL, "q/evil.py": EVIL, "evil.py": EVIL},
                         sign=False)  # fmt: skip
    sites = workshop.tree("sites", {"more.pth": f"{evil}\n"}, sign=False)
    lines = managed.run(
        f"""
        manager().install()
        import os, site, p
        site.addsitedir({str(sites)!r})
        assert {str(evil)!r} in sys.path
        print(outcome("evil"))
        p.__path__.append({str(evil)!r})
        print(outcome("p.evil"), outcome("p.sub"))
        import q
        assert {str(evil / "q")!r} in q.__path__
        print(outcome("q.evil"))
        os.chdir({str(evil)!r})
        sys.path[:0] = ["", "."]
        print(outcome("evil"))
        """,
        place,
    )
    assert lines == [
        "IntegrityCheckMissing",
        "IntegrityCheckMissing 3",
        "IntegrityCheckMissing",
        "IntegrityCheckMissing",
    ]


def test_namespace_portions(workshop: Workshop, managed: Managed) -> None:
    # I5: signed portions join, also later ones; unsigned ones do not, and no package replaces them
    one = workshop.tree("one", {"ns/a.py": "v = 'a'\n"})
    two = workshop.zip("two.zip", {"ns/b.py": "v = 'b'\n"})
    late = workshop.zip("late.zip", {"ns/c.py": "v = 'c'\n"})
    evil = workshop.tree("evil", {"ns/evil.py": EVIL, "ns/a.py": EVIL}, sign=False)
    whole = workshop.tree("whole", {"ns/__init__.py": EVIL}, sign=False)
    lines = managed.run(
        f"""
        manager().install()
        import ns
        print(*ns.__path__)
        print(outcome("ns.a"), outcome("ns.b"), outcome("ns.evil"), outcome("ns.c"))
        sys.path.append({str(late)!r})
        print(outcome("ns.c"), len(ns.__path__))
        """,
        evil, one, whole, two,
    )  # fmt: skip
    assert lines == [f"{one}/ns {two}/ns", "a b ModuleNotFoundError ModuleNotFoundError", "c 3"]


FINDER = """
class Evil:
    @staticmethod
    def find_spec(name, path=None, target=None):
        print("ASKED", name)
        from importlib.machinery import ModuleSpec
        return ModuleSpec(name, Evil())
    def create_module(self, spec): return None
    def exec_module(self, module): print("EVIL"); module.v = "EVIL"
"""


@pytest.mark.parametrize(
    "put",
    [
        "sys.meta_path.insert(0, Evil)\none.install()",
        "sys.meta_path.append(Evil)\none.install()",
        "one.install()\nsys.meta_path.insert(0, Evil)",
        "one.install()\nsys.meta_path.append(Evil)",
        "one.install()\nsys.meta_path[:] = [Evil]",
        "one.install()\nsys.meta_path.clear()\nsys.meta_path += [Evil]",
        "saved = sys.meta_path\none.install()\nsaved.insert(0, Evil)",
        "one.install()\nsys.path_hooks.insert(0, lambda path: Evil())\nsys.path.insert(0, '/x')",
        "one.install()\nsys.path_importer_cache[sys.path[0]] = Evil()",
    ],
)
def test_other_finders(workshop: Workshop, managed: Managed, put: str) -> None:
    place = workshop.tree("app", FILES)
    script = (
        f"one = manager()\n{FINDER}\n{put}\n"
        "print(outcome('m'), outcome('evil'))\n"
        "import importlib.util\n"
        "print(importlib.util.find_spec('evil'))"
    )
    assert managed.run(script, place) == ["1 ModuleNotFoundError", "None"]


def test_modules_that_are_made_of_no_file(workshop: Workshop, managed: Managed) -> None:
    # as six makes six.moves; what its finder takes from a file is not accepted
    maker = """
import sys
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_file_location
class Maker:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name == "maker.file": return spec_from_file_location(name, FILE)
        return ModuleSpec(name, Maker())
    def create_module(self, spec): return None
    def exec_module(self, module): module.v = "made"
sys.meta_path.append(Maker)
__path__ = []
"""
    evil = workshop.tree("evil", {"evil.py": EVIL}, sign=False)
    place = workshop.tree("app", {"maker.py": maker + f"FILE = {str(evil / 'evil.py')!r}\n"})
    lines = managed.run(
        """
        manager(virtual_modules=["maker.moves", "maker.file"]).install()
        import maker
        print(outcome("maker.moves"), outcome("maker.other"), outcome("other"))
        print(outcome("maker.file"))
        """,
        place,
    )
    assert lines == ["made ModuleNotFoundError ModuleNotFoundError", "ModuleNotFoundError"]


def test_a_directory_is_its_listing(workshop: Workshop, managed: Managed) -> None:
    # K1, J2: nothing unlisted counts, no bytecode beside or elsewhere, and no listing is consulted
    place = workshop.tree("app", FILES)
    (place / "added.py").write_text(EVIL)
    (place / "p/evil.py").write_text(EVIL)
    (place / f"m{SUFFIX}").write_bytes(b"\x7fELF")
    (place / "m").mkdir()
    (place / "m/__init__.py").write_text(EVIL)
    for cached in (place / "__pycache__", workshop.directory / "cache" / str(place)[1:]):
        cached.mkdir(parents=True)
        (cached / f"m.{sys.implementation.cache_tag}.pyc").write_bytes(pyc(EVIL))
    lines = managed.run(
        "manager().install()\nprint(outcome('m'), outcome('added'), outcome('p.evil'))",
        place,
        flags=(),
        environment={"PYTHONPYCACHEPREFIX": str(workshop.directory / "cache")},
    )
    assert lines == ["1 ModuleNotFoundError ModuleNotFoundError"]


def test_a_manifest_above(workshop: Workshop, managed: Managed) -> None:
    # K4: only the manifest of the place that is on the path counts
    place = workshop.tree("app", FILES)
    (workshop.directory / "signedimp-manifest.txt").write_text("junk")
    (place / "p/signedimp-manifest.txt").write_text("junk")
    assert managed.run("manager().install()\nprint(outcome('p.sub'))", place) == ["3"]


def test_what_changed(workshop: Workshop, managed: Managed) -> None:
    # nothing else is tried in the place of what was tampered with
    place = workshop.tree("app", FILES)
    spare = workshop.tree("spare", FILES)
    (place / "m.py").write_text(EVIL)
    (place / "p/sub.py").unlink()
    lines = managed.run("manager().install()\nprint(outcome('m'), outcome('p.sub'), outcome('p'))",
                        place, spare)  # fmt: skip
    assert lines == ["IntegrityCheckFailed IntegrityCheckFailed 2"]


def test_a_tampered_archive(workshop: Workshop, managed: Managed) -> None:
    archive = workshop.zip("app.zip", FILES, index=False)
    spare = workshop.zip("spare.zip", {**FILES, "other.py": "v = 5\n"})
    with archive.open("r+b") as file:
        file.seek(40)
        file.write(b"\0\0\0\0")
    lines = managed.run(
        "manager().install()\nprint(outcome('m'), outcome('other'))", archive, spare
    )
    # nobody can tell what it held, so no other archive supplies anything behind it
    assert lines == ["IntegrityCheckFailed IntegrityCheckFailed"]


def test_an_archive_swapped_while_it_is_in_use(workshop: Workshop, managed: Managed) -> None:
    archive = workshop.zip("app.zip", FILES)
    evil = workshop.plain_zip("evil.zip", {"m.py": EVIL, "p/__init__.py": EVIL, "p/sub.py": EVIL})
    lines = managed.run(
        f"""
        import importlib, os
        manager().install()
        print(outcome("m"))
        os.replace({str(evil)!r}, {str(archive)!r})
        print(outcome("p"))
        importlib.invalidate_caches()
        print(outcome("p.sub"), outcome("n.part"))
        del sys.modules["m"]
        print(outcome("m"))
        """,
        archive,
    )
    assert lines[:2] == ["1", "2"]
    assert "EVIL" not in lines
    assert lines[3] == "IntegrityCheckMissing"


def test_places_that_supply_nothing(workshop: Workshop, managed: Managed) -> None:
    # nothing there, junk, a FIFO, a file, a directory that nobody may read, entries that are no str
    place = workshop.tree("app", FILES)
    here = workshop.directory
    (here / "file").write_text("junk")
    os.mkfifo(here / "fifo")
    (here / "hidden").mkdir(mode=0)
    entries = [
        str(here / name) for name in ("gone", "gone.zip", "file", "fifo", "hidden", "x\udc80")
    ]
    lines = managed.run(
        f"""
        sys.path[:0] = {entries!r} + [b"bytes", None, 7, "nul\\0"]
        manager().install()
        print(outcome("m"), outcome("nowhere"))
        """,
        place,
    )
    assert lines == ["1 ModuleNotFoundError"]


def test_junk_in_an_archives_place(workshop: Workshop, managed: Managed) -> None:
    place = workshop.tree("app", FILES)
    junk = workshop.directory / "lib.zip"
    junk.write_bytes(b"PK\3\4 junk")
    # the library, trusted by its path, is found for all that
    lines = managed.run("manager().install()\nimport json\nprint(outcome('m'))", junk, place)
    assert lines == ["IntegrityCheckFailed"]


def test_a_current_directory_that_is_gone(workshop: Workshop, managed: Managed) -> None:
    place = workshop.tree("app", FILES)
    lines = managed.run(
        """
        import os
        os.mkdir("away"); os.chdir("away"); os.rmdir("../away")
        sys.path[:0] = ["", "lib"]
        manager().install()
        print(outcome("m"), outcome("nowhere"))
        """,
        place,
    )
    assert lines == ["1 ModuleNotFoundError"]


def test_a_link_out_of_a_signed_directory(workshop: Workshop, managed: Managed) -> None:
    # K2: a component that is a link now
    place = workshop.tree("app", FILES)
    evil = workshop.tree("evil", {"sub.py": EVIL, "__init__.py": EVIL}, sign=False)
    shutil.rmtree(place / "p")
    Path(place / "p").symlink_to(evil)
    assert "EVIL" not in managed.run("manager().install()\nprint(outcome('p.sub'))", place)[0]
