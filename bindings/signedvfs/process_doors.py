"""The functions that start a process, each asking `restarting.restarted` first.

In CPython every way to start one without a shell comes to one of these: `os.exec*` and `os.spawn*`
come to `execv` and `execve`; `subprocess`, `asyncio` and `multiprocessing` to `fork_exec` of
`_posixsubprocess`, or to `posix_spawn`. What a shell or another program starts in turn is not seen.
"""

from __future__ import annotations

import os
import posix
import sys

from signedvfs import launched, restarting

TYPE_CHECKING = False  # see signedvfs/__init__.py
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_closed = False


def close() -> None:
    """close puts the functions below in their places, once."""
    global _closed
    if _closed:
        return
    _closed = True
    _replace((posix, os), "execv", _execv)
    _replace((posix, os), "execve", _execve)
    _replace((posix, os), "posix_spawn", _spawner(_given))
    _replace((posix, os), "posix_spawnp", _spawner(_on_path))
    import _posixsubprocess

    _replace((_posixsubprocess,), "fork_exec", _fork_exec)
    # It may have been imported by what the environment brings along.
    modules = (module for module in (sys.modules.get("subprocess"),) if module is not None)
    _replace(tuple(modules), "_fork_exec", _fork_exec)


def _replace(modules: tuple[Any, ...], name: str, make: Callable[[Any], Any]) -> None:
    made: dict[object, object] = {}
    for module in modules:
        original = getattr(module, name, None)
        if original is None:  # nothing of that name in this version
            continue
        if original not in made:
            guard = made[original] = make(original)
            guard.__name__, guard.__qualname__ = name, name
            guard.__module__, guard.__doc__ = original.__module__, original.__doc__
            for support in (os.supports_fd, os.supports_dir_fd, os.supports_follow_symlinks):
                if original in support:
                    support.add(guard)
        setattr(module, name, made[original])


def _execv(original: Callable[..., Any]) -> Callable[..., Any]:
    def guard(path: Any, argv: Any, /) -> Any:
        again = _again(path, argv, None)
        return original(path, argv) if again is None else original(launched.path_of(again), again)

    return guard


def _execve(original: Callable[..., Any]) -> Callable[..., Any]:
    def guard(path: Any, argv: Any, env: Any) -> Any:
        again = _again(path, argv, env)
        if again is None:
            return original(path, argv, env)
        return original(launched.path_of(again), again, env)

    return guard


def _spawner(find: Callable[[Any], Any]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    def make(original: Callable[..., Any]) -> Callable[..., Any]:
        def guard(path: Any, argv: Any, env: Any, /, **options: Any) -> Any:
            again = _again(find(path), argv, env)
            if again is None:
                return original(path, argv, env, **options)
            return original(launched.path_of(again), again, env, **options)

        return guard

    return make


def _fork_exec(original: Callable[..., Any]) -> Callable[..., Any]:
    def guard(args: Any, executables: Any, *others: Any) -> Any:
        # others: close_fds, pass_fds, cwd, env, and what no version agrees on.
        args = list(args)
        directory, variables = others[2], others[3]
        environment = None if variables is None else dict(one.split(b"=", 1) for one in variables)
        path = next((one for one in executables if _is_program(one)), None)
        again = None if path is None else _again(path, args, environment, directory)
        if again is None:
            return original(args, executables, *others)
        return original(again, (os.fsencode(launched.path_of(again)),), *others)

    return guard


def _again(path: Any, argv: Any, environment: Any, directory: Any = None) -> list[str] | None:
    if isinstance(path, int):
        path = f"/proc/self/fd/{path}"
    try:
        words = [os.fsdecode(word) for word in (path, *argv[1:])]
        variables = None
        if environment is not None:  # a mapping, as CPython asks it
            pairs = zip(environment.keys(), environment.values())
            variables = {os.fsdecode(name): os.fsdecode(value) for name, value in pairs}
    except (AttributeError, TypeError):
        return None  # the original says what is wrong with them
    return restarting.restarted(words, variables, directory)


def _is_program(path: Any) -> bool:
    # An application's own file may be gone by now, and still is what its children run.
    return os.path.isfile(path) or (launched.is_launched() and os.fsdecode(path) == sys.executable)


def _given(path: Any) -> Any:
    return path


def _on_path(path: Any) -> Any:
    name = os.fsdecode(path)
    if "/" in name:
        return path
    found = (f"{directory}/{name}" for directory in os.get_exec_path())
    return next((one for one in found if os.access(one, os.X_OK)), path)
