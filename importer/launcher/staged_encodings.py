"""The frozen module `encodings` with which an application begins (importer/launcher/staging.h).

It is compiled when the launcher is built, for the Python that it is for. What it imports is built
into the launcher or into Python.
"""

import _frozen_importlib
import sys

import _signedvfs_launcher  # type: ignore[import-not-found]  # the launcher alone has it

try:
    _spec = _signedvfs_launcher.stage()
    _self = sys.modules[__name__]
    _frozen_importlib._init_module_attrs(_spec, _self, override=True)
    _spec.loader.exec_module(_self)
except BaseException as _error:
    _signedvfs_launcher.fail(_error)
    raise
