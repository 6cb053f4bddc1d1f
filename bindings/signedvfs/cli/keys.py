"""keygen and key: making keys and looking at them."""

from __future__ import annotations

import argparse
from pathlib import Path

import signedvfs
from signedvfs.cli import arguments as shared
from signedvfs.cli import key_ring
from signedvfs.cli.commands import Commands
from signedvfs.cli.failures import CliError
from signedvfs.cli.output import Output

_KEYGEN = """\
Writes the private key to FILE, which only its owner can read, and the public
key beside it, as FILE.pub (app.pub for app.key). Neither is ever overwritten.
Keep the private key where releases are made, and the password out of scripts;
publish the public key.

--from-signedimp converts a key file that signedimp saved, after its password
has fitted; what is in it is read as text, and never unpickled.

examples:
  signedvfs keygen app.key
  signedvfs keygen app.key --alg ecdsa-p256 --password-file app.password
  signedvfs keygen test.key --no-password
  signedvfs keygen app.key --from-signedimp old-key-file
"""

_KEY = """\
Shows a key's fingerprint, to compare it with what its owner says it is, and
the line of Python that trusts it; of an RSA key also the name that signedimp
gave to it. FILE may be a public key of OpenSSH (Ed25519, ECDSA), signify or
minisign; -o writes it as --trust takes it. --ring shows the keys that are
trusted where none is named: the files NAME.pub in /etc/signedvfs/keys.d and in
~/.config/signedvfs/keys.d ($XDG_CONFIG_HOME), or in the directories of
--trust-dir.

examples:
  signedvfs key app.pub
  signedvfs key app.key --json
  signedvfs key ~/.ssh/id_ed25519.pub -o app.pub
  signedvfs key --ring
"""


def add_to(commands: Commands) -> None:
    """add_to adds the commands of this module."""
    parser = commands.add("keygen", keygen, "make a key pair", _KEYGEN)
    parser.add_argument("file", metavar="FILE", help="where the private key goes, such as app.key")
    parser.add_argument(
        "--alg",
        choices=("ed25519", "ecdsa-p256", "ecdsa-p384", "rsa-pss"),
        help="kind of key (default: ed25519)",
    )
    parser.add_argument(
        "--bits", type=int, metavar="N", help="size of an rsa-pss key (default: 3072)"
    )
    parser.add_argument(
        "--no-password", action="store_true", help="save the private key unencrypted"
    )
    shared.add_password_file(parser)
    parser.add_argument(
        "--from-signedimp",
        metavar="OLD",
        help="convert this key file of signedimp instead of making a key",
    )
    parser.add_argument(
        "--old-password-file",
        metavar="FILE",
        help="file or pipe whose first line is the password of OLD; asked for on the terminal "
        "otherwise",
    )
    shared.add_reporting(parser)

    parser = commands.add("key", key, "show a key", _KEY)
    parser.add_argument("file", metavar="FILE", nargs="?", help="public or private key")
    shared.add_output(parser, "write the public key here, in PEM; never over another file")
    parser.add_argument("--ring", action="store_true", help="show the keys of the key ring instead")
    shared.add_trust_directories(parser)
    shared.add_password_file(parser)
    shared.add_reporting(parser)


def keygen(arguments: argparse.Namespace, output: Output) -> int:
    """keygen makes a key pair, or converts one."""
    path = arguments.file
    public_path = shared.public_path(path)
    _check_keygen(arguments)
    for taken in (path, public_path):
        if Path(taken).exists() or Path(taken).is_symlink():
            raise CliError(
                f"{taken} exists, and keys are never overwritten", "Choose another name."
            )
    if arguments.from_signedimp is None:
        password = shared.new_password(arguments, path)
        made = signedvfs.PrivateKey.generate(arguments.alg or "ed25519", arguments.bits or 3072)
    else:
        made = _converted(arguments)
        password = shared.new_password(arguments, path)
    _write_new(public_path, made.public_key.pem)
    try:
        made.save(path, password)
    except BaseException:
        Path(public_path).unlink()
        raise
    facts = {"private_key": path, "public_key": public_path, **_facts(made.public_key)}
    output.report(
        facts,
        [
            f"{output.paint('made', 'green')} {path} (private) and {public_path} (public)",
            *output.fields(_rows(made.public_key)),
        ],
    )
    return 0


def _check_keygen(arguments: argparse.Namespace) -> None:
    if arguments.from_signedimp is not None:
        if arguments.alg is not None or arguments.bits is not None:
            raise CliError("--from-signedimp converts a key: its kind and size are what they are")
        shared.existing(arguments.from_signedimp)
    elif arguments.old_password_file is not None:
        raise CliError("--old-password-file is for --from-signedimp")
    elif arguments.bits is not None and arguments.alg != "rsa-pss":
        alg = arguments.alg or "ed25519"
        raise CliError(f"--bits is for --alg rsa-pss; the size of {alg} is fixed")


def _converted(arguments: argparse.Namespace) -> signedvfs.PrivateKey:
    from signedvfs import _tools

    old, file = arguments.from_signedimp, arguments.old_password_file
    password = shared.old_password(old) if file is None else shared.read_password(file)
    try:
        return _tools._load_legacy_key(old, password)
    except signedvfs.KeyFileError as error:
        if error.code != "WrongPassword":
            raise
        advice = "Try again, or give the right file with --old-password-file."
        raise CliError(error.reason, advice, error.code) from None


def key(arguments: argparse.Namespace, output: Output) -> int:
    """key shows a key, or all of the ring."""
    if arguments.ring != (arguments.file is None) or (arguments.trust_dir and not arguments.ring):
        raise CliError("give either FILE, or --ring, which --trust-dir is for")
    if arguments.ring and arguments.output is not None:
        raise CliError("-o is for FILE, and not for --ring")
    if arguments.ring:
        return _show_ring(arguments, output)
    private = shared.is_private(arguments.file)
    if private:
        passwords = [shared.read_password(path) for path in arguments.password_file]
        shown = shared.load_private_key(arguments.file, passwords).public_key
    else:
        shown = shared.load_public_key(arguments.file)
    if arguments.output is not None:
        _write_new(arguments.output, shown.pem)
    facts = {
        "path": arguments.file,
        "private": private,
        **_facts(shown),
        "output": arguments.output,
    }
    kind = "private key" if private else "public key"
    lines = [f"{arguments.file}: {kind}", *output.fields(_rows(shown))]
    if arguments.output is not None:
        lines += output.fields([("written to", arguments.output)])
    output.report(facts, [*lines, f"  signedvfs.trust({shown!r})"])
    return 0


def _show_ring(arguments: argparse.Namespace, output: Output) -> int:
    places = key_ring.directories([], arguments.trust_dir)
    found = key_ring.keys_of_ring(arguments.trust_dir)
    facts = {
        "directories": places,
        "keys": [{"path": path, **_facts(shown)} for path, shown in found],
    }
    lines = [f"key ring: {', '.join(places)}"]
    for path, shown in found:
        lines += [path, *output.fields(_rows(shown))]
    output.report(facts, lines if found else [*lines, "no key is trusted by default"])
    return 0


def _signedimp_name(shown: signedvfs.PublicKey) -> str | None:
    if shown.algorithm != "rsa-pss":
        return None
    from signedvfs import _tools

    return _tools._legacy_fingerprint(shown)


def _facts(shown: signedvfs.PublicKey) -> dict[str, object]:
    return {
        "algorithm": shown.algorithm,
        "bits": shown.bits,
        "fingerprint": shown.fingerprint,
        "signedimp_fingerprint": _signedimp_name(shown),
        "python": f"signedvfs.trust({shown!r})",
    }


def _rows(shown: signedvfs.PublicKey) -> list[tuple[str, object]]:
    rows: list[tuple[str, object]] = [
        ("algorithm", f"{shown.algorithm}, {shown.bits} bits"),
        ("fingerprint", shown.fingerprint),
    ]
    name = _signedimp_name(shown)
    return rows if name is None else [*rows, ("signedimp's name", name)]


def _write_new(path: str, text: str) -> None:
    try:
        with Path(path).open("x", encoding="ascii") as file:
            file.write(text)
    except FileExistsError:
        raise CliError(f"{path} exists, and keys are never overwritten") from None
