"""A software bill of materials of an executable, in CycloneDX 1.5 (ECMA-424's predecessor)."""

from __future__ import annotations

import re
from typing import Any

from signedvfs import __version__
from signedvfs.building.contents import Package
from signedvfs.building.executable import Executable
from signedvfs.packaging.distributions import normalized

_TYPES = {"application": "application", "interpreter": "platform"}
_ALGORITHMS = {"sha256": "SHA-256", "sha384": "SHA-384", "sha512": "SHA-512"}


def bill_of(executable: Executable, packages: list[Package], digest: str) -> dict[str, Any]:
    """bill_of returns the bill, for JSON; `digest` is the SHA-256 of the whole file.

    It has no time and no serial number of its own: the same executable gives the same bill.
    """
    archive = executable.archive
    name = archive.name or executable.path.name
    subject: dict[str, Any] = {
        "type": "application",
        "bom-ref": "executable",
        "name": name,
        "hashes": [{"alg": "SHA-256", "content": digest}],
        "properties": [
            *({"name": "signedvfs:signer", "value": one} for one in archive.signers),
            {"name": "signedvfs:members", "value": str(len(archive.list()))},
        ],
    }
    if archive.serial is not None:
        subject["version"] = str(archive.serial)
    parts = sorted(packages, key=lambda one: (one.kind, one.name, one.version or ""))
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {
            "tools": {
                "components": [{"type": "application", "name": "signedvfs", "version": __version__}]
            },
            "component": subject,
        },
        "components": [_component(executable, one) for one in parts],
        "dependencies": [
            {"ref": "executable", "dependsOn": sorted({_reference(one) for one in parts})}
        ],
    }


def _component(executable: Executable, package: Package) -> dict[str, Any]:
    found: dict[str, Any] = {
        "type": _TYPES.get(package.kind, "library"),
        "bom-ref": _reference(package),
        "name": package.name,
    }
    if package.version is not None:
        found["version"] = package.version
    if package.licence is not None:
        found["licenses"] = [{"license": {"name": package.licence}}]
    address = _address(package)
    if address is not None:
        found["purl"] = address
    if package.kind == "library" and len(package.files) == 1:
        algorithm = _ALGORITHMS.get(executable.archive.hash_type)
        if algorithm is not None:
            content = executable.archive.stat(package.files[0]).digest
            found["hashes"] = [{"alg": algorithm, "content": content}]
    return found


def _reference(package: Package) -> str:
    version = "" if package.version is None else f"@{package.version}"
    return f"{package.kind}:{package.name}{version}"


def _address(package: Package) -> str | None:
    # https://github.com/package-url/purl-spec
    if package.version is None or not re.fullmatch(r"[\w.+!-]+", package.version):
        return None
    version = package.version.replace("+", "%2B").replace("!", "%21")
    if package.kind in ("distribution", "signedvfs"):
        return f"pkg:pypi/{normalized(package.name)}@{version}"
    return f"pkg:generic/python@{version}" if package.kind == "interpreter" else None
