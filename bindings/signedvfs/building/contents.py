"""What is in an executable, by package: distributions, Python, libraries, the rest."""

from __future__ import annotations

import csv
import email.parser
import re
import zipfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from email.message import Message
from pathlib import Path
from typing import NamedTuple

from signedvfs import SignedVfs
from signedvfs import __version__ as own_version
from signedvfs.building.launch_file import launch_facts
from signedvfs.building.layout import LAUNCH, LIBRARIES, PACKAGE
from signedvfs.packaging.native import NOTES
from signedvfs.packaging.recording import ORDER

# cx_Freeze keeps all in `lib`.
_METADATA = re.compile(r"(lib/)?([^/]+\.dist-info)/METADATA")
_CLASSIFIER = "License :: "


@dataclass(frozen=True)
class Package:
    """Package is what came together, and goes by one licence."""

    name: str
    kind: str  # "application", "distribution", "interpreter", "library", "signedvfs"
    version: str | None
    licence: str | None  # as its metadata have it
    files: tuple[str, ...]
    size: int  # bytes, unpacked
    stored: int  # bytes in the executable


class _Owner(NamedTuple):
    name: str
    kind: str
    version: str | None = None
    licence: str | None = None


def packages_of(archive: SignedVfs, path: Path) -> list[Package]:
    """packages_of returns what `archive`, opened from the file `path`, holds; what takes most place
    comes first. Names and versions are those of signed files. Raises IntegrityCheckError, OSError.
    """
    names = archive.list()
    with zipfile.ZipFile(path) as container:
        stored = {info.filename: info.compress_size for info in container.infolist()}
    owners = _Owners(archive, names)
    files: dict[_Owner, list[str]] = defaultdict(list)
    for name in names:
        files[owners.of(name)].append(name)
    found = [
        Package(
            *owner,
            files=tuple(own),
            size=sum(archive.stat(name).size for name in own),
            stored=sum(stored.get(name, 0) for name in own),
        )
        for owner, own in files.items()
    ]
    return sorted(found, key=lambda one: (-one.stored, one.name))


class _Owners:
    def __init__(self, archive: SignedVfs, names: Sequence[str]) -> None:
        self._distributions: dict[str, _Owner] = {}
        self._stdlib = ""
        version: str | None = None
        if archive.is_file(LAUNCH):
            facts = launch_facts(archive.read(LAUNCH))
            self._stdlib = facts.get("stdlib", [""])[0] + "/"
            version = next(iter(facts.get("python", ())), None)
        self._interpreter = _Owner("Python", "interpreter", version, "Python-2.0")
        self._signedvfs = _Owner("signedvfs", "signedvfs", own_version, "MIT")
        self._application = _Owner(archive.name or "application", "application")
        for name in names:
            match = _METADATA.fullmatch(name)
            if match:
                owner = _distribution(archive.read(name))
                place = match[1] or ""
                recorded = _recorded(archive, place + match[2])
                self._distributions[name] = owner
                self._distributions.update((place + one, owner) for one in recorded)

    def of(self, name: str) -> _Owner:
        source = name[:-1] if name.endswith(".pyc") else name
        owner = self._distributions.get(name) or self._distributions.get(source)
        if owner is not None:
            return owner
        if self._stdlib and name in (LAUNCH, NOTES, ORDER):
            return self._signedvfs
        top, slash, rest = name.partition("/")
        if top == LIBRARIES and slash:
            if rest.startswith("libpython3."):
                return self._interpreter
            return _Owner(rest, "library")
        if self._stdlib and name.startswith(self._stdlib):
            return self._interpreter
        return self._signedvfs if top == PACKAGE and self._stdlib else self._application


def _recorded(archive: SignedVfs, info: str) -> Iterator[str]:
    record = f"{info}/RECORD"
    if archive.is_file(record):
        for row in csv.reader(archive.read(record).decode("utf-8", "replace").splitlines()):
            yield row[0] if row else ""


def _distribution(metadata: bytes) -> _Owner:
    said = email.parser.HeaderParser().parsestr(metadata.decode("utf-8", "replace"))
    return _Owner(
        str(said["Name"] or "unknown"),
        "distribution",
        None if said["Version"] is None else str(said["Version"]),
        _licence(said),
    )


def _licence(said: Message) -> str | None:
    # The newest way to say it first (PEP 639); whole texts of licences are no names.
    if said["License-Expression"]:
        return str(said["License-Expression"])
    classifiers = [str(one) for one in said.get_all("Classifier", [])]
    named = [one.rpartition(" :: ")[2] for one in classifiers if one.startswith(_CLASSIFIER)]
    if named:
        return " AND ".join(named)
    text = str(said["License"] or "").strip()
    return text if text and "\n" not in text and text != "UNKNOWN" else None
