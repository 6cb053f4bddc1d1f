"""Single files of signed directories: found, verified, and executed as they were verified."""

from __future__ import annotations

import os

from signedvfs import _core

TYPE_CHECKING = False  # see signedvfs/__init__.py
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import TracebackType
    from typing import Any, NoReturn, Union

    from typing_extensions import Self, TypeAlias

    from signedvfs import Limits, SignedVfs, TrustPolicy

    AnyPath: TypeAlias = Union[str, os.PathLike[str]]

_MANIFEST = "signedimp-manifest.txt"
_MARK = b"#!"
_LONGEST_LINE = 255  # of what the kernel reads of the first line (execve(2))


class VerifiedFile:
    """One file that a signed manifest lists, with the content that was verified.

    `path` is the file as it was named, `member` its name in the manifest, `vfs` the directory that
    was opened for it. What `read`, `fileno` and `execute` give is the private copy that was
    compared with the signed digest: nothing is read a second time. As a context manager it closes
    its descriptor at the end.
    """

    def __init__(self, path: str, vfs: SignedVfs, member: str, content: bytes, digest: str) -> None:
        """Is for `verify_file` alone."""
        self.path = path
        self.vfs = vfs
        self.member = member
        self.size = len(content)
        self.digest = digest
        self._content = content
        self._descriptor: int | None = None

    def read(self) -> bytes:
        """Return the content."""
        return self._content

    def fileno(self) -> int:
        """Return a descriptor of memory that holds the content, and that nobody can change.

        It is open until `close`, and closed in programs that this one executes. Raises OSError
        where the system has no such memory.
        """
        if self._descriptor is None:
            self._descriptor = self._sealed(executable=False)
        return self._descriptor

    def execute(
        self, arguments: Sequence[str] = (), environment: Mapping[str, str] | None = None
    ) -> NoReturn:
        """Replace this process by the program that was verified, as execve(2) does.

        Executed are the very bytes, from sealed memory (fexecve(3)): what has become of the file
        does not matter. `arguments` follow the file's path; `environment` is this process's own
        unless it is given. A script is executed where its first line names its interpreter by an
        absolute path; the interpreter is the system's, and reads the script from the same memory.

        Raises ValueError for a script whose interpreter PATH or the current directory would choose,
        and OSError, also for what is no program.
        """
        is_script = self._content.startswith(_MARK)
        if is_script:
            _require_interpreter(self.path, self._content)
        program = self._sealed(executable=True)
        try:
            # The kernel hands the interpreter a path to the descriptor, which has to be open there.
            os.set_inheritable(program, is_script)
            before = _restore_signals()
            try:
                os.execve(
                    program,
                    [self.path, *arguments],
                    os.environ if environment is None else environment,
                )
            finally:
                _put_back(before)  # it goes on: nothing was executed
        except OSError as error:
            error.filename = self.path
            raise
        finally:
            os.close(program)

    def close(self) -> None:
        """Close the descriptor of `fileno`, if there is one; the content stays."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _sealed(self, *, executable: bool) -> int:
        descriptor = _core._sealed_memory(self._content, executable)
        if descriptor is None:
            import errno

            raise OSError(
                errno.ENOSYS, "the system has no sealed memory, or forbids it here", self.path
            )
        return descriptor

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __del__(self) -> None:
        # Also of an object that its constructor has not finished.
        if getattr(self, "_descriptor", None) is not None:
            self.close()

    def __repr__(self) -> str:
        return f"<signedvfs.VerifiedFile {self.path!r}>"


def verify_file(
    path: AnyPath,
    policy: TrustPolicy | None = None,
    limits: Limits | None = None,
    *,
    manifest: AnyPath | None = None,
    directory: AnyPath | None = None,
    root: str | None = None,
) -> VerifiedFile:
    """Verify one file by the manifest of a signed directory that it lies in.

    Every directory above the file that has a manifest is asked, by the path as it is given and by
    the one without links: each manifest has to satisfy the policy and to list the file, with the
    same content. So nobody makes a file another one by a manifest in between. `manifest` names a
    detached one instead, `directory` the directory that it is of, and `root` its role. Below a
    signed directory no link is followed, but for those that a detached manifest lists.

    `policy` and `limits` are those of `open`. Raises IntegrityCheckError: of its two classes
    IntegrityCheckMissing where no manifest covers or lists the file, IntegrityCheckFailed where it
    was changed; and ValueError for a path that leads through `..` out of a link.
    """
    given = os.fspath(path)
    if not isinstance(given, str):
        raise TypeError("path must be a str, or an os.PathLike of one")
    lexical, real = _places(given)
    if (manifest is None) != (directory is None):
        raise ValueError("manifest and directory go together: give both, or neither")
    if manifest is None and root is not None:
        raise ValueError("root goes with manifest: give both, or neither")
    if manifest is not None and directory is not None:
        covering = [_detached(given, lexical, real, manifest, directory, root, policy, limits)]
    else:
        covering = _covering(given, lexical, real, policy, limits)
    vfs, member = covering[0]
    content = vfs.read(member)
    for other, name in covering[1:]:
        if other.read(name) != content:
            raise refusal(
                _core.IntegrityCheckFailed,
                "DigestMismatch",
                f"{given}: {vfs.path} and {other.path} are signed with other content of it",
                "Sign both anew, or name the one to go by: manifest=, directory=.",
                given,
                member,
            )
    return VerifiedFile(given, vfs, member, content, vfs.stat(member).digest)


def _places(given: str) -> tuple[str, str]:
    # The absolute path as it is given, and the one whose directories are no links. The file itself
    # may be a link: whether that is followed, whoever opens it decides.
    lexical = os.path.abspath(given)
    above, name = os.path.split(lexical)
    real = os.path.realpath(above)
    if not given or not name or given.endswith(("/", "/.", "/..")):
        raise ValueError(f"{given!r} names a directory, where a file is expected")
    if os.path.realpath(os.path.split(given)[0] or ".") != real:
        raise ValueError(f"{given!r} leads through '..' out of a link: write it without")
    return lexical, os.path.join(real, name)


def _covering(
    given: str,
    lexical: str,
    real: str,
    policy: TrustPolicy | None,
    limits: Limits | None,
) -> list[tuple[SignedVfs, str]]:
    # The nearest comes first.
    found: list[tuple[SignedVfs, str]] = []
    seen: set[str] = set()
    for place in (lexical, real):
        directory = place
        while directory != "/":
            directory = os.path.dirname(directory)
            if directory in seen:
                continue
            seen.add(directory)
            # Whatever stands there has to be a manifest that satisfies the policy.
            if os.path.lexists(os.path.join(directory, _MANIFEST)):
                vfs = _core.open(directory, policy, limits)
                found.append((vfs, os.path.relpath(place, directory)))
    if not found:
        raise refusal(
            _core.IntegrityCheckMissing,
            "NoManifest",
            f"{given}: no directory above it has a manifest, so nobody has signed it",
            "Sign the directory that it belongs to, or name its detached manifest: manifest=FILE, "
            "directory=DIR.",
            given,
        )
    return found


def _detached(
    given: str,
    lexical: str,
    real: str,
    manifest: AnyPath,
    directory: AnyPath,
    root: str | None,
    policy: TrustPolicy | None,
    limits: Limits | None,
) -> tuple[SignedVfs, str]:
    vfs = _core.open(directory, policy, limits, manifest, root)
    top = os.path.abspath(os.fspath(directory))
    for place, above in ((lexical, top), (real, os.path.realpath(top))):
        # Component by component: /app-evil does not lie in /app.
        if place.startswith(above if above == "/" else f"{above}/"):
            return vfs, os.path.relpath(place, above)
    raise refusal(
        _core.IntegrityCheckMissing,
        "NotFound",
        f"{given} does not lie in {os.fspath(directory)}, which the manifest is of",
        "Name the directory that it lies in: directory=DIR.",
        given,
    )


def _require_interpreter(path: str, content: bytes) -> None:
    line, newline, _ = content[: _LONGEST_LINE + 1].partition(b"\n")
    # Space and tab separate for the kernel, and nothing else: to it "\v/bin/sh" is a relative path.
    word = line[len(_MARK) :].lstrip(b" \t").replace(b"\t", b" ").partition(b" ")[0]
    interpreter = os.fsdecode(word)
    if not newline or "\0" in interpreter:
        problem = "its first line is too long, or no line"
    elif not interpreter.startswith("/"):
        problem = f"the current directory would choose its interpreter {interpreter!r}"
    elif _leads_into_process(interpreter):
        problem = f"its interpreter {interpreter!r} is what this process has open"
    elif os.path.basename(interpreter) == "env":
        problem = "PATH would choose its interpreter"
    else:
        return
    raise ValueError(
        f"{path}: {problem}; sign a script whose first line names it by an absolute path"
    )


def _leads_into_process(interpreter: str) -> bool:
    # /proc/self/cwd/sh and /dev/stdin are absolute, and lead where whoever started us chose.
    at = "/"
    for part in interpreter.split("/"):
        at = os.path.realpath(os.path.join(at, part))
        if os.path.normpath(at).split("/")[1] in ("proc", "dev"):
            return True
    return False


def _restore_signals() -> dict[int, Any]:
    # Python ignores them, and whoever executes a program hands that on (as subprocess does not).
    # Returns what was there before.
    import signal

    before: dict[int, Any] = {}
    for name in ("SIGPIPE", "SIGXFSZ"):
        number = getattr(signal, name, None)
        if number is None:
            continue
        try:
            before[number] = signal.signal(number, signal.SIG_DFL)
        except ValueError:  # only the main thread may
            break
    return before


def _put_back(before: dict[int, Any]) -> None:
    import signal

    for number, handler in before.items():
        signal.signal(number, handler)


def refusal(
    kind: type[_core.IntegrityCheckError],
    code: str,
    reason: str,
    advice: str,
    path: str,
    member: str | None = None,
) -> _core.IntegrityCheckError:
    """refusal makes an error such as the core raises: docs/errors.md has the codes."""
    error = kind(f"{reason}. {advice}")
    error.code, error.reason, error.advice = code, reason, advice
    error.path, error.member, error.limit = path, member, None
    return error
