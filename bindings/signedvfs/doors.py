"""Modules with functions that would go past the finder, watched while they are imported.

`importer/doors/table.h` lists these functions. They are there once their module has been executed,
and have to be ours before whoever imports the module goes on.
"""

from __future__ import annotations

import sys

from signedvfs._core import _close_doors_of, _execute

# Nothing else is imported: what these import may be the very module that is to be watched.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType
    from typing import Any


def watched(
    finder: object, name: str, path: Sequence[str] | None, target: Any, spec: ModuleSpec | None
) -> ModuleSpec | None:
    """Return the spec that `finder`, ours in sys.meta_path, has found, or that the others find.

    Its loader closes the doors of the module after it has executed it.
    """
    if spec is None:
        spec = _ask_others(finder, name, path, target)
    if spec is not None and hasattr(spec.loader, "exec_module"):
        watch: Any = WatchedLoader(spec.loader)
        spec.loader = watch
    return spec


def _ask_others(
    finder: object, name: str, path: Sequence[str] | None, target: Any
) -> ModuleSpec | None:
    # The finders in front of ours have been asked already.
    finders = list(sys.meta_path)
    after = next((i for i, one in enumerate(finders, 1) if one is finder), 0)
    for other in finders[after:]:
        find_spec = getattr(other, "find_spec", None)
        spec: ModuleSpec | None = None if find_spec is None else find_spec(name, path, target)
        if spec is not None:
            return spec
    return None


class WatchedLoader:
    """Stands before a module's loader until the module is executed; then nothing is left of it."""

    def __init__(self, loader: Any) -> None:
        self._loader = loader

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        """Do what the loader does."""
        create = getattr(self._loader, "create_module", None)
        module: ModuleType | None = None if create is None else create(spec)
        return module

    def exec_module(self, module: ModuleType) -> None:
        """Give the module its own loader, have that execute it, and close its doors."""
        loader: Any = module.__loader__
        spec: Any = module.__spec__
        if spec is not None and spec.loader is self:
            spec.loader = self._loader
        if loader is self:
            module.__loader__ = self._loader
        _execute(self._loader, module)
        _close_doors_of(module.__name__)

    def __getattr__(self, name: str) -> Any:
        if name == "_loader":  # asked for before there is one, by whoever copies
            raise AttributeError(name)
        return getattr(self._loader, name)
