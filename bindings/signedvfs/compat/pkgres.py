"""Resources of signed packages for pkg_resources, where that exists: import this once.

pkg_resources, and whatever copy of it is loaded, learns of signedvfs's loaders by itself as soon as
the hook is in place. This makes sure of it before, and says so where there is no pkg_resources.
"""

from __future__ import annotations

from importlib import import_module

from signedvfs.registries import enter_pkg_resources

enter_pkg_resources(import_module("pkg_resources"))
