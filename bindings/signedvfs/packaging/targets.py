"""What an archive is packed for: a Python and a platform, by the tags of wheels (PEP 425, 600)."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

from signedvfs.packaging.errors import PackError
from signedvfs.packaging.toml import packaging_module

_PYTHON = re.compile(r"3\.(\d{1,3})(t?)")
_MANYLINUX = re.compile(r"manylinux_2_(\d{1,3})_(\w+)")
# The older names of three of them, and the glibc that they stand for (PEP 513, 571, 599).
_OLD = {"manylinux1": 5, "manylinux2010": 12, "manylinux2014": 17}
_MODULE = re.compile(r".*\.cpython-(\w+)-[\w-]+\.so")


@dataclass(frozen=True)
class Target:
    """Target is another Python or platform than the running one, or the same by name."""

    python: str  # "3.12", "3.13t"
    platforms: tuple[str, ...]  # as named; (): the running one's

    @property
    def version(self) -> tuple[int, int]:
        """version is the version of Python."""
        return 3, int(self.python[2:].rstrip("t"))

    @property
    def interpreter(self) -> str:
        """interpreter is the tag of it: "cp312"."""
        return f"cp3{self.version[1]}"

    @property
    def abi(self) -> str:
        """abi is the tag of its C interface: "cp312", "cp313t"."""
        return self.interpreter + "t" * self.python.endswith("t")

    @property
    def is_running(self) -> bool:
        """is_running tells whether code that is compiled here runs there."""
        return self.version == sys.version_info[:2]

    @property
    def machine(self) -> str | None:
        """machine is what shared objects have to be for; None: the machine that packs."""
        for platform in self.platforms:
            match = re.fullmatch(r"(?:manylinux_\d+_\d+|manylinux\d+|linux)_(\w+)", platform)
            if match:
                return match[1]
        return None

    @property
    def glibc(self) -> str | None:
        """glibc is the version that the platforms promise; None where they promise none."""
        found = [_MANYLINUX.fullmatch(platform) for platform in self.all_platforms()]
        minors = [int(match[1]) for match in found if match] if self.platforms else []
        return f"2.{max(minors)}" if minors else None

    def all_platforms(self) -> list[str]:
        """all_platforms returns every platform tag that fits, the best first: who has glibc 2.28
        takes what is for an older one."""
        found: dict[str, None] = {}
        for platform in self.platforms:
            old, _, machine = platform.partition("_")
            if old in _OLD:
                found[platform] = None
                platform = f"manylinux_2_{_OLD[old]}_{machine}"
            found[platform] = None
            match = _MANYLINUX.fullmatch(platform)
            if match:
                found.update(dict.fromkeys(_older(int(match[1]), match[2])))
        return list(found) or list(packaging_module("tags").platform_tags())

    def tags(self) -> Iterator[object]:
        """tags gives out all tags that fit."""
        tags, platforms = packaging_module("tags"), self.all_platforms()
        yield from tags.cpython_tags(self.version, [self.abi], platforms)
        yield from tags.compatible_tags(self.version, self.interpreter, platforms)

    def pip_words(self) -> list[str]:
        """pip_words returns the options by which `pip download` looks for what fits."""
        words = ["--only-binary", ":all:", "--implementation", "cp", "--abi", self.abi]
        words += ["--python-version", self.python.rstrip("t")]
        for platform in self.all_platforms():
            words += ["--platform", platform]
        return words

    def environment(self) -> dict[str, str]:
        """environment returns what environment markers (PEP 508) see otherwise than here."""
        version = self.python.rstrip("t")
        found = {"python_version": version}
        if not self.is_running:
            found["python_full_version"] = version + ".0"
        if self.machine is not None:
            found["platform_machine"] = self.machine
        return found

    def __str__(self) -> str:
        on = f" on {', '.join(self.platforms)}" if self.platforms else ""
        return f"Python {self.python}{on}"


def target_of(python: str | None, platforms: Sequence[str]) -> Target | None:
    """target_of returns what those two options mean together, or None where none is given."""
    if python is None and not platforms:
        return None
    given = python or f"3.{sys.version_info[1]}{'t' * ('t' in sys.abiflags)}"
    if not _PYTHON.fullmatch(given):
        raise PackError(f"{given!r} is no version of Python", "Name one as 3.12, or 3.13t.")
    for platform in platforms:
        if not re.fullmatch(r"\w+", platform) or "linux" not in platform or "musl" in platform:
            raise PackError(
                f"{platform!r} is no platform that archives run on",
                "Name one as wheels do: manylinux_2_28_x86_64, manylinux2014_aarch64.",
            )
    return Target(given, tuple(platforms))


def check_fits(wheel: Path, shown: str, target: Target | None) -> None:
    """check_fits raises PackError where the tags of a wheel, by its file's name, do not fit
    `target` (None: this Python and machine).

    Without a target, a wheel that is for any platform is taken as it is.
    """
    parts = wheel.name[: -len(".whl")].split("-")
    if len(parts) < 5 or (target is None and parts[-1] == "any"):
        return
    tags = packaging_module("tags").sys_tags() if target is None else target.tags()
    fitting = [str(tag) for tag in tags]
    if _tags_of(parts).isdisjoint(fitting):
        wanted = "this one" if target is None else str(target)
        raise PackError(
            f"{shown} is for another Python or platform than {wanted}: its tag is "
            f"{'-'.join(parts[-3:])}, and {fitting[0]}, or one that goes with it, is wanted",
            "Name a wheel that fits, or say what the archive is for, such as --python 3.12 "
            "--platform manylinux_2_28_x86_64.",
        )


def is_for_another(name: str, target: Target | None) -> bool:
    """is_for_another tells whether an extension module has the name of one for another Python."""
    match = _MODULE.fullmatch(name)
    if match is None:
        return False
    if target is None:
        return not any(name.endswith(suffix) for suffix in EXTENSION_SUFFIXES if suffix != ".so")
    return f"cp{match[1]}" != target.abi


def _older(minor: int, machine: str) -> Iterator[str]:
    # Only two machines had wheels for what is older than glibc 2.17 (PEP 600).
    oldest = 5 if machine in ("x86_64", "i686") else 17
    names = {minor: old for old, minor in _OLD.items()}
    for older in range(minor, oldest - 1, -1):
        yield f"manylinux_2_{older}_{machine}"
        if older in names:
            yield f"{names[older]}_{machine}"


def _tags_of(parts: Sequence[str]) -> set[str]:
    pythons, abis, platforms = (part.lower().split(".") for part in parts[-3:])
    return {
        f"{python}-{abi}-{platform}" for python in pythons for abi in abis for platform in platforms
    }
