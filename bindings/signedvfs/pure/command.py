"""The command: reads all members of an archive or directory, or writes out one."""

import posix

from .archive import Archive, load_key
from .verifier import RefusedError


def main(arguments: list[str]) -> int:
    """Return the exit status: 0 verified, 1 refused, 2 wrong usage."""
    if len(arguments) not in (2, 3):
        posix.write(2, b"usage: pure PUBLIC_KEY ARCHIVE [MEMBER]\n")
        return 2
    try:
        archive = Archive(arguments[1], [load_key(arguments[0])])
        found = [archive.read(name) for name in arguments[2:] or archive.names]
    except RefusedError as error:
        posix.write(2, f"error: {error}\n".encode("ascii", "backslashreplace"))
        return 1
    text = found[0] if arguments[2:] else b"verified: %d members\n" % len(found)
    while text:
        text = text[posix.write(1, text) :]
    return 0
