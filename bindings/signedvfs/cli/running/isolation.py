"""The interpreter isolated, as -I has it: what the environment and the user's site directory name
does not get in, and neither does the current directory.

Where something of that is in already, the interpreter is started anew, under -I. Where nothing is,
that would cost as much as everything else together, and change nothing but what `sys.flags` say.
"""

from __future__ import annotations

import os
import sys

from signedvfs import _core, python_words, restarting
from signedvfs.cli.failures import CliError

TYPE_CHECKING = False  # see signedvfs/__init__.py
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

# Variables that choose no code: their settings stay, by the options that -I does not switch off.
_SETTINGS = {
    "PYTHONUNBUFFERED": ("-u",),
    "PYTHONDONTWRITEBYTECODE": ("-B",),
    "PYTHONFAULTHANDLER": ("-X", "faulthandler"),
    "PYTHONUTF8": ("-X", "utf8={}"),
    # These ask for less than -I does.
    "PYTHONNOUSERSITE": (),
    "PYTHONSAFEPATH": (),
    # What container images note down about themselves; no interpreter reads these.
    "PYTHON_VERSION": (),
    "PYTHON_SHA256": (),
    "PYTHON_PIP_VERSION": (),
    "PYTHON_SETUPTOOLS_VERSION": (),
    "PYTHON_GET_PIP_URL": (),
    "PYTHON_GET_PIP_SHA256": (),
}


def isolate(words: Sequence[str], *, is_process: bool) -> None:
    """isolate has the interpreter isolated when it returns, if it returns.

    `words` are those of the command, which the interpreter that is started anew gets again.
    is_process: whether they are the process's own. Otherwise a program has called us, and is not to
    be replaced: then a CliError says what has got in.
    """
    if sys.flags.isolated:
        return
    found = list(_what_got_in())
    if not found:
        leave_out_own_directory()
        _core._isolate_flags()
        site = sys.modules.get("site")
        if site is not None:
            site.ENABLE_USER_SITE = False  # type: ignore[attr-defined]  # which it has
        return
    options = interpreter_options(words) if is_process else None
    if options is None or not sys.executable:
        raise CliError(
            f"this interpreter is not isolated ({', '.join(found)}), and cannot be started anew "
            "from here",
            "Start it with -I, or let the environment in: --no-isolated",
            "NotIsolated",
        )
    os.execv(
        sys.executable,
        [sys.executable, *options, *_settings(), "-I", *restarting.command(), *words],
    )


def interpreter_options(words: Sequence[str]) -> list[str] | None:
    """interpreter_options returns those that this process was started with, before `words`; None
    where it was started in another way.
    """
    line = _command_line()
    if line[-len(words) :] != list(words):
        return None
    invocation = python_words.Invocation(line[1 : -len(words)])
    return None if invocation.rest else invocation.options


def ignored_variables() -> list[str]:
    """ignored_variables returns the names of those that are set, and that -I has Python ignore."""
    return sorted(
        name
        for name, value in os.environ.items()
        if name.startswith("PYTHON") and value and name not in _SETTINGS
    )


def forget_openssl() -> None:
    """forget_openssl takes out of the environment what has OpenSSL load native code: packages may
    bring a copy of OpenSSL of their own, which reads it.
    """
    for name in ("OPENSSL_CONF", "OPENSSL_MODULES", "OPENSSL_ENGINES"):
        os.environ.pop(name, None)


def leave_out_own_directory() -> None:
    """leave_out_own_directory takes off what Python has put first on the path for us: the command's
    directory, or the current one. `python ARCHIVE` has the archive in its place.
    """
    if sys.flags.isolated or getattr(sys.flags, "safe_path", False) or not sys.path:
        return
    ours = {"", os.path.dirname(os.path.realpath(sys.argv[0]))}
    if sys.path[0] in ours or sys.path[0] == _current_directory():
        del sys.path[0]


def _current_directory() -> str | None:
    try:
        return os.getcwd()
    except FileNotFoundError:  # it is gone, and no place to import from
        return None


def _what_got_in() -> Iterator[str]:
    if not sys.flags.ignore_environment:
        yield from ignored_variables()
    site = sys.modules.get("site")
    user_site = getattr(site, "USER_SITE", None)
    if user_site is not None and user_site in sys.path and not sys.flags.no_user_site:
        yield user_site


def _settings() -> Iterator[str]:
    if sys.flags.ignore_environment:
        return
    for name, words in _SETTINGS.items():
        value = os.environ.get(name)
        if value:
            yield from (word.format(value) for word in words)


def _command_line() -> list[str]:
    original: list[str] | None = getattr(sys, "orig_argv", None)
    if original is not None:  # from 3.10 on
        return original
    with open("/proc/self/cmdline", "rb") as file:
        return [os.fsdecode(word) for word in file.read().split(b"\0")[:-1]]
