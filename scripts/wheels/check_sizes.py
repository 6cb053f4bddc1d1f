"""Has a compiler agree to the sizes in CPython's configuration: check_sizes.py PYCONFIG COMPILER...

The configuration was made for the machine that builds. For another architecture it has to be true
as well, or its headers may not be used.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path

_HEADERS = ["pthread", "stddef", "stdint", "stdio", "sys/types", "time", "wchar"]
_TYPES = {
    "VOID_P": "void *",
    "_BOOL": "_Bool",
    "LONG_LONG": "long long",
    "LONG_DOUBLE": "long double",
    "MAX_ALIGN_T": "max_align_t",
}
_SIMPLE = "short int long float double fpos_t int64_t off_t pid_t pthread_key_t pthread_t size_t"
_TYPES.update({one.upper(): one for one in (_SIMPLE + " time_t uintptr_t wchar_t").split()})
_SIZE = re.compile(r"^#define (SIZEOF|ALIGNOF)_([A-Z0-9_]+) ([0-9]+)$", re.MULTILINE)


def program(configuration: str) -> str:
    """Returns C code that compiles where every size in `configuration` is right.

    Raises ValueError where a size is of no known type, or where there are none.
    """
    lines = [f"#include <{one}.h>" for one in _HEADERS]
    for kind, name, value in _SIZE.findall(configuration):
        if name not in _TYPES:
            raise ValueError(f"{kind}_{name} is of no type that is known here: add it to _TYPES")
        operator = {"SIZEOF": "sizeof", "ALIGNOF": "_Alignof"}[kind]
        lines.append(f'_Static_assert({operator}({_TYPES[name]}) == {value}, "{kind}_{name}");')
    if len(lines) == len(_HEADERS):
        raise ValueError("there are no sizes in it")
    return "\n".join(lines) + "\n"


def main(configuration: Path, compiler: list[str]) -> int:
    """Main returns the compiler's exit code, which is 0 where it agrees."""
    try:
        code = program(configuration.read_text(encoding="utf-8"))
    except ValueError as error:
        print(f"error: {configuration}: {error}", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as name:
        source = Path(name, "sizes.c")
        source.write_text(code, encoding="utf-8")
        # To an object: zig's driver fails at -fsyntax-only.
        command = [*compiler, "-c", str(source), "-o", str(source.with_suffix(".o"))]
        return subprocess.run(command, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:]))
