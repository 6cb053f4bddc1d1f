"""What counts as the same modules and the same code."""

from __future__ import annotations

import types
from collections.abc import Callable

import pytest

import describe


def function(source: str, name: str = "f") -> types.FunctionType:
    namespace: dict[str, types.FunctionType] = {}
    exec(compile(source, "anywhere.py", "exec"), namespace)
    return namespace[name]


@pytest.mark.parametrize(
    "other",
    [
        "def f(x): return x + 2",  # a constant
        "def f(x): return x - 1",  # an operation
        "def f(x): return y + 1",  # a name
        "def f(x): return (lambda: x + 1)",  # code inside
    ],
)
def test_other_code_has_another_digest(other: str) -> None:
    code = function("def f(x): return x + 1").__code__
    assert describe.digest(code) != describe.digest(function(other).__code__)


def test_the_same_code_from_elsewhere_has_the_same_digest() -> None:
    source = "def f(x): return x in {'a', 'b', 'c'}"
    code = function(source).__code__
    assert describe.digest(code) == describe.digest(code.replace(co_filename="elsewhere.py"))


@pytest.fixture
def module() -> Callable[[str, str], types.ModuleType]:
    def make(name: str, file: str) -> types.ModuleType:
        made = types.ModuleType(name)
        made.__file__ = file
        return made

    return make


def test_only_what_came_from_the_place(module: Callable[[str, str], types.ModuleType]) -> None:
    loaded = {
        "a": module("a", "/x/app.zip/a.pyc"),
        "b": module("b", "/x/app.zipper/b.py"),
        "c": types.ModuleType("c"),
        "json": module("json", "/x/app.zip/json/__init__.py"),
    }
    assert describe.from_place("/x/app.zip", loaded, stdlib=True) == [
        ("a", "/a.py"),
        ("json", "/json/__init__.py"),
    ]


def test_an_outline_sees_other_functions(module: Callable[[str, str], types.ModuleType]) -> None:
    def outline(source: str) -> list[object]:
        made = module("a", "/x/a.py")
        exec(source, vars(made))
        return describe.outline("/x", {"a": made}, stdlib=True)

    assert outline("def f(): return g()") == outline("def f(): return g()")
    assert outline("def f(): return g()") != outline("def f(): return -g()")
