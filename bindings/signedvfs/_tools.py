"""Loads the native module `signedvfs._tools`, which lies in the same shared object as `_core`.

So what C++ keeps for the process exists once (PEP 489, "Multiple modules in one library"). The
import system finds this file by the module's name, with its locks held; what it gets is the native
module.
"""

import sys
from importlib.machinery import ExtensionFileLoader, ModuleSpec

from signedvfs import _core


def _load() -> None:
    origin = getattr(_core, "__file__", None)
    if origin is None:
        # Its file is there, but nobody says that it still is what was verified.
        raise ImportError(
            "signedvfs was loaded by bootstrap code, from memory: this process verifies, and what "
            "signs and packs belongs into another one"
        )
    spec = ModuleSpec(__name__, ExtensionFileLoader(__name__, origin), origin=origin)
    spec.has_location = True
    module = spec.loader.create_module(spec)
    module.__spec__, module.__loader__, module.__package__ = spec, spec.loader, __package__
    module.__file__ = origin
    spec.loader.exec_module(module)
    sys.modules[__name__] = module


_load()
