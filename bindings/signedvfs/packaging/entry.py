"""The `__main__` of a packed application."""

from __future__ import annotations

import configparser

from signedvfs.packaging.checking import check_function, check_runs
from signedvfs.packaging.errors import PackError
from signedvfs.packaging.members import Item, Members


def add_entry(members: Members, main: str, origin: str) -> list[str]:
    """add_entry adds a `__main__.py` that runs `main`, "module" or "module:function".

    Returns warnings; `origin` is where `main` was given, for messages. Raises PackError where it is
    known that it would not run.
    """
    module, colon, function = main.partition(":")
    parts = module.split(".") + (function.split(".") if colon else [])
    if not all(part.isidentifier() for part in parts):
        raise PackError(
            f"{main!r} is neither a module nor module:function",
            "Write it as it is imported, for example: -m myapp.cli:main",
        )
    if not members.has_module(module) and not members.has_extension(module):
        raise PackError(
            f"there is no module {module!r} among what is packed",
            "Name the module as it is imported; a source directory's content goes to the "
            "archive's root, a source that is a package under its own name.",
        )
    unsure = ""
    if colon:
        unsure = check_function(members, module, function)
        first, _, rest = function.partition(".")
        call = f"{first}.{rest}" if rest else first
        # Processes that multiprocessing spawns make the main module anew, by another name.
        text = (
            f"import sys\n\nfrom {module} import {first}\n\n"
            f'if __name__ == "__main__":\n    sys.exit({call}())\n'
        )
    else:
        check_runs(members, module)
        text = (
            'import runpy\n\nif __name__ == "__main__":\n'
            f'    runpy.run_module("{module}", run_name="__main__", alter_sys=True)\n'
        )
    members.add(Item("__main__.py", origin, text.encode))
    return [f"whether {main} is there shows when it runs: {unsure}"] if unsure else []


def script_entry(members: Members, script: str) -> str:
    """script_entry returns "module:function" of the console script `script` of what is packed.

    It is what the distributions' entry_points.txt say (PyPA's entry points specification). Raises
    PackError where none or several have it.
    """
    found = _console_scripts(members)
    entries = found.get(script, {})
    if not entries:
        there = ", ".join(sorted(found)) or "none"
        raise PackError(
            f"no distribution that is packed has a console script {script!r}",
            f"The console scripts there are: {there}. Or name a function: -m MODULE:FUNCTION",
        )
    if len(entries) > 1:
        origins = " and ".join(sorted(entries.values()))
        raise PackError(
            f"{origins} each have a console script {script!r}",
            f"Name the function: -m {min(entries)}",
        )
    (entry,) = entries
    if ":" not in entry:
        raise PackError(
            f"the console script {script!r} names no function: {entry!r}",
            "Name a module or a function: -m MODULE[:FUNCTION]",
        )
    return entry


def _console_scripts(members: Members) -> dict[str, dict[str, str]]:
    # What each name runs, and the files that say so.
    found: dict[str, dict[str, str]] = {}
    for item in members.items.values():
        directory, _, name = item.name.partition("/")
        if name != "entry_points.txt" or not directory.endswith((".dist-info", ".egg-info")):
            continue
        # As importlib.metadata reads them: names have upper and lower case, and "=" ends them.
        parser = configparser.ConfigParser(delimiters="=", interpolation=None, strict=False)
        parser.optionxform = str  # type: ignore[assignment,method-assign]  # as its manual says
        try:
            parser.read_string(item.read().decode())
        except (configparser.Error, UnicodeDecodeError) as error:
            raise PackError(
                f"{item.origin} is no list of entry points: {error}", "Name a function with -m."
            ) from None
        if parser.has_section("console_scripts"):
            for script, value in parser.items("console_scripts"):
                # Extras behind it have long had no meaning here.
                entry = value.partition("[")[0].replace(" ", "")
                found.setdefault(script, {})[entry] = item.origin
    return found
