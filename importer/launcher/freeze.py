"""Writes a Python source as marshalled code, for C++ to include: freeze.py SOURCE NAME OUTPUT.

NAME is what tracebacks call the file. Runs under the interpreter that the code is for.
"""

import marshal
import pathlib
import sys


def main(source: str, name: str, output: str) -> None:
    """Main writes the numbers of all bytes, separated by commas."""
    code = compile(pathlib.Path(source).read_bytes(), name, "exec", dont_inherit=True, optimize=2)
    data = marshal.dumps(code)
    pathlib.Path(output).write_text(",".join(map(str, data)) + "\n", encoding="ascii")


main(*sys.argv[1:])
