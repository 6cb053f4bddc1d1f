"""The command line: `signedvfs`, and `python -m signedvfs`."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NoReturn

from signedvfs.cli import extracting, keys, packing, reading, running, signing
from signedvfs.cli.commands import Commands, Outcome, Parser
from signedvfs.cli.failures import explain
from signedvfs.cli.output import Output

_EPILOG = """\
exit codes: 0 done or verified, 1 refused, 2 not done (arguments, files, keys), 130 interrupted,
143 terminated

examples:
  signedvfs keygen app.key
  signedvfs pack ./myapp -r requirements.txt -m myapp -o app.zip --key app.key
  signedvfs run --trust app.pub app.zip
  signedvfs COMMAND --help
"""

_INTERRUPTED = 130
_BROKEN_PIPE = 141
_TERMINATED = 143


class _Terminated(KeyboardInterrupt):
    # A KeyboardInterrupt, so that whoever cleans up after Ctrl-C does the same for SIGTERM.
    pass


def main(argv: Sequence[str] | None = None) -> int:
    """main carries out one command and returns its exit code.

    Only what a program under `run` raises, and our own bugs, leave it as an exception; --help and
    --version end in SystemExit.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    # What the arguments ask for is not known before they parse, and errors come before that.
    output = Output(json="--json" in words and "run" not in words[:1])
    try:
        with _terminable():
            outcome = _carry_out(words, output)
            sys.stdout.flush()
    except _Terminated:
        return _TERMINATED
    except KeyboardInterrupt:
        return _INTERRUPTED
    except BrokenPipeError:
        # Nobody reads on. The interpreter flushes once more at its end, and must not complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _BROKEN_PIPE
    except Exception as error:
        failure = explain(error)
        if failure is None:
            raise
        output.fail(failure.error, failure.details)
        return failure.exit_code
    return outcome if isinstance(outcome, int) else outcome()


@contextmanager
def _terminable() -> Iterator[None]:
    # What a program under `run` does about the signal is its own business: that runs outside of
    # this block. Only the main thread may say what becomes of signals, and whoever has said so
    # already is left alone.
    in_charge = threading.current_thread() is threading.main_thread()
    if not in_charge or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        yield
        return

    def terminate(*_: object) -> NoReturn:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)  # cleaning up is not to be disturbed
        raise _Terminated

    signal.signal(signal.SIGTERM, terminate)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _carry_out(words: list[str], output: Output) -> Outcome:
    arguments = _parser().parse_args(words)
    arguments.words = words
    output.json, output.quiet = arguments.json, arguments.quiet
    outcome: Outcome = arguments.command(arguments, output)
    return outcome


class _Version(argparse.Action):
    # Not argparse's own: the version is looked up only where it is asked for.
    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        from importlib.metadata import version

        print("signedvfs", version("signedvfs"))
        parser.exit()


def _parser() -> Parser:
    parser = Parser(
        prog="signedvfs",
        description="Sign Python archives, verify them, and run what they hold.",
        epilog=_EPILOG,
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="show the version and exit")
    commands = Commands(parser)
    for group in (keys, signing, reading, extracting, packing, running):
        group.add_to(commands)
    return parser
