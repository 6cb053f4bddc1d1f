"""Says which modules an interpreter ended with, and what their code does: in the child, after
the clock has stopped."""

from __future__ import annotations

import hashlib
import sys
import types
import zlib

STDLIB: frozenset[str] = getattr(sys, "stdlib_module_names", frozenset())


def from_place(
    place: str, modules: dict[str, types.ModuleType], stdlib: bool
) -> list[tuple[str, str]]:
    """Returns the modules that came from the place and what follows it in their __file__.

    Those of the standard library only with `stdlib`.
    """
    found = []
    for name, module in sorted(modules.items()):
        file = getattr(module, "__file__", None)
        frozen = getattr(getattr(module, "__spec__", None), "origin", None) == "frozen"
        passed_over = frozen or (name.partition(".")[0] in STDLIB and not stdlib)
        if isinstance(file, str) and file.startswith(place + "/") and not passed_over:
            path = file[len(place) :]  # from files it is the source's
            found.append((name, path[:-1] if path.endswith(".pyc") else path))
    return found


def outline(place: str, loaded: dict[str, types.ModuleType], stdlib: bool) -> list[object]:
    """Returns how many modules there are, and checksums of their names and functions' bytecode."""
    found = from_place(place, loaded, stdlib)
    names = zlib.crc32(repr(found).encode())
    code = 0
    for name, _ in found:
        for function in functions(loaded[name], name):
            code = zlib.crc32(function.__code__.co_code, code)
    return [len(found), names, code]


def modules(place: str, loaded: dict[str, types.ModuleType], stdlib: bool) -> dict[str, list[str]]:
    """Maps each module that came from the place to its file there and a digest of its code."""
    result = {}
    for name, path in from_place(place, loaded, stdlib):
        module = loaded[name]
        spec = module.__spec__
        assert spec is not None, name
        code = spec.loader.get_code(spec.name)  # type: ignore[union-attr]  # was found
        running = [(function.__name__, function.__code__) for function in functions(module, name)]
        result[name] = [path, digest(code), digest(running)]
    return result


def functions(module: types.ModuleType, name: str) -> list[types.FunctionType]:
    """Returns the functions that the module's body defined, as they run now."""
    return [
        value
        for _, value in sorted(vars(module).items())
        if isinstance(value, types.FunctionType) and value.__module__ == name
    ]


def digest(value: object) -> str:
    """Hashes code objects by what they do, wherever they were loaded from."""
    hasher = hashlib.sha256()

    def update(item: object) -> None:
        if isinstance(item, types.CodeType):
            hasher.update(item.co_code)
            hasher.update(repr((item.co_name, item.co_names, item.co_varnames)).encode())
            update(list(item.co_consts))
        elif isinstance(item, (list, tuple)):
            for element in item:
                update(element)
        elif isinstance(item, frozenset):
            hasher.update(repr(sorted(map(repr, item))).encode())
        else:
            hasher.update(repr(item).encode())

    update(value)
    return hasher.hexdigest()
