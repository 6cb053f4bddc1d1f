"""inspect: what an executable consists of, told without running it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Union

from signedvfs import Limits, PublicKey, Trusted, TrustPolicy
from signedvfs.building.contents import Package, packages_of
from signedvfs.building.executable import Executable, open_executable
from signedvfs.building.floor import floor_of
from signedvfs.building.launch_file import launch_facts
from signedvfs.building.layout import LAUNCH
from signedvfs.building.report import needed_of_system
from signedvfs.building.sbom import bill_of
from signedvfs.packaging.hashing import sha256_of
from signedvfs.packaging.native import NativeReport, examine

AnyPath = Union[str, "os.PathLike[str]"]


@dataclass(frozen=True)
class Inspection:
    """Inspection is what an executable says of itself, signed by its signers."""

    path: str
    size: int  # of the file, in bytes
    sha256: str  # of the file
    is_trusted: bool  # by a policy that was given, and not only by its own launcher
    name: str | None
    serial: int | None
    not_before: int | None  # seconds since 1970
    expires: int | None
    signers: list[str]  # fingerprints
    launcher: int  # its size, in bytes
    keys: list[str]  # the fingerprints of those that the launcher accepts
    rules: TrustPolicy  # the launcher's
    shows_info: bool
    verifies_all: bool
    hardened: bool  # its first stage runs before the dynamic linker
    python: str | None  # its version
    members: int
    packages: list[Package]  # the largest first
    glibc: str | None  # the oldest that will do
    system: dict[str, list[str]]  # other libraries that the system has to have, and what needs them
    native: NativeReport | None
    executable: Executable

    def bill(self) -> dict[str, Any]:
        """bill returns a bill of materials in CycloneDX 1.5, to be written as JSON."""
        return bill_of(self.executable, self.packages, self.sha256)


def inspect(
    path: AnyPath, policy: TrustPolicy | None = None, limits: Limits | None = None
) -> Inspection:
    """inspect tells what is in an executable that `build` has made.

    It is opened under `policy`; where that is None, by the keys in its own launcher, which shows
    that its parts belong together and nothing of where it is from. Raises BuildError where it is
    none, IntegrityCheckError where it is refused, OSError.
    """
    found = open_executable(Path(path), policy, limits)
    archive = found.archive
    facts = launch_facts(archive.read(LAUNCH)) if archive.is_file(LAUNCH) else {}
    native = examine(archive.list(), archive.read, found.rules.libraries)
    return Inspection(
        path=str(path),
        size=found.path.stat().st_size,
        sha256=sha256_of(found.path),
        is_trusted=policy is not None,
        name=archive.name,
        serial=archive.serial,
        not_before=archive.not_before,
        expires=archive.expires,
        signers=list(archive.signers),
        launcher=len(found.launcher),
        keys=[_key_of(one).fingerprint for one in found.rules.keys],
        rules=found.rules,
        shows_info=found.shows_info,
        verifies_all=found.verifies_all,
        hardened=found.hardened,
        python=next(iter(facts.get("python", ())), None),
        members=len(archive.list()),
        packages=packages_of(archive, found.path),
        glibc=floor_of(native, found.launcher).glibc,
        system=needed_of_system(native),
        native=native,
        executable=found,
    )


def _key_of(one: PublicKey | Trusted) -> PublicKey:
    return one.key if isinstance(one, Trusted) else one
