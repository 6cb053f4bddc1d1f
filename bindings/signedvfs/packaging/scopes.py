"""What a module or a class binds its names to, read from its source without running it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any, NamedTuple, Union

Scope = Union[ast.Module, ast.ClassDef]

# Calls of these can bind any name; of those in the second line, calls without arguments.
_BIND_UNSEEN = ("exec", "globals")
_BIND_UNSEEN_ALONE = ("locals", "vars")


class Binding(NamedTuple):
    """Binding is one place that gives a name its meaning: the statement, or for imports what is
    imported: a module, and a name out of it."""

    node: ast.AST
    module: str = ""  # as it is written, leading dots included
    name: str = ""  # "": the module itself


class Bound(NamedTuple):
    """Bound is all that a scope's source says of its names."""

    names: dict[str, list[Binding]]
    unseen: str  # what may bind further names, in words; "" where nothing does


def bound_in(scope: Scope) -> Bound:
    """bound_in reads the statements of `scope`, those below `if`, `try`, `for`, `while`, `with` and
    `match` included: whether they run is not known before they do."""
    names: dict[str, list[Binding]] = {}
    unseen = ""
    for name, binding in _bindings(scope):
        if name == "*":
            unseen = unseen or f"`from {binding.module} import *`"
        elif name == "__getattr__" and isinstance(scope, ast.Module):
            unseen = unseen or "`__getattr__`"
        elif isinstance(binding.node, ast.Delete):
            unseen = unseen or f"`del {name}`"
            names.pop(name, None)
            continue
        names.setdefault(name, []).append(binding)
    for node in ast.walk(scope):
        if isinstance(node, ast.Global) and isinstance(scope, ast.Module):
            for name in node.names:
                names.setdefault(name, []).append(Binding(node))
        unseen = unseen or _in_words(node)
    return Bound(names, unseen)


def _in_words(node: ast.AST) -> str:
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        name, alone = node.func.id, not node.args
        if name in _BIND_UNSEEN or (alone and name in _BIND_UNSEEN_ALONE):
            return f"`{name}`"
    if isinstance(node, ast.Attribute) and node.attr == "modules":
        return "`sys.modules`" if isinstance(node.value, ast.Name) else ""
    return ""


def _bindings(scope: Scope) -> Iterator[tuple[str, Binding]]:
    # Functions, classes and lambdas have scopes of their own; their bodies do not run here.
    waiting: list[ast.AST] = list(reversed(scope.body))
    while waiting:
        node = waiting.pop()
        yield from _bound_by(node)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)):
            continue
        waiting += reversed(list(ast.iter_child_nodes(node)))


def _bound_by(node: Any) -> Iterator[tuple[str, Binding]]:
    kind = type(node).__name__
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        yield node.name, Binding(node)
    elif isinstance(node, ast.Import):
        for alias in node.names:
            if alias.asname:
                yield alias.asname, Binding(node, alias.name)
            else:
                first = alias.name.partition(".")[0]
                yield first, Binding(node, first)
    elif isinstance(node, ast.ImportFrom):
        module = "." * node.level + (node.module or "")
        for alias in node.names:
            yield alias.asname or alias.name, Binding(node, module, alias.name)
    elif isinstance(node, ast.Assign):
        for target in node.targets:
            yield from _targets(target, node)
    elif isinstance(node, ast.AnnAssign):
        if node.value is not None:
            yield from _targets(node.target, node)
    elif isinstance(node, ast.Delete):
        for target in node.targets:
            yield from _targets(target, node)
    elif isinstance(node, (ast.For, ast.AsyncFor, ast.NamedExpr)):
        yield from _targets(node.target, node)
    elif isinstance(node, (ast.With, ast.AsyncWith)):
        for item in node.items:
            if item.optional_vars is not None:
                yield from _targets(item.optional_vars, node)
    elif kind in ("MatchAs", "MatchStar") and node.name:  # these came with Python 3.10
        yield node.name, Binding(node)
    elif kind == "MatchMapping" and node.rest:
        yield node.rest, Binding(node)


def _targets(target: ast.AST, node: ast.AST) -> Iterator[tuple[str, Binding]]:
    for one in ast.walk(target):
        if isinstance(one, ast.Name):
            yield one.id, Binding(node)
