"""Runs one computation: NAME. Then it says where the modules of this process have come from.

Every module has to be the archive's, the standard library's or signedvfs's own.
"""

from __future__ import annotations

import importlib
import importlib.machinery
import sys
import sysconfig
from types import ModuleType

ARCHIVE = __file__.partition("/computing/")[0]
STANDARD_LIBRARY = sysconfig.get_path("stdlib")
SUFFIXES = tuple(importlib.machinery.EXTENSION_SUFFIXES)


def _is_ours(module: ModuleType) -> bool:
    """Tell whether a module is the archive's, after checking that it is somebody's we know."""
    # Some hand out objects that answer to every name in the place of a module.
    file = vars(module).get("__file__") if isinstance(module, ModuleType) else None
    if not isinstance(file, str):
        return False
    if file.startswith(ARCHIVE + "/"):
        # What Cython shares between modules is made by one of them, and has no spec.
        assert not module.__spec__ or type(module.__spec__.loader).__module__ == "signedvfs", module
        return True
    if module.__name__.partition(".")[0] != "signedvfs":
        assert file.startswith(STANDARD_LIBRARY), module
        assert "site-packages" not in file, module
    return False


def main(name: str) -> None:
    importlib.import_module(f"computing.{name}").compute()
    ours = [module for module in list(sys.modules.values()) if _is_ours(module)]
    native = [module for module in ours if module.__file__.endswith(SUFFIXES)]
    print(f"computed; {len(ours)} modules, {len(native)} of them extension modules")


if __name__ == "__main__":
    main(*sys.argv[1:])
