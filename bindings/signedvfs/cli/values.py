"""The values of options, from text. What is wrong with one is an ArgumentTypeError."""

from __future__ import annotations

TYPE_CHECKING = False  # see signedvfs/__init__.py
if TYPE_CHECKING:
    from datetime import datetime

_UNITS = {"h": "hours", "d": "days", "w": "weeks"}
_MOST_DIGITS = 19
_MOST_SECONDS = 1_000_000_000
_NAME_CHARACTERS = frozenset("abcdefghijklmnopqrstuvwxyz_")


def whole_number(text: str) -> int | None:
    """whole_number reads one, or returns None."""
    is_one = text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS
    return int(text) if is_one else None


def name_and_number(text: str) -> tuple[str, int] | None:
    """name_and_number reads NAME=NUMBER, or returns None."""
    name, _, number = text.partition("=")
    value = whole_number(number)
    is_name = bool(name) and not set(name) - _NAME_CHARACTERS
    return (name, value) if is_name and value is not None else None


def count_of(text: str) -> int:
    """count_of reads a whole number."""
    number = whole_number(text)
    if number is None:
        raise _wrong(f"{text!r} is not a whole number")
    return number


def limit_of(text: str) -> tuple[str, int]:
    """limit_of reads NAME=NUMBER."""
    limit = name_and_number(text)
    if limit is None:
        raise _wrong(f"{text!r} is not NAME=NUMBER")
    return limit


def seconds_of(text: str) -> int:
    """seconds_of reads a number of seconds above 0."""
    number = whole_number(text)
    if not number or number >= _MOST_SECONDS:
        raise _wrong(f"{text!r} is not a number of seconds, 1 or more")
    return number


def time_of(text: str) -> datetime:
    """time_of reads a point in time; UTC where no offset is given."""
    import re
    from datetime import datetime, timedelta, timezone

    relative = re.fullmatch(r"([+-])(\d{1,6})([hdw])", text)
    if relative:
        sign, number, unit = relative.groups()
        step = timedelta(**{_UNITS[unit]: int(number)})
        now = datetime.now(timezone.utc).replace(microsecond=0)
        return now + step if sign == "+" else now - step
    try:
        time = datetime.fromisoformat(re.sub("[zZ]$", "+00:00", text))
    except ValueError:
        raise _wrong(
            f"{text!r} is not a time: write 2027-06-30, 2027-06-30T12:00:00Z, or +90d"
        ) from None
    return time if time.tzinfo else time.replace(tzinfo=timezone.utc)


def time_text(seconds: int | None) -> str | None:
    """time_text writes seconds since 1970 as the manifest does."""
    from datetime import datetime, timezone

    if seconds is None:
        return None
    return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def _wrong(message: str) -> Exception:
    import argparse

    return argparse.ArgumentTypeError(message)
