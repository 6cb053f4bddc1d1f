"""Prints the linker flags for a program that runs where this interpreter does.

Nearly every interpreter is started by the dynamic linker of the system, and needs none. One that
brings a C library of its own names a linker of its own, and where that finds the library.
"""

import pathlib
import struct
import sys

_SYSTEM = ("/lib64/", "/lib/", "/usr/lib64/", "/usr/lib/")
_INTERPRETER = 3  # PT_INTERP (System V gABI, chapter 5)


def main() -> None:
    """Main reads the program headers of the file that runs."""
    program = pathlib.Path("/proc/self/exe").resolve()
    with program.open("rb") as file:
        header = file.read(64)
        (offset,) = struct.unpack_from("<Q", header, 32)
        size, count = struct.unpack_from("<HH", header, 54)
        file.seek(offset)
        table = file.read(size * count)
        for at in range(0, len(table), size):
            kind, _, begin, _, _, length = struct.unpack_from("<IIQQQQ", table, at)
            if kind == _INTERPRETER:
                file.seek(begin)
                linker = file.read(length).rstrip(b"\0").decode()
                break
        else:
            return
    if linker.startswith(_SYSTEM):
        return
    libraries = {str(pathlib.Path(line.split()[-1]).parent) for line in _mapped("libc.so.6")}
    flags = [f"-Wl,--dynamic-linker={linker}", "-Wl,--disable-new-dtags"]
    print(";".join([*flags, *(f"-Wl,-rpath,{one}" for one in sorted(libraries))]))


def _mapped(name: str) -> list[str]:
    maps = pathlib.Path("/proc/self/maps").read_text(encoding="utf-8", errors="surrogateescape")
    return [line for line in maps.splitlines() if line.endswith("/" + name)]


if sys.platform == "linux":
    main()
