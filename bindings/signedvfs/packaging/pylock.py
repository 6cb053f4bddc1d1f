"""Locks of the kind that PEP 751 describes: pylock.toml."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any

from signedvfs.packaging.distributions import normalized
from signedvfs.packaging.locks import Lock, Locked, Reader
from signedvfs.packaging.targets import Target
from signedvfs.packaging.toml import load_toml

_PYPI = ("https://pypi.org/simple", "https://pypi.org/simple/")


def read_pylock(path: Path, exclude: Collection[str], target: Target | None = None) -> Lock:
    """read_pylock returns what a pylock.toml has for this Python, without extras and with the
    groups that it has by default, and without `exclude`, normalized names. Raises PackError where
    it cannot be used, OSError."""
    reader = Reader(path, target)
    tables = load_toml(path)
    version = reader.text(tables, "lock-version", "the lock")
    if version.partition(".")[0] != "1":
        raise reader.refusal(f"lock-version {version!r} is not known, only 1", "Use another tool.")
    reader.require_python(tables.get("requires-python"), "the lock")
    environments = reader.texts(tables.get("environments"), "environments")
    if environments and not any(map(reader.holds, environments)):
        raise reader.refusal("it is for other environments than this one")
    groups = frozenset(reader.texts(tables.get("default-groups"), "default-groups"))
    lock = Lock(path)
    for table in reader.tables(tables.get("packages"), "packages"):
        marker = table.get("marker")
        if not reader.holds(marker, extras=frozenset(), dependency_groups=groups):
            continue
        name = normalized(reader.text(table, "name", "an entry"))
        if name in exclude:
            lock.excluded.add(name)
        else:
            reader.require_python(table.get("requires-python"), str(table.get("name")))
            _take(reader, table, lock)
    names = [locked.name for locked in lock.packages]
    for name in names:
        if names.count(name) > 1:
            raise reader.refusal(f"{name} is there more than once for this environment")
    return lock


def _take(reader: Reader, table: dict[str, Any], lock: Lock) -> None:
    name = reader.text(table, "name", "an entry")
    if "directory" in table:
        directory = reader.text(reader.table(table["directory"], name), "path", name)
        lock.local.append((name, (lock.path.parent / directory).resolve()))
        return
    if "vcs" in table:
        raise reader.refusal(
            f"{name} comes from version control, and has no hash of a file",
            f"Build its wheel, name that as a source, and --exclude {name}.",
        )
    locked = reader.locked(table) if "version" in table else _unversioned(reader, table)
    if "archive" in table:
        archive = reader.table(table["archive"], f"the archive of {name}")
        reader.wheels(locked, [archive])
        locked.url = _url(reader, archive, locked)
    else:
        reader.wheels(locked, reader.tables(table.get("wheels"), name))
        if isinstance(table.get("index"), str) and table["index"] not in _PYPI:
            reader.add_place(locked, table["index"])
    lock.packages.append(locked)


def _unversioned(reader: Reader, table: dict[str, Any]) -> Locked:
    # An archive need not have one: its hash says more.
    return reader.locked({**table, "version": "0"})


def _url(reader: Reader, archive: dict[str, Any], locked: Locked) -> str:
    if isinstance(archive.get("path"), str):
        url = (reader.path.parent / str(archive["path"])).resolve().as_uri()
    else:
        url = reader.text(archive, "url", locked.name)
    reader.add_place(Locked("", ""), url)  # for its check
    if not url.partition("#")[0].endswith(".whl"):
        raise reader.refusal(
            f"{locked.name} is no wheel, and what builds one of it has no hash here",
            f"Build the wheel yourself, name it as a source, and --exclude {locked.name}.",
        )
    return url
