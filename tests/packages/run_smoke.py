"""Runs one smoke test with a signed archive first on the path: ARCHIVE PUBLIC_KEY SCRIPT.

The set-up is the one of the README. Afterwards every module in this process must have come from
the archive, from the standard library or from signedvfs itself.
"""

from __future__ import annotations

import runpy
import sys
import sysconfig
from importlib.metadata import distributions
from pathlib import Path
from types import ModuleType

import signedvfs

ROOT = Path(__file__).resolve().parents[2]
SITE_PACKAGES = sysconfig.get_path("purelib")
STANDARD_LIBRARY = sysconfig.get_path("stdlib")


def check_origin(module: ModuleType, archive: str) -> bool:
    """Tell whether a module is the archive's, after checking that it is somebody's we know."""
    file = getattr(module, "__file__", None)
    if file is None:
        return False
    if file.startswith(archive + "/"):
        # setuptools hands its distutils out under that name by a loader of its own.
        spec = module.__spec__
        loader = module.__loader__ if module.__name__ == "distutils" else spec and spec.loader
        assert type(loader) is signedvfs.zipimporter, module
        return True
    if file.startswith(SITE_PACKAGES):
        assert module.__name__.partition(".")[0] == "signedvfs", module
    elif not file.startswith(str(ROOT / "tests")):
        assert file.startswith(STANDARD_LIBRARY), module
        assert "site-packages" not in file, module
    return False


def main(archive: str, public_key: str, script: str) -> None:
    installed = {one.metadata["Name"] for one in distributions(path=[SITE_PACKAGES])}
    assert installed == {"signedvfs"}
    signedvfs.trust(signedvfs.PublicKey.load(public_key))
    sys.path_hooks.insert(0, signedvfs.hook)
    sys.path.insert(0, archive)
    sys.path.append(str(ROOT))  # last: for tests.packages.installed
    runpy.run_path(script, run_name="__main__")
    modules = dict(sys.modules)
    ours = {name for name, module in modules.items() if check_origin(module, archive)}
    assert Path(script).stem in ours
    print(f"{len(ours)} modules from the archive")


if __name__ == "__main__":
    main(*sys.argv[1:])
