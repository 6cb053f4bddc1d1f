"""Arguments that several commands share: keys, passwords, trust, times, limits."""

from __future__ import annotations

import argparse
import re
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path

import signedvfs
from signedvfs.cli import files
from signedvfs.cli.failures import CliError
from signedvfs.cli.output import printable

_UNITS = {"h": "hours", "d": "days", "w": "weeks"}


def add_reporting(parser: argparse.ArgumentParser, *, quiet: bool = False) -> None:
    """add_reporting adds --json, and --quiet to commands that show progress."""
    parser.add_argument("--json", action="store_true", help="write one JSON object")
    if quiet:
        parser.add_argument(
            "--quiet", action="store_true", help="say nothing but warnings and errors"
        )


def add_signing_keys(parser: argparse.ArgumentParser, *, required: bool = True) -> None:
    """add_signing_keys adds --key and --password-file."""
    parser.add_argument(
        "--key",
        action="append",
        default=[],
        required=required,
        metavar="FILE",
        help="private key to sign with; may be repeated",
    )
    add_password_file(parser)


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
        type=_count,
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


def add_trust(parser: argparse.ArgumentParser) -> None:
    """add_trust adds the options that make a TrustPolicy, and the limits."""
    group = parser.add_argument_group("trust")
    group.add_argument(
        "--trust",
        action="append",
        default=[],
        metavar="FILE",
        help="public key to trust; may be repeated",
    )
    group.add_argument(
        "--threshold", type=_count, default=1, metavar="N", help="how many of them must have signed"
    )
    group.add_argument(
        "--name", action="append", help="product name to accept; may be repeated (default: any)"
    )
    group.add_argument(
        "--min-serial", type=_count, metavar="N", help="lowest release number to accept"
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


def add_limits(parser: argparse.ArgumentParser) -> None:
    """add_limits adds --limit."""
    parser.add_argument(
        "--limit",
        action="append",
        default=[],
        type=_limit,
        metavar="NAME=NUMBER",
        help="raise or lower a field of signedvfs.Limits, such as member_bytes=2000000000; "
        "may be repeated",
    )


def limits_of(arguments: argparse.Namespace) -> signedvfs.Limits | None:
    """limits_of returns what --limit asks for."""
    given: dict[str, int] = dict(arguments.limit)
    if not given:
        return None
    try:
        return signedvfs.Limits(**given)
    except (TypeError, OverflowError, ValueError) as error:
        raise CliError(f"--limit: {error}", f"The limits are: {signedvfs.Limits()!r}") from None


def policy_of(arguments: argparse.Namespace) -> signedvfs.TrustPolicy:
    """policy_of returns the policy that the options describe; no key makes it a CliError."""
    if not arguments.trust:
        raise CliError(
            "no key is trusted, so every archive would be refused",
            "Name the signer's public key: --trust app.pub",
        )
    keys = [load_public_key(path) for path in arguments.trust]
    revoked = [_fingerprint(text) for text in arguments.revoked]
    serial = arguments.min_serial
    try:
        return signedvfs.TrustPolicy(
            keys=keys,
            threshold=arguments.threshold,
            names=arguments.name,
            min_serial=None if serial is None else {"": serial},
            revoked=revoked,
            now=arguments.at,
            legacy=arguments.legacy,
        )
    except ValueError as error:
        raise CliError(f"these trust options do not fit together: {error}") from None


def load_public_key(path: str) -> signedvfs.PublicKey:
    """load_public_key reads a public key file, and says so where it is a private one."""
    if is_private(path):
        raise CliError(
            f"{path} is a private key; trust is for public keys",
            f"Give its public half: {public_path(path)}",
            "BadKey",
        )
    return signedvfs.PublicKey.load(path)


def load_private_keys(arguments: argparse.Namespace) -> list[signedvfs.PrivateKey]:
    """load_private_keys reads the keys of --key, asking for passwords where they need one."""
    passwords = [read_password(path) for path in arguments.password_file]
    return [load_private_key(path, passwords) for path in arguments.key]


def load_private_key(path: str, passwords: list[str]) -> signedvfs.PrivateKey:
    """load_private_key reads a key, trying `passwords`, or the one that a person types."""
    if b"BEGIN ENCRYPTED PRIVATE KEY" not in _beginning(path):
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


def is_private(path: str) -> bool:
    """is_private tells whether a key file holds a private key."""
    return b"PRIVATE KEY-----" in _beginning(path)


def public_path(path: str) -> str:
    """public_path returns where the public half of the key file `path` is kept."""
    return (path[: -len(".key")] if path.endswith(".key") else path) + ".pub"


def existing(path: str) -> str:
    """existing returns `path`, or raises FileNotFoundError: a wrong path is no refusal."""
    Path(path).stat()
    return path


def time_of(text: str) -> datetime:
    """time_of reads a point in time; UTC where no offset is given."""
    relative = re.fullmatch(r"([+-])(\d{1,6})([hdw])", text)
    if relative:
        sign, number, unit = relative.groups()
        step = timedelta(**{_UNITS[unit]: int(number)})
        now = datetime.now(timezone.utc).replace(microsecond=0)
        return now + step if sign == "+" else now - step
    try:
        time = datetime.fromisoformat(re.sub("[zZ]$", "+00:00", text))
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a time: write 2027-06-30, 2027-06-30T12:00:00Z, or +90d"
        ) from None
    return time if time.tzinfo else time.replace(tzinfo=timezone.utc)


def time_text(seconds: int | None) -> str | None:
    """time_text writes seconds since 1970 as the manifest does."""
    if seconds is None:
        return None
    return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def _fingerprint(text: str) -> str:
    if re.fullmatch("[0-9a-f]{64}", text):
        return text
    if Path(text).exists():
        return load_public_key(text).fingerprint
    raise CliError(
        f"--revoked {text}: neither a fingerprint nor a file",
        "A fingerprint is 64 hexadecimal digits; see: signedvfs key FILE.pub",
    )


def _beginning(path: str) -> bytes:
    return files.beginning(path, 1 << 16)


def _ask(prompt: str) -> str:
    import getpass

    return getpass.getpass(printable(prompt))


def _count(text: str) -> int:
    if not re.fullmatch(r"\d{1,19}", text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number")
    return int(text)


def _limit(text: str) -> tuple[str, int]:
    name, _, number = text.partition("=")
    if not re.fullmatch("[a-z_]+", name):
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=NUMBER")
    return name, _count(number)
