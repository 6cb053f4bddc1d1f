"""Arguments that several commands share: keys, passwords, trust, times, limits."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Any

import signedvfs
from signedvfs.cli import files, signers
from signedvfs.cli.failures import CliError
from signedvfs.cli.key_files import beginning, is_private, load_public_key, public_path
from signedvfs.cli.output import printable
from signedvfs.cli.policies import existing, limits_of, policy_of
from signedvfs.cli.values import count_of, limit_of, time_of, time_text

if TYPE_CHECKING:
    from signedvfs.custody.signer import Signer

# Commands find here what several of them need.
__all__ = [
    "add_attributes",
    "add_hash",
    "add_index",
    "add_library",
    "add_limits",
    "add_manifest",
    "add_moment",
    "add_output",
    "add_password_file",
    "add_reporting",
    "add_root",
    "add_signing_keys",
    "add_trust",
    "add_trust_directories",
    "existing",
    "is_library",
    "is_private",
    "limits_of",
    "load_private_key",
    "load_public_key",
    "load_signers",
    "new_password",
    "old_password",
    "policy_of",
    "public_path",
    "read_password",
    "time_text",
]


def add_reporting(parser: argparse.ArgumentParser, *, quiet: bool = False) -> None:
    """add_reporting adds --json, and --quiet to commands that show progress."""
    parser.add_argument("--json", action="store_true", help="write one JSON object")
    if quiet:
        parser.add_argument(
            "--quiet", action="store_true", help="say nothing but warnings and errors"
        )


def add_signing_keys(parser: argparse.ArgumentParser) -> None:
    """add_signing_keys adds --key, --password-file, and the signers that are elsewhere."""
    parser.add_argument(
        "--key",
        action="append",
        default=[],
        metavar="FILE",
        help="private key to sign with; may be repeated",
    )
    add_password_file(parser)
    signers.add_to(parser)


def add_password_file(parser: argparse.ArgumentParser) -> None:
    """add_password_file adds --password-file."""
    parser.add_argument(
        "--password-file",
        action="append",
        default=[],
        metavar="FILE",
        help="file or pipe whose first line is the password; asked for on the terminal otherwise",
    )


def add_output(parser: argparse.ArgumentParser, purpose: str, *, required: bool = False) -> None:
    """add_output adds -o."""
    parser.add_argument("-o", "--output", metavar="OUT", required=required, help=purpose)


def add_attributes(parser: argparse.ArgumentParser) -> None:
    """add_attributes adds the attributes that a signature covers."""
    group = parser.add_argument_group("signed attributes")
    group.add_argument("--name", help="name of the product: verifiers can insist on it")
    group.add_argument(
        "--serial",
        type=count_of,
        metavar="N",
        help="release number: verifiers can refuse lower ones, of this --name; without a name only "
        "at the archive's own path",
    )
    group.add_argument(
        "--expires",
        type=time_of,
        metavar="TIME",
        help="end of validity: 2027-06-30, 2027-06-30T12:00:00Z, or from now on +90d, +12h, +8w",
    )
    group.add_argument("--not-before", type=time_of, metavar="TIME", help="beginning of validity")
    add_moment(group)


def attributes_of(arguments: argparse.Namespace) -> dict[str, Any]:
    """attributes_of returns what they say, as `sign`, `statement` and `pack` take it."""
    return {
        name: getattr(arguments, name) for name in ("name", "serial", "expires", "not_before", "at")
    }


def add_hash(parser: argparse.ArgumentParser) -> None:
    """add_hash adds --hash."""
    parser.add_argument(
        "--hash",
        choices=("sha256", "sha384", "sha512"),
        help="hash for the members (default: sha256)",
    )


def add_moment(parser: argparse._ActionsContainer) -> None:
    """add_moment adds --at, for signing."""
    parser.add_argument(
        "--at",
        type=time_of,
        metavar="TIME",
        help="when the result is to be valid (default: now): what is not is not signed",
    )


def add_index(parser: argparse.ArgumentParser) -> None:
    """add_index adds the choice whether there is a signed index."""
    parser.add_argument(
        "--index",
        action=argparse.BooleanOptionalAction,
        help="with a signed index, or without one: opening then costs the same for any number of "
        "members (default: where there are enough of them)",
    )


def add_root(parser: argparse._ActionsContainer) -> None:
    """add_root adds the role of a directory in a detached manifest."""
    parser.add_argument(
        "--root",
        metavar="ROLE",
        help="role of the directory in the detached manifest (default: tree)",
    )


def add_library(parser: argparse._ActionsContainer) -> None:
    """add_library adds the options that stand for the running interpreter's directories."""
    parser.add_argument(
        "--stdlib",
        action="store_true",
        help="in place of PATH: this interpreter's standard library, extension modules included",
    )
    parser.add_argument(
        "--site",
        action="store_true",
        help="in place of PATH: the directories of packages installed for this interpreter",
    )


def is_library(arguments: argparse.Namespace, manifest: str | None, option: str) -> bool:
    """is_library tells whether --stdlib or --site stand in place of PATH; both are a CliError."""
    asked = bool(arguments.stdlib or arguments.site)
    if asked and (arguments.path is not None or arguments.root is not None):
        raise CliError(
            "--stdlib and --site take no PATH and no --root", "The interpreter knows its own."
        )
    if asked and manifest is None:
        raise CliError(f"--stdlib and --site need a detached manifest: {option}")
    if not asked and arguments.path is None:
        raise CliError("nothing to work on: name PATH, or give --stdlib or --site")
    return asked


def add_manifest(parser: argparse.ArgumentParser) -> None:
    """add_manifest adds the options that name a detached manifest."""
    parser.add_argument(
        "--manifest", metavar="FILE", help="detached manifest of the directory PATH"
    )
    add_root(parser)


# KEY_RING is whom a command trusts that is told of nobody (key_ring.py).
KEY_RING = "/etc/signedvfs/keys.d and ~/.config/signedvfs/keys.d"


def add_trust(parser: argparse.ArgumentParser, *, otherwise: str = KEY_RING) -> None:
    """add_trust adds the options that make a TrustPolicy, and the limits; `otherwise` says which
    keys count without them."""
    group = parser.add_argument_group("trust")
    group.add_argument(
        "--trust",
        action="append",
        default=[],
        metavar="FILE",
        help="public key to trust; may be repeated",
    )
    add_trust_directories(group, otherwise=otherwise)
    group.add_argument(
        "--scope",
        action="append",
        default=[],
        metavar="'KEY BOUND ...'",
        help="what one of these keys is trusted for: a fingerprint or public key file, and of "
        "name=NAME (may be repeated), min-serial=N, max-serial=N, not-after=TIME those that bound "
        "it; may be repeated",
    )
    group.add_argument(
        "--threshold",
        type=count_of,
        default=1,
        metavar="N",
        help="how many of them must have signed",
    )
    group.add_argument(
        "--name", action="append", help="product name to accept; may be repeated (default: any)"
    )
    group.add_argument(
        "--min-serial", type=count_of, metavar="N", help="lowest release number to accept"
    )
    group.add_argument(
        "--revoked",
        action="append",
        default=[],
        metavar="KEY",
        help="fingerprint or public key file: what that key has signed is refused, whether or not "
        "it is trusted",
    )
    group.add_argument(
        "--at", type=time_of, metavar="TIME", help="check validity at this time instead of now"
    )
    group.add_argument(
        "--legacy",
        action="store_true",
        help="also accept manifests that signedimp itself made, with MD5 or SHA-1",
    )
    add_limits(parser)


def add_trust_directories(parser: argparse._ActionsContainer, *, otherwise: str = KEY_RING) -> None:
    """add_trust_directories adds --trust-dir."""
    parser.add_argument(
        "--trust-dir",
        action="append",
        default=[],
        metavar="DIR",
        help="directory of public keys to trust, its files NAME.pub; may be repeated (without it "
        f"and --trust: {otherwise})",
    )


def add_limits(parser: argparse.ArgumentParser) -> None:
    """add_limits adds --limit."""
    parser.add_argument(
        "--limit",
        action="append",
        default=[],
        type=limit_of,
        metavar="NAME=NUMBER",
        help="raise or lower a field of signedvfs.Limits, such as member_bytes=2000000000; "
        "may be repeated",
    )


def load_signers(arguments: argparse.Namespace) -> list[Signer]:
    """load_signers returns all who are to sign: the keys of --key, asking for passwords where they
    need one, and those who keep a key elsewhere. None at all is a CliError.
    """
    if not signers.any_of(arguments):
        raise CliError(
            "nobody is named who signs",
            "Give --key FILE, --signer-command CMD with --signer-key FILE, or --signer-ssh FILE.",
        )
    passwords = [read_password(path) for path in arguments.password_file]
    keys = [load_private_key(path, passwords) for path in arguments.key]
    return [*keys, *signers.elsewhere(arguments)]


def load_private_key(path: str, passwords: list[str]) -> signedvfs.PrivateKey:
    """load_private_key reads a key, trying `passwords`, or the one that a person types."""
    if b"BEGIN ENCRYPTED PRIVATE KEY" not in beginning(path):
        return signedvfs.PrivateKey.load(path)
    if not passwords:
        if not sys.stdin.isatty():
            raise CliError(
                f"{path} is encrypted, and there is no terminal to ask for its password",
                "Give it in a file: --password-file FILE",
                "WrongPassword",
            )
        passwords = [_ask(f"Password of {path}: ")]
    for password in passwords[:-1]:
        try:
            return signedvfs.PrivateKey.load(path, password)
        except signedvfs.KeyFileError as error:
            if error.code != "WrongPassword":
                raise
    return signedvfs.PrivateKey.load(path, passwords[-1])


def old_password(path: str) -> str:
    """old_password asks for the password of a key file that signedimp saved."""
    if not sys.stdin.isatty():
        raise CliError(
            f"{path} is encrypted, and there is no terminal to ask for its password",
            "Give it in a file: --old-password-file FILE",
            "WrongPassword",
        )
    return _ask(f"Password of {path}: ")


def new_password(arguments: argparse.Namespace, path: str) -> str | None:
    """new_password returns the password for a key that is being made; None: it gets none."""
    if arguments.no_password:
        if arguments.password_file:
            raise CliError("--no-password and --password-file contradict each other")
        return None
    if arguments.password_file:
        return read_password(arguments.password_file[-1])
    if not sys.stdin.isatty():
        raise CliError(
            "there is no terminal to ask for the new key's password",
            "Give it in a file, --password-file FILE, or decide against one: --no-password",
        )
    password = _ask(f"New password for {path}: ")
    if not password:
        raise CliError("the password is empty", "A key without a password: --no-password")
    if _ask("The same again: ") != password:
        raise CliError("the two passwords differ", "Nothing was written; try again.")
    return password


def read_password(path: str) -> str:
    """read_password returns the first line of a file or pipe."""
    try:
        password = files.first_line(path).decode()
    except UnicodeDecodeError:
        raise CliError(f"{path} is not UTF-8 text") from None
    if not password:
        raise CliError(f"{path}: the password, its first line, is empty")
    return password


def _ask(prompt: str) -> str:
    import getpass

    return getpass.getpass(printable(prompt))
