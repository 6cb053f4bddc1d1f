"""The options of `run`, read without argparse, which costs as much as the interpreter's own start.

What is not plainly right is left to the parser, which says what is wrong with it.
"""

from __future__ import annotations

import os

from signedvfs.cli.values import name_and_number, whole_number

TYPE_CHECKING = False  # see signedvfs/__init__.py
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Any


class Option:
    """Option is one option: where its value goes, what it is before that, and whether it adds up.

    read: makes the value of its word, or None where the word is wrong; None: the parser has to.
    is_path: whether the value is a path; value: what a flag, which has no word of its own, stands
    for.
    """

    def __init__(
        self,
        to: str,
        read: Callable[[str], Any] | None = str,
        *,
        adds_up: bool = False,
        is_path: bool = False,
        value: Any = None,
    ) -> None:
        self.to = to
        self.read = read
        self.adds_up = adds_up
        self.is_path = is_path
        self.value = value


# All of them; a test compares with the parser's.
OPTIONS = {
    "--trust": Option("trust", adds_up=True, is_path=True),
    "--trust-dir": Option("trust_dir", adds_up=True, is_path=True),
    "--scope": Option("scope", adds_up=True),
    "--threshold": Option("threshold", whole_number),
    "--name": Option("name", adds_up=True),
    "--min-serial": Option("min_serial", whole_number),
    "--revoked": Option("revoked", adds_up=True),
    "--at": Option("at", None),
    "--legacy": Option("legacy", value=True),
    "--limit": Option("limit", name_and_number, adds_up=True),
    "-m": Option("module"),
    "-c": Option("code"),
    "-I": Option("isolated", value=True),
    "--isolated": Option("isolated", value=True),
    "--no-isolated": Option("isolated", value=False),
    "--no-doors": Option("doors", value=False),
    "--library": Option("library", adds_up=True),
    "--preload": Option("preload", adds_up=True),
    "--library-directory": Option("library_directory", is_path=True),
}

_DEFAULTS = {"threshold": 1, "legacy": False, "isolated": True, "doors": True}
_EMPTY_LISTS = ("trust", "trust_dir", "scope", "revoked", "limit")


class Arguments:
    """Arguments is what an argparse.Namespace is.

    words: of the command, as they were given; is_process: whether they are the process's own.
    """

    words: list[str]
    is_process: bool

    def __init__(self, **values: Any) -> None:
        self.__dict__.update(values)

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any: ...


def read(words: Sequence[str]) -> Arguments | None:
    """read returns what the parser returns for the words behind `run`, or None: let it say."""
    values: dict[str, Any] = {option.to: None for option in OPTIONS.values()}
    values.update(_DEFAULTS)
    values.update({name: [] for name in _EMPTY_LISTS})
    at = 0
    while at < len(words) and words[at].startswith("-"):
        name, is_joined, value = words[at].partition("=")
        option = OPTIONS.get(name)
        at += 1
        if option is None or option.read is None or (is_joined and not name.startswith("--")):
            return None
        if option.value is not None:
            if is_joined:
                return None
            values[option.to] = option.value
            continue
        if not is_joined:
            if at == len(words) or (words[at].startswith("-") and name != "-c"):
                return None
            value = words[at]
            at += 1
        taken = option.read(value)
        if taken is None:
            return None
        values[option.to] = [*(values[option.to] or ()), taken] if option.adds_up else taken
    if at == len(words) or not words[at]:
        return None
    return Arguments(archive=words[at], program_arguments=list(words[at + 1 :]), **values)


def restated(arguments: Any, trusted: Sequence[str]) -> list[str]:
    """restated returns options that mean the same in any directory.

    `trusted` are the files of the keys that count, whatever the key ring holds then. -m and -c are
    none of these.
    """
    given = {**vars(arguments), "trust": trusted, "trust_dir": []}
    return list(_restated(given))


def _restated(given: dict[str, Any]) -> Iterator[str]:
    for name, option in OPTIONS.items():
        if option.to in ("module", "code") or name == "-I":
            continue
        value = given[option.to]
        if option.value is not None:
            # What holds by default needs no word.
            if value == option.value and value != _DEFAULTS[option.to]:
                yield name
        elif option.adds_up:
            for one in value or ():
                yield from (name, _word(name, one, option))
        elif value is not None and value != _DEFAULTS.get(option.to):
            yield from (name, _word(name, value, option))


def _word(name: str, value: Any, option: Option) -> str:
    if option.is_path or (name == "--revoked" and os.path.exists(value)):
        return str(os.path.abspath(value))
    if name == "--scope":
        from signedvfs.cli import key_scopes

        return key_scopes.restated(value)
    if name == "--limit":
        return f"{value[0]}={value[1]}"
    if name == "--at":
        return str(value.isoformat())
    return str(value)
