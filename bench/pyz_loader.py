"""Puts PyInstaller's importer in place as its bootloader does: in the child."""

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


def prepare(pyinstaller: str, place: str) -> "Callable[[], None]":
    """Loads PyInstaller's modules; returns what opens the PYZ and starts to import from it.

    A program's top directory is `place`: modules are given files below it, and it has the PYZ.
    """
    before = set(sys.modules)
    sys.path.insert(0, f"{pyinstaller}/PyInstaller/loader")
    sys._MEIPASS = place  # type: ignore[attr-defined]  # the bootloader's
    sys._pyinstaller_pyz = f"{place}/corpus.pyz"  # type: ignore[attr-defined]  # the bootloader's
    import pyimod02_importers

    del sys.path[0]
    # Of the standard library it has loaded Python modules that a corpus may have, too.
    for name in set(sys.modules) - before:
        if (getattr(sys.modules[name], "__file__", None) or "").endswith("struct.py"):
            del sys.modules[name]

    def install() -> None:
        pyimod02_importers.install()
        # It works as the path's first entry, before the files behind it.
        sys.path.insert(0, place)

    return install
