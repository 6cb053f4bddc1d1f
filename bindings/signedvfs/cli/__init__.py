"""The command line: `signedvfs`, and `python -m signedvfs`.

Each command imports what it needs and no more: `run` is to cost little beside `python app.zip`.
"""

from __future__ import annotations

import os
import sys

from signedvfs import _core
from signedvfs.cli.failures import explain
from signedvfs.cli.output import Output

TYPE_CHECKING = False  # see signedvfs/__init__.py
if TYPE_CHECKING:
    from collections.abc import Sequence

    from signedvfs.cli.commands import Outcome, Parser

_EPILOG = """\
exit codes: 0 done or verified, 1 refused, 2 not done (arguments, files, keys), 130 interrupted,
143 terminated

examples:
  signedvfs keygen app.key
  signedvfs pack ./myapp -r requirements.txt -m myapp -o app.zip --key app.key
  signedvfs run --trust app.pub app.zip
  signedvfs COMMAND --help
"""

# Which module has which commands, in the order of --help.
_MODULES = {
    "keys": ("keygen", "key"),
    "signing": ("sign", "unsign", "append"),
    "offline": ("statement", "sign-statement", "attach"),
    "reading": ("verify", "list", "cat"),
    "single_files": ("verify-file",),
    "extracting": ("extract",),
    "packing": ("pack",),
    "building": ("build",),
    "inspecting": ("inspect",),
    "splitting": ("split",),
    "running": ("run",),
    "bootstrapping": ("bootstrap",),
}

_INTERRUPTED = 130
_BROKEN_PIPE = 141


def main(argv: Sequence[str] | None = None) -> int:
    """main carries out one command and returns its exit code.

    Only what a program under `run` raises, and our own bugs, leave it as an exception; --help and
    --version end in SystemExit. Without `argv` the command is the process's own, and `run` may
    start its interpreter anew.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    # What the arguments ask for is not known before they parse, and errors come before that.
    ours = words[: words.index("--exec")] if "--exec" in words else words
    output = Output(json="--json" in ours and "run" not in words[:1])
    try:
        if argv is None:
            # Before anything imports hashlib, which would load what the environment names.
            _core._settle_openssl()
        outcome = _carry_out(words, output, is_process=argv is None)
        sys.stdout.flush()
    except KeyboardInterrupt as error:
        code: int = getattr(error, "exit_code", _INTERRUPTED)
        return code
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


def _carry_out(words: list[str], output: Output, *, is_process: bool) -> Outcome:
    if words[:1] == ["run"]:
        from signedvfs.cli import running

        # Signals are the program's business, and until it runs there is nothing to clean up.
        quickly = running.read(words, is_process=is_process)
        if quickly is not None:
            return running.run(quickly, output)
        return _parse_and_carry_out(words, output, is_process=is_process)

    from signedvfs.cli.interrupts import terminable

    with terminable():
        return _parse_and_carry_out(words, output, is_process=is_process)


def _parse_and_carry_out(words: list[str], output: Output, *, is_process: bool) -> Outcome:
    arguments = _parser(words).parse_args(words)
    arguments.words, arguments.is_process = words, is_process
    output.json, output.quiet = arguments.json, arguments.quiet
    outcome: Outcome = arguments.command(arguments, output)
    return outcome


def _parser(words: Sequence[str] = ()) -> Parser:
    # The parser of the command that `words` begin with, or of all.
    from importlib import import_module

    from signedvfs.cli.commands import Commands, Parser
    from signedvfs.cli.versions import Version

    parser = Parser(
        prog="signedvfs",
        description="Sign Python archives, verify them, and run what they hold.",
        epilog=_EPILOG,
    )
    parser.add_argument(
        "--version",
        action=Version,
        json="--json" in words,
        help="show the versions of signedvfs and of the OpenSSL that it uses, and exit",
    )
    commands = Commands(parser)
    mine = [module for module, names in _MODULES.items() if words[:1] and words[0] in names]
    for module in mine or _MODULES:
        import_module(f"signedvfs.cli.{module}").add_to(commands)
    return parser
