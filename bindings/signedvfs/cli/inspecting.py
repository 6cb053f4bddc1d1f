"""inspect: what is in an executable, who signed it, and what it needs."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from signedvfs.cli import arguments as shared
from signedvfs.cli import native
from signedvfs.cli.building import facts_of_packages, rows_of_packages
from signedvfs.cli.commands import Commands
from signedvfs.cli.failures import CliError
from signedvfs.cli.output import Output, few, plural, printable, size_text
from signedvfs.cli.values import time_text

if TYPE_CHECKING:
    import signedvfs
    from signedvfs import building

# OWN_KEYS is whom `inspect` and `split` go by without keys.
OWN_KEYS = "the keys in the executable's own launcher"

# What bounds trust, and where nothing does.
_BOUNDS: dict[str, Any] = {
    "scope": [],
    "threshold": 1,
    "name": None,
    "min_serial": None,
    "revoked": [],
    "at": None,
    "legacy": False,
}

_INSPECT = """\
Tells what an executable that `signedvfs build` has made consists of: who signed
it, what its launcher accepts, the Python inside, every package with version,
licence and size, and what it needs of the system. Nothing of it is run.

Without --trust or --trust-dir it is opened by the keys in its own launcher. That
shows that its parts belong together, and not where it is from: whoever wrote it
chose them. With trust options it has to satisfy these as well.

--sbom writes a software bill of materials, in the JSON of CycloneDX 1.5; the
same executable gives the same bill. Licences are those that the metadata of the
distributions name; libraries of the machine that built it have no version.

examples:
  signedvfs inspect app
  signedvfs inspect app --trust app.pub --json
  signedvfs inspect app --sbom
"""


def add_to(commands: Commands) -> None:
    """add_to adds the command of this module."""
    parser = commands.add("inspect", inspect, "say what is in a built executable", _INSPECT)
    parser.add_argument("path", metavar="EXECUTABLE", help="executable to look into")
    parser.add_argument(
        "--sbom", action="store_true", help="write a bill of materials, CycloneDX 1.5 in JSON"
    )
    shared.add_trust(parser, otherwise=OWN_KEYS)
    shared.add_reporting(parser)


def asked_policy(arguments: argparse.Namespace) -> signedvfs.TrustPolicy | None:
    """asked_policy returns what the trust options say; None where there is none.

    CliError: they bound keys, and name none. The executable's own keys are nobody's choice, so a
    bound on them would say nothing.
    """
    if arguments.trust or arguments.trust_dir:
        return shared.policy_of(arguments)
    for name, default in _BOUNDS.items():
        if getattr(arguments, name) != default:
            option = "--" + name.replace("_", "-")
            raise CliError(
                f"{option} is about keys that are trusted, and none is named",
                "Name those: --trust FILE, or --trust-dir DIR",
            )
    return None


def inspect(arguments: argparse.Namespace, output: Output) -> int:
    """inspect tells about an executable."""
    path = Path(shared.existing(arguments.path))

    from signedvfs import building

    found = building.inspect(path, asked_policy(arguments), shared.limits_of(arguments))
    if arguments.sbom:
        output.json = True
        output.report(found.bill())
        return 0
    output.report(_facts(found), _lines(found, output))
    return 0


def _facts(found: building.Inspection) -> dict[str, Any]:
    rules = found.rules
    return {
        "path": found.path,
        "size": found.size,
        "sha256": found.sha256,
        "trusted": found.is_trusted,
        "name": found.name,
        "serial": found.serial,
        "not_before": time_text(found.not_before),
        "expires": time_text(found.expires),
        "signers": found.signers,
        "launcher": {
            "size": found.launcher,
            "keys": found.keys,
            "threshold": rules.threshold,
            "names": None if rules.names is None else sorted(rules.names),
            "min_serial": dict(rules.min_serial),
            "revoked": sorted(rules.revoked),
            "libraries": sorted(rules.libraries),
            "info": found.shows_info,
            "verify_all": found.verifies_all,
            "hardened": found.hardened,
        },
        "python": found.python,
        "members": found.members,
        "packages": facts_of_packages(found.packages),
        "glibc": found.glibc,
        "system": found.system,
        "native": native.facts_of(found.native),
    }


def _lines(found: building.Inspection, output: Output) -> list[str]:
    rules = found.rules
    names = None if rules.names is None else ", ".join(map(printable, sorted(rules.names)))
    serials = [f"{name or 'any name'} {serial}" for name, serial in rules.min_serial.items()]
    rows: list[tuple[str, object]] = [
        ("sha256", found.sha256),
        ("name", found.name),
        ("serial", found.serial),
        ("valid from", time_text(found.not_before)),
        ("valid until", time_text(found.expires)),
        *(("signed by", one) for one in found.signers),
        *(("accepts", one) for one in found.keys),
        ("threshold", rules.threshold if len(found.keys) > 1 else None),
        ("names", names),
        ("from serial", ", ".join(serials) or None),
        ("tells", "of itself: --signedvfs-info" if found.shows_info else None),
        ("verifies", "all of itself at every start" if found.verifies_all else None),
        ("hardened", "begins before the dynamic linker" if found.hardened else None),
        ("Python", found.python),
        ("glibc", None if found.glibc is None else f"{found.glibc} or later"),
        *(("of the system", f"{name} (for {few(of)})") for name, of in found.system.items()),
    ]
    size = f"{size_text(found.size)}, {plural(found.members, 'file')}"
    judged = "verified" if found.is_trusted else "verified by its own keys alone"
    painted = output.paint(judged, "green" if found.is_trusted else "yellow")
    lines = [f"{found.path}: {size}, {painted}", *output.fields(rows)]
    head = ("STORED", "FILES", "VERSION", "LICENCE", "PACKAGE")
    table = [
        (*row[:3], package.licence or "", row[3])
        for row, package in zip(rows_of_packages(found.packages), found.packages)
    ]
    return [*lines, *output.table(head, table)]
