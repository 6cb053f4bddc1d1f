"""What modules are about to import is guessed from their bytecode, which may say anything.

The odd part of each module stands behind its last instruction, so Python never gets there; the
guess reads all of it. Run with sanitizers, this is a fuzz test of the guess.
"""

from __future__ import annotations

import marshal
import opcode
import random
import sys
from collections.abc import Iterator
from types import CodeType

import pytest

from tests.importer.workshop import MAGIC, Python, Workshop, pyc

OPCODES = [
    opcode.opmap[name]
    for name in ("LOAD_CONST", "LOAD_SMALL_INT", "IMPORT_NAME", "EXTENDED_ARG", "POP_TOP")
    if name in opcode.opmap
]
LOAD_CONST, NOP = opcode.opmap["LOAD_CONST"], opcode.opmap["NOP"]
# Levels and lists of names, good and bad; whatever can be a constant.
CONSTANTS = (
    0, 1, 2, 255, -1, 2**63, 2**70, True, None, "x", b"x", 1.5, (), ("m0",), ("m0", "m1"), ("*",),
    (1, 2), (("m0",),), ("",), ("\udc80",), ("a/../b",), ("..",), frozenset({1}), ("x" * 5000,),
)  # fmt: skip
NAMES = (
    "m0", "m1", "pkg", "pkg.leaf", "", ".", "..", "a..b", "/", "/etc/passwd", "m0.m1", "\udc80",
    "pkg." * 300, "\0", "signedimp-manifest.txt",
)  # fmt: skip


def odd(source: str, code: bytes) -> bytes:
    """Returns a .pyc that does what `source` says, with `code` behind it."""
    body = compile(source, "m.py", "exec", dont_inherit=True)
    made: CodeType = body.replace(
        co_code=body.co_code + code,
        co_consts=(*body.co_consts, *CONSTANTS),
        co_names=(*body.co_names, *NAMES),
    )
    return MAGIC + bytes(12) + marshal.dumps(made)


def units(dice: random.Random, constants: int) -> Iterator[int]:
    """Yields opcodes and arguments, of imports mostly."""
    for _ in range(dice.randrange(400)):
        chosen = dice.choice(OPCODES)
        if chosen == LOAD_CONST and sys.version_info >= (3, 14):
            # Python itself looks at the constants of all instructions when it makes the code.
            yield from (NOP, 0, LOAD_CONST, dice.randrange(constants))
        else:
            yield from (chosen, dice.choice((0, 1, 2, 255, dice.randrange(64))))


@pytest.mark.parametrize("seed", range(4))
def test_odd_bytecode_harms_nobody(workshop: Workshop, python: Python, seed: int) -> None:
    dice = random.Random(seed)
    files: dict[str, bytes | str] = {"pkg/__init__.py": "", "pkg/leaf.py": "v = 1\n"}
    count = 150
    for number in range(count):
        name = f"m{number}"
        source = f"v = {number}\n"
        constants = len(compile(source, "m.py", "exec").co_consts) + len(CONSTANTS)
        files[f"{name}.pyc"] = odd(source, bytes(units(dice, constants)))
    path = workshop.zip("app.zip", {**files, "last.pyc": pyc("import m0, m1\nv = m0.v + m1.v")})
    script = f"""
        import importlib
        sys.path.insert(0, {str(path)!r})
        for number in range({count}):
            assert importlib.import_module(f"m{{number}}").v == number
        import last, pkg.leaf
        print(last.v, pkg.leaf.v)
    """
    assert python(script).stdout == "1 1\n"
