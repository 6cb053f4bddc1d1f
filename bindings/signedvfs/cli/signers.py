"""Signers that keep the private key elsewhere: a command, or an ssh-agent."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from signedvfs.cli.failures import CliError
from signedvfs.cli.key_files import load_public_key
from signedvfs.cli.values import seconds_of

if TYPE_CHECKING:
    from signedvfs.custody.signer import Signer


def add_to(parser: argparse.ArgumentParser) -> None:
    """add_to adds the options that name them."""
    group = parser.add_argument_group("keys that are elsewhere")
    group.add_argument(
        "--signer-command",
        action="append",
        default=[],
        metavar="CMD",
        help="command that signs: it reads the message and writes the signature; its words are "
        "split as a shell does, and no shell runs them; may be repeated",
    )
    group.add_argument(
        "--signer-key",
        action="append",
        default=[],
        metavar="FILE",
        help="public key of that command: what it writes has to fit; one for each, in their order",
    )
    group.add_argument(
        "--signer-ssh",
        action="append",
        default=[],
        metavar="FILE",
        help="OpenSSH public key, Ed25519 or ECDSA, whose private half an ssh-agent has "
        "(SSH_AUTH_SOCK); may be repeated",
    )
    group.add_argument(
        "--signer-timeout",
        type=seconds_of,
        metavar="SECONDS",
        help="how long each of them may take to answer (default: 300)",
    )


def any_of(arguments: argparse.Namespace) -> bool:
    """any_of tells whether the options name anybody who signs, a key at hand included."""
    named = (arguments.key, arguments.signer_command, arguments.signer_key, arguments.signer_ssh)
    return any(named)


def elsewhere(arguments: argparse.Namespace) -> list[Signer]:
    """elsewhere returns those who keep their key elsewhere.

    Raises CliError, KeyFileError, OSError. Nobody is asked yet.
    """
    commands, keys = arguments.signer_command, arguments.signer_key
    if len(commands) != len(keys):
        raise CliError(
            f"--signer-command is given {len(commands)} times, and --signer-key {len(keys)} times",
            "Give the public key of each command, in their order: --signer-key FILE.pub",
        )
    if arguments.signer_timeout is not None and not (commands or arguments.signer_ssh):
        raise CliError("--signer-timeout is for --signer-command and --signer-ssh")
    if not commands and not arguments.signer_ssh:
        return []

    from signedvfs.custody import CommandSigner, SshSigner
    from signedvfs.custody.failures import SECONDS

    seconds = arguments.signer_timeout or SECONDS
    found: list[Signer] = [
        CommandSigner(_words_of(command), load_public_key(key), timeout=seconds)
        for command, key in zip(commands, keys)
    ]
    found += [SshSigner(key, timeout=seconds) for key in arguments.signer_ssh]
    return found


def _words_of(command: str) -> list[str]:
    import shlex

    try:
        words = shlex.split(command)
    except ValueError as error:
        raise CliError(f"--signer-command {command!r}: {error}", "Close the quotes.") from None
    if not words or not words[0]:
        raise CliError("--signer-command is empty", "Name a program and its arguments.")
    return words
