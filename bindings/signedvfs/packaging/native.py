"""What the native code of an archive needs, by the rules that the importer loads it by."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Callable, NamedTuple

from signedvfs._tools import _is_system_library, _Names, _shared_object
from signedvfs.packaging.members import is_extension

# UTF-8 lines "object<TAB>library", both of them members, sorted: before the object is loaded, the
# library is, because the object will ask the linker for it by name while it runs.
NOTES = "signedvfs-native.txt"

_OBJECT = re.compile(r".*\.so(\.\d+)*", re.DOTALL)
_VERSION = re.compile(r"GLIBC_(\d+(?:\.\d+)+)")
# What glibc marks objects with that use a form of relocation which older ones do not know.
_MARKS = {"GLIBC_ABI_DT_RELR": (2, 36)}
# ELF's numbers of machines, where the reader of that machine can tell more than that.
_MACHINES = {21: "ppc64le", 62: "x86_64", 183: "aarch64", 243: "riscv64", 258: "loongarch64"}

Read = Callable[[str], bytes]


class Place(NamedTuple):
    """Place is where members are in use: their absolute path, and what that is."""

    path: str
    kind: str = "archive"  # "directory", or "library": a root of the interpreter's own library


class _Words(NamedTuple):
    # What is said of members by their kind of place.
    where: str
    without_search_path: str
    with_library: str  # with {library}


_WORDS = {
    "archive": _Words(
        "the archive",
        "Remove the entry (patchelf --remove-rpath, or auditwheel repair) and pack again.",
        "Pack a wheel that brings its libraries (auditwheel repair does that), or, where the "
        "system is to have it, allow it: --library {library}, here and where it runs.",
    ),
    "directory": _Words(
        "the signed directory",
        "Remove the entry (patchelf --remove-rpath) and sign the directory again.",
        "Install a wheel that brings its libraries (auditwheel repair does that) and sign the "
        "directory again, or, where the system is to have it, allow it: --library {library}, here "
        "and where it runs.",
    ),
    "library": _Words(
        "the signed library",
        "Remove the entry (patchelf --remove-rpath) and sign the library again (signedvfs sign "
        "--stdlib).",
        "Have it need the library by its name alone (patchelf --replace-needed) and sign the "
        "library again (signedvfs sign --stdlib).",
    ),
}


def words_for(kind: str) -> str:
    """words_for returns what messages call a place of that kind."""
    return _WORDS[kind].where


class Problem(NamedTuple):
    """Problem is why an object would not be imported from the archive, and what to do."""

    member: str
    reason: str
    advice: str


@dataclass(frozen=True)
class NativeObject:
    """NativeObject is one shared object, and where what it needs is."""

    member: str
    machine: str | None  # None: it cannot be read
    soname: str
    needed: tuple[str, ...]
    bundled: tuple[tuple[str, str], ...]  # names it needs, and the members that are meant
    system: tuple[str, ...]  # names it needs that every system has
    missing: tuple[str, ...]  # the others
    circle: tuple[str, ...]  # other members that it needs and that need it, directly or not
    glibc: str | None  # the oldest glibc that has what it wants
    has_text_relocations: bool
    needs_executable_stack: bool


@dataclass(frozen=True)
class NativeReport:
    """NativeReport is what all native code of an archive needs."""

    objects: tuple[NativeObject, ...]  # each after what it needs, but for what needs it, too
    problems: tuple[Problem, ...]
    glibc: str | None  # the oldest glibc that has what they want, None where they want none
    notes: tuple[tuple[str, str], ...]  # objects, and libraries to be loaded before them


class Examined(NamedTuple):
    """Examined is what was found in one member."""

    facts: dict[str, Any] | None  # as `_shared_object` gives them
    names: frozenset[str]  # texts in it that could be names of libraries


def is_object_name(name: str) -> bool:
    """is_object_name tells whether a member is named like a shared object."""
    return _OBJECT.fullmatch(name.rpartition("/")[2]) is not None


class Native:
    """Native examines the shared objects among the members `names`, which `read` reads.

    `machine` is what they have to be for, None: whatever each is for. `libraries` are names that
    the system is going to have, and a policy to allow, beside those that every system has. `place`
    is where they are in use, by the interpreter that runs; None: wherever.
    """

    def __init__(
        self,
        names: Iterable[str],
        read: Read,
        machine: str | None = None,
        libraries: Iterable[str] = (),
        place: Place | None = None,
    ) -> None:
        self.objects = sorted(filter(is_object_name, names), key=str.encode)
        self.examined: dict[str, Examined] = {}
        self.problems: list[Problem] = []
        self.wanted: dict[str, dict[str, str | None]] = {}  # by object: a member for each name
        self.order: list[str] = []
        self._names = _Names(names)
        self._read = read
        self._machine = machine
        self._libraries = frozenset(libraries)
        self._place = place
        self._words = _WORDS["archive" if place is None else place.kind]
        modules = [name for name in self.objects if is_extension(name)]
        # Libraries that no module needs may be loaded by ctypes.
        for name in [*modules, *self.objects]:
            self._follow(name, ())
        self._all_needed = {name: self._reach(name) for name in self.order}
        for name in self.order:
            self._check_circle(name)

    def all_needed(self, name: str) -> frozenset[str]:
        """all_needed returns the members that an object needs, directly or not."""
        return self._all_needed.get(name, frozenset())

    def circle(self, name: str) -> list[str]:
        """circle returns, of these, those that need the object in turn: they are loaded at once."""
        return [one for one in sorted(self.all_needed(name)) if name in self.all_needed(one)]

    def report(self, notes: Sequence[tuple[str, str]]) -> NativeReport:
        """report returns all of it, with `notes` as they are in the archive."""
        objects = tuple(map(self._object, self.order))
        floors = [_floor(self.examined[name].facts) for name in self.order]
        problems = tuple(sorted(set(self.problems)))
        return NativeReport(objects, problems, _text(max(floors, default=())), tuple(notes))

    def _follow(self, name: str, around: Sequence[str]) -> None:
        # `around` are the directories that objects on the way to this one have their libraries in:
        # the linker looks there, too.
        if name in self.wanted:
            return
        facts = self._examine(name)
        found = self.wanted[name] = {}
        if facts is not None:
            directories = [*facts["bundled"], *around]
            for needed in facts["needed"]:
                member = self._names.find(name, directories, needed)
                found[needed] = member
                if member is not None:
                    self._follow(member, directories)
                elif not self._is_of_system(needed):
                    self._miss(name, needed)
        self.order.append(name)

    def _is_of_system(self, library: str) -> bool:
        if _is_system_library(library) or library in self._libraries:
            return True
        # The signer of the interpreter's own library has vouched for whatever name it has in it.
        is_own = self._place is not None and self._place.kind == "library"
        return is_own and not {"/", "$"}.intersection(library)

    def _reach(self, name: str) -> frozenset[str]:
        seen: set[str] = set()
        waiting = [name]
        while waiting:
            for one in self.wanted.get(waiting.pop(), {}).values():
                if one is not None and one not in seen:
                    seen.add(one)
                    waiting.append(one)
        return frozenset(seen)

    def _check_circle(self, name: str) -> None:
        # Loaded at once, they find each other by the names that they have in them alone.
        circle = self.circle(name)
        for needed, member in self.wanted[name].items():
            if member not in circle:
                continue
            for one in circle:
                facts = self.examined[one].facts
                if facts is None or (facts["soname"] == needed) == (one == member):
                    continue
                self.problems.append(
                    Problem(
                        name,
                        f"{name} and {member} need each other, by the name {needed!r}, which "
                        + (
                            "the library does not have in it"
                            if one == member
                            else f"{one} has, too"
                        ),
                        "Give each of them the name that it is needed by (patchelf --set-soname).",
                    )
                )

    def _examine(self, name: str) -> dict[str, Any] | None:
        content = self._read(name)
        machine = self._machine or _MACHINES.get(int.from_bytes(content[18:20], "little"))
        try:
            place = None if self._place is None else self._place.path
            facts = _shared_object(content, machine, name, place)
        except ImportError as error:
            told = vars(error)
            self.problems.append(Problem(name, f"{name}: {told['reason']}", told["advice"]))
            self.examined[name] = Examined(None, frozenset())
            return None
        self.examined[name] = Examined(facts, _library_names(content[: facts["loaded_size"]]))
        for hook in facts["hooks"]:
            self.problems.append(
                Problem(
                    name,
                    f"{name} has {hook}, by which a library of that name would see or replace what "
                    "it calls",
                    "Build it without.",
                )
            )
        for path in facts["foreign"]:
            self.problems.append(
                Problem(
                    name,
                    f"{name} has the linker search {path!r}, which is not in {self._words.where}",
                    self._words.without_search_path,
                )
            )
        return facts

    def _miss(self, name: str, needed: str) -> None:
        self.problems.append(
            Problem(
                name,
                f"{name} needs the library {needed!r}, which is neither in {self._words.where} nor "
                "one that every system has",
                self._words.with_library.format(library=needed),
            )
        )

    def _object(self, name: str) -> NativeObject:
        facts = self.examined[name].facts
        if facts is None:
            return NativeObject(name, None, "", (), (), (), (), (), None, False, False)
        found = self.wanted[name]
        system = [needed for needed, member in found.items() if member is None]
        return NativeObject(
            member=name,
            machine=facts["machine"],
            soname=facts["soname"],
            needed=facts["needed"],
            bundled=tuple((needed, member) for needed, member in found.items() if member),
            system=tuple(filter(self._is_of_system, system)),
            missing=tuple(one for one in system if not self._is_of_system(one)),
            circle=tuple(one for one in self.circle(name) if one != name),
            glibc=_text(_floor(facts)),
            has_text_relocations=facts["has_text_relocations"],
            needs_executable_stack=facts["needs_executable_stack"],
        )


def notes_in(content: bytes) -> list[tuple[str, str]]:
    """notes_in reads the member NOTES; lines that are no pair are left out."""
    lines = [line.split("\t") for line in content.decode("utf-8", "replace").splitlines()]
    return [(line[0], line[1]) for line in lines if len(line) == 2]


def examine(
    names: Sequence[str],
    read: Read,
    libraries: Iterable[str] = (),
    place: Place | None = None,
) -> NativeReport | None:
    """examine reports on the members `names` of an archive, which `read` reads; None: none of them
    is native. `libraries` are names that a policy allows beside those that every system has, and
    `place` is as for Native."""
    if not any(map(is_object_name, names)):
        return None
    native = Native(names, read, libraries=libraries, place=place)
    return native.report(notes_in(read(NOTES)) if NOTES in names else ())


def glibc_here() -> str | None:
    """glibc_here returns the version of the running glibc; None where it is another library."""
    try:
        name, _, version = (os.confstr("CS_GNU_LIBC_VERSION") or "").partition(" ")
    except (ValueError, OSError):
        return None
    return version if name == "glibc" else None


def is_older(version: str, than: str) -> bool:
    """is_older compares versions as glibc has them."""
    return _numbers(version) < _numbers(than)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdigit())


def _floor(facts: dict[str, Any] | None) -> tuple[int, ...]:
    found: tuple[int, ...] = ()
    for _, version in facts["versions"] if facts else ():
        match = _VERSION.fullmatch(version)
        found = max(found, _numbers(match[1]) if match else _MARKS.get(version, ()))
    return found


def _text(version: tuple[int, ...]) -> str | None:
    return ".".join(map(str, version)) or None


def _library_names(content: bytes) -> frozenset[str]:
    # Texts between two NULs, as C writes them, that have ".so" in their ends.
    found = set()
    for match in re.finditer(rb"\.so(\.[0-9.]+)?\0", content):
        begin = content.rfind(b"\0", max(0, match.start() - 255), match.start()) + 1
        text = content[begin : match.end() - 1]
        if begin and text.isascii() and b"/" not in text:
            found.add(text.decode("ascii"))
    return frozenset(found)
