"""The gate that a wheel must pass before anybody gets it: `python -m scripts.wheels.gate WHEEL...`.

Each check is a function from a wheel to what is wrong with it. tests/wheels/test_gate.py breaks
every condition on purpose, and wants it to be named.
"""

from __future__ import annotations

import argparse
import base64
import csv
import hashlib
import io
import json
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable

from scripts.wheels import musl
from scripts.wheels.elf import Image, read_image

# The oldest C libraries that wheels run with.
FLOORS = {"manylinux": ("glibc", (2, 28)), "musllinux": ("musl", (1, 2))}
_NAME = re.compile(
    r"signedvfs-(?P<version>[0-9][0-9a-z.]*)-(?P<python>cp3\d+)-(?P<abi>cp3\d+t?)"
    r"-(?P<platform>(?P<system>manylinux|musllinux)_(?P<major>\d+)_(?P<minor>\d+)"
    r"_(?P<machine>x86_64|aarch64))\.whl"
)

# What glibc itself is made of. Since 2.34 all but the last of these are empty, and still there.
_GLIBC_FILES = {"libpthread.so.0", "libdl.so.2", "libm.so.6", "librt.so.1", "libc.so.6"}
_LINKER = {"x86_64": "ld-linux-x86-64.so.2", "aarch64": "ld-linux-aarch64.so.1"}
# Python ends daemon threads with this unwinder; with another one in our frames it would abort.
_UNWINDER = "libgcc_s.so.1"

_FOREIGN = "signedvfs/libsignedvfs_foreign.so"
_LAUNCHER = "signedvfs/_launcher"

# A path that a compiler has left behind: absolute, and of a file that only who builds has.
_SOURCE_PATH = re.compile(
    rb"(?<![\w./:-])/[\w.+~@-]+(?:/[\w.+~@-]+)+\.(?:c|cc|cpp|h|hpp|inc|s|S|o|a|zig)\b"
)


class RefusedError(Exception):
    """RefusedError says why a file cannot be judged at all."""


@dataclass
class Wheel:
    """Wheel is what is judged: a file's name and its members."""

    path: Path
    name: re.Match[str]
    members: dict[str, bytes]
    images: dict[str, Image]

    @property
    def machine(self) -> str:
        """Machine is the architecture that the name promises."""
        return self.name["machine"]

    @property
    def floor(self) -> tuple[int, int]:
        """Floor is the version of the C library that the name promises."""
        return int(self.name["major"]), int(self.name["minor"])

    @property
    def is_for_musl(self) -> bool:
        """Whether the name is for systems with musl."""
        return self.name["system"] == "musllinux"

    @property
    def compiled(self) -> list[str]:
        """Compiled are the ELF files that it has to hold. For musl there is no launcher."""
        return [self.core, _FOREIGN, *([] if self.is_for_musl else [_LAUNCHER])]

    @property
    def information(self) -> str:
        """Information is the name of the directory with the metadata."""
        return f"signedvfs-{self.name['version']}.dist-info"

    @property
    def core(self) -> str:
        """Core is the extension module for the interpreter in the name."""
        if self.is_for_musl:  # interpreters differ in the name of their platform
            return "signedvfs/_core.so"
        tag = self.name["abi"][2:]
        return f"signedvfs/_core.cpython-{tag}-{self.machine}-linux-gnu.so"


@dataclass
class Expected:
    """Expected is what wheels are compared with: the sources, and another build."""

    package: Path
    forbidden: list[str] = field(default_factory=list)
    again: Path | None = None
    auditwheel: list[str] = field(default_factory=lambda: [sys.executable, "-m", "auditwheel"])


Check = Callable[[Wheel, Expected], Iterator[str]]


def open_wheel(path: Path) -> Wheel:
    """open_wheel reads a wheel. Raises RefusedError where there is nothing that could be judged."""
    name = _NAME.fullmatch(path.name)
    if not name:
        raise RefusedError(
            f"no name of a wheel of signedvfs for manylinux or musllinux: {path.name}"
        )
    try:
        with zipfile.ZipFile(path) as archive:
            members = {one: archive.read(one) for one in archive.namelist()}
            if len(members) != len(archive.infolist()):
                raise RefusedError("two members have the same name")
    except (OSError, zipfile.BadZipFile) as error:
        raise RefusedError(f"cannot be read: {error}") from error
    images = {}
    for member, content in members.items():
        if content.startswith(b"\x7fELF"):
            try:
                images[member] = read_image(content)
            except ValueError as error:
                raise RefusedError(f"{member} {error}") from error
    return Wheel(path, name, members, images)


def check_tag(wheel: Wheel, expected: Expected) -> Iterator[str]:
    """The name, the metadata and the shared objects are of one platform."""
    tag = "-".join(wheel.name[one] for one in ("python", "abi", "platform"))
    text = wheel.members.get(f"{wheel.information}/WHEEL", b"").decode()
    tags = re.findall(r"^Tag: (.+)$", text, re.MULTILINE)
    if tags != [tag]:
        yield f"the name says {tag}, and the metadata {', '.join(tags) or 'nothing'}"
    library, floor = FLOORS[wheel.name["system"]]
    if wheel.floor != floor:
        yield f"the name promises {wheel.name['platform']}, and not {library} {_dotted(floor)}"
    if wheel.name["abi"].rstrip("t") != wheel.name["python"]:
        yield f"{wheel.name['abi']} is no ABI of {wheel.name['python']}"
    for name, image in wheel.images.items():
        if image.machine != wheel.machine:
            yield f"{name} is for {image.machine}"


def check_floor(wheel: Wheel, expected: Expected) -> Iterator[str]:
    """It runs on every system with the C library in its name; of glibc that is auditwheel's say."""
    if wheel.is_for_musl:
        for name, image in wheel.images.items():
            for wrong in musl.reasons_against(image, is_extension=name == wheel.core):
                yield f"{name} {wrong}"
        return
    _, glibc = FLOORS["manylinux"]
    done = subprocess.run(
        [*expected.auditwheel, "show", "--json", str(wheel.path)],
        capture_output=True,
        text=True,
        check=False,
    )
    try:
        said = json.loads(done.stdout)
        tag = said["overall_tag"]
    except (ValueError, KeyError, TypeError):
        yield f"auditwheel does not judge it: {(done.stdout + done.stderr).strip()}"
        return
    found = re.fullmatch(rf"manylinux_(\d+)_(\d+)_{wheel.machine}", tag)
    if not found or (int(found[1]), int(found[2])) > glibc:
        versions = said.get("versioned_symbols", {})
        symbols = "; ".join(f"{name}: {', '.join(of)}" for name, of in versions.items())
        yield f"auditwheel says {tag} and not manylinux_{glibc[0]}_{glibc[1]} ({symbols})"


def check_exports(wheel: Wheel, expected: Expected) -> Iterator[str]:
    """Shared objects show what is called from outside, and nothing that others could bind to."""
    promised = {wheel.core: {"PyInit__core", "PyInit__tools"}}
    promised[_FOREIGN] = {"signedvfs_foreign_decode_3"}
    promised[_LAUNCHER] = set()
    for name, symbols in promised.items():
        image = wheel.images.get(name)
        if image and image.exported != symbols:
            surplus, missing = image.exported - symbols, symbols - image.exported
            if surplus:
                yield f"{name} exports {_some(surplus)}"
            if missing:
                yield f"{name} does not export {_some(missing)}"


def check_needed(wheel: Wheel, expected: Expected) -> Iterator[str]:
    """Nothing is loaded but what every system with the C library has."""
    glibc = _GLIBC_FILES | {_LINKER[wheel.machine]}
    for name, image in wheel.images.items():
        has_unwinder = name == _LAUNCHER or wheel.is_for_musl
        allowed = {musl.FILE} if wheel.is_for_musl else glibc
        surplus = set(image.needed) - allowed - (set() if has_unwinder else {_UNWINDER})
        if surplus:
            yield f"{name} needs {_some(surplus)}"
        if wheel.is_for_musl and musl.FILE not in image.needed:
            yield f"{name} has a C library of its own: it does not need {musl.FILE}"
        if not has_unwinder and _UNWINDER not in image.needed:
            yield f"{name} has an unwinder of its own: it does not need {_UNWINDER}"
        if image.search_paths:
            yield f"{name} looks for libraries in {_some(set(image.search_paths))}"


def check_hardening(wheel: Wheel, expected: Expected) -> Iterator[str]:
    """What the dynamic linker writes is read-only afterwards, and no stack is executable."""
    for name, image in wheel.images.items():
        if not (image.is_bound_at_start and image.has_read_only_relocations):
            yield f"{name} is not linked with -z relro -z now"
        if image.has_executable_stack:
            yield f"{name} has an executable stack"
        if image.has_text_relocations:
            yield f"{name} has relocations in its code"


def check_canary(wheel: Wheel, expected: Expected) -> Iterator[str]:
    """On aarch64 the stack's canary is the dynamic linker's random one."""
    if wheel.machine != "aarch64":  # x86-64 has it in each thread's own memory
        return
    for name, image in wheel.images.items():
        if "__stack_chk_guard" not in image.undefined:
            yield f"{name} has a fixed canary: it does not take the linker's __stack_chk_guard"


def check_paths(wheel: Wheel, expected: Expected) -> Iterator[str]:
    """No member says where it was built."""
    for name, content in wheel.members.items():
        for path in expected.forbidden:
            if path.encode() in content:
                yield f"{name} has the path {path}"
        if name in wheel.images:
            found = {one.decode() for one in _SOURCE_PATH.findall(content)}
            if found:
                yield f"{name} has paths of sources: {_some(found)}"


def check_stripped(wheel: Wheel, expected: Expected) -> Iterator[str]:
    """There is nothing in it that only a debugger reads."""
    for name, image in wheel.images.items():
        ballast = {one for one in image.sections if one.startswith(".debug") or one == ".symtab"}
        if ballast:
            yield f"{name} is not stripped: {_some(ballast)}"


def check_contents(wheel: Wheel, expected: Expected) -> Iterator[str]:
    """It holds the package as the sources have it, what was compiled, licences, nothing else."""
    sources = {
        f"signedvfs/{one.relative_to(expected.package).as_posix()}": one
        for one in expected.package.rglob("*")
        if one.is_file() and "__pycache__" not in one.parts
    }
    fixed = {
        f"{wheel.information}/{one}" for one in ("METADATA", "WHEEL", "RECORD", "entry_points.txt")
    }
    required = {*wheel.compiled, *sources, *fixed}
    licences = f"{wheel.information}/licenses/"
    surplus = {
        one
        for one in wheel.members.keys() - required
        if not (one.startswith(licences) and not one.endswith(".py"))
    }
    if surplus:
        yield f"nothing is known of {_some(surplus)}"
    if required - wheel.members.keys():
        yield f"it lacks {_some(required - wheel.members.keys())}"
    for name, path in sources.items():
        if name in wheel.members and wheel.members[name] != path.read_bytes():
            yield f"{name} is not what is in the sources"
    for name in wheel.compiled:
        if name in wheel.members and name not in wheel.images:
            yield f"{name} is no ELF file"
    if f"{licences}LICENSE" not in wheel.members:
        yield "it lacks its licence"
    # What is linked in is somebody's, and each licence wants to be given along.
    if not any(one.startswith(f"{licences}bundled/openssl/") for one in wheel.members):
        yield "it lacks the licences of what is linked in"


def check_record(wheel: Wheel, expected: Expected) -> Iterator[str]:
    """RECORD has every member but itself, and its right digest."""
    record = f"{wheel.information}/RECORD"
    rows = list(csv.reader(io.StringIO(wheel.members.get(record, b"").decode())))
    listed = {row[0]: row[1:] for row in rows if len(row) == 3}
    if listed.keys() != wheel.members.keys():
        yield f"RECORD and the members differ: {_some(listed.keys() ^ wheel.members.keys())}"
    for name, (digest, size) in listed.items():
        if name == record or name not in wheel.members:
            continue
        content = wheel.members[name]
        right = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
        if (digest, size) != (f"sha256={right}", str(len(content))):
            yield f"RECORD has another digest or size of {name}"


def check_reproducible(wheel: Wheel, expected: Expected) -> Iterator[str]:
    """A second build has the same bytes."""
    if not expected.again:
        return
    other = expected.again / wheel.path.name
    if not other.is_file():
        yield f"there is no second build: {other}"
    elif other.read_bytes() != wheel.path.read_bytes():
        with zipfile.ZipFile(other) as archive:
            theirs = {one: archive.read(one) for one in archive.namelist()}
        names = theirs.keys() | wheel.members.keys()
        differ = {one for one in names if theirs.get(one) != wheel.members.get(one)}
        yield f"a second build differs: {_some(differ) or 'in order, times or compression'}"


CHECKS: dict[str, Check] = {
    "tag": check_tag,
    "floor": check_floor,
    "exports": check_exports,
    "needed": check_needed,
    "hardening": check_hardening,
    "canary": check_canary,
    "paths": check_paths,
    "stripped": check_stripped,
    "contents": check_contents,
    "record": check_record,
    "reproducible": check_reproducible,
}


def judge(path: Path, expected: Expected) -> dict[str, list[str]]:
    """Judge returns what is wrong, by the name of the check; nothing where the wheel passes."""
    try:
        wheel = open_wheel(path)
    except RefusedError as error:
        return {"readable": [str(error)]}
    found = {name: list(check(wheel, expected)) for name, check in CHECKS.items()}
    return {name: wrong for name, wrong in found.items() if wrong}


def _some(names: set[str] | frozenset[str]) -> str:
    ordered = sorted(names)
    more = f" and {len(ordered) - 5} more" if len(ordered) > 5 else ""
    return ", ".join(ordered[:5]) + more


def _dotted(version: tuple[int, int]) -> str:
    return ".".join(map(str, version))


def main(words: list[str] | None = None) -> int:
    """Main judges wheels and returns 1 where one does not pass."""
    parser = argparse.ArgumentParser(
        prog="gate", description="Judge wheels before anybody gets them."
    )
    parser.add_argument("wheels", nargs="+", type=Path, metavar="WHEEL")
    parser.add_argument(
        "--package", type=Path, default=Path("bindings/signedvfs"), help="the package's sources"
    )
    parser.add_argument(
        "--forbid", action="append", default=[], metavar="PATH", help="a path that nothing may hold"
    )
    parser.add_argument(
        "--again", type=Path, metavar="DIRECTORY", help="a second build, to be compared"
    )
    parser.add_argument("--json", action="store_true", help="print one object")
    arguments = parser.parse_args(words)
    expected = Expected(arguments.package, arguments.forbid, arguments.again)
    verdicts = {str(path): judge(path, expected) for path in arguments.wheels}
    if arguments.json:
        print(json.dumps(verdicts, indent=2))
    else:
        for path, wrong in verdicts.items():
            print(f"{Path(path).name}: {'refused' if wrong else 'passed'}")
            for name, sentences in wrong.items():
                for sentence in sentences:
                    print(f"  {name}: {sentence}")
    return 1 if any(verdicts.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
