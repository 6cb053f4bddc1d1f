"""run: a program out of a signed archive."""

from __future__ import annotations

import os
import sys

import signedvfs
from signedvfs.cli.failures import CliError

# What is imported here is imported before the interpreter is isolated: nothing of others.
from signedvfs.cli.running import isolation, options

TYPE_CHECKING = False  # see signedvfs/__init__.py
if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable
    from typing import Any

    from signedvfs import restarting
    from signedvfs.cli.commands import Commands, Outcome
    from signedvfs.cli.output import Output

_RUN = """\
Runs the archive's __main__, like `python ARCHIVE`; or with -m a module of it
or of the standard library, like `python -m MODULE`; or with -c the given code,
like `python -c CODE`. Every import from the archive is verified, child
processes of multiprocessing included. Options come before ARCHIVE; everything
after it goes to the program. The exit code is the program's, or 1 where the
archive is refused.

Paths below the archive open as files, read-only, with what was verified.

The interpreter is isolated, as `python -I` is: PYTHON* variables, the user's
site directory and the current directory add nothing to what can be imported.
A program that starts itself anew by its archive or its module, as reloaders
do, comes back through `run` with the same keys.

examples:
  signedvfs run --trust app.pub app.zip
  signedvfs run --trust app.pub --min-serial 42 app.zip serve --port 8000
  signedvfs run --trust app.pub -m app.admin app.zip --list
  signedvfs run --trust app.pub -m unittest app.zip app.tests
  signedvfs run --trust app.pub -c "import app; print(app.__file__)" app.zip
"""


def add_to(commands: Commands) -> None:
    """add_to adds the command of this module."""
    import argparse

    from signedvfs.cli import arguments as shared

    parser = commands.add("run", run, "run the program in an archive", _RUN)
    shared.add_trust(parser)
    kind = parser.add_mutually_exclusive_group()
    kind.add_argument(
        "-m",
        dest="module",
        metavar="MODULE",
        help="run this module or package instead of __main__",
    )
    kind.add_argument("-c", dest="code", metavar="CODE", help="run this code instead of __main__")
    parser.add_argument(
        "-I",
        "--isolated",
        action="store_true",
        default=True,
        help="isolate the interpreter, as -I does (the default)",
    )
    parser.add_argument(
        "--no-isolated",
        dest="isolated",
        action="store_false",
        help="let in the environment, the user's site directory, and for -m what is installed",
    )
    parser.add_argument(
        "--no-doors",
        dest="doors",
        action="store_false",
        help="leave open(), os.stat() and their kin as they are: the archive has no files then",
    )
    _add_native(parser.add_argument_group("extension modules"))
    parser.add_argument("archive", metavar="ARCHIVE", help="signed archive or directory")
    parser.add_argument(
        "program_arguments", metavar="ARGUMENT", nargs=argparse.REMAINDER, help="for the program"
    )


def _add_native(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--library",
        action="append",
        metavar="NAME",
        help="library of the system, such as libodbc.so.2, that extension modules may need beside "
        "those that every Linux has; may be repeated",
    )
    group.add_argument(
        "--preload",
        action="append",
        metavar="NAME",
        help="library that LD_PRELOAD may have in the process, such as libjemalloc.so.2; may be "
        "repeated",
    )
    group.add_argument(
        "--library-directory",
        metavar="DIR",
        help="where the system forbids sealed memory, load from files without a name in this "
        "directory; root and their owner could change them",
    )


def read(words: list[str], *, is_process: bool) -> options.Arguments | None:
    """read returns the arguments where that takes no parser, or None: the parser has to.

    The parser comes out of the standard library, as the path has it: so unless somebody wants the
    environment, the interpreter is isolated before that.
    """
    arguments = options.read(words[1:])
    if arguments is not None and None in (arguments.module, arguments.code):
        arguments.words, arguments.is_process = words, is_process
        return arguments
    if is_process and "--no-isolated" not in words:
        isolation.isolate(words, is_process=is_process)
    return None


def run(arguments: Any, _: Output) -> Outcome:
    """run finds the program, and returns what runs it."""
    if arguments.isolated:
        isolation.isolate(arguments.words, is_process=arguments.is_process)
    isolation.leave_out_own_directory()
    from signedvfs import restarting
    from signedvfs.cli import key_ring, policies
    from signedvfs.cli.running import execution, program

    trusted = key_ring.trusted(arguments)
    policy = policies.policy_for(arguments, trusted)
    # Like CPython, which makes the path absolute for all but sys.argv.
    archive = os.path.abspath(policies.existing(arguments.archive))
    signedvfs.set_policy(policy, limits=policies.limits_of(arguments))
    signedvfs.hook.protect(archive)
    sys.path_hooks.insert(0, signedvfs.hook)
    sys.path.insert(0, archive)
    finder = program.opened(archive)

    entry = restarting.Entry(
        options.restated(arguments, [path for path, _ in trusted]),
        archive,
        arguments.archive,
        module=arguments.module,
        code=arguments.code,
        isolated=arguments.isolated,
    )
    text = arguments.code
    if text is not None:
        return _outcome(arguments, entry, "-c", lambda: execution.run_text(text))
    if arguments.module is None:
        spec, first = program.main_of(finder, arguments.archive), arguments.archive
    else:
        spec = program.module_of(arguments.module, archive, isolated=arguments.isolated)
        first = str(spec.origin)
    loader: Any = spec.loader
    code = loader.get_code(spec.name)
    if code is None:
        raise CliError(f"there is no code to run in module {spec.name!r}", "", "NoMain")
    entry.main = spec.origin
    return _outcome(arguments, entry, first, lambda: execution.run_module(spec, code))


def _outcome(
    arguments: Any, entry: restarting.Entry, first: str, execute: Callable[[], int]
) -> Outcome:
    """_outcome returns what makes the process the program's, and runs that."""
    from signedvfs import process_doors, restarting

    def begin() -> int:
        sys.argv = [first, *_program_arguments(arguments)]
        if hasattr(sys, "orig_argv"):  # from 3.10 on
            given = isolation.interpreter_options(arguments.words) if arguments.is_process else None
            kept = [word for word in given or () if not (word == "-I" and entry.isolated)]
            sys.orig_argv = [sys.executable, *kept, *entry.words(), *sys.argv[1:]]
        restarting.entered(entry)
        if arguments.doors:
            signedvfs.open_doors()
        process_doors.close()
        if entry.isolated:
            isolation.forget_openssl()
        return execute()

    return begin


def _program_arguments(arguments: Any) -> list[str]:
    # argparse drops a "--" from what it passes on; the program shall have it.
    words: list[str] = arguments.words
    parsed: list[str] = arguments.program_arguments
    begin = len(words) - len(parsed)
    return parsed if words[begin - 1 :] == [arguments.archive, *parsed] else words[begin - 1 :]
