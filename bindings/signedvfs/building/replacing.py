"""replace: another release behind the launcher of an executable, where that launcher accepts it."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import stat
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Union

import signedvfs
from signedvfs import (
    IntegrityCheckError,
    IntegrityCheckFailed,
    IntegrityCheckMissing,
    Limits,
    SignedVfs,
    TrustPolicy,
    _tools,
)
from signedvfs.building.errors import BuildError
from signedvfs.building.executable import (
    Executable,
    bytes_in_front,
    launcher_of,
    open_executable,
    padded,
)
from signedvfs.building.layout import LAUNCH
from signedvfs.packaging.hashing import sha256_of
from signedvfs.packaging.telling import told_again
from signedvfs.single_files import refusal

AnyPath = Union[str, "os.PathLike[str]"]

_MANIFEST = "signedimp-manifest.txt"
_EXPIRES = b"@expires "


@dataclass(frozen=True)
class ReplaceReport:
    """ReplaceReport says what an executable was replaced by."""

    executable: str
    size: int  # of the file, in bytes
    sha256: str  # of the file
    members: int
    name: str | None
    serial: int | None
    former_serial: int | None  # of what stood there before
    expires: int | None  # seconds since 1970
    signers: list[str]  # fingerprints


def replace(new: AnyPath, executable: AnyPath, *, limits: Limits | None = None) -> ReplaceReport:
    """replace puts the archive of `new` behind the launcher of `executable`.

    `new` is another executable that `build` has made with the same launcher, keys and options, or
    what stands behind the launcher in one. The launcher of `executable` decides: the signature has
    to satisfy its rules, the lowest serial included, and to cover that launcher. It has to be the
    same product as what stands there now, and no older release of it. All of what stands there, and
    all of what is to stand there, is verified; only that what stands there has expired is no
    obstacle.

    The file is replaced in one step, also while it runs, with its mode and owner; if anything
    fails, nothing has changed. Where `executable` is a link, what it leads to is replaced. Two at
    once do not wait for each other: the second one is refused.

    Raises IntegrityCheckError where something is refused, BuildError where one of both is no such
    executable or somebody else is replacing it, OSError where the system fails.
    """
    source = Path(new)
    target = Path(os.path.realpath(executable))
    with _locked(target) as descriptor:
        standing = _standing(target, limits)
        front = bytes_in_front(source)
        if front and front != padded(standing.launcher):
            raise BuildError(
                f"the launcher of {source} is not that of {executable}: it is another version, or "
                "goes by other keys or options, and the signature covers that",
                "Build it with the same signedvfs and the same keys and options; or put the whole "
                "file in place yourself.",
            )
        with tempfile.TemporaryDirectory(prefix=".signedvfs-", dir=target.parent) as unfinished:
            candidate = Path(unfinished, "executable")
            with _told_of(source, candidate):
                _write(candidate, padded(standing.launcher), source, len(front), descriptor)
                archive = _accepted(candidate, standing, limits)
            report = _report(os.fspath(executable), candidate, archive, standing)
            _require_same(target, descriptor)
            candidate.replace(target)
        _settle(target.parent)
    return report


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[int]:
    # Without a lock the older one of two releases could come last. The lock is the file's own; the
    # file that takes its place has none, so whoever waited would hold the wrong one.
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise BuildError(f"{path} is no file", "Name an executable.")
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BuildError(
                f"somebody else is replacing {path}, or holds a lock on it",
                "Wait until that is done, and try again.",
            ) from None
        _require_same(path, descriptor)
        yield descriptor
    finally:
        os.close(descriptor)


def _require_same(path: Path, descriptor: int) -> None:
    if not os.path.samestat(path.stat(), os.fstat(descriptor)):
        raise BuildError(f"somebody else has replaced {path} meanwhile", "Try again.")


def _standing(path: Path, limits: Limits | None) -> Executable:
    # What has expired is what needs to be replaced most; everything else about it has to hold.
    try:
        return open_executable(path, None, limits)
    except IntegrityCheckError as error:
        expires = _expiry_claimed_by(path) if error.code == "Expired" else None
        if expires is None:
            raise
        rules, *_ = _tools._launcher_rules(launcher_of(path))
        return open_executable(path, _rules_at(rules, expires - 1), limits)


def _expiry_claimed_by(path: Path) -> int | None:
    # Whether it was signed is found when the file is opened as of that moment.
    with zipfile.ZipFile(path) as container:
        lines = container.read(_MANIFEST).split(b"\n\n", 1)[-1].split(b"\n")
    claimed = [line[len(_EXPIRES) :] for line in lines if line.startswith(_EXPIRES)]
    try:
        text = claimed[0].decode("ascii")
        moment = datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=timezone.utc)
    except (IndexError, ValueError):
        return None
    return int(moment.timestamp())


def _rules_at(rules: TrustPolicy, moment: int) -> TrustPolicy:
    return TrustPolicy(
        keys=rules.keys,
        threshold=rules.threshold,
        names=rules.names,
        min_serial=rules.min_serial,
        revoked=rules.revoked,
        now=moment,
    )


@contextlib.contextmanager
def _told_of(source: Path, candidate: Path) -> Iterator[None]:
    # The candidate is gone when a person reads of it.
    def told(text: str) -> str:
        return text.replace(str(candidate), str(source))

    try:
        yield
    except IntegrityCheckError as error:
        raise told_again(error, told) from None


def _write(candidate: Path, front: bytes, source: Path, begin: int, standing: int) -> None:
    state = os.fstat(standing)
    with source.open("rb") as rest, candidate.open("xb") as file:
        file.write(front)
        rest.seek(begin)
        shutil.copyfileobj(rest, file, 1 << 20)
        file.flush()
        _give(file.fileno(), state)
        os.fchmod(file.fileno(), stat.S_IMODE(state.st_mode))  # after fchown, which takes bits away
        os.fsync(file.fileno())


def _give(descriptor: int, state: os.stat_result) -> None:
    mine = os.fstat(descriptor)
    if (mine.st_uid, mine.st_gid) == (state.st_uid, state.st_gid):
        return
    try:
        os.fchown(descriptor, state.st_uid, state.st_gid)
    except PermissionError:
        raise BuildError(
            f"what is to be replaced belongs to user {state.st_uid} and group {state.st_gid}, and "
            "you may not give them a file",
            "Replace it as its owner, or as root.",
        ) from None


def _accepted(candidate: Path, standing: Executable, limits: Limits | None) -> SignedVfs:
    # As the launcher will, and then what it cannot know: what stood there before.
    archive = signedvfs.open(candidate, standing.rules, limits)
    archive.verify_all()
    former = standing.archive
    if archive.name != former.name:
        raise refusal(
            IntegrityCheckFailed,
            "WrongName",
            f"{candidate} is {_product(archive)}, and {standing.path} is {_product(former)}",
            "Replace it by a release of the same product.",
            str(candidate),
        )
    if (archive.serial or 0) < (former.serial or 0):
        raise refusal(
            IntegrityCheckFailed,
            "Rollback",
            f"{candidate} has {_release(archive)}, and {standing.path} has serial {former.serial}: "
            "it is older",
            "Get the current release.",
            str(candidate),
        )
    if not archive.is_file(LAUNCH):
        raise refusal(
            IntegrityCheckMissing,
            "NotFound",
            f"{candidate} has no {LAUNCH}, so no launcher can start it",
            "Take what `signedvfs build` has made.",
            str(candidate),
            LAUNCH,
        )
    return archive


def _product(archive: SignedVfs) -> str:
    return "of no name" if archive.name is None else f"the product {archive.name!r}"


def _release(archive: SignedVfs) -> str:
    return "no serial" if archive.serial is None else f"serial {archive.serial}"


def _report(
    executable: str, candidate: Path, archive: SignedVfs, standing: Executable
) -> ReplaceReport:
    return ReplaceReport(
        executable=executable,
        size=candidate.stat().st_size,
        sha256=sha256_of(candidate),
        members=len(archive.list()),
        name=archive.name,
        serial=archive.serial,
        former_serial=standing.archive.serial,
        expires=archive.expires,
        signers=list(archive.signers),
    )


def _settle(directory: Path) -> None:
    # A rename outlasts a failure of power once its directory is written.
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
