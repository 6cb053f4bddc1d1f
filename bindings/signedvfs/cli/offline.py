"""statement, sign-statement and attach: signing in three steps, on three machines if need be."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import signedvfs
from signedvfs.cli import arguments as shared
from signedvfs.cli import files, key_ring, signers
from signedvfs.cli.commands import Commands
from signedvfs.cli.failures import CliError
from signedvfs.cli.output import Output, plural, printable, size_text
from signedvfs.cli.progress import Progress
from signedvfs.cli.signing import tell

_STATEMENT = """\
Draws up what sign would sign, and writes nothing else: the header of the
manifest, a short text that commits to every member. Take it to where a key
is, sign it there with sign-statement, and attach the signature. Everybody who
is to sign has to get the same text, so give --expires as a date.

Nothing is carried over from a manifest that stands there. --keep-signatures
draws up the very statement that others have signed already.

examples:
  signedvfs statement app.zip --name myapp --serial 42 -o app.statement
  signedvfs statement app.zip --keep-signatures
"""

_SIGN_STATEMENT = """\
Shows what FILE states - name, serial number, validity, members - asks, and
writes one line for each key: that of a manifest. No archive is needed. The
digest is the SHA-256 of the text: compare it with what others see.

--message writes the 54 bytes instead that a key signs, for tools that sign
files: signify -S, minisign -S -l, openssl. attach takes their signatures.

examples:
  signedvfs sign-statement app.statement --key first.key -o first.sig
  signedvfs sign-statement app.statement --key second.key --yes -o second.sig
  signedvfs sign-statement app.statement --message app.message
"""

_ATTACH = """\
Puts signatures on an archive or a directory that were made elsewhere: by
sign-statement, by signify, by minisign (-S -l), or the bytes that a token gave for
the message. The statement is drawn up anew from the content and has to come
out the same; each signature has to fit it and a key of --trust. Signatures
that stand on it already are kept. The result is verified before it replaces
PATH (or becomes OUT) in one step.

examples:
  signedvfs attach app.zip a.sig b.sig --statement app.statement --trust a.pub --trust b.pub
  signedvfs attach app.zip third.sig --trust third.pub
"""

_MOST_BYTES = 1 << 20  # of a statement, or of a signature file


def add_to(commands: Commands) -> None:
    """add_to adds the commands of this module."""
    parser = commands.add("statement", statement, "draw up what is to be signed", _STATEMENT)
    parser.add_argument("path", metavar="PATH", help="archive or directory")
    shared.add_output(parser, "write the text here; never over another file")
    shared.add_attributes(parser)
    shared.add_hash(parser)
    shared.add_index(parser)
    parser.add_argument(
        "--keep-signatures",
        action="store_true",
        help="draw up what others have signed already",
    )
    shared.add_limits(parser)
    shared.add_reporting(parser, quiet=True)

    parser = commands.add(
        "sign-statement", sign_statement, "sign a statement, wherever it was drawn up",
        _SIGN_STATEMENT,
    )  # fmt: skip
    parser.add_argument("file", metavar="FILE", help="statement")
    shared.add_signing_keys(parser)
    shared.add_output(parser, "write the signatures here; never over another file")
    shared.add_moment(parser)
    parser.add_argument("--yes", action="store_true", help="do not ask")
    parser.add_argument(
        "--message",
        metavar="OUT",
        help="write the message here that another tool is to sign; never over another file",
    )
    shared.add_reporting(parser, quiet=True)

    parser = commands.add("attach", attach, "put signatures on what they cover", _ATTACH)
    parser.add_argument("path", metavar="PATH", help="archive or directory")
    parser.add_argument("signatures", metavar="SIGNATURE", nargs="+", help="signature file")
    parser.add_argument(
        "--statement",
        metavar="FILE",
        help="what was signed (default: what the manifest that stands there states)",
    )
    parser.add_argument(
        "--trust",
        action="append",
        default=[],
        metavar="FILE",
        help="public key whose signature is taken; may be repeated",
    )
    shared.add_trust_directories(parser)
    shared.add_output(parser, "write here instead of replacing PATH")
    shared.add_moment(parser)
    shared.add_limits(parser)
    shared.add_reporting(parser, quiet=True)


def statement(arguments: argparse.Namespace, output: Output) -> int:
    """statement draws up what is to be signed."""
    path = shared.existing(arguments.path)
    with Progress(output, "reading") as progress:
        drawn = signedvfs.statement(
            path,
            **shared.attributes_of(arguments),
            hash=arguments.hash,
            limits=shared.limits_of(arguments),
            progress=progress,
            index=arguments.index,
            keep_signatures=arguments.keep_signatures,
        )
    facts = {
        "path": arguments.path,
        "output": arguments.output,
        **_facts_of(drawn),
        "left_out": drawn.left_out,
        "vanished": drawn.vanished,
        "warnings": drawn.warnings,
    }
    told = [*_rows_of(drawn), *(("left out", printable(one)) for one in drawn.left_out),
            *(("vanishing", printable(one)) for one in drawn.vanished)]  # fmt: skip
    if arguments.output is not None:
        _write_new(arguments.output, drawn.text)
        output.report(facts, [f"drawn up {arguments.output}", *output.fields(told)])
    else:
        _report_text(facts, drawn.text, output)
        for what, text in told:
            if what in ("left out", "vanishing"):
                output.warn(f"{what}: {text}")
    for warning in drawn.warnings:
        output.warn(printable(warning))
    return 0


def sign_statement(arguments: argparse.Namespace, output: Output) -> int:
    """sign_statement signs one."""
    drawn = _read(arguments.file)
    if arguments.message is not None:
        return _write_message(arguments, drawn, output)
    keys = shared.load_signers(arguments)
    if not arguments.yes:
        _ask(arguments.file, drawn, output)
    lines = signedvfs.sign_statement(drawn, keys, at=arguments.at)
    if arguments.output is not None:
        _write_new(arguments.output, lines)
    fingerprints = [line.split()[0] for line in lines.splitlines()]
    facts = {
        "path": arguments.file,
        "output": arguments.output,
        **_facts_of(drawn),
        "signers": fingerprints,
        "signatures": lines,
    }
    if arguments.output is None:
        _report_text(facts, lines, output)
        return 0
    rows = [*_rows_of(drawn), *(("signed by", one) for one in fingerprints)]
    signed = output.paint("signed", "green")
    output.report(facts, [f"{signed} {arguments.file}: {arguments.output}", *output.fields(rows)])
    return 0


def _write_message(
    arguments: argparse.Namespace, drawn: signedvfs.Statement, output: Output
) -> int:
    if signers.any_of(arguments) or arguments.output is not None:
        raise CliError(
            "--message is for another tool, which signs", "Leave the keys out, and -o with them."
        )
    if not arguments.yes:
        _ask(arguments.file, drawn, output)
    _write_new(arguments.message, drawn.message)
    lines = [f"{arguments.message}: what is to be signed", *output.fields(_rows_of(drawn))]
    output.report({"path": arguments.file, "output": arguments.message, **_facts_of(drawn)}, lines)
    return 0


def attach(arguments: argparse.Namespace, output: Output) -> int:
    """attach puts signatures on what they cover."""
    path = shared.existing(arguments.path)
    drawn = None if arguments.statement is None else _read(arguments.statement)
    contents = [_content(one) for one in arguments.signatures]
    keys = [key for _, key in key_ring.trusted(arguments)]

    from signedvfs.custody import attach as attach_signatures
    from signedvfs.custody.signature_formats import read_signatures

    for file, content in zip(arguments.signatures, contents):
        read_signatures(content, file)  # which names the file where it holds none
    with Progress(output, "attaching") as progress:
        report = attach_signatures(
            path,
            contents,
            keys,
            statement=drawn,
            output=arguments.output,
            limits=shared.limits_of(arguments),
            progress=progress,
            at=arguments.at,
        )
    tell(report, output)
    return 0


def _facts_of(drawn: signedvfs.Statement) -> dict[str, Any]:
    return {
        "name": drawn.name,
        "serial": drawn.serial,
        "not_before": shared.time_text(drawn.not_before),
        "expires": shared.time_text(drawn.expires),
        "hash": drawn.hash_type,
        "index": drawn.has_index,
        "prefix_length": drawn.prefix_length,
        "recorded": drawn.recorded,
        "members": drawn.members,
        "digest": drawn.message[-32:].hex(),
        "statement": drawn.text,
    }


def _rows_of(drawn: signedvfs.Statement) -> Iterator[tuple[str, object]]:
    # What is missing is as telling as what is there to whoever signs.
    yield "name", "none" if drawn.name is None else printable(drawn.name)
    yield "serial", "none" if drawn.serial is None else drawn.serial
    if drawn.not_before is not None:
        yield "valid from", shared.time_text(drawn.not_before)
    yield "valid until", shared.time_text(drawn.expires) or "for ever"
    if drawn.prefix_length is not None:
        yield "in front", size_text(drawn.prefix_length)
    if drawn.recorded:
        yield "in order", plural(drawn.recorded, "member")
    yield "members", f"{drawn.members:,}, {drawn.hash_type}{', indexed' * drawn.has_index}"
    yield "digest", drawn.message[-32:].hex()


def _ask(path: str, drawn: signedvfs.Statement, output: Output) -> None:
    if not sys.stdin.isatty():
        raise CliError(
            "there is no terminal to ask whether this is to be signed",
            "Look at it, and say so: --yes",
        )
    output.tell(f"{path} states:")
    for line in output.fields(_rows_of(drawn)):
        output.tell(line)
    output.prompt("Sign this? (yes or no): ")
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise CliError("nothing was signed", "Answer yes where it is to be signed.")


def _read(path: str) -> signedvfs.Statement:
    try:
        return signedvfs.Statement.parse(_content(path).decode("utf-8"))
    except UnicodeDecodeError:
        raise CliError(f"{path} is no UTF-8 text", "Name a statement.") from None


def _content(path: str) -> bytes:
    content = files.beginning(path, _MOST_BYTES + 1)
    if len(content) > _MOST_BYTES:
        raise CliError(f"{path}: larger than {_MOST_BYTES:,} bytes", "Name the right file.")
    return content


def _report_text(facts: dict[str, Any], text: str, output: Output) -> None:
    # Byte for byte, whatever the terminal's encoding: it is data, and names in it are printable.
    if output.json:
        output.report(facts)
        return
    sys.stdout.flush()
    with os.fdopen(sys.stdout.fileno(), "wb", closefd=False) as out:
        out.write(text.encode())


def _write_new(path: str, content: str | bytes) -> None:
    try:
        with Path(path).open("xb") as file:
            file.write(content.encode() if isinstance(content, str) else content)
    except FileExistsError:
        raise CliError(f"{path} exists, and is not overwritten", "Choose another name.") from None
