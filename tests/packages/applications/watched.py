"""Runs signedvfs with the words behind LOG, and notes what is verified, refused and loaded there.

Each line is the event's last word and the member, by this process and those that it forks.
"""

from __future__ import annotations

import os
import sys

from signedvfs.cli import main


def note(log: str) -> None:
    seen = set()

    def hear(event: str, arguments: tuple[object, ...]) -> None:
        if event not in ("signedvfs.verify", "signedvfs.refuse", "signedvfs.load"):
            return
        line = f"{event[10:]} {arguments[1]}\n"
        if line not in seen:
            seen.add(line)
            # Opened each time: programs that become daemons close what they do not know.
            file = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                os.write(file, line.encode("utf-8", "surrogateescape"))
            finally:
                os.close(file)

    sys.addaudithook(hear)


if __name__ == "__main__":
    note(sys.argv[1])
    sys.argv[0:2] = ["signedvfs"]
    sys.exit(main(sys.argv[1:]))
