"""Processes that a program under `signedvfs run` starts anew come back verified, or not at all.

`python app.zip` is zipimport's: it verifies nothing. So is every way in which programs restart
themselves: `os.execv(sys.executable, [sys.executable] + sys.argv)`, and what reloaders make of
`sys.orig_argv`, `sys.argv` and `__main__.__spec__`. `restarted` says what to start instead.
"""

from __future__ import annotations

import os
import sys

from signedvfs import _core, python_words

TYPE_CHECKING = False  # see signedvfs/__init__.py
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from importlib.machinery import ModuleSpec

# Run by its path it is this very package, wherever that is installed.
_COMMAND = os.path.join(os.path.dirname(__file__), "__main__.py")


class Entry:
    """Entry is how `run` was entered, fit for pickle.

    options: the options of `run`, all paths absolute; archive: its absolute path; given: as the
    user wrote it; module, code: of -m and -c; main: the path of the member that runs; isolated:
    whether the interpreter is.
    """

    def __init__(
        self,
        options: list[str],
        archive: str,
        given: str,
        *,
        module: str | None = None,
        code: str | None = None,
        main: str | None = None,
        isolated: bool = True,
    ) -> None:
        self.options = options
        self.archive = archive
        self.given = given
        self.module = module
        self.code = code
        self.main = main
        self.isolated = isolated

    def words(self, archive: str | None = None, module: str | None = None) -> list[str]:
        """words returns what makes an interpreter enter `run` again, up to the program's words.

        For another archive, or another module of this one, in the same way.
        """
        kind: list[str] = []
        if archive is not None:
            pass
        elif module is not None:
            kind = ["-m", module]
        elif self.module is not None:
            kind = ["-m", self.module]
        elif self.code is not None:
            kind = ["-c", self.code]
        isolating = ["-I"] if self.isolated else []
        return [*isolating, *command(), "run", *self.options, *kind, archive or self.archive]


_entry: Entry | None = None  # of this process, where it runs an archive


def command() -> list[str]:
    """command returns what has an interpreter run this package as `signedvfs` is run.

    By its path, which needs no `sys.path`: under -I the user's site directory is not on it. Where
    the native half lies elsewhere, as editable installations have it, by its name.
    """
    native = os.path.dirname(_core.__file__ or "")
    return [_COMMAND] if native == os.path.dirname(_COMMAND) else ["-m", "signedvfs"]


def entered(entry: Entry | None) -> None:
    """entered says how this process runs an archive."""
    global _entry
    _entry = entry


def entry_in_force() -> Entry | None:
    """entry_in_force returns what `entered` was given."""
    return _entry


def restarted(
    argv: Sequence[str], environment: Mapping[str, str] | None = None, directory: str | None = None
) -> list[str] | None:
    """restarted returns what to start in the place of `argv`, or None: it is nothing of ours.

    `argv` is the command line of a new process, whose first word is the path of the executable;
    `environment` and `directory` are what it would get (None: what this process has). Where it
    would run an archive in use without verifying it, and `run` cannot be entered in its place,
    raises IntegrityCheckError.
    """
    if not argv:
        return None
    words = [os.fsdecode(word) for word in argv]
    there = _Place(directory)
    itself = there.archive_at(words[0])
    if itself is not None:
        return [sys.executable, *_words_for(itself, words[0]), *words[1:]]
    known = _kind_of_interpreter(there.absolute(words[0]))
    if known is None:
        return None
    asked = python_words.Invocation(words[1:])
    again = _entered_again(asked, there)
    if again is None:
        _refuse_search_path(asked, environment, there)
        return None
    if known != _OURS:
        raise _refusal(
            again[-1],
            f"{words[0]} is another interpreter than this one",
            f"Start it with sys.executable, {sys.executable}.",
        )
    kept = asked.options
    if again[0] == "-I":  # not one more with every life
        kept = [word for word in kept if word != "-I"]
    # The same interpreter may be started by the path of another environment, which then is its own;
    # that of a descriptor is gone by then.
    interpreter = sys.executable if words[0].startswith("/proc/") else words[0]
    return [interpreter, *kept, *again, *asked.rest]


def _entered_again(asked: python_words.Invocation, there: _Place) -> list[str] | None:
    # What enters `run` where the words would run what an archive in use holds.
    if asked.kind == python_words.SCRIPT:
        return _for_script(asked.program, there)
    if _entry is None:
        return None
    if asked.kind == python_words.MODULE and _is_ours(asked.program, _entry):
        return _entry.words(module=None if asked.program == "__main__" else asked.program)
    if asked.kind == python_words.CODE and asked.program == _entry.code:
        return _entry.words()
    return None


def _for_script(path: str, there: _Place) -> list[str] | None:
    if path == _COMMAND:
        return None  # this enters `run` by itself
    # The program may have changed its directory since the user wrote the archive's path.
    if _entry is not None and path == _entry.given:
        return _entry.words()
    archive = there.archive_at(path)
    if archive is not None:
        return _words_for(archive, path)
    archive, member = there.archive_above(path)
    if archive is None:
        return None
    if _entry is not None and archive == _entry.archive:
        # `-m` has put the path of the module into sys.argv.
        words = _for_member(member, _entry)
        if words is not None:
            return words
    raise _refusal(
        archive, f"{path} lies in it, and only its modules can be started", "Start it by -m MODULE."
    )


def _for_member(member: str, entry: Entry) -> list[str] | None:
    if f"{entry.archive}/{member}" == entry.main:
        return entry.words()
    name, _, suffix = member.rpartition(".")
    if suffix not in ("py", "pyc"):
        return None
    if name == "__main__":
        return entry.words(archive=entry.archive)
    module = name[: -len("/__main__")] if name.endswith("/__main__") else name
    is_module = not module.endswith("__init__") and _is_ours(module.replace("/", "."), entry)
    return entry.words(module=module.replace("/", ".")) if is_module else None


def _words_for(archive: str, path: str) -> list[str]:
    if _entry is None:
        raise _refusal(
            archive,
            f"{path} is in use, and a plain interpreter would not verify it",
            f"Start it by: {sys.executable} -m signedvfs run --trust FILE.pub {path}",
        )
    return _entry.words() if archive == _entry.archive else _entry.words(archive=archive)


def _is_ours(name: str, entry: Entry) -> bool:
    # Whether `python -m NAME` would run a module that this process has out of its archive.
    if name == "signedvfs":
        return False  # it enters `run` by itself
    if name in ("__main__", entry.module):
        return True

    def find(parents: list[str], module: str) -> ModuleSpec | None:
        return _core.hook("/".join([entry.archive, *parents])).find_spec(module)

    words = name.split(".")
    spec = find(words[:-1], name)
    # A directory of that name, which is a namespace package, is a program by its __main__ only.
    return spec is not None and (
        spec.loader is not None or find(words, f"{name}.__main__") is not None
    )


def _refuse_search_path(
    asked: python_words.Invocation, environment: Mapping[str, str] | None, there: _Place
) -> None:
    # An archive on PYTHONPATH is imported from by zipimport.
    if "I" in asked.letters or "E" in asked.letters:
        return
    for name, value in (os.environ if environment is None else environment).items():
        if name != "PYTHONPATH":
            continue
        for path in value.split(os.pathsep):
            archive = there.archive_at(path) or there.archive_above(path)[0]
            if archive is not None:
                raise _refusal(
                    archive,
                    "it is on PYTHONPATH, and a plain interpreter would not verify it",
                    "Take it off PYTHONPATH, or start a module of it by -m MODULE.",
                )


class _Place:
    """_Place is the directory that a new process begins in, and what is in use from there."""

    def __init__(self, directory: str | None) -> None:
        self._directory = None if directory is None else os.fsdecode(directory)
        hooks = {id(one): one for one in (_core.hook, *sys.path_hooks)}.values()
        paths = [vfs.path for one in hooks if isinstance(one, _core.PathHook) for vfs in one.in_use]
        self._archives = [_absolute(path) for path in paths]
        if _entry is not None:
            self._archives.insert(0, _entry.archive)

    def absolute(self, path: str) -> str:
        """absolute returns the path of a file as the new process would name it."""
        return _absolute(path if self._directory is None else f"{self._directory}/{path}", path)

    def archive_at(self, path: str) -> str | None:
        """archive_at returns the archive in use that the path leads to, by whatever name."""
        if not path:
            return None
        path = self.absolute(path)
        identity = _identity(path)
        for archive in self._archives:
            if archive == path or (identity is not None and identity == _identity(archive)):
                return archive
        return None

    def archive_above(self, path: str) -> tuple[str | None, str]:
        """archive_above returns the archive in use that the path leads into, and to what there."""
        path = self.absolute(path)
        above = path
        while "/" in above.strip("/"):
            above = above.rpartition("/")[0]
            archive = self.archive_at(above)
            if archive is not None:
                return archive, path[len(above) + 1 :]
        return None, ""


# How much an executable is the interpreter that this process runs in.
_OURS, _ANOTHER = "ours", "another"


def _kind_of_interpreter(path: str) -> str | None:
    identity = _identity(path)
    if path == sys.executable or (identity is not None and identity == _identity(sys.executable)):
        return _OURS
    name = os.path.basename(os.path.realpath(path))
    return _ANOTHER if name.rstrip("0123456789.dtm-") in ("python", "pypy") else None


def _identity(path: str) -> tuple[int, int] | None:
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return None
    return found.st_dev, found.st_ino


def _absolute(joined: str, path: str | None = None) -> str:
    try:
        return os.path.abspath(path if path is not None and path.startswith("/") else joined)
    except FileNotFoundError:  # the current directory is gone
        return joined


def _refusal(archive: str, why: str, advice: str) -> _core.IntegrityCheckError:
    reason = f"{archive}: a new process would run it unverified: {why}"
    error = _core.IntegrityCheckError(f"{reason}. {advice}")
    error.code, error.reason, error.advice = "Unverified", reason, advice
    error.path, error.member, error.limit = archive, None, None
    return error
