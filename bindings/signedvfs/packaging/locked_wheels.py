"""Fetching what a lock file names, and nothing else."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

from signedvfs.digests import hashlib
from signedvfs.packaging.distributions import name_of
from signedvfs.packaging.errors import PackError
from signedvfs.packaging.locks import Lock, Locked
from signedvfs.packaging.pylock import read_pylock
from signedvfs.packaging.requirements import run_pip
from signedvfs.packaging.targets import Target
from signedvfs.packaging.uvlock import read_uv_lock


def read_lock(path: Path, exclude: Collection[str], target: Target | None = None) -> Lock:
    """read_lock returns what the lock file `path` has for `target` (None: this Python), without
    those distributions whose normalized names are in `exclude`. Raises PackError, OSError."""
    return (read_uv_lock if path.name == "uv.lock" else read_pylock)(path, exclude, target)


def fetch_locked(lock: Lock, directory: Path, target: Target | None = None) -> list[Path]:
    """fetch_locked has pip put the wheels that `lock` names into `directory`, which it makes.

    pip compares each file with the lock's hashes (--require-hashes), and builds nothing, for what
    builds has no hash. What it leaves is compared once more: pip keeps a cache.
    """
    wanted = {locked.name: locked for locked in lock.packages}
    if not wanted:
        return []
    places = sorted({place for locked in lock.packages for place in locked.places})
    listed = directory.with_name(directory.name + ".txt")
    listed.write_text("".join(f"{line_of(locked)}\n" for locked in lock.packages), "utf-8")
    words = ["--no-deps", "--require-hashes", "-r", str(listed)]
    if target is None:  # whose own words say so otherwise
        words += ["--only-binary", ":all:"]
    for place in places:
        words += ["--extra-index-url" if "://" in place else "--find-links", place]
    wheels = run_pip(
        words,
        directory,
        f"pip could not fetch what {lock.path} names",
        "Its own words are above; lock again, or correct the access to the index.",
        {listed: lock.path},
        target,
    )
    for wheel in wheels:
        _check(lock, wanted.pop(name_of(wheel), None), wheel)
    if wanted:
        raise PackError(f"{lock.path}: pip left {', '.join(sorted(wanted))} out", "Lock again.")
    return wheels


def check_satisfied(
    projects: Sequence[Path], wheels: Sequence[Path], into: Path, target: Target | None = None
) -> None:
    """check_satisfied raises PackError where the wheels `projects` require what is not among
    `wheels`: locks get out of date. `into` is a directory to make, to be thrown away."""
    if not projects:
        return
    advice = "Lock again, or --exclude what shall not be packed."
    found = run_pip(
        ["--no-index", *map(str, projects), *map(str, wheels)],
        into,
        "the lock does not have what the project requires",
        f"pip's own words are above. {advice}",
        target=target,
    )
    # pip may be configured to look elsewhere, too.
    missing = {name_of(wheel) for wheel in found} - {name_of(one) for one in [*projects, *wheels]}
    if missing:
        raise PackError(
            f"the lock does not have what the project requires: {', '.join(sorted(missing))}",
            advice,
        )


def line_of(locked: Locked) -> str:
    """line_of returns a distribution as a line of a requirement file."""
    what = f"{locked.name} @ {locked.url}" if locked.url else f"{locked.name}=={locked.version}"
    return " ".join([what, *(f"--hash={one}" for one in sorted(locked.hashes))])


def _check(lock: Lock, locked: Locked | None, wheel: Path) -> None:
    content = wheel.read_bytes()
    known = set() if locked is None else locked.hashes
    kinds = {one.partition(":")[0] for one in known}
    if not any(f"{kind}:{hashlib.new(kind, content).hexdigest()}" in known for kind in kinds):
        raise PackError(f"{lock.path}: {wheel.name} is not what it names", "Lock again.")
