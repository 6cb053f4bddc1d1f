"""A private virtual environment in which every interpreter comes up with one importer."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

import signedvfs

from .errors import HarnessError
from .outcomes import Outcome, load

_HERE = Path(__file__).resolve().parent
# Inside, this directory is a package of this name.
_PACKAGE = "conformance"


def find_test_package() -> Path:
    """Return the directory of CPython's `test` package, which must be complete."""
    package = importlib.util.find_spec("test")
    directory = Path(package.origin).parent if package and package.origin else None
    if directory is None or not (directory / "test_importlib").is_dir():
        version = "{}.{}".format(*sys.version_info)
        raise HarnessError(
            f"{sys.executable} comes without CPython's own tests. On Debian and Ubuntu install"
            f" libpython{version}-testsuite; elsewhere, a CPython that has its test package."
        )
    return directory


class Environment:
    """What one run needs, below a scratch directory. The interpreter's own files are only read."""

    def __init__(self, scratch: Path, importer: str) -> None:
        """Make it for the interpreter that runs this."""
        self._scratch = scratch
        self._venv = scratch / "venv"
        # Stands in front of the real `test` package: some of its archives get signed in place.
        self._test_package = scratch / "test"
        for name in ("work", "tmp"):
            (scratch / name).mkdir()
        shutil.copytree(
            find_test_package() / "test_importlib",
            self._test_package / "test_importlib",
            ignore=shutil.ignore_patterns("__pycache__"),
        )
        venv.EnvBuilder(symlinks=True).create(self._venv)
        self._install(importer)

    def run(self, pattern: str, everything: bool) -> list[Outcome]:
        """Run the tests that match `pattern`; excluded ones only with `everything`."""
        results = self._scratch / "results.json"
        command = [str(self._venv / "bin" / "python"), "-m", f"{_PACKAGE}.runner"]
        command += [str(self._test_package), str(results), pattern]
        if everything:
            command.append("--everything")
        # What a person has set for Python is not what the tests expect.
        variables = {
            name: value for name, value in os.environ.items() if not name.startswith("PYTHON")
        }
        done = subprocess.run(
            command,
            cwd=self._scratch / "work",
            env={**variables, "TMPDIR": str(self._scratch / "tmp")},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="backslashreplace",
            check=False,
        )
        if done.returncode != 0:
            print(done.stdout)
            raise HarnessError(f"the run ended with exit code {done.returncode}; see above")
        return load(results)

    def _install(self, importer: str) -> None:
        [packages] = (self._venv / "lib").glob("python*/site-packages")
        # One link instead of a path: what else is installed beside signedvfs stays outside.
        (packages / "signedvfs").symlink_to(Path(signedvfs.__file__).parent)
        (packages / _PACKAGE).symlink_to(_HERE)
        key = self._scratch / "test.key"
        signedvfs.PrivateKey.generate().save(key)
        start = f"{_PACKAGE}.startup.install({importer!r}, {str(key)!r})"
        (packages / "conformance.pth").write_text(f"import {_PACKAGE}.startup; {start}\n")
