"""Code run as the program that an interpreter was started for."""

from __future__ import annotations

import builtins
import sys

from signedvfs.cli.failures import REFUSED

TYPE_CHECKING = False  # see signedvfs/__init__.py
if TYPE_CHECKING:
    from collections.abc import Callable
    from importlib.machinery import ModuleSpec
    from types import CodeType, ModuleType

_Module: type[ModuleType] = type(sys)  # the module types has its price


def run_module(spec: ModuleSpec, code: CodeType) -> int:
    """run_module runs the module's code as __main__, and returns the exit code.

    SystemExit is the program's; any other exception is shown as CPython shows it.
    """

    def execute() -> None:
        main = _new_main()
        main.__dict__.update(
            __file__=spec.origin,
            __cached__=spec.cached,
            __loader__=spec.loader,
            __package__=spec.parent,
            __spec__=spec,
        )
        if spec.parent:
            __import__(spec.parent)
        exec(code, main.__dict__)

    return _shown(execute)


def run_text(text: str) -> int:
    """run_text does so with the code of -c."""

    from importlib.machinery import BuiltinImporter

    def execute() -> None:
        main = _new_main()
        main.__dict__.update(__loader__=BuiltinImporter)
        lines = text + "\n"
        if sys.version_info >= (3, 14):  # where `python -c` does it, too
            import textwrap

            lines = textwrap.dedent(lines)
        exec(compile(lines, "<string>", "exec", dont_inherit=True), main.__dict__)

    return _shown(execute)


def _new_main() -> ModuleType:
    main = _Module("__main__")
    main.__dict__["__builtins__"] = builtins
    sys.modules["__main__"] = main
    return main


def _shown(execute: Callable[[], None]) -> int:
    try:
        execute()
    except SystemExit:
        raise
    except BaseException as error:
        # What CPython prints, less our own frames.
        assert error.__traceback__ is not None
        assert error.__traceback__.tb_next is not None
        error.__traceback__ = error.__traceback__.tb_next.tb_next
        sys.excepthook(type(error), error, error.__traceback__)
        if isinstance(error, ModuleNotFoundError):
            _say_what_was_ignored()
        if not isinstance(error, KeyboardInterrupt):
            return REFUSED
        # Raised once more, silently, it makes the interpreter end the way it does for Ctrl-C.
        sys.excepthook = lambda *_: None
        raise KeyboardInterrupt from None
    return 0


def _say_what_was_ignored() -> None:
    # What is missing may lie where the environment says, and nobody has looked there.
    from signedvfs.cli.output import Output
    from signedvfs.cli.running.isolation import ignored_variables

    if sys.flags.isolated and "PYTHONPATH" in ignored_variables():
        Output().fail(
            {
                "reason": "PYTHONPATH was ignored, because `run` isolates the interpreter",
                "advice": "Pack what is missing, or let the environment in: --no-isolated",
            }
        )
