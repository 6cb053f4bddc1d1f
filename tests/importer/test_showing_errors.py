"""Errors are shown although an archive that they lead through is refused.

Nobody may fail to print what went wrong because of what somebody has done to an archive since.
"""

from __future__ import annotations

import importlib
import linecache
import logging
import os
import subprocess
import sys
import traceback
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import signedvfs
from tests.importer.workshop import Importing, Python, Workshop, finder_at

FILES: dict[str, bytes | str] = {
    "m.py": "def f():\n    raise KeyError('users')\n",
    "pkg/__init__.py": "def g():\n    import pkg.missing\n",
    "lib/n.py": "",
}


def overwrite(path: Path) -> None:
    path.write_bytes(b"x" * path.stat().st_size)


def change(path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(data.replace(b"users", b"USERS"))


def unsign(path: Path) -> None:
    signedvfs.unsign(path)
    importlib.invalidate_caches()


def junk(path: Path) -> None:
    path.write_bytes(b"PK\x03\x04 no archive any more")
    importlib.invalidate_caches()


def remove(path: Path) -> None:
    path.unlink()
    importlib.invalidate_caches()


@pytest.fixture(params=[overwrite, change, unsign, junk, remove])
def spoil(request: pytest.FixtureRequest) -> Callable[[Path], None]:
    """Do something to an archive that has been imported from."""
    function: Callable[[Path], None] = request.param
    return function


@pytest.fixture
def archive(workshop: Workshop, importing: Importing) -> Path:
    """An archive of FILES on sys.path, stored so that it can be changed, as is a place in it."""
    path = workshop.zip("app.zip", FILES, compression=0)
    importing.put(path, path / "lib")
    importing.module("n")
    return path


def error_of(function: Callable[[], object]) -> Exception:
    try:
        function()
    except Exception as error:
        return error
    raise AssertionError("no error")


def error_of_nobody(archive: Path) -> Exception:
    """Return one of a function that says it is in the archive, and has no loader to ask."""
    made = types.ModuleType("made")
    del made.__dict__["__spec__"]  # linecache would warn of one without a loader
    code = compile("\n\ndef f():\n    raise KeyError('users')\n", f"{archive}/lib/made.py", "exec")
    exec(code, vars(made))
    return error_of(made.f)


def test_tracebacks(archive: Path, importing: Importing, spoil: Callable[[Path], None]) -> None:
    error = error_of(importing.module("m").f)
    spoil(archive)
    for one in (error, error_of(importing.module("m").f), error_of_nobody(archive)):
        linecache.clearcache()
        shown = "".join(traceback.format_exception(type(one), one, one.__traceback__))
        assert shown.endswith("KeyError: 'users'\n")
        assert f'File "{archive}/' in shown


def test_missing_modules(
    archive: Path, importing: Importing, spoil: Callable[[Path], None]
) -> None:
    # Python 3.15 looks for an extension module in the package that lacks one
    error = error_of(importing.module("pkg").g)
    assert isinstance(error, ModuleNotFoundError)
    spoil(archive)
    shown = "".join(traceback.format_exception(type(error), error, error.__traceback__))
    assert "ModuleNotFoundError: No module named 'pkg.missing'" in shown


def test_logging(
    archive: Path,
    importing: Importing,
    spoil: Callable[[Path], None],
    caplog: pytest.LogCaptureFixture,
) -> None:
    error = error_of(importing.module("m").f)
    spoil(archive)
    logging.getLogger("app").error("lost", exc_info=error)
    assert caplog.text.endswith("KeyError: 'users'\n")


def test_lines_of_what_is_refused_are_none(
    archive: Path, importing: Importing, spoil: Callable[[Path], None]
) -> None:
    importing.module("m")
    spoil(archive)
    for name in ("m.py", "lib/n.py", "lib/made.py"):
        assert linecache.getlines(f"{archive}/{name}") == []


def test_lines_of_what_is_genuine(archive: Path, importing: Importing) -> None:
    importing.module("m")
    # From Python 3.14.8 on linecache finds them without the module's globals.
    finds_them = hasattr(linecache, "_read_from_archive")
    expected = str(FILES["m.py"]).splitlines(True) if finds_them else []
    assert linecache.getlines(f"{archive}/m.py") == expected
    assert linecache.getlines(f"{archive}/absent.py") == []
    assert linecache.getlines(str(Path(__file__))) == Path(__file__).read_text().splitlines(True)


def test_files_that_answer_with_a_refusal(
    archive: Path, importing: Importing, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Whatever stands before os.stat may refuse what lies in an archive.
    importing.module("m")
    stat = os.stat

    def refusing(path: Any, *args: Any, **kwargs: Any) -> os.stat_result:
        if str(path).startswith(str(archive)):
            raise signedvfs.IntegrityCheckFailed("refused")
        return stat(path, *args, **kwargs)

    name = f"{archive}/m.py"
    linecache.cache[name] = (1, 0.0, ["x\n"], name)
    monkeypatch.setattr(os, "stat", refusing)
    linecache.checkcache(name)
    linecache.checkcache()
    assert linecache.updatecache(name) == []
    monkeypatch.undo()
    linecache.checkcache(name)
    assert name not in linecache.cache


@pytest.mark.parametrize("spoil", [overwrite, change, unsign, junk], indirect=True)
def test_programs_that_ask_are_told(
    archive: Path, importing: Importing, spoil: Callable[[Path], None]
) -> None:
    importing.module("m")
    finder = finder_at(archive)
    spoil(archive)
    with pytest.raises(signedvfs.IntegrityCheckError) as caught:
        finder.get_data(f"{archive}/m.py")
    assert not isinstance(caught.value, (ImportError, OSError))


@pytest.mark.parametrize(
    "end",
    [
        "m.f()",
        "import threading; thread = threading.Thread(target=m.f); thread.start(); thread.join()",
        "import atexit; atexit.register(m.f)",
        "Late()",
        "late = Late()",
    ],
    ids=["uncaught", "thread", "atexit", "del", "del at exit"],
)
def test_what_the_interpreter_prints(workshop: Workshop, python: Python, end: str) -> None:
    path = workshop.zip("app.zip", FILES)
    script = f"""
sys.path.insert(0, {str(path)!r})
import m

class Late:
    def __del__(self, f=m.f):
        f()

with open({str(path)!r}, "r+b") as file:
    size = file.seek(0, 2)
    file.seek(0)
    file.write(b"x" * size)
{end}
"""
    done = python(script, "-W", "default", check=False)
    assert "KeyError: 'users'" in done.stderr
    assert "IntegrityCheck" not in done.stderr


# What is done to which archive before the test fails, by pytest's own test.
PYTEST_STATES = {
    "tampered since": "open(PATH, 'r+b').write(b'x' * 1000)",
    "unsigned in front": "sys.path.insert(0, UNSIGNED)",
    "tampered in front": "sys.path.insert(0, TAMPERED)",
}


@pytest.mark.parametrize("state", PYTEST_STATES)
def test_pytest_reports_it(workshop: Workshop, state: str) -> None:
    path = workshop.zip("app.zip", FILES)
    unsigned = workshop.plain_zip("unsigned.zip", {"other.py": ""})
    tampered = workshop.zip("tampered.zip", {"other.py": ""})
    overwrite(tampered)
    test = workshop.directory / "test_program.py"
    test.write_text(
        f"PATH, UNSIGNED, TAMPERED = {str(path)!r}, {str(unsigned)!r}, {str(tampered)!r}\n"
        "import sys, signedvfs\n"
        f"signedvfs.trust(signedvfs.PublicKey.load({str(workshop.public_path)!r}))\n"
        "signedvfs.hook.install()\n"
        f"sys.path.insert(0, PATH)\n"
        "def test():\n"
        "    import m\n"
        f"    {PYTEST_STATES[state]}\n"
        "    m.f()\n"
    )
    for style in ("auto", "native", "long", "short"):
        workshop.zip("app.zip", FILES)
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", f"--tb={style}", "-p", "no:cacheprovider", test],
            cwd=workshop.directory,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 1, done.stdout + done.stderr
        assert "KeyError: 'users'" in done.stdout
        assert "1 failed" in done.stdout
        assert "INTERNALERROR" not in done.stdout
