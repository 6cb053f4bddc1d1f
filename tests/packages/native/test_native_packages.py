"""Packages with extension modules compute from one signed archive; nothing of it is unpacked."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

from tests.packages.native.conftest import NIGHTLY, Native, required
from tests.packages.native.traced import can_trace, trace

# The computations in application/computing, and what they are about.
OF_EVERY_RUN = {
    "with_cryptography": "cryptography",
    "with_lxml": "lxml",
    "with_numpy": "numpy",
    "with_pydantic": "pydantic",
}
OF_THE_NIGHT = {
    "with_cffi": "cffi",
    "with_freetype": "pillow",
    "with_orjson": "orjson",
    "with_pandas": "pandas",
    "with_pillow": "pillow",
    "with_psycopg": "psycopg",
    "with_pyarrow": "pyarrow",
    "with_scipy": "scipy",
    "with_sklearn": "scikit-learn",
    "with_uvloop": "uvloop",
    "with_yaml": "pyyaml",
}
COMPUTATIONS = {**OF_EVERY_RUN, **(OF_THE_NIGHT if NIGHTLY else {})}

# joblib tries whether it can make semaphores, and multiprocessing from 3.15 on whether it can make
# temporary files. They remove what they have made.
ATTEMPTING = ["with_sklearn"]

# Where the files of a Linux system lie, and how programs see it.
SYSTEM = ["/dev", "/etc", "/lib", "/lib64", "/proc", "/sys", "/usr/lib", "/usr/lib64",
          "/usr/share/locale", "/usr/share/zoneinfo"]  # fmt: skip
PACKAGES = ("/site-packages/", "/dist-packages/")


@pytest.fixture(params=COMPUTATIONS)
def computation(request: pytest.FixtureRequest) -> str:
    """Each computation for which this interpreter has wheels."""
    package = COMPUTATIONS[request.param]
    if not required()[package]:
        pytest.skip(f"{package} has no wheel for Python {sysconfig.get_python_version()}")
    return str(request.param)


def below(path: str, directory: str | Path) -> bool:
    return path == str(directory) or path.startswith(f"{directory}/")


def environment(directory: Path) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    return {**kept, "HOME": str(directory), "TMPDIR": str(directory)}


def is_attempt(path: str, temporary: Path) -> bool:
    """Tell whether a path is one of a semaphore (sem_overview(7)), or of a temporary file."""
    return path.startswith("/dev/shm/sem.") or below(path, temporary)


def modules_of(printed: str) -> tuple[int, int]:
    said = re.search(r"^computed; (\d+) modules, (\d+) of them extension modules$", printed, re.M)
    assert said, printed
    return int(said[1]), int(said[2])


def test_it_computes_and_touches_no_disk(native: Native, computation: str, tmp_path: Path) -> None:
    """The proof that nothing is unpacked: the kernel was asked for no file of the packages."""
    empty, logs = tmp_path / "empty", tmp_path / "logs"
    empty.mkdir()
    if not can_trace(tmp_path):
        pytest.skip("strace is not there, or may not trace here")
    command = native.command("-m", "computing", native.archive, computation)
    seen = trace(command, logs, cwd=empty, env=environment(empty))
    assert seen.done.returncode == 0, seen.done.stdout + seen.done.stderr
    modules, extensions = modules_of(seen.done.stdout)
    assert modules > extensions >= 1

    bare = native.python.parents[1]
    library = sysconfig.get_path("stdlib")
    interpreter = Path(sys.base_prefix).resolve()
    strangers = []
    own: list[str | Path] = [library, interpreter / "lib", *SYSTEM]
    for path in sorted(seen.opened):
        if path.startswith("/memfd:") or below(path, native.archive):
            continue
        if computation in ATTEMPTING and is_attempt(path, empty):
            continue
        if path == str(native.public_key) or below(path, bare):
            continue  # there is nothing in the environment but signedvfs
        if not any(below(path, one) for one in own) or any(part in path for part in PACKAGES):
            strangers.append(path)
    assert not strangers
    assert str(native.archive) in seen.opened, "the trace does not see what it should"
    # Code of the archive reached the linker, each time from memory.
    from_memory = {path for path in seen.opened if path.startswith("/memfd:native.zip/")}
    assert len(from_memory) >= extensions
    # Nor did anybody look for them elsewhere, where they might have been.
    with zipfile.ZipFile(native.archive) as opened:
        names = {Path(name).name for name in opened.namelist() if ".so" in Path(name).name}
    looked_for = {path for path in seen.asked if Path(path).name in names}
    assert not [one for one in looked_for if not below(one, bare) and not below(one, library)]
    attempts = [one for call in seen.made for one in re.findall(r'"([^"]*)"', call)]
    if computation in ATTEMPTING:
        attempts = [one for one in attempts if not is_attempt(one, empty)]
    assert not attempts
    assert not list(empty.iterdir())


def test_it_computes(native: Native, computation: str, tmp_path: Path) -> None:
    """Without a tracer beside it."""
    done = subprocess.run(
        native.command("-m", "computing", native.archive, computation),
        capture_output=True, text=True, check=False, timeout=300,
        cwd=tmp_path, env=environment(tmp_path),
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    modules_of(done.stdout)


@pytest.mark.parametrize(
    ("known", "words"),
    [
        # The library opens files itself, and the doors are those of Python.
        ("with_isoschematron", "Error reading file '.*native.zip/lxml/"),
    ],
)
def test_what_does_not_run_says_why(native: Native, known: str, words: str, tmp_path: Path) -> None:
    """A limit that is gone fails here: then the documentation has to be changed."""
    done = subprocess.run(
        native.command("-m", "computing", native.archive, known),
        capture_output=True, text=True, check=False, timeout=300,
        cwd=tmp_path, env=environment(tmp_path),
    )  # fmt: skip
    assert done.returncode == 1, done.stdout + done.stderr
    assert re.search(words, done.stderr), done.stderr


def test_every_package_computes(native: Native) -> None:
    assert native.archive.exists()
    assert set(COMPUTATIONS.values()) == set(required())
