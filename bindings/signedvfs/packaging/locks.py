"""Lock files as sources: which wheels they name for this Python, each with its hashes."""

from __future__ import annotations

import platform
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from signedvfs.packaging.distributions import normalized
from signedvfs.packaging.errors import PackError
from signedvfs.packaging.targets import Target
from signedvfs.packaging.toml import packaging_module

# As strong as what the archive's own members are hashed with, with their lengths in hex digits.
_HASHES = {"sha256": 64, "sha384": 96, "sha512": 128}
_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?")
_MORE = "Lock again with a tool that writes hashes, or leave the entry out."


@dataclass
class Locked:
    """Locked is one distribution: its exact version, and the hashes of its wheels, one of which a
    file has to have."""

    name: str  # normalized
    version: str
    hashes: set[str] = field(default_factory=set)  # "sha256:..."
    url: str | None = None  # where the file is, if not in an index
    places: set[str] = field(default_factory=set)  # indexes and directories, beside pip's own


@dataclass
class Lock:
    """Lock is what a lock file says for this Python."""

    path: Path
    packages: list[Locked] = field(default_factory=list)
    local: list[tuple[str, Path]] = field(default_factory=list)  # names, and their directories
    excluded: set[str] = field(default_factory=set)  # normalized names that somebody leaves out


def is_lock(path: Path) -> bool:
    """is_lock tells whether a file is a lock, by its name: uv.lock, pylock.toml, pylock.NAME.toml
    (PEP 751)."""
    return path.name == "uv.lock" or bool(re.fullmatch(r"pylock\.([^.]+\.)?toml", path.name))


class Reader:
    """Reader takes what is common to lock files from one of them, and says which it was."""

    def __init__(self, path: Path, target: Target | None = None) -> None:
        self.path = path
        self._environment = {} if target is None else target.environment()

    def refusal(self, what: str, advice: str = "Lock again.") -> PackError:
        """refusal is an error that names the lock."""
        return PackError(f"{self.path}: {what}", advice)

    def text(self, table: Mapping[str, Any], key: str, of: str) -> str:
        """text returns a value that has to be a text."""
        value = table.get(key)
        if not isinstance(value, str):
            raise self.refusal(f"{of} has no {key}")
        return value

    def table(self, value: object, of: str) -> dict[str, Any]:
        """table returns a value that has to be a table."""
        if not isinstance(value, dict):
            raise self.refusal(f"{of} is no table")
        return value

    def texts(self, value: object, of: str) -> list[str]:
        """texts returns a value that is a list of texts, or not there."""
        if value is None:
            return []
        if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
            raise self.refusal(f"{of} are no texts")
        return value

    def tables(self, value: object, of: str) -> list[dict[str, Any]]:
        """tables returns a value that is a list of tables, or not there."""
        if value is None:
            return []
        if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
            raise self.refusal(f"{of} is no list of tables")
        return value

    def holds(self, marker: object, **names: object) -> bool:
        """holds tells whether an environment marker (PEP 508) is true here; none is.

        `names` are what markers of locks can ask for beyond that (PEP 751).
        """
        if marker is None:
            return True
        try:
            parsed = packaging_module("markers").Marker(marker)
            try:
                more = {"extra": "", **self._environment, **names}
                return bool(parsed.evaluate(more, context="lock_file"))
            except TypeError:  # before packaging 25, which does not parse those names either
                return bool(parsed.evaluate({"extra": "", **self._environment}))
        except (TypeError, ValueError) as error:
            raise self.refusal(
                f"the marker {marker!r} is not understood: {error}", "A newer pip may know it."
            ) from None

    def require_python(self, wanted: object, of: str) -> None:
        """require_python raises PackError where the Python that is packed for is none of those
        `wanted`."""
        if wanted is None:
            return
        here = platform.python_version().rstrip("+")
        version = self._environment.get("python_full_version", here)
        try:
            specifiers = packaging_module("specifiers").SpecifierSet(wanted)
            fits = specifiers.contains(version, prereleases=True)
        except (TypeError, ValueError, AttributeError) as error:
            raise self.refusal(f"{of} wants a Python {wanted!r}: {error}") from None
        if not fits:
            raise self.refusal(f"{of} wants Python {wanted}, and this is {version}")

    def locked(self, table: Mapping[str, Any]) -> Locked:
        """locked returns a distribution with its name and version, and without files."""
        name = self.text(table, "name", "an entry")
        version = self.text(table, "version", name)
        if not _NAME.fullmatch(name):
            raise self.refusal(f"{name!r} is no name of a distribution")
        try:
            packaging_module("version").Version(version)
        except ValueError:
            raise self.refusal(f"{name}: {version!r} is no version") from None
        return Locked(normalized(name), version)

    def add_hashes(self, to: Locked, file: str, hashes: Iterable[tuple[str, object]]) -> None:
        """add_hashes takes those hashes of a file that are strong; without one it is refused."""
        strong = {
            f"{kind}:{digest.lower()}"
            for kind, digest in hashes
            if isinstance(digest, str)
            and re.fullmatch(f"[0-9a-fA-F]{{{_HASHES.get(kind, 0)}}}", digest)
            and kind in _HASHES
        }
        if not strong:
            raise self.refusal(f"{to.name}: {file} has no hash by {' or '.join(_HASHES)}", _MORE)
        to.hashes |= strong

    def add_place(self, to: Locked, place: str) -> None:
        """add_place notes an index or a directory that has the files."""
        if re.search(r"[\s\x00-\x1f]", place):
            raise self.refusal(f"{to.name}: {place!r} is no place of files")
        to.places.add(place)

    def wheels(self, to: Locked, wheels: Sequence[Mapping[str, Any]]) -> None:
        """wheels takes the places and hashes of a distribution's wheels."""
        for wheel in wheels:
            file = str(wheel.get("path") or wheel.get("url") or wheel.get("filename"))
            hashes = wheel.get("hashes")
            if isinstance(hashes, dict):
                self.add_hashes(to, file, hashes.items())
            else:
                kind, _, digest = str(wheel.get("hash")).partition(":")
                self.add_hashes(to, file, [(kind, digest)])
            parts = urlsplit(str(wheel.get("url", "")))
            if isinstance(wheel.get("path"), str):
                self.add_place(to, str((self.path.parent / wheel["path"]).resolve().parent))
            elif parts.scheme == "file":
                self.add_place(to, str(Path(unquote(parts.path)).parent))
        if not to.hashes:
            raise self.refusal(
                f"{to.name} has no wheel, and what builds one of its sources has no hash here",
                f"Build the wheel yourself, name it as a source, and --exclude {to.name}.",
            )
