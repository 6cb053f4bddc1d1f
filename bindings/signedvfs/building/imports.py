"""What the code of a module imports, as its compiled form shows without running it."""

from __future__ import annotations

import ast
import dis
import re
import warnings
from collections.abc import Iterator, Sequence
from types import CodeType
from typing import NamedTuple

_TEXT = re.compile(rb"(?<=\0)[A-Za-z_][\w.]*(?=\0)")
# What of a library only developers run.
_TESTS = ("_test", "test", "_main", "main")
_IMPORT_NAME = dis.opmap["IMPORT_NAME"]


class Import(NamedTuple):
    """Import is one statement: the dots in front, the name behind them, and the names of `from`."""

    level: int
    name: str
    names: tuple[str, ...]


def compiled(source: bytes, name: str, *, is_library: bool = False) -> CodeType | None:
    """compiled returns the code of a source; None where it does not compile. Of a library, what
    runs where it is the program itself is left out."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(source, name)
            if is_library:
                tree.body = [one for one in tree.body if not _is_for_program(one)]
            code: CodeType = compile(tree, name, "exec", dont_inherit=True, optimize=0)
            return code
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def imports_of(code: CodeType, *, is_library: bool = False) -> set[Import]:
    """imports_of returns the imports of a module and of all functions and classes in it; of a
    library without those of functions that only developers call."""
    found = set()
    for one in _all_code(code, _TESTS if is_library else ()):
        # Few functions import, and to take one apart is dear. What is no instruction but its cache
        # may look like one, and is taken apart in vain.
        if _IMPORT_NAME not in one.co_code[::2]:
            continue
        before: list[object] = [0, None]
        for instruction in dis.get_instructions(one):
            if instruction.opname == "EXTENDED_ARG":
                continue
            if instruction.opname == "IMPORT_NAME":
                level, names = before
                found.add(
                    Import(
                        level if isinstance(level, int) else 0,
                        str(instruction.argval),
                        tuple(map(str, names)) if isinstance(names, tuple) else (),
                    )
                )
            before = [before[1], instruction.argval]
    return found


def texts_of(code: CodeType) -> set[str]:
    """texts_of returns the texts among the constants of a module: some are names to import."""
    found: set[str] = set()
    waiting: list[object] = [constant for one in _all_code(code) for constant in one.co_consts]
    while waiting:
        constant = waiting.pop()
        if isinstance(constant, str):
            found.add(constant)
        elif isinstance(constant, (tuple, frozenset)):
            waiting += constant
    return found


def imports_by_text(code: CodeType) -> bool:
    """imports_by_text tells whether a module calls what imports by a text."""
    names = {name for one in _all_code(code) for name in one.co_names}
    return not names.isdisjoint(("__import__", "import_module"))


def texts_in(binary: bytes) -> set[str]:
    """texts_in returns the texts in native code that could be names of modules: it imports by C
    strings (PyImport_ImportModule)."""
    return {match[0].decode() for match in _TEXT.finditer(binary)}


def _all_code(code: CodeType, without: Sequence[str] = ()) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType) and constant.co_name not in without:
            yield from _all_code(constant, without)


def _is_for_program(statement: ast.stmt) -> bool:
    # `if __name__ == "__main__":`
    test = statement.test if isinstance(statement, ast.If) else None
    return (
        isinstance(test, ast.Compare)
        and isinstance(test.left, ast.Name)
        and test.left.id == "__name__"
        and isinstance(test.ops[0], ast.Eq)
    )
