"""Compiling so that equal sources give equal bytes."""

from __future__ import annotations

import importlib.util
import marshal
from types import CodeType

import pytest

from signedvfs.packaging.compiler import CompileError, Compiler

# Names that this very process has interned, sets in hash order, and constants that are shared.
SOURCE = b"""
import sys, os.path
def f(x, flag=None):
    if x in {None, ..., 'alpha', 'beta', 'gamma', 1, 2.5, b'c', ('d', 1)}:
        return sys.path, os.path, 'alpha', "a constant that is no name"
class C:
    "documentation"
    path = lambda self: {"alpha", "beta"}
"""


def code_of(pyc: bytes) -> CodeType:
    code = marshal.loads(pyc[16:])
    assert isinstance(code, CodeType)
    return code


def test_writes_an_unchecked_hash_pyc() -> None:
    with Compiler(1) as compiler:
        pyc = compiler.pyc("pkg/m.py", SOURCE)
    assert pyc[:4] == importlib.util.MAGIC_NUMBER
    assert pyc[4:8] == b"\x01\0\0\0"
    assert pyc[8:16] == importlib.util.source_hash(SOURCE)
    assert code_of(pyc).co_filename == "pkg/m.py"
    found: dict[str, object] = {"__name__": "m"}
    exec(code_of(pyc), found)
    assert found["C"].__doc__ == "documentation"


def test_earlier_files_leave_no_trace() -> None:
    with Compiler(1) as compiler:
        first = compiler.pyc("m.py", SOURCE)
        compiler.pyc("x.py", b"alpha = beta = gamma = path = documentation = 'd'\n" * 100)
        with pytest.raises(CompileError):
            compiler.pyc("y.py", b"alpha beta gamma")
        assert compiler.pyc("m.py", SOURCE) == first
    with Compiler(2) as compiler:
        assert compiler.pyc("m.py", SOURCE) == first


def test_the_environment_leaves_no_trace(monkeypatch: pytest.MonkeyPatch) -> None:
    results = set()
    for seed, optimize, locale in (("1", "2", "C"), ("random", "", "C.UTF-8"), ("9", "1", "tr_TR")):
        monkeypatch.setenv("PYTHONHASHSEED", seed)
        monkeypatch.setenv("PYTHONOPTIMIZE", optimize)
        monkeypatch.setenv("LC_ALL", locale)
        monkeypatch.setenv("PYTHONPATH", "/nonexistent")
        with Compiler(1) as compiler:
            results.add(compiler.pyc("m.py", SOURCE + b"assert sys, 'asserted'\n"))
    assert len(results) == 1
    assert b"asserted" in results.pop()


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (b"print 'two'\n", "SyntaxError"),
        (b"{{ cookiecutter }} = 1 +\n", "SyntaxError"),
        (b"# coding: no-such-codec\n", "SyntaxError"),
        (b"a = '\xff'\n", "SyntaxError"),
        (b"\0", "Error"),
        (b"(" * 5000, "Error"),
    ],
)
def test_what_does_not_compile_says_why(source: bytes, message: str) -> None:
    with Compiler(1) as compiler:
        with pytest.raises(CompileError, match=message):
            compiler.pyc("m.py", source)
        assert compiler.pyc("n.py", b"")


def test_warnings_are_not_errors() -> None:
    with Compiler(1) as compiler:
        assert code_of(compiler.pyc("m.py", b"A = '\\d' is 1\n"))


def test_other_encodings_than_utf_8_compile() -> None:
    with Compiler(1) as compiler:
        code = code_of(compiler.pyc("m.py", b"# -*- coding: latin-1 -*-\nA = '\xe9'\n"))
    assert "\u00e9" in code.co_consts


def test_a_crash_of_the_compiler_is_an_error_of_that_file() -> None:
    # Deep nesting exhausts the C stack in some versions; whatever happens, the next file compiles.
    with Compiler(1) as compiler:
        try:
            compiler.pyc("deep.py", b"a = " + b"-" * 1_000_000 + b"1\n")
        except CompileError as error:
            assert str(error)
        assert compiler.pyc("n.py", b"A = 1\n")
