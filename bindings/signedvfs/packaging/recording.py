"""Recording in which order a program reads the members of its archive or signed directory."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Union

import signedvfs
from signedvfs import Limits, PrivateKey, SignedVfs, SignReport, TrustPolicy, sign
from signedvfs.custody.signer import Signer
from signedvfs.packaging.commands import run_quietly
from signedvfs.packaging.errors import PackError

# The member that the order is written to: a path a line.
ORDER = "signedvfs-order.txt"

Command = Union[str, Sequence[str]]

_WORKER = str(Path(__file__).resolve().with_name("record_worker.py"))
_ADVICE = (
    "Give what follows `python` on a command line: '-m myapp --version', '-c \"import myapp\"'."
)


def words_of(command: Command, archive: Path) -> list[str]:
    """words_of cuts `command` into how to run what, and raises PackError where it is none.

    The result begins with "-m", "-c", "script" or "archive"; `archive` is the path that will be the
    archive's own, by which a command can name it.
    """
    try:
        words = shlex.split(command) if isinstance(command, str) else [*command]
    except ValueError as error:
        raise PackError(f"{command!r} is no command: {error}", _ADVICE) from None
    if words and (words[0] == sys.executable or _is_python(Path(words[0]).name)):
        del words[0]
    if not words:
        return ["archive"]
    first = words[0]
    if first in ("-m", "-c"):
        if len(words) == 1:
            raise PackError(f"{first} wants a word behind it", _ADVICE)
        return words
    if first.startswith("-"):
        raise PackError(f"{first} cannot be recorded: -m and -c are the options there are", _ADVICE)
    if Path(first).absolute() == archive.absolute():
        return ["archive", *words[1:]]
    if not Path(first).is_file():
        raise PackError(f"there is no script {first!r} to record", _ADVICE)
    return ["script", *words]


def record(
    archive: Path, words: Sequence[str], limits: Limits | None
) -> tuple[SignedVfs, list[str]]:
    """record runs what `words` say with the unsigned `archive`, which it signs for the purpose.

    Returns the archive, and its members in the order in which they were read first.
    """
    key = PrivateKey.generate()  # nobody else ever trusts it
    sign(archive, key, limits=limits)
    order = _run(archive.absolute(), key.public_key.pem, words, limits or Limits())
    return signedvfs.open(archive, TrustPolicy([key.public_key]), limits), order


def record_directory(
    directory: Path, words: Sequence[str], keys: Sequence[Signer], options: Mapping[str, Any]
) -> SignReport:
    """record_directory signs a directory, in the order in which what `words` say reads its members.

    It is signed twice: what runs is verified as well, and once that has been seen the order is
    written to ORDER, which the second signature covers. A command that fails leaves the directory
    signed, without an order. `options` are those of `sign`.
    """
    (directory / ORDER).unlink(missing_ok=True)
    limits = options.get("limits") or Limits()
    sign(directory, keys, **options)
    order = _run(directory.absolute(), keys[0].public_key.pem, words, limits)
    (directory / ORDER).write_text("".join(f"{name}\n" for name in order), encoding="utf-8")
    return sign(directory, keys, **options)


def in_recorded_order(members: SignedVfs, order: Sequence[str]) -> Iterator[tuple[str, bytes]]:
    """in_recorded_order gives out all `members`, those in `order` first, and the order itself last.

    That is how signing lays them out.
    """
    recorded = set(order)
    for name in [*order, *(name for name in members.list() if name not in recorded)]:
        yield name, members.read(name)
    yield ORDER, "".join(f"{name}\n" for name in order).encode()


def _text_of(limits: Limits) -> str:
    # NAME=NUMBER, as --limit takes them, one behind the other.
    return repr(limits).partition("(")[2].rstrip(")").replace(" ", "")


def _is_python(name: str) -> bool:
    return name.rstrip("0123456789.") == "python"


def _run(archive: Path, key: str, words: Sequence[str], limits: Limits) -> list[str]:
    kind = "directory" if archive.is_dir() else "archive"
    with tempfile.TemporaryDirectory(prefix="signedvfs-") as name:
        log, public = Path(name) / "log", Path(name) / "key.pub"
        log.touch()
        public.write_text(key, encoding="ascii")
        packages = str(Path(signedvfs.__file__).parents[1])
        done = run_quietly(
            [
                sys.executable,
                _WORKER,
                *(str(log), str(public), str(archive), packages, _text_of(limits)),
                *words,
            ],
            # Sets of strings would be gone through in another order every time.
            env={"PYTHONHASHSEED": "0", **os.environ},
        )
        return recorded_in(log, done, kind)


def recorded_in(log: Path, done: subprocess.CompletedProcess[str], kind: str) -> list[str]:
    """recorded_in returns the members that are noted in `log`, a line each, once what was run to
    record a `kind` is `done`. Raises PackError where it has failed, or read nothing."""
    if done.returncode != 0:
        raise PackError(
            f"the command to record ended with exit status {done.returncode}",
            "Its own words are above; record one that succeeds, and ends by itself.",
            done.stdout.strip(),
        )
    read = log.read_bytes().decode().split("\n")[:-1] if log.exists() else []
    if not read:
        raise PackError(
            f"the command to record imported nothing from the {kind}",
            "Name a module that is in it, as it is imported: --record '-m myapp --version'.",
            done.stdout.strip(),
        )
    return read
