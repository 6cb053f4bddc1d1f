"""Writes staged_encodings.py as marshalled code in C++: freeze.py SOURCE OUTPUT.

It runs under the interpreter that the code is for.
"""

import marshal
import pathlib
import sys

_TEXT = """\
#include "importer/launcher/staged_code.h"

namespace signedvfs {{

std::span<const unsigned char> staged_encodings() noexcept {{
  static constexpr unsigned char kCode[] = {{{numbers}}};
  return kCode;
}}

}}  // namespace signedvfs
"""


def main(source: str, output: str) -> None:
    """Main compiles SOURCE and writes OUTPUT."""
    text = pathlib.Path(source).read_bytes()
    code = compile(text, "<signedvfs encodings>", "exec", dont_inherit=True, optimize=2)
    numbers = ",".join(map(str, marshal.dumps(code)))
    pathlib.Path(output).write_text(_TEXT.format(numbers=numbers), encoding="ascii")


main(*sys.argv[1:])
