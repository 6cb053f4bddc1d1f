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
Runs the archive's __main__, like `python ARCHIVE`, or with -m a module of it,
like `python -m MODULE`, with every import from the archive verified, child
processes of multiprocessing included. Options come before ARCHIVE; everything
after it goes to the program. The exit code is the program's, or 1 where the
archive is refused.

examples:
  signedvfs run --trust app.pub app.zip
  signedvfs run --trust app.pub --min-serial 42 app.zip serve --port 8000
  signedvfs run --trust app.pub -m app.admin app.zip --list
"""


def add_to(commands: Commands) -> None:
    """add_to adds the command of this module."""
    parser = commands.add("run", run, "run the program in an archive", _RUN)
    shared.add_trust(parser)
    parser.add_argument(
        "-m", dest="module", metavar="MODULE", help="run this module or package instead of __main__"
    )
    parser.add_argument("archive", metavar="ARCHIVE", help="signed archive or directory")
    parser.add_argument(
        "program_arguments", metavar="ARGUMENT", nargs=argparse.REMAINDER, help="for the program"
    )


def run(arguments: argparse.Namespace, _: Output) -> Outcome:
    """run finds the program, and returns what runs it."""
    policy = shared.policy_of(arguments)
    # Like CPython, which makes the path absolute for all but sys.argv.
    archive = str(Path(shared.existing(arguments.archive)).absolute())
    signedvfs.set_policy(policy, limits=shared.limits_of(arguments))
    signedvfs.hook.protect(archive)
    sys.path_hooks.insert(0, signedvfs.hook)
    _put_first(archive)
    if arguments.module is None:
        finder = sys.path_importer_cache[archive] = signedvfs.hook(archive)
        spec = finder.find_spec("__main__")
        if spec is None or spec.loader is None:
            raise CliError(
                f"can't find '__main__' module in {arguments.archive!r}",
                "Pack it with an entry point: signedvfs pack ... -m MODULE",
                "NoMain",
            )
    else:
        spec = _find_module(arguments.module, archive)
    code = _code_of(spec)
    first = arguments.archive if arguments.module is None else str(spec.origin)
    argv = [first, *_program_arguments(arguments)]
    return lambda: _execute(argv, spec, code)


def _find_module(name: str, archive: str) -> ModuleSpec:
    """_find_module finds what `python -m` would run, without running anything yet."""
    parents = name.split(".")[:-1]
    spec = _find(archive, parents, name)
    if spec is not None and spec.submodule_search_locations is not None:
        spec = _find(archive, name.split("."), f"{name}.__main__")
    if spec is None or spec.loader is None:
        raise CliError(
            f"there is no module {name!r} to run in {archive!r}",
            "Check the name; a package needs a __main__ of its own.",
            "NoMain",
        )
    return spec


def _find(archive: str, parents: list[str], name: str) -> ModuleSpec | None:
    return signedvfs.hook("/".join([archive, *parents])).find_spec(name)


def _code_of(spec: ModuleSpec) -> types.CodeType:
    assert isinstance(spec.loader, signedvfs.zipimporter)
    try:
        return spec.loader.get_code(spec.name)
    except ImportError as error:
        raise CliError(
            str(error), "Pack it for this Python, or keep its sources.", "NoCode"
        ) from None


def _program_arguments(arguments: argparse.Namespace) -> list[str]:
    # argparse drops a "--" from what it passes on; the program shall have it.
    words: list[str] = arguments.words
    parsed: list[str] = arguments.program_arguments
    begin = len(words) - len(parsed)
    return parsed if words[begin - 1 :] == [arguments.archive, *parsed] else words[begin - 1 :]


def _execute(argv: list[str], spec: ModuleSpec, code: types.CodeType) -> int:
    main = types.ModuleType("__main__")
    main.__dict__.update(
        __file__=spec.origin,
        __cached__=spec.cached,
        __loader__=spec.loader,
        __package__=spec.parent,
        __spec__=spec,
    )
    sys.modules["__main__"] = main
    sys.argv = argv
    try:
        if spec.parent:
            __import__(spec.parent)
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
