"""Child processes of multiprocessing import as their parent does, and decide as it has decided."""

from __future__ import annotations

import os
import runpy
import sys
from collections.abc import Callable
from typing import Any

from signedvfs import (
    Limits,
    SignedImportManager,
    TrustPolicy,
    _core,
    doors_are_open,
    get_limits,
    get_policy,
    hook,
    launched,
    open_doors,
    restarting,
    set_policy,
)
from signedvfs._core import PathHook, _installed_managers

# The file that makes the package importable, beside the one that this module was loaded from.
_FOR_CHILD = os.path.join(os.path.dirname(__file__), "for_child.py")  # noqa: PTH118, PTH120  # see below


class _Package:
    """Stands for this package; unpickling it loads the child's from where the parent's lies.

    By a function of the standard library, for the child may not find ours.
    """

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return runpy.run_path, (_FOR_CHILD,)


class _Importer:
    """Stands for this process's hooks; unpickling it sets up those of the child."""

    def __reduce__(self) -> tuple[Callable[..., None], tuple[object, ...]]:
        hooks = [_described(one) for one in _hooks_in_use()]
        return _set_up, (get_policy(), get_limits(), hooks, doors_are_open())


class _Managers:
    """Stands for the import managers; unpickling it installs those of the child."""

    def __reduce__(self) -> tuple[Callable[..., None], tuple[object, ...]]:
        managers = [
            (one._arguments(), one.locked, one._hook._remembered()) for one in _installed_managers()
        ]
        return _install, (managers,)


class _Run:
    """Stands for how `signedvfs run` has entered this process; unpickling it enters the child."""

    def __reduce__(self) -> tuple[Callable[..., None], tuple[object, ...]]:
        return _enter, (restarting.entry_in_force(),)


def get_preparation_data(
    original: Callable[..., dict[str, object]], *args: object, **kwargs: object
) -> dict[str, object]:
    """Guard multiprocessing.spawn.get_preparation_data: a child has no path hook of ours.

    It unpickles this dictionary before anything else, so before it can import from an archive. A
    child that cannot set up the importer ends with the error that says why.

    Raises RuntimeError where bootstrap code has loaded signedvfs: the child has no such code, and
    would take signedvfs from a directory that nobody verifies.
    """
    if launched.is_launched():
        data = original(*args, **kwargs)
        # The child is the same verified file, and goes by the same policy: what the program has set
        # up beside that is all there is to tell.
        if [one for one in _hooks_in_use() if one is not hook]:
            data["signedvfs"] = _Importer()
        return data
    if getattr(_core, "__file__", None) is None:
        raise RuntimeError(
            "signedvfs was verified by bootstrap code here, and a child that is not forked would "
            "load it unverified: use multiprocessing.get_context('fork'), or start a program that "
            "begins with bootstrap code of its own"
        )
    data = original(*args, **kwargs)
    if _hooks_in_use() or _installed_managers():
        # In this order. A relative path would name something else in another directory: then the
        # child has to find the package by itself.
        if os.path.isabs(_FOR_CHILD):  # noqa: PTH117  # pathlib has its price
            data["signedvfs package"] = _Package()
        data["signedvfs"] = _Importer()
        if _installed_managers():
            data["signedvfs managers"] = _Managers()
        if restarting.entry_in_force() is not None:
            data["signedvfs run"] = _Run()
    return data


def ensure_running(original: Callable[..., object], server: Any, *args: object) -> object:
    """Guard multiprocessing.forkserver's server, which imports modules to preload without hook.

    With a hook in use it starts without them; its children import what they need, verified.
    """
    if not _hooks_in_use() and not _installed_managers():
        return original(server, *args)
    preload = server._preload_modules
    server._preload_modules = []
    try:
        return original(server, *args)
    finally:
        server._preload_modules = preload


def _hooks_in_use() -> list[PathHook]:
    managers = [one._hook for one in _installed_managers()]
    hooks = [one for one in sys.path_hooks if isinstance(one, PathHook)]
    return [one for one in hooks if one not in managers]


def _described(one: PathHook) -> tuple[object, ...]:
    return one.roots, one.policy, one.limits, one._remembered()


def _set_up(policy: TrustPolicy, limits: Limits, hooks: list[tuple[Any, ...]], doors: bool) -> None:
    set_policy(policy, limits)
    made = []
    for roots, own_policy, own_limits, known in hooks:
        one = hook if roots is None else PathHook(roots, own_policy, own_limits)
        one._recall(known)
        made.append(one)
    for one in reversed(made):
        one.install()
    if doors:
        open_doors()


def _install(managers: list[tuple[dict[str, Any], bool, dict[str, Any]]]) -> None:
    made = []
    for arguments, locked, known in managers:
        one = SignedImportManager(**arguments)
        one._hook._recall(known)
        made.append((one, locked))
    for one, _ in reversed(made):
        one.install()
    for one, locked in made:
        if locked:
            one.lock()


def _enter(entry: restarting.Entry) -> None:
    from signedvfs import process_doors

    restarting.entered(entry)
    process_doors.close()
