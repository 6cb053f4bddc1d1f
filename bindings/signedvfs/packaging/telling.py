"""Errors that name what the user named: the archive to be, and the source of a member."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from signedvfs import IntegrityCheckError, KeyFileError
from signedvfs.packaging.errors import PackError
from signedvfs.packaging.members import Item


@contextmanager
def told_of(target: Path, unfinished: Path, items: Mapping[str, Item]) -> Iterator[None]:
    """told_of has errors name `target` and sources, and never a file in `unfinished`."""

    def told(text: str) -> str:
        archives = ("unsigned.zip", "compiled.zip", "trial.zip", "executable")
        for name in (*archives, f"trial/{target.name}"):
            text = text.replace(str(unfinished / name), str(target))
        return text

    try:
        yield
    except KeyFileError:
        raise
    except (IntegrityCheckError, ValueError, OSError) as error:
        # What our core has to say of the content has a code; other errors are other people's, or
        # about an argument.
        code = "" if isinstance(error, OSError) else getattr(error, "code", "")
        if code not in ("", "Usage"):
            raise _refusal(error, told(vars(error)["reason"]), items) from None
        if told(str(error)) == str(error):
            raise
        raise told_again(error, told) from None


def told_again(error: Exception, told: Callable[[str], str]) -> Exception:
    """told_again makes the same error, with the texts that `told` makes of its texts."""
    again = type(error)(told(str(error)))
    for name, value in vars(error).items():
        setattr(again, name, told(value) if isinstance(value, str) else value)
    return again


def _refusal(error: Any, text: str, items: Mapping[str, Item]) -> PackError:
    # A module's code comes from its source.
    member = error.member
    item = None if member is None else items.get(member) or items.get(member.removesuffix("c"))
    if error.limit is not None:
        limit = f"limits=Limits({error.limit}=...), --limit {error.limit}=NUMBER"
        advice = f"If you expect this, allow more: {limit}"
    else:
        advice = error.advice if item is None else "Leave it out, or change it."
    return PackError(text if item is None else f"{item.origin}: {text}", advice)
