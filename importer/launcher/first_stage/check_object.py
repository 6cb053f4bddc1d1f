"""Checks that an object can run before it is relocated: check_object.py READELF OBJECT.

The first stage of the launcher runs when nothing has been relocated, and without a C library. So it
may need no function of another file, and no address that the linker would have to be told when the
program starts: all that it has are distances.
"""

import subprocess
import sys

# What the launcher is linked with in any case: the C library's entry point.
_GIVEN = {"_start"}

# Distances, by the names that psABIs give them; what begins so is one.
_DISTANCES = (
    *("R_X86_64_PC32", "R_X86_64_PLT32", "R_X86_64_PC64"),
    *("R_AARCH64_PREL", "R_AARCH64_ADR_PREL_", "R_AARCH64_CALL26", "R_AARCH64_JUMP26"),
)
# The lower half of an address in a page, which is the same wherever the page is.
_HALVES = ("R_AARCH64_ADD_ABS_LO12_NC", "R_AARCH64_LDST")


def faults_of(readelf: str, path: str) -> list[str]:
    """faults_of returns what the object has that the first stage must not have."""

    def told(option: str) -> list[list[str]]:
        words = [readelf, option, "--wide", path]
        done = subprocess.run(words, stdout=subprocess.PIPE, text=True, check=True)
        return [line.split() for line in done.stdout.splitlines()]

    found = []
    for line in told("--symbols"):
        if len(line) == 8 and line[6] == "UND" and line[7] not in _GIVEN:
            found.append(f"it needs {line[7]}")
        if len(line) == 8 and line[3] == "TLS":
            found.append(f"{line[7]} is thread-local")
    for line in told("--relocs"):
        kind = line[2] if len(line) > 2 else ""
        if kind.startswith("R_") and not kind.startswith(_DISTANCES + _HALVES):
            found.append(f"it has a relocation {kind}: {' '.join(line[4:])}")
    for line in told("--section-headers"):
        found += [f"it has {one}" for one in line if one.startswith((".init", ".fini", ".ctors"))]
    return found


def main(readelf: str, path: str) -> None:
    """Main ends with what is wrong, if anything is."""
    found = faults_of(readelf, path)
    if found:
        sys.exit(f"{path} cannot run before it is relocated: " + "; ".join(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
