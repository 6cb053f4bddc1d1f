"""An application that is one file: what is its own executable, and what its child processes run.

`sys.executable` is the application. Libraries start that with the words of an interpreter, `-m
MODULE` or `-c CODE`, multiprocessing above all; and programs that start themselves anew give it
their own path first. For such a process the launcher has a word of its own, in front, which it
heeds only where the parent process is the same file. That keeps out whoever only gives the
application words: a caller, a service's configuration, a line in sudoers. It keeps out nobody who
forks processes of the same user, and has both become the application.
"""

from __future__ import annotations

import errno
import os
import sys

TYPE_CHECKING = False  # see signedvfs/__init__.py
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

CHILD = "--signedvfs-child"  # importer/launcher/running.cc has the same word
_FORK = "--multiprocessing-fork"  # what multiprocessing has frozen programs understand


def is_launched() -> bool:
    """is_launched tells whether this process is such an application."""
    return "_signedvfs_launcher" in sys.builtin_module_names


def restarted(
    argv: Sequence[str | bytes | os.PathLike[str]],
) -> tuple[str, list[str]] | None:
    """restarted returns the file and the command line to start this application by instead of
    `argv`, or None: just that. The words of an interpreter are for `run_child`, and its own path is
    nothing to it.
    """
    words = [os.fsdecode(word) for word in argv][1:]
    if words and words[0] == CHILD:
        return None
    from signedvfs import python_words

    asked = python_words.Invocation(words)
    if words[:1] == [_FORK] or asked.kind in (python_words.MODULE, python_words.CODE):
        return _file_of_children(), [sys.executable, CHILD, *words]
    if asked.kind == python_words.SCRIPT and _is_program(asked.program):
        return sys.executable, [sys.executable, *asked.rest]
    if asked.kind == python_words.SCRIPT and _is_script(asked.program):
        # It would start the application once more, which would start it once more.
        raise PermissionError(
            errno.EACCES,
            f"{sys.executable} is an application, and runs no scripts: start what it holds by -m "
            "MODULE, and what is elsewhere by an interpreter",
            asked.program,
        )
    return None


def _is_script(path: str) -> bool:
    return path.endswith((".py", ".pyc", ".pyw")) and os.path.isfile(path)


def _file_of_children() -> str:
    # A child of an application is the very file that runs, where another release stands at its path
    # by now, or nothing. One that was renamed would have other names for all its modules than its
    # parent, so that there is none; and one that starts itself anew means what is there.
    own = os.readlink("/proc/self/exe")
    is_there = own in (sys.executable, sys.executable + " (deleted)")
    return "/proc/self/exe" if is_there else sys.executable


def _is_program(word: str) -> bool:
    # `[sys.executable, *sys.argv]` is how programs start themselves anew.
    main = getattr(sys.modules.get("__main__"), "__file__", None)
    return word in (sys.argv[0] if sys.argv else None, sys.executable, main)


def run_child(words: Sequence[str]) -> None:
    """run_child runs what the launcher was given after its own word, as an interpreter would."""
    if words and words[0] == _FORK:
        sys.argv = [sys.executable, *words]  # where multiprocessing looks
        _spawned(words[1:])
        return
    from signedvfs import python_words

    asked = python_words.Invocation(words)
    if asked.kind == python_words.MODULE:
        import runpy

        sys.argv = [asked.program, *asked.rest]
        runpy._run_module_as_main(asked.program)  # type: ignore[attr-defined]  # what -m calls
    elif asked.kind == python_words.CODE:
        sys.argv = ["-c", *asked.rest]
        _watch_forkserver()
        code = compile(asked.program, "<string>", "exec", dont_inherit=True)
        exec(code, sys.modules["__main__"].__dict__)
    else:
        raise SystemExit(f"{sys.executable}: a child process can be given -m MODULE or -c CODE")


def _spawned(words: Sequence[str]) -> None:
    from multiprocessing import spawn

    _watch_forkserver()
    numbers = {}
    for word in words:
        name, _, value = word.partition("=")
        numbers[name] = None if value == "None" else int(value)
    spawn.spawn_main(**numbers)  # type: ignore[arg-type]  # the words are of its own making


def _watch_forkserver() -> None:
    # Both a spawned child and the server that forks children make the parent's main module anew, by
    # a function of this name.
    from multiprocessing import spawn

    spawn._fixup_main_from_path = _main_again  # type: ignore[attr-defined]  # not public


def _main_again(path: str) -> None:
    # As multiprocessing.spawn has it, but from the archive, which no path leads to for runpy.
    from multiprocessing import spawn

    current: Any = sys.modules["__main__"]
    if getattr(current, "__file__", None) == path:
        return
    finder: Any = sys.path_importer_cache[sys.executable]
    spec = finder.find_spec("__main__")
    if spec is None or spec.origin != path:
        return
    spawn.old_main_modules.append(current)
    main = type(sys)("__mp_main__")
    main.__dict__.update(__file__=path, __loader__=spec.loader, __spec__=None, __package__=None)
    exec(spec.loader.get_code("__main__"), main.__dict__)
    sys.modules["__main__"] = sys.modules["__mp_main__"] = main
