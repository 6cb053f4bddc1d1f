"""Errors that name what the user named: the archive to be, and the source of a member."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from signedvfs import IntegrityCheckError, KeyFileError
from signedvfs.packaging.errors import PackError
from signedvfs.packaging.members import Item

# Behind what was exceeded the core says where else limits can be given.
_ADVICE = ". If you expect this, allow more"


@contextmanager
def told_of(target: Path, unfinished: Path, items: Mapping[str, Item]) -> Iterator[None]:
    """told_of has errors name `target` and sources, and never a file in `unfinished`."""
    try:
        yield
    except KeyFileError:
        raise
    except (IntegrityCheckError, ValueError, OSError) as error:
        # What our core has to say of the content has a code; other errors are other people's.
        code = getattr(error, "code", None)
        text = _in_users_words(str(error), target, unfinished)
        if code is not None:
            raise _refusal(error, text, items) from None
        if text == str(error):
            raise
        raise type(error)(text) from None


def _refusal(error: Exception, text: str, items: Mapping[str, Item]) -> PackError:
    member = getattr(error, "member", None)
    limit = getattr(error, "limit", None)
    # A module's code comes from its source.
    item = None if member is None else items.get(member) or items.get(member.removesuffix("c"))
    advice = "" if item is None else "Leave it out, or change it."
    if limit is not None:
        text = text.partition(_ADVICE)[0]
        advice = f"If you expect this, allow more: limits=Limits({limit}=...), --limit {limit}=N"
    return PackError(text if item is None else f"{item.origin}: {text}", advice)


def _in_users_words(text: str, target: Path, unfinished: Path) -> str:
    for name in ("unsigned.zip", f"trial/{target.name}"):
        text = text.replace(str(unfinished / name), str(target))
    return text
