"""What programs expect at their start that another freezer collected.

`signedvfs build --from-pyinstaller` and `--from-cxfreeze` write a `__main__` that calls these.
"""

from __future__ import annotations

import os
import sys
from importlib.machinery import PathFinder

TYPE_CHECKING = False  # see signedvfs/__init__.py
if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import CodeType
    from typing import Any, Callable

    Read = Callable[[], bytes]

SCRIPTS = "signedvfs-collected"  # the directory of run-time hooks and of the program


class _Spawned(BaseException):
    """_Spawned ends the program where it says that a spawned process need not go on."""


def run_pyinstaller(
    namespace: dict[str, Any], scripts: Sequence[str], has_setuptools: bool
) -> None:
    """run_pyinstaller runs the scripts in `namespace`, the last of which is the program, as
    PyInstaller's bootloader does after its own preparations.

    `has_setuptools` tells that setuptools is to stand in for distutils where that is imported.
    """
    system: Any = sys
    system.frozen = True
    system._MEIPASS = sys.executable
    # A program that is complete is in no virtual environment.
    os.environ.pop("VIRTUAL_ENV", None)
    for name in os.listdir(sys.executable):
        if name.endswith(".egg"):
            sys.path.append(f"{sys.executable}/{name}")
    if has_setuptools:
        _stand_in_for_distutils()
    if namespace["__name__"] == "__main__":
        _run(namespace, scripts)
        return
    # A process that multiprocessing has spawned needs what the program defines before it says that
    # it may be such a process: with PyInstaller that call does not return there.
    import multiprocessing

    freeze_support = multiprocessing.freeze_support
    multiprocessing.freeze_support = _go_no_further
    try:
        _run(namespace, scripts)
    except _Spawned:
        pass
    finally:
        multiprocessing.freeze_support = freeze_support


def run_cxfreeze(name: str) -> None:
    """run_cxfreeze runs the program `name` by the initialisation that it was collected with."""
    system: Any = sys
    system.frozen = True
    module: Any = __import__(f"__init__{name}")
    module.run(f"__main__{name}")


def _run(namespace: dict[str, Any], scripts: Sequence[str]) -> None:
    for name in scripts:
        exec(_code_of(name), namespace)


def _code_of(name: str) -> CodeType:
    spec: Any = PathFinder.find_spec(name, [f"{sys.executable}/{SCRIPTS}"])
    code: CodeType = spec.loader.get_code(name)
    return code


def _go_no_further() -> None:
    raise _Spawned


def _stand_in_for_distutils() -> None:
    try:
        hack: Any = __import__("_distutils_hack")
    except ImportError:
        return
    if os.environ.get("SETUPTOOLS_USE_DISTUTILS", "local") == "local":
        hack.add_shim()
