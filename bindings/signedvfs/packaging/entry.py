"""The `__main__` of a packed application."""

from __future__ import annotations

from signedvfs.packaging.errors import PackError
from signedvfs.packaging.members import Item, Members


def add_entry(members: Members, main: str) -> None:
    """add_entry adds a `__main__.py` that runs `main`, "module" or "module:function"."""
    module, colon, function = main.partition(":")
    parts = module.split(".") + (function.split(".") if colon else [])
    if not all(part.isidentifier() for part in parts):
        raise PackError(
            f"{main!r} is neither a module nor module:function",
            "Write it as it is imported, for example: -m myapp.cli:main",
        )
    if not members.has_module(module):
        raise PackError(
            f"there is no module {module!r} among what is packed",
            "Name the module as it is imported; a source directory's content goes to the "
            "archive's root, a source that is a package under its own name.",
        )
    if colon:
        first, _, rest = function.partition(".")
        call = f"{first}.{rest}" if rest else first
        text = f"import sys\n\nfrom {module} import {first}\n\nsys.exit({call}())\n"
    else:
        text = (
            f'import runpy\n\nrunpy.run_module("{module}", run_name="__main__", alter_sys=True)\n'
        )
    members.add(Item("__main__.py", f"the entry point {main}", text.encode))
