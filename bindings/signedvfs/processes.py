"""Child processes of multiprocessing import from the same archives, under the same policy."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from signedvfs import TrustPolicy, get_policy, hook, set_policy


class _Importer:
    """Stands for this process's importer; unpickling it sets up the importer of the child."""

    def __reduce__(self) -> tuple[Callable[..., None], tuple[object, ...]]:
        return _set_up, (_policy_for_child(), hook.protected)


def get_preparation_data(
    original: Callable[..., dict[str, object]], *args: object, **kwargs: object
) -> dict[str, object]:
    """Guard multiprocessing.spawn.get_preparation_data: a child has no path hook of ours.

    It unpickles this dictionary before anything else, so before it can import from an archive. A
    child that cannot set up the importer ends with the error that says why.
    """
    data = original(*args, **kwargs)
    if hook in sys.path_hooks:
        data["signedvfs"] = _Importer()
    return data


def ensure_running(original: Callable[..., object], server: Any, *args: object) -> object:
    """Guard multiprocessing.forkserver's server, which imports modules to preload without hook.

    With the hook in use it starts without them; its children import what they need, verified.
    """
    if hook not in sys.path_hooks:
        return original(server, *args)
    preload = server._preload_modules
    server._preload_modules = []
    try:
        return original(server, *args)
    finally:
        server._preload_modules = preload


def _policy_for_child() -> TrustPolicy:
    """Return the policy in force; no older release of what is in use satisfies it."""
    policy = get_policy()
    lowest = dict(policy.min_serial)
    for archive in hook.in_use:
        if archive.name is not None and archive.serial is not None:
            lowest[archive.name] = max(archive.serial, lowest.get(archive.name, 0))
    return TrustPolicy(
        policy.keys,
        threshold=policy.threshold,
        names=policy.names,
        min_serial=lowest,
        revoked=policy.revoked,
        now=policy.now,
        legacy=policy.legacy,
    )


def _set_up(policy: TrustPolicy, protected: list[str]) -> None:
    set_policy(policy)
    for path in protected:
        hook.protect(path)
    if hook not in sys.path_hooks:
        sys.path_hooks.insert(0, hook)
