"""The oldest glibc that an executable does with, its launcher and all native code in it."""

from __future__ import annotations

import re
from typing import NamedTuple

from signedvfs.packaging.native import NativeReport, is_older

LAUNCHER = "the launcher"
_VERSION = re.compile(rb"(?<=\0)GLIBC_(\d+(?:\.\d+)+)(?=\0)")


class Floor(NamedTuple):
    """Floor is a version, and what wants no older one: members, or the launcher."""

    glibc: str | None  # None: nothing wants any
    wanted_by: list[str]


def floor_of(native: NativeReport | None, launcher: bytes) -> Floor:
    """floor_of returns it for a launcher and the native code that `native` reports on."""
    wanted = {one.member: one.glibc for one in native.objects if one.glibc} if native else {}
    own = glibc_of(launcher)
    if own is not None:
        wanted[LAUNCHER] = own
    highest: str | None = None
    for version in wanted.values():
        if highest is None or is_older(highest, version):
            highest = version
    return Floor(highest, [name for name, version in wanted.items() if version == highest])


def glibc_of(program: bytes) -> str | None:
    """glibc_of returns the highest version of glibc that a program names among its texts. The
    tables that say it are read of shared objects alone; a launcher is ours, and names no other."""
    highest: str | None = None
    for match in _VERSION.finditer(program):
        version = match[1].decode()
        if highest is None or is_older(highest, version):
            highest = version
    return highest
