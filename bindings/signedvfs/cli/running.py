"""run: a program out of a signed archive."""

from __future__ import annotations

import argparse
import sys
import types
from importlib.machinery import ModuleSpec
from pathlib import Path

import signedvfs
from signedvfs.cli import arguments as shared
from signedvfs.cli.commands import Commands, Outcome
from signedvfs.cli.failures import REFUSED, CliError
from signedvfs.cli.output import Output

_RUN = """\
Runs the archive's __main__, like `python ARCHIVE`, with every import from the
archive verified. Options come before ARCHIVE; everything after it goes to the
program. The exit code is the program's, or 1 where the archive is refused.

examples:
  signedvfs run --trust app.pub app.zip
  signedvfs run --trust app.pub --min-serial 42 app.zip serve --port 8000
"""


def add_to(commands: Commands) -> None:
    """add_to adds the command of this module."""
    parser = commands.add("run", run, "run the program in an archive", _RUN)
    shared.add_trust(parser)
    parser.add_argument("archive", metavar="ARCHIVE", help="signed archive or directory")
    parser.add_argument(
        "program_arguments", metavar="ARGUMENT", nargs=argparse.REMAINDER, help="for the program"
    )


def run(arguments: argparse.Namespace, _: Output) -> Outcome:
    """run finds the program, and returns what runs it."""
    policy = shared.policy_of(arguments)
    # Like CPython, which makes the path absolute for all but sys.argv.
    archive = str(Path(shared.existing(arguments.archive)).absolute())
    signedvfs.set_policy(policy)
    signedvfs.hook.protect(archive)
    sys.path_hooks.insert(0, signedvfs.hook)
    finder = sys.path_importer_cache[archive] = signedvfs.hook(archive)
    spec = finder.find_spec("__main__")
    if spec is None or spec.loader is None:
        raise CliError(
            f"can't find '__main__' module in {arguments.archive!r}",
            "Pack it with an entry point: signedvfs pack ... -m MODULE",
            "NoMain",
        )
    try:
        code = finder.get_code("__main__")
    except ImportError as error:
        raise CliError(
            str(error), "Pack it for this Python, or keep its sources.", "NoCode"
        ) from None
    argv = [arguments.archive, *_program_arguments(arguments)]
    return lambda: _execute(archive, argv, spec, code)


def _program_arguments(arguments: argparse.Namespace) -> list[str]:
    # argparse drops a "--" from what it passes on; the program shall have it.
    words: list[str] = arguments.words
    parsed: list[str] = arguments.program_arguments
    begin = len(words) - len(parsed)
    return parsed if words[begin - 1 :] == [arguments.archive, *parsed] else words[begin - 1 :]


def _execute(archive: str, argv: list[str], spec: ModuleSpec, code: types.CodeType) -> int:
    main = types.ModuleType("__main__")
    main.__dict__.update(
        __file__=spec.origin,
        __cached__=spec.cached,
        __loader__=spec.loader,
        __package__=spec.parent,
        __spec__=spec,
    )
    sys.modules["__main__"] = main
    _put_first(archive)
    sys.argv = argv
    try:
        exec(code, main.__dict__)
    except SystemExit:
        raise
    except BaseException as error:
        # What CPython prints, less our own frame.
        assert error.__traceback__ is not None
        error.__traceback__ = error.__traceback__.tb_next
        sys.excepthook(type(error), error, error.__traceback__)
        if not isinstance(error, KeyboardInterrupt):
            return REFUSED
        # Raised once more, silently, it makes the interpreter end the way it does for Ctrl-C.
        sys.excepthook = lambda *_: None
        raise KeyboardInterrupt from None
    return 0


def _put_first(archive: str) -> None:
    # `python ARCHIVE` has the archive where Python has put our own directory, or the current one.
    ours = {"", str(Path.cwd()), str(Path(sys.argv[0]).resolve().parent)}
    isolated = sys.flags.isolated or getattr(sys.flags, "safe_path", False)
    if not isolated and sys.path and sys.path[0] in ours:
        del sys.path[0]
    sys.path.insert(0, archive)
