"""Arguments that change while they are read, and objects that are made twice at once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import signedvfs
from tests.importer.workshop import Importing, Python, Workshop

TURNS = 40


class Emptying:
    """A path whose reading empties the list that it stands in."""

    def __init__(self, owner: list[Any], path: str) -> None:
        self.owner = owner
        self.path = path

    def __fspath__(self) -> str:
        self.owner.clear()
        return self.path


def remembered() -> dict[str, Any]:
    known: dict[str, Any] = signedvfs.hook._remembered()
    return {name: type(value)() for name, value in known.items()}


def emptied(workshop: Workshop, wrap: Callable[[Emptying], object]) -> list[Any]:
    """Make a list of many items whose first one empties it."""
    owner: list[Any] = []
    for number in range(100):
        owner.append(wrap(Emptying(owner, str(workshop.directory / f"{number}.zip"))))
    return owner


# What each part of it holds, with a path in its place.
PARTS: dict[str, Callable[[Emptying], object]] = {
    "own_roots": lambda path: (path, []),
    "roots": lambda path: (path, [path]),
    "archives": lambda path: path,
    "refused": lambda path: (path, "tampered", "it was", ""),
    "spellings": lambda path: ("x.zip", path),
    "floors": lambda path: (path, False, "product", 3),
}


@pytest.mark.parametrize("part", PARTS)
def test_what_is_recalled_changes_while_it_is_read(
    workshop: Workshop, python: Python, part: str
) -> None:
    # In an interpreter of its own: what is recalled is known for good.
    script = f"""
    import sys
    sys.path.insert(0, {str(Path.cwd())!r})
    from tests.importer import test_hostile_arguments as t
    from tests.importer.workshop import Workshop
    import pathlib, gc
    class Here:
        directory = pathlib.Path({str(workshop.directory)!r})
    known = t.remembered()
    known[{part!r}] = t.emptied(Here, t.PARTS[{part!r}])
    try:
        signedvfs.hook._recall(known)
    except ValueError as error:
        assert "code" in str(error), error
    assert known[{part!r}] == []
    gc.collect()
    again = signedvfs.hook._remembered()
    print(max(len(value) for value in again.values()))
    """
    # The items are read from a copy: all of them have come, or the one that was no good ended it.
    assert python(script).stdout.strip() in ("100", "1", "0")


@pytest.mark.usefixtures("importing")
def test_names_that_change_while_they_are_read() -> None:
    class Names(dict):  # type: ignore[type-arg]  # of whatever
        def items(self) -> Any:
            items = [(Emptying(items_of, "/x.zip"), ["a"]) for _ in range(100)]
            items_of.extend(items)
            return items_of

    items_of: list[Any] = []
    known = remembered()
    known["names"] = Names(x=1)
    signedvfs.hook._recall(known)


@pytest.mark.usefixtures("importing")
def test_roots_that_change_while_they_are_read(workshop: Workshop) -> None:
    roots = emptied(workshop, lambda path: path)
    hook = signedvfs.PathHook(roots, signedvfs.TrustPolicy(workshop.public_key))
    assert hook.roots == (str(workshop.directory / "0.zip"),)


def together(count: int, work: Callable[[], object]) -> list[object]:
    """Do something in many threads at once, and return what each has returned or raised."""
    start = threading.Barrier(count)
    done: list[object] = []

    def run() -> None:
        start.wait()
        try:
            done.append(work())
        except Exception as error:  # whatever it is, it is looked at
            done.append(error)

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return done


def made_at_once(kind: Any, arguments: Callable[[], tuple[object, ...]]) -> Iterator[Any]:
    """Have four threads call `__init__` of one object, again and again; one of them may."""
    for _ in range(TURNS):
        one = kind.__new__(kind)
        done = together(4, lambda one=one: one.__init__(*arguments()))  # type: ignore[misc]  # as above
        errors = [each for each in done if each is not None]
        assert len(errors) == 3
        for error in errors:
            assert isinstance(error, TypeError)
            assert "has been called already" in str(error)
        yield one


def test_a_finder_is_made_once(workshop: Workshop, importing: Importing) -> None:
    path = workshop.zip("app.zip", {"m.py": "v = 1\n"})
    importing.put(path)
    for finder in made_at_once(signedvfs.zipimporter, lambda: (str(path),)):
        assert finder.get_data("m.py") == b"v = 1\n"


@pytest.mark.usefixtures("importing")
def test_a_hook_is_made_once(workshop: Workshop) -> None:
    # Each thread names another place: what is there afterwards is one of them, and whole.
    policy = signedvfs.TrustPolicy(workshop.public_key)
    numbers = iter(range(10_000))

    def arguments() -> tuple[object, ...]:
        return ([workshop.directory / f"{next(numbers)}"], policy)

    for hook in made_at_once(signedvfs.PathHook, arguments):
        (root,) = hook.roots
        assert root.startswith(str(workshop.directory))
        assert hook.policy is policy


def test_a_finder_in_use_is_not_made_again(workshop: Workshop, importing: Importing) -> None:
    path = workshop.zip("app.zip", {"m.py": "v = 1\n"})
    other = workshop.zip("other.zip", {"m.py": "v = 2\n"})
    importing.put(path)
    finder: Any = signedvfs.zipimporter(str(path))
    stop = threading.Event()

    def again() -> None:
        while not stop.is_set():
            with pytest.raises(TypeError, match="called already"):
                finder.__init__(str(other))

    threads = [threading.Thread(target=again) for _ in range(2)]
    for thread in threads:
        thread.start()
    for _ in range(200):
        assert finder.get_data("m.py") == b"v = 1\n"
        assert finder.archive == str(path)
    stop.set()
    for thread in threads:
        thread.join()
