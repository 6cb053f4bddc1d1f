"""What was built: how large its parts are, and what it needs of the system."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from signedvfs import SignedVfs, SignReport
from signedvfs.building.contents import Package, packages_of
from signedvfs.building.floor import floor_of
from signedvfs.building.libraries import Libraries
from signedvfs.building.linker import is_of_glibc
from signedvfs.packaging.hashing import sha256_of
from signedvfs.packaging.members import LeftOut
from signedvfs.packaging.native import NativeReport
from signedvfs.packaging.writing import Uncompiled


@dataclass(frozen=True)
class BuildReport:
    """BuildReport says what was built."""

    output: str
    size: int  # of the executable, in bytes
    sha256: str  # of the executable
    members: int
    launcher: int  # its size, in bytes
    signers: list[str]  # fingerprints
    ephemeral: bool  # whether the private half of that key is gone
    signed: SignReport
    packages: list[Package]  # the largest first
    glibc: str | None  # the oldest that will do
    glibc_wanted_by: list[str]  # what needs no older one: members, "the launcher"
    libraries: dict[str, str]  # that are carried: the name, and the file it is from
    system: dict[str, list[str]]  # that the system has to have beside glibc, and what needs them
    missing: list[str]  # those of them that this machine does not have
    unreached: list[str]  # modules of the standard library that nothing imports; `minimal` alone
    left_out: list[LeftOut]
    uncompiled: list[Uncompiled]
    native: NativeReport | None
    stripped: int  # bytes
    warnings: tuple[str, ...]


def report_of(
    target: Path,
    built: Path,
    opened: SignedVfs,
    *,
    launcher: bytes,
    signed: SignReport,
    left_out: list[LeftOut],
    uncompiled: list[Uncompiled],
    native: NativeReport | None,
    collected: Libraries,
    missing: Sequence[str],
    unreached: Sequence[str],
    stripped: int,
    ephemeral: bool,
    warnings: Sequence[str],
) -> BuildReport:
    """report_of reports on the executable at `built`, which is to be at `target`."""
    floor = floor_of(native, launcher)
    return BuildReport(
        output=str(target),
        size=built.stat().st_size,
        sha256=sha256_of(built),
        members=len(opened.list()),
        launcher=len(launcher),
        signers=list(signed.signers),
        ephemeral=ephemeral,
        signed=signed,
        packages=packages_of(opened, built),
        glibc=floor.glibc,
        glibc_wanted_by=floor.wanted_by,
        libraries={name: str(found.path) for name, found in sorted(collected.found.items())},
        system=needed_of_system(native),
        missing=sorted(missing),
        unreached=list(unreached),
        left_out=left_out,
        uncompiled=uncompiled,
        native=native,
        stripped=stripped,
        warnings=tuple(warnings),
    )


def needed_of_system(native: NativeReport | None) -> dict[str, list[str]]:
    """needed_of_system returns the libraries beside glibc's own that native code needs and that are
    not carried, each with the members that need it."""
    found: dict[str, list[str]] = {}
    for one in native.objects if native is not None else ():
        for name in (*one.system, *one.missing):
            if not is_of_glibc(name):
                found.setdefault(name, []).append(one.member)
    return dict(sorted(found.items()))
