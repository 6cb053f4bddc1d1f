"""The keys that a machine, or one user of it, trusts: directories of public key files.

Whoever can write there decides what runs. So a directory, each one above it, and each key file have
to belong to root or to the user, and nobody else may be able to write to them; anything else is an
error, never passed over. What was looked at is what is read: by descriptors (open(2), fstat(2)).
"""

from __future__ import annotations

import os
import stat

import signedvfs
from signedvfs.cli.failures import CliError
from signedvfs.cli.key_files import holds_private, load_public_key, private_key_error

TYPE_CHECKING = False  # see signedvfs/__init__.py
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    Trusted = list[tuple[str, signedvfs.PublicKey]]

MACHINE = "/etc/signedvfs/keys.d"
_SUFFIX = ".pub"
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_MOST_BYTES = 1 << 16
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


def user_directory() -> str:
    """user_directory returns where a user's keys are (XDG Base Directory Specification)."""
    config = os.environ.get("XDG_CONFIG_HOME", "")
    if not config.startswith("/"):  # a relative one is to be ignored, says the specification
        config = os.path.expanduser("~/.config")
    return f"{config}/signedvfs/keys.d"


def directories(named_keys: Sequence[str], named: Sequence[str]) -> list[str]:
    """directories returns those to look in: by default, the machine's and the user's.

    Keys (--trust) and directories (--trust-dir) that are named stand in the place of these.
    """
    return list(named) if named or named_keys else [MACHINE, user_directory()]


def trusted(arguments: Any) -> Trusted:
    """trusted returns the keys that the options ask for, each with its file.

    Raises CliError where there is none, and where one could be somebody else's; KeyFileError;
    OSError.
    """
    named = [(path, load_public_key(path)) for path in arguments.trust]
    known = {key.fingerprint for _, key in named}
    if arguments.trust_dir or not named:
        named += [
            one for one in keys_of_ring(arguments.trust_dir) if one[1].fingerprint not in known
        ]
    if named:
        return named
    raise CliError(
        "no key is trusted, so every archive would be refused",
        "Name the signer's public key, --trust app.pub, or put it into "
        + " or ".join(directories(arguments.trust, arguments.trust_dir)),
    )


def keys_of_ring(named: Sequence[str]) -> Trusted:
    """keys_of_ring returns the keys of these directories, or by default of the key ring.

    A key that several of them have, as a machine and its user may, is there once.
    """
    found: dict[str, tuple[str, signedvfs.PublicKey]] = {}
    for directory in directories([], named):
        for path, key in keys_in(directory, must_exist=bool(named)):
            found.setdefault(key.fingerprint, (path, key))
    return list(found.values())


def keys_in(directory: str, *, must_exist: bool) -> Trusted:
    """keys_in returns the keys of a directory, in the order of their names: its files NAME.pub."""
    try:
        real = os.path.realpath(directory)
        descriptor = os.open(real, _DIRECTORY)
    except FileNotFoundError:
        if must_exist:
            raise
        return []
    try:
        _require_safe(os.fstat(descriptor), directory)
        _require_safe_above(real)
        names = sorted(name for name in os.listdir(descriptor) if name.endswith(_SUFFIX))
        return [(f"{directory}/{name}", _key(descriptor, directory, name)) for name in names]
    finally:
        os.close(descriptor)


def _key(directory: int, where: str, name: str) -> signedvfs.PublicKey:
    path = f"{where}/{name}"
    content = _content(directory, path, name)
    if holds_private(content):
        raise private_key_error(path)
    try:
        return signedvfs.PublicKey.from_pem(content.decode("ascii"))
    except UnicodeDecodeError:
        reason, advice, code = "it is no text in PEM", "", "BadKey"
    except signedvfs.KeyFileError as error:
        reason, advice, code = error.reason, error.advice, error.code
    raise CliError(f"{path}: {reason}", advice or "Put a public key there, or nothing.", code)


def _content(directory: int, path: str, name: str) -> bytes:
    try:
        descriptor = os.open(name, _FILE, dir_fd=directory)
    except OSError as error:
        import errno

        if error.errno not in (errno.ELOOP, errno.ENXIO):
            raise OSError(error.errno, error.strerror, path) from None
        raise _no_file(path) from None
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise _no_file(path)
        _require_safe(found, path)
        return os.read(descriptor, _MOST_BYTES)
    finally:
        os.close(descriptor)


def _no_file(path: str) -> CliError:
    return CliError(
        f"{path} is no regular file, and keys are read from nothing else",
        "Copy the key there; a link could lead to what others can write.",
        "NotRegular",
    )


def _require_safe(found: os.stat_result, path: str) -> None:
    if found.st_uid not in (0, os.geteuid()):
        raise _unsafe(
            f"{path} belongs to user {found.st_uid}, who is neither root nor you",
            f"Take it over, chown root {path}, or name your keys by --trust.",
        )
    if found.st_mode & _OTHERS_WRITE:
        raise _unsafe(
            f"{path} can be written by others, who could put their keys there",
            f"Keep them out: chmod go-w {path}",
        )


def _require_safe_above(directory: str) -> None:
    # Whoever can write to a directory can put another one in the place of what is in it; not so
    # where it is sticky, as /tmp is.
    above = os.path.dirname(directory)
    while True:
        found = os.stat(above)
        if not (found.st_mode & stat.S_ISVTX and found.st_uid in (0, os.geteuid())):
            _require_safe(found, above)
        if above == "/":
            return
        above = os.path.dirname(above)


def _unsafe(reason: str, advice: str) -> CliError:
    return CliError(reason, advice, "UnsafeKeys")
