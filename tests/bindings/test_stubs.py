"""The type stubs say what the module does, in the same words."""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

import signedvfs
from signedvfs import _core, _tools

_PACKAGE = Path(signedvfs.__file__).parent
_MODULES = {"_core": _core, "_tools": _tools}


def _stub(module: str) -> ast.Module:
    return ast.parse((_PACKAGE / f"{module}.pyi").read_text())


def _statements(node: ast.AST) -> Iterator[ast.AST]:
    """Yield what a block says for the running version of Python."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If):
            test = compile(ast.Expression(child.test), "a stub", "eval")
            if eval(test, {"sys": sys}):
                yield from child.body
        else:
            yield child


def _documented(node: ast.AST, qualified: str = "") -> Iterator[tuple[str, str | None]]:
    """Yield the dotted name and the docstring of every definition below `node`."""
    for child in _statements(node):
        if isinstance(child, (ast.ClassDef, ast.FunctionDef)):
            name = f"{qualified}.{child.name}" if qualified else child.name
            yield name, ast.get_docstring(child)
            yield from _documented(child, name)


def _variables(node: ast.AST, qualified: str = "") -> Iterator[str]:
    """Yield the dotted name of every annotated variable below `node`."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.AnnAssign) and isinstance(child.target, ast.Name):
            yield qualified + child.target.id
        elif isinstance(child, ast.ClassDef):
            yield from _variables(child, f"{qualified}{child.name}.")


def _resolve(module: ModuleType, qualified: str) -> object:
    found: object = module
    for part in qualified.split("."):
        found = inspect.getattr_static(found, part)
    return found


def _doc(found: object) -> str:
    if isinstance(found, (staticmethod, classmethod)):
        found = found.__func__
    return inspect.cleandoc(getattr(found, "__doc__", None) or "")


@pytest.mark.parametrize(
    ("module", "some"),
    [("_core", {"open", "SignedVfs.read", "TrustPolicy"}), ("_tools", {"sign", "PrivateKey.save"})],
)
def test_stub_and_module_have_the_same_docstrings(module: str, some: set[str]) -> None:
    stub = dict(_documented(_stub(module)))
    public = {name for name in stub if "__" not in name}
    assert some <= public
    for name in sorted(public):
        assert stub[name], f"{name} has no docstring"
        assert _doc(_resolve(_MODULES[module], name)) == stub[name], name


@pytest.mark.parametrize("module", _MODULES)
def test_everything_public_is_in_the_stub(module: str) -> None:
    tree = _stub(module)
    stub = {name for name, _ in _documented(tree)} | set(_variables(tree))
    for name, value in vars(_MODULES[module]).items():
        if name.startswith("_"):
            continue
        assert name in stub
        if inspect.isclass(value):
            for member in vars(value):
                declared = any(f"{base.__name__}.{member}" in stub for base in value.__mro__)
                assert member.startswith("_") or declared, f"{name}.{member}"


def test_signatures_can_be_inspected() -> None:
    assert str(inspect.signature(signedvfs.open)) == (
        "(path, policy=None, limits=None, manifest=None, root=None)"
    )
    assert list(inspect.signature(signedvfs.sign).parameters)[:3] == ["path", "keys", "output"]
    assert str(inspect.signature(signedvfs.SignedVfs.read)) == "(self, /, name)"
    assert list(inspect.signature(signedvfs.TrustPolicy).parameters)[:2] == ["keys", "threshold"]
    assert str(inspect.signature(signedvfs.PublicKey.load)) == "(path)"
    assert str(inspect.signature(_tools.ArchiveWriter)) == "(path, limits=None)"


def test_the_package_exports_what_it_says() -> None:
    assert sorted(signedvfs.__all__) == signedvfs.__all__
    for name in signedvfs.__all__:
        assert getattr(signedvfs, name) is not None
    for name in (*vars(_core), *vars(_tools)):
        assert name.startswith("_") or name in {*signedvfs.__all__, "ArchiveWriter"}


def test_public_classes_belong_to_the_package() -> None:
    for name in signedvfs.__all__:
        value = getattr(signedvfs, name)
        if inspect.isclass(value):
            assert value.__module__.split(".")[0] == "signedvfs"
