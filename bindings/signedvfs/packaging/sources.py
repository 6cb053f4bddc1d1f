"""What is packed, by its kinds: directories, projects, wheels, requirements, locks, data."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from signedvfs.packaging.directories import add_directory, identity
from signedvfs.packaging.distributions import normalized, split_off
from signedvfs.packaging.errors import PackError
from signedvfs.packaging.extra_data import ExtraData, add_extra_data
from signedvfs.packaging.locked_wheels import check_satisfied, fetch_locked, read_lock
from signedvfs.packaging.locks import Lock, is_lock
from signedvfs.packaging.members import Members
from signedvfs.packaging.projects import build_project, is_project
from signedvfs.packaging.requirements import fetch_wheels
from signedvfs.packaging.targets import Target, check_fits
from signedvfs.packaging.wheels import add_wheel

_KEY_FILE_AT_MOST = 1 << 16  # bytes, as `PrivateKey.load` has it


@dataclass(frozen=True)
class Inputs:
    """Inputs is what somebody wants to have packed."""

    sources: Sequence[Path]  # directories, projects, wheels
    requirements: Sequence[Path] = ()  # requirement files and locks
    data: Sequence[ExtraData] = ()
    without: Sequence[str] = ()  # distributions that are resolved, and not packed
    never: Sequence[Path] = ()  # files that are not packed, wherever they lie
    follow_links: bool = False
    target: Target | None = None  # None: this Python, here


def collect(members: Members, inputs: Inputs, work: Path) -> None:
    """collect adds all that `inputs` name to `members`; wheels are made in the directory `work`.

    They are read from there later. Raises PackError, OSError.
    """
    never = {identity(path.stat()) for path in inputs.never if path.exists()}
    projects = []
    for path in inputs.sources:
        if path.is_dir() and is_project(path):
            projects.append(path)
        elif path.is_dir():
            add_directory(members, path, never, follow_links=inputs.follow_links)
        elif path.suffix == ".whl":
            check_fits(path, str(path), inputs.target)
            add_wheel(members, path, str(path))
        else:
            path.stat()
            raise PackError(f"{path} is neither a directory nor a wheel", "See: signedvfs pack -h")
    for data in inputs.data:
        add_extra_data(members, data, never, follow_links=inputs.follow_links)
    _add_distributions(members, inputs, projects, work)


def _add_distributions(
    members: Members, inputs: Inputs, projects: Sequence[Path], work: Path
) -> None:
    without = {normalized(name) for name in inputs.without}
    locks = [
        read_lock(path, without, inputs.target) for path in inputs.requirements if is_lock(path)
    ]
    for lock in locks:
        _expect_local(members, lock, inputs.sources)
    built = [build_project(path, work / f"project{number}") for number, path in enumerate(projects)]
    for wheel in built:
        check_fits(wheel, wheel.name, inputs.target)
    files = [path for path in inputs.requirements if not is_lock(path)]
    # With a lock, what projects require comes from there, and from nowhere else.
    target = inputs.target
    wheels = fetch_wheels(files, [] if locks else built, work / "resolved", target)
    for number, lock in enumerate(locks):
        wheels += fetch_locked(lock, work / f"locked{number}", target)
    skipped: set[str] = set().union(*(lock.excluded for lock in locks))
    if locks:
        if not skipped:
            check_satisfied(built, wheels, work / "satisfied", target)
        wheels += built
    for name in sorted(skipped):
        members.leave_out(name, "excluded")
    asked = [name for name in inputs.without if normalized(name) not in skipped]
    kept, excluded = split_off(wheels, asked)
    for wheel, _ in excluded:
        members.leave_out(wheel.name, "excluded")
    secrets = frozenset(_private_keys(inputs.never))
    for wheel in kept:
        check_fits(wheel, wheel.name, target)
        add_wheel(members, wheel, wheel.name, secrets)


def _private_keys(paths: Iterable[Path]) -> Iterator[bytes]:
    # The identity of a file is lost when it is built into a wheel.
    for path in paths:
        # What is no regular file, such as a pipe with a password, can be read only once.
        if path.is_file() and path.stat().st_size <= _KEY_FILE_AT_MOST:
            content = path.read_bytes()
            if b"PRIVATE KEY-----" in content:
                yield content


def _expect_local(members: Members, lock: Lock, sources: Collection[Path]) -> None:
    named = {path.resolve() for path in sources}
    for name, directory in lock.local:
        if directory in named:
            continue
        if directory != lock.path.parent.resolve():
            raise PackError(
                f"{lock.path}: {name} is a directory, {directory}, and has no hash",
                f"Name it as a source: signedvfs pack {directory} ...",
            )
        members.leave_out(name, f"the project of {lock.path} itself, which is packed by its name")
