"""Run as a program: `every_class.py list` names our native classes, and with a name tries that one.

Whatever Python code can do to an object is an exception at worst. Here each class is tried in a
process of its own, so that whoever runs it learns of a crash; what was tried last stands in the
last line of the output.
"""

from __future__ import annotations

import contextlib
import copy
import copyreg
import pickle
import sys
from collections.abc import Callable, Container, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import signedvfs
from signedvfs import _core, _tools

NATIVE = {"signedvfs", "signedvfs._core", "signedvfs._tools"}

# Arguments that hardly any function expects.
ODD: list[tuple[Any, ...]] = [
    (),
    (None,),
    (0,),
    (-(1 << 70),),
    ("",),
    ("m",),
    ("\udcff\0",),
    (b"\xff",),
    ([],),
    ({},),
    (object,),
    (object(), object()),
    (None, None, None),
    tuple(range(20)),
]


def native_classes() -> dict[str, type]:
    """All classes that the native modules have made, whether or not a module names them."""
    found: dict[str, type] = {}
    waiting: list[type] = [object]
    while waiting:
        below: list[type] = type.__subclasses__(waiting.pop())
        for one in below:
            if one.__module__ in NATIVE and one.__qualname__ not in found:
                found[one.__qualname__] = one
            if one is not type:
                waiting.append(one)
    return found


def real_objects() -> Iterator[object]:
    """At least one object of each class that has any, made as programs make them."""
    key = signedvfs.PrivateKey.generate()
    policy = signedvfs.TrustPolicy(key.public_key, now=lambda: 0)
    archive = Path("app.zip").absolute()
    writer = _tools.ArchiveWriter(archive)
    with writer:
        writer.add("m.py", b"n = 1")
        writer.add("p/__init__.py", b"")
    report = signedvfs.sign(archive, key)
    vfs = signedvfs.open(archive, policy)
    yield from (key, key.public_key, policy, signedvfs.Limits(), writer, report, vfs)
    yield vfs.stat("m.py")
    yield from (_tools.ArchiveWriter("other.zip"), _tools._Names(["m.so"]))
    yield from (signedvfs.statement(archive), signedvfs.Trusted(key.public_key, max_serial=1))

    signedvfs.set_policy(policy)
    hook = signedvfs.hook
    hook.install()
    given = signedvfs.PathHook([archive.with_name("roots")], policy)
    finder = hook(str(archive))
    yield from (hook, given, finder, finder.iter_modules())
    yield from sys.meta_path
    manager = signedvfs.SignedImportManager(
        policy=policy,
        trust_stdlib_paths=True,
        module_aliases={"other": "m"},
        check_modules=False,  # it is going to be installed
    )
    spec = manager.find_spec("other")
    assert spec is not None
    yield from (manager, spec.loader, _core._GuardedMetaPath([manager]))
    for one in native_classes().values():
        if issubclass(one, BaseException):
            yield one("an argument")


def unmade(kind: Any) -> Iterator[object]:
    """Objects of `kind` that nothing has been put into, as far as Python makes them."""

    class Careless:
        def __init__(self) -> None:
            pass

    ways: list[Callable[[], object]] = [partial(base.__new__, kind) for base in kind.__mro__]
    ways += [
        partial(copyreg._reconstructor, kind, object, None),  # type: ignore[attr-defined]  # unnamed
        lambda: type("Derived", (Careless, kind), {})(),
        lambda: kind.__new__(type("Derived", (kind,), {})),
    ]
    for way in ways:
        with contextlib.suppress(Exception):
            yield way()


def step(*words: object) -> None:
    """Say what is about to be tried."""
    print(*words, flush=True)


def call(name: str, function: Any) -> None:
    """Call it with everything odd."""
    for arguments in ODD:
        step(name, len(arguments), *(type(one).__name__ for one in arguments[:3]))
        with contextlib.suppress(Exception):
            function(*arguments)
    step(name, "by unknown name")
    with contextlib.suppress(Exception):
        function(unknown_name=1)


def exercise(one: Any, others: list[object], leave: Container[str] = ()) -> None:
    """Do to an object whatever can be done, but for what has a name in `leave`."""
    kind = type(one)
    for name in sorted({*dir(kind), *kind.__dict__}):
        if name in leave:
            continue
        step(kind.__name__, name)
        with contextlib.suppress(Exception):
            value = getattr(one, name)
            repr(value)
            if callable(value):
                call(name, value)
        with contextlib.suppress(Exception):
            setattr(one, name, None)
        with contextlib.suppress(Exception):
            delattr(one, name)
        # A method of the class, for an object of another one.
        for other in (*others, object(), None):
            with contextlib.suppress(Exception):
                getattr(kind, name)(other)
            with contextlib.suppress(Exception):
                kind.__dict__[name].__get__(other, kind)
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        step(kind.__name__, "reduced by protocol", protocol)
        with contextlib.suppress(Exception):
            one.__reduce_ex__(protocol)
        with contextlib.suppress(Exception):
            pickle.loads(pickle.dumps(one, protocol))
    ways: list[Any] = [copy.copy, copy.deepcopy, repr, str, hash, bool, iter, next, len, dir, vars]
    for way in ways:
        step(kind.__name__, way)
        with contextlib.suppress(Exception):
            way(one)
    for other in (*others, one, None):
        with contextlib.suppress(Exception):
            _ = (one == other, one != other, one < other)


def main(name: str) -> None:
    """Try the class `name`, or name all classes that have to be tried."""
    objects = [one for one in real_objects() if type(one).__module__ in NATIVE]
    classes = native_classes()
    if name == "list":
        # What has objects has to be seen with one; a new class is made in `real_objects`.
        lacking = classes.keys() - {type(one).__qualname__ for one in objects}
        print("without an object:", *sorted(lacking))
        print(*sorted(classes))
        return
    kind = classes[name]
    call(name, kind)
    for method in vars(kind):
        with contextlib.suppress(Exception):
            call(f"{name}.{method}", getattr(kind, method))
    for one in unmade(kind):
        step("made by __new__ alone")
        # A manager that has been initialised on the way ends the process for what is loaded here.
        exercise(one, objects, ("install", "reinstall"))
    for one in objects:
        if type(one) is kind:
            exercise(one, objects)
    for module in (_core, _tools):
        for function in vars(module).copy().values():
            if callable(function) and not isinstance(function, type):
                for one in objects:
                    with contextlib.suppress(Exception):
                        function(one)
    print("survived")


if __name__ == "__main__":
    main(sys.argv[1])
