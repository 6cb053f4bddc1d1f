"""PyInstaller's run-time hooks: which of them run, and which the launcher makes unnecessary.

A hook runs before the program, in its namespace. Those of PyInstaller make up for what its own
importer and its unpacked directory lack; whoever has made the collection may have added others.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

# What PyInstaller's own bootloader and importer consist of.
BOOTSTRAP = ("pyiboot01_bootstrap", "pyiboot02_bootstrap")
BOOTSTRAP_MODULES = ("struct", "pyi_splash")
BOOTSTRAP_PREFIX = "pyimod0"
_SETUPTOOLS = "pyi_rth_setuptools"

# What does not run, and why. The first ones change the standard library to know PyInstaller's
# importer; that for setuptools imports all of it to have `import distutils` work.
_NOT_RUN = {
    **dict.fromkeys(BOOTSTRAP, "the launcher takes its place"),
    "pyi_rth_inspect": "PyInstaller's importer alone needs it",
    "pyi_rth_pkgutil": "PyInstaller's importer alone needs it",
    "pyi_rth_pkgres": "PyInstaller's importer alone needs it",
    "pyi_rth_multiprocessing": "the launcher starts child processes",
    _SETUPTOOLS: "setuptools stands in for distutils without it",
}
# They tell C code where its files are, and C code opens them without asking Python.
_FOR_C = (
    *("pyi_rth__tkinter", "pyi_rth_gdkpixbuf", "pyi_rth_gi", "pyi_rth_gio", "pyi_rth_glib"),
    *("pyi_rth_gstreamer", "pyi_rth_gtk", "pyi_rth_pyqt5", "pyi_rth_pyqt6", "pyi_rth_pyside2"),
    *("pyi_rth_pyside6", "pyi_rth_enchant", "pyi_rth_osgeo", "pyi_rth_pygraphviz"),
    *("pyi_rth_pyproj", "pyi_rth_cryptography_openssl"),
)


class Chosen(NamedTuple):
    """Chosen is what runs of the scripts of a collection, in order, the program last."""

    scripts: list[str]
    left_out: dict[str, str]  # the others, and why
    has_setuptools: bool
    warnings: list[str]


def choose(scripts: Sequence[str]) -> Chosen:
    """choose tells which of the scripts run."""
    warnings = [
        f"{one} tells C code where its files are, and C code cannot open what is in the executable"
        for one in scripts
        if one in _FOR_C
    ]
    return Chosen(
        [one for one in scripts if one not in _NOT_RUN],
        {one: _NOT_RUN[one] for one in scripts if one in _NOT_RUN},
        _SETUPTOOLS in scripts,
        warnings,
    )


def is_bootstrap(module: str) -> bool:
    """is_bootstrap tells whether a module is a part of PyInstaller's importer."""
    return module in BOOTSTRAP_MODULES or module.startswith(BOOTSTRAP_PREFIX)


def warnings_of(options: Sequence[str]) -> list[str]:
    """warnings_of tells which options for the interpreter are not taken: the launcher's are fixed.
    Those that begin with "pyi-" are for PyInstaller's bootloader alone."""
    given = [one for one in options if not one.startswith("pyi-") and one.strip()]
    if not given:
        return []
    return [f"options for the interpreter are not taken: {', '.join(given)}"]
