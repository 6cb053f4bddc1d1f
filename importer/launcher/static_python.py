"""Prints what a program needs to have this interpreter linked in: static_python.py OUTPUT.

The first is Python's own static library, which not every installation has; then nothing is printed.
The others are what its built-in modules need: names without "lib" for static libraries. OUTPUT
becomes C++ that puts sys.version into a section, by which `signedvfs build` knows whose library it
was.
"""

import pathlib
import sys
import sysconfig

_TEXT = """\
// Which interpreter is linked in: all of its sys.version, and a NUL. No loader reads it.
asm(".pushsection .svfs_python, \\"a\\", %progbits\\n"
    ".globl signedvfs_python_build\\n"
    ".hidden signedvfs_python_build\\n"
    "signedvfs_python_build:\\n"
    ".asciz \\"{version}\\"\\n"
    ".popsection\\n");
"""

# The C library has them, or they are linked anyway.
_ALWAYS_THERE = {"c", "crypt", "dl", "intl", "m", "nsl", "pthread", "rt", "util"}


def main(output: str) -> None:
    """Main prints a list as CMake writes it, and writes OUTPUT."""
    directory = pathlib.Path(sysconfig.get_config_var("LIBPL") or "")
    name = f"libpython{sysconfig.get_config_var('LDVERSION')}"
    # Debian has had one of its own for whoever makes a program that can lie anywhere.
    places = [directory / f"{name}-pic.a", directory / f"{name}.a"]
    library = next((one for one in places if one.is_file()), None)
    if library is None or sys.implementation.name != "cpython":
        return
    escaped = "".join(
        chr(byte) if 32 <= byte < 127 and chr(byte) not in '\\"' else f"\\\\{byte:03o}"
        for byte in sys.version.encode()
    )
    pathlib.Path(output).write_text(_TEXT.format(version=escaped), encoding="ascii")
    words = " ".join(
        sysconfig.get_config_var(one) or "" for one in ("MODLIBS", "LIBS", "SYSLIBS")
    ).split()
    needed = dict.fromkeys(word[2:] for word in words if word.startswith("-l"))
    print(";".join([str(library), *(one for one in needed if one not in _ALWAYS_THERE)]))


main(*sys.argv[1:])
