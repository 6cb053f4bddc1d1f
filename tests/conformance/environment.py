"""A private virtual environment in which every interpreter comes up with one importer."""

from __future__ import annotations

import shutil
import sysconfig
import venv
from pathlib import Path

import signedvfs

_HERE = Path(__file__).resolve().parent
# Inside, this directory is a package of this name.
_PACKAGE = "conformance"


class Environment:
    """What one run needs, below a scratch directory; the interpreter's installation is only read."""

    def __init__(self, scratch: Path) -> None:
        self.scratch = scratch
        self.python = scratch / "venv" / "bin" / "python"
        self.working_directory = scratch / "work"
        self.results = scratch / "results.json"
        # Stands in front of the `test` package: some of its archives get signed in place.
        self.test_package = scratch / "test"

    def create(self, importer: str, test_package: Path) -> None:
        """Make it for the interpreter that runs this, whose `test_package` it is."""
        key = self.scratch / "test.key"
        signedvfs.PrivateKey.generate().save(key)
        self.working_directory.mkdir()
        shutil.copytree(
            test_package / "test_importlib",
            self.test_package / "test_importlib",
            ignore=shutil.ignore_patterns("__pycache__"),
        )
        venv.EnvBuilder(symlinks=True).create(self.python.parent.parent)
        packages = self._site_packages()
        # One link instead of a path: what else is installed beside signedvfs stays outside.
        (packages / "signedvfs").symlink_to(Path(signedvfs.__file__).parent)
        (packages / _PACKAGE).symlink_to(_HERE)
        start = f"{_PACKAGE}.startup.install({importer!r}, {str(key)!r})"
        (packages / "conformance.pth").write_text(f"import {_PACKAGE}.startup; {start}\n")

    def command(self) -> list[str]:
        """Return what runs the suites inside, without the names of suites."""
        return [
            str(self.python),
            "-m",
            f"{_PACKAGE}.runner",
            str(self.test_package),
            str(self.results),
        ]

    def _site_packages(self) -> Path:
        root = str(self.python.parent.parent)
        return Path(sysconfig.get_path("purelib", vars={"base": root, "platbase": root}))
