"""Locks of uv: uv.lock, which is for every platform, every extra and every group at once."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any

from signedvfs.packaging.distributions import normalized
from signedvfs.packaging.locks import Lock, Reader
from signedvfs.packaging.targets import Target
from signedvfs.packaging.toml import load_toml

_PYPI = "https://pypi.org/simple"
_LOCAL = ("editable", "virtual", "directory")


def read_uv_lock(path: Path, exclude: Collection[str], target: Target | None = None) -> Lock:
    """read_uv_lock returns what the lock's own project requires on this Python, without extras of
    its own, groups and `exclude`, normalized names. Raises PackError where it cannot be used,
    OSError."""
    reader = Reader(path, target)
    tables = load_toml(path)
    if tables.get("version") != 1:
        raise reader.refusal(f"version {tables.get('version')!r} is not known, only 1")
    reader.require_python(tables.get("requires-python"), "the lock")
    return _Walk(reader, tables, exclude).run()


class _Walk:
    # From the project along the requirements whose markers hold here.
    def __init__(self, reader: Reader, tables: dict[str, Any], exclude: Collection[str]) -> None:
        self._reader = reader
        self._packages = reader.tables(tables.get("package"), "package")
        self._exclude = exclude
        self._lock = Lock(reader.path)
        self._taken: list[dict[str, Any]] = []
        self._followed: set[tuple[int, str]] = set()

    def run(self) -> Lock:
        # A "directory" is somebody else's project, which ours requires.
        local = [
            one
            for one in self._packages
            if self._directory(one) is not None and "directory" not in self._source(one)
        ]
        here = self._reader.path.parent.resolve()
        roots = [one for one in local if self._directory(one) == here] or local
        if not roots:
            raise self._reader.refusal("it has no project of its own to begin with")
        for root in roots:
            self._follow(root, "")
        for package in self._taken:
            self._take(package)
        return self._lock

    def _source(self, package: dict[str, Any]) -> dict[str, Any]:
        source = package.get("source")
        return source if isinstance(source, dict) else {}

    def _directory(self, package: dict[str, Any]) -> Path | None:
        source = self._source(package)
        kind = next((kind for kind in _LOCAL if isinstance(source.get(kind), str)), None)
        return None if kind is None else (self._reader.path.parent / source[kind]).resolve()

    def _follow(self, package: dict[str, Any], extra: str) -> None:
        if (id(package), extra) in self._followed:
            return
        self._followed.add((id(package), extra))
        if package not in self._taken:
            self._taken.append(package)
        name = str(package.get("name"))
        if extra:
            extras = self._reader.table(
                package.get("optional-dependencies", {}), f"extras of {name}"
            )
            edges = self._reader.tables(extras.get(extra), f"{name}[{extra}]")
        else:
            edges = self._reader.tables(package.get("dependencies"), f"what {name} requires")
        for edge in edges:
            if not self._reader.holds(edge.get("marker")):
                continue
            wanted = normalized(self._reader.text(edge, "name", f"what {name} requires"))
            if wanted in self._exclude:
                self._lock.excluded.add(wanted)
                continue
            required = self._find(edge, wanted)
            self._follow(required, "")
            for one in self._reader.texts(edge.get("extra"), f"extras of {wanted}"):
                self._follow(required, one)

    def _find(self, edge: dict[str, Any], name: str) -> dict[str, Any]:
        found = [
            one
            for one in self._packages
            if normalized(str(one.get("name"))) == name
            and edge.get("version") in (None, one.get("version"))
            and edge.get("source") in (None, one.get("source"))
        ]
        if len(found) > 1:
            found = [one for one in found if self._is_for_here(one)]
        if len(found) != 1:
            raise self._reader.refusal(f"{len(found)} entries are for {name}, where one has to be")
        return found[0]

    def _is_for_here(self, package: dict[str, Any]) -> bool:
        markers = self._reader.texts(package.get("resolution-markers"), "resolution-markers")
        return not markers or any(map(self._reader.holds, markers))

    def _take(self, package: dict[str, Any]) -> None:
        reader, source = self._reader, self._source(package)
        name = reader.text(package, "name", "an entry")
        directory = self._directory(package)
        if directory is not None:
            # What is virtual is not installed either: it only names requirements.
            if "virtual" not in source:
                self._lock.local.append((name, directory))
            return
        if "git" in source:
            raise reader.refusal(
                f"{name} comes from version control, and has no hash of a file",
                f"Build its wheel, name that as a source, and --exclude {name}.",
            )
        locked = reader.locked(package)
        reader.wheels(locked, reader.tables(package.get("wheels"), name))
        place = source.get("registry")
        if isinstance(source.get("url"), str):
            locked.url = source["url"]
            reader.add_place(locked, locked.url)
            locked.places.clear()
        elif isinstance(source.get("path"), str):
            locked.url = (reader.path.parent / source["path"]).resolve().as_uri()
        elif isinstance(place, str) and "://" not in place:  # a directory of wheels
            reader.add_place(locked, str((reader.path.parent / place).resolve()))
        elif isinstance(place, str) and place.rstrip("/") != _PYPI:
            reader.add_place(locked, place)
        self._lock.packages.append(locked)
