"""A program whose sources come from many editors, and which shows them."""

from __future__ import annotations

from tests.jobs.conftest import Program

WINDOWS = b'''\
def double(x):
    """
    >>> double(2)
    4
    """
    return 2 * x
'''
# Each has a WORD, which the source must show.
WORDS = {
    "marked": b"\xef\xbb\xbf" + "WORD = 'Gr\u00f6\u00dfe'\n".encode(),
    "western": "# -*- coding: iso-8859-15 -*-\nWORD = '5 \u20ac'\n".encode("iso-8859-15"),
    "chinese": "# coding: gb18030\nWORD = '\u6f22\u5b57'\n".encode("gb18030"),
    "japanese": "# fileencoding=shift_jis\nWORD = '\u30c6\u30b9'\n".encode("shift_jis"),
    "paged": b"def broken():\n    return {}['nothing here']\n\x0c\nWORD = 'page two'\n",
    "unfinished": b"WORD = 'no line end'",
}
MAIN = """
import doctest, inspect, traceback
import windows, marked, western, chinese, japanese, paged, unfinished

assert doctest.testmod(windows) == (0, 1)
for module in (marked, western, chinese, japanese, paged, unfinished):
    assert module.WORD in inspect.getsource(module), module
try:
    paged.broken()
except KeyError:
    assert "return {}['nothing here']" in traceback.format_exc()
print(ascii([m.WORD for m in (marked, western, chinese, japanese, paged, unfinished)]))
"""
SHOWN = r"""
['Gr\xf6\xdfe', '5 \u20ac', '\u6f22\u5b57', '\u30c6\u30b9', 'page two', 'no line end']
"""


def test_every_encoding_is_read_as_python_reads_it(program: Program) -> None:
    modules = {f"{name}.py": source for name, source in WORDS.items()}
    windows = WINDOWS.replace(b"\n", b"\r\n")
    done = program({"program.py": MAIN, "windows.py": windows, **modules})
    assert done.out == SHOWN.lstrip(), done.err
