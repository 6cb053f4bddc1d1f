"""A web application with native code, served under the locked manager; nothing else is imported.

The interpreter is a copy with a library of its own, so that the attacker of these tests can write
to every directory that is searched, the library included, after all has been signed.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.packages.bare import make_bare

HERE = Path(__file__).parent
VERSION = f"{sys.version_info[0]}.{sys.version_info[1]}"
EVIL = "print('EVIL')\n"
EVIL_SAYS = "EVIL\n"
# The library without what no application needs, and without what was installed into it.
BALLAST = shutil.ignore_patterns(
    "site-packages", "dist-packages", "test", "config-*", "idlelib", "ensurepip", "lib2to3",
    "tkinter", "turtledemo", "*.opt-?.pyc", "sitecustomize.py", "*.a",
)  # fmt: skip


class Installation(NamedTuple):
    """An interpreter with a library of its own, and the application, signed in two ways."""

    python: Path
    public_key: Path
    manifest: Path
    directory: Path
    archive: Path

    def serve(
        self, place: Path, front: Path | str = "", count: int = 0, *, cwd: Path
    ) -> subprocess.CompletedProcess[str]:
        """Serve from a place, with `front` before it, and try so many intruders."""
        words = [place, self.public_key, self.manifest, front, str(count)]
        return run(self.python, "-I", "-B", HERE / "locked.py", *words, cwd=cwd)


def run(*words: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    environment = {name: text for name, text in os.environ.items() if name[:6] != "PYTHON"}
    return subprocess.run(
        list(map(str, words)), cwd=cwd, env=environment,
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip


def succeed(*words: str | Path, cwd: Path) -> str:
    done = run(*words, cwd=cwd)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def copy_interpreter(base: Path) -> Path:
    """Copy the interpreter and its library, and make an environment of it that has signedvfs."""
    library = base / sys.platlibdir / f"python{VERSION}"
    shutil.copytree(
        sysconfig.get_path("stdlib"), library, ignore=BALLAST, ignore_dangling_symlinks=True
    )
    (base / "bin").mkdir()
    original = Path(sys.executable).resolve()
    executable = Path(shutil.copy(original, base / "bin" / f"python{VERSION}"))
    for libraries in original.parents[1].glob("lib/*-linux-gnu"):  # which it may look for ($ORIGIN)
        (base / "lib" / libraries.name).symlink_to(libraries)
    python = make_bare(base.parent / "environment")
    # The environment is to be of the copy: that is what these two say (PEP 405).
    configuration = python.parents[1] / "pyvenv.cfg"
    configuration.write_text(f"home = {base / 'bin'}\ninclude-system-site-packages = false\n")
    for link in python.parent.glob("python*"):
        link.unlink()
    python.symlink_to(executable)
    return python


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """Install the application into a directory; sign that, an archive of it, and the library."""
    work = tmp_path_factory.mktemp("web")
    directory, archive, key, manifest = (
        work / name for name in ("site", "app.zip", "app.key", "stdlib.manifest")
    )
    python = copy_interpreter(work / "base")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "-q"]
    pip += ["--only-binary", ":all:", "--no-deps", "--no-compile"]
    succeed(*pip, "--target", directory, "-r", HERE / "requirements.txt", cwd=work)
    shutil.rmtree(directory / "bin")
    shutil.copytree(HERE / "application", directory, dirs_exist_ok=True)
    signedvfs: list[str | Path] = [python, "-I", "-m", "signedvfs"]
    succeed(*signedvfs, "keygen", key, "--no-password", cwd=work)
    pack = [*signedvfs, "pack", directory, "--level", "1", "--key", key, "-o", archive]
    succeed(*pack, cwd=work)
    succeed(python, "-I", "-m", "compileall", "-q", directory, cwd=work)
    succeed(*signedvfs, "sign", directory, "--pycache", "--key", key, cwd=work)
    succeed(*signedvfs, "sign", "--stdlib", "--key", key, "-o", manifest, cwd=work)
    return Installation(python, key.with_suffix(".pub"), manifest, directory, archive)


def plant(installation: Installation, work: Path, place: Path) -> tuple[Path, list[Path]]:
    """Put a module of nobody into each directory on sys.path; return the first, and all of them."""
    front = work / "front"
    front.mkdir()
    for name in ("orders", "fastapi", "sqlite3", "_sqlite3", "json", "intruder"):
        (front / f"{name}.py").write_text(EVIL)
    shown = "import json, sys; print(json.dumps(sys.path))"
    path = json.loads(succeed(installation.python, "-I", "-c", shown, cwd=work))
    entries = [front, *filter(Path.is_dir, [place, *map(Path, path)])]
    ours = (work, installation.directory, installation.python.parents[2])
    assert all(any(one in (entry, *entry.parents) for one in ours) for entry in entries)
    for number, entry in enumerate(entries):
        (entry / f"intruder_{number}.py").write_text(EVIL)
    return front, entries


def uproot(entries: list[Path]) -> None:
    """Remove what was planted."""
    for entry in entries:
        for planted in entry.glob("intruder_*.py"):
            planted.unlink()


@pytest.mark.parametrize("kind", ["directory", "archive"])
def test_it_serves_and_nothing_else_is_imported(
    installation: Installation, kind: str, tmp_path: Path
) -> None:
    place: Path = getattr(installation, kind)
    front, entries = plant(installation, tmp_path, place)
    plain = f"import sys\nsys.path[:0] = {[str(front), str(place)]}\n" + "".join(
        f"import intruder_{number}\n" for number in range(len(entries))
    )
    try:
        done = installation.serve(place, front, len(entries), cwd=tmp_path)
        bare = run(installation.python, "-I", "-B", "-c", plain, cwd=tmp_path)
    finally:
        uproot(entries)
    # Front, the library, its extension modules, what is installed; and the directory.
    assert len(entries) == (5 if kind == "directory" else 4)
    assert bare.stdout == EVIL_SAYS * len(entries), "an interpreter without manager imports them"
    assert done.returncode == 0, done.stdout + done.stderr
    report: dict[str, Any] = json.loads(done.stdout)  # nothing else was printed
    first, second, third, stock = report["answers"]
    assert [first, second] == [[200, {"cups": 2}], [200, {"cups": 5}]]
    assert (third[0], third[1]["detail"][0]["loc"]) == (422, ["body", "cups"])
    assert stock[0] == 503
    assert "Connection refused" in stock[1]["detail"]
    tops = {name.partition(".")[0] for name in report["native"]}
    assert tops == {"psycopg2", "pydantic_core", "sqlalchemy"}
    assert report["strangers"] == []
    # A plain directory is passed by. In a signed one there is nothing that was not signed.
    library = installation.python.parents[2] / "base" / sys.platlibdir
    signed = [place == entry or library in entry.parents for entry in entries]
    assert signed.count(False) == 2  # front, and what is installed
    assert report["intruders"] == [
        "ModuleNotFoundError" if one else "IntegrityCheckMissing" for one in signed
    ]
    assert report["run"] == "IntegrityCheckMissing"


@pytest.mark.parametrize("where", ["front", "library"])
def test_an_archive_of_nobody_on_the_path_stops_it(
    installation: Installation, where: str, tmp_path: Path
) -> None:
    """Who asks for entry points asks every archive on the path, and no answer is refused."""
    library = installation.python.parents[2] / "base" / sys.platlibdir
    archive = tmp_path / "shelf.zip"
    if where == "library":
        archive = library / f"python{VERSION.replace('.', '')}.zip"
    with zipfile.ZipFile(archive, "w") as made:
        made.writestr("intruder.py", EVIL)
    try:
        front = archive if where == "front" else ""
        done = installation.serve(installation.directory, front, cwd=tmp_path)
    finally:
        archive.unlink()
    assert done.returncode == 1, done.stdout + done.stderr
    assert f"IntegrityCheckMissing: {archive}" in done.stderr
    assert not done.stdout


@pytest.mark.parametrize("suffix", [".so", ".pyc"])
def test_what_was_changed_is_not_served(
    installation: Installation, suffix: str, tmp_path: Path
) -> None:
    changed = tmp_path / "site"
    shutil.copytree(installation.directory, changed, copy_function=os.link)
    victim = next((changed / "pydantic_core").rglob(f"*{suffix}"))
    content = bytearray(victim.read_bytes())
    content[len(content) // 2] ^= 1
    victim.unlink()
    victim.write_bytes(content)
    done = installation.serve(changed, cwd=tmp_path)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "IntegrityCheckFailed" in done.stderr
    assert victim.name in done.stderr
    assert not done.stdout


def test_a_changed_library_is_not_used(installation: Installation, tmp_path: Path) -> None:
    library = installation.python.parents[2] / "base" / sys.platlibdir / f"python{VERSION}"
    victim = library / "sqlite3" / "__init__.py"
    original = victim.read_bytes()
    cached = list((library / "sqlite3" / "__pycache__").glob("__init__.*.pyc"))
    victim.write_bytes(original + EVIL.encode())
    for one in cached:
        one.rename(one.with_suffix(".away"))
    try:
        done = installation.serve(installation.archive, cwd=tmp_path)
    finally:
        victim.write_bytes(original)
        for one in cached:
            one.with_suffix(".away").rename(one)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "IntegrityCheckFailed" in done.stderr
    assert "sqlite3/" in done.stderr
    assert "EVIL" not in done.stdout
