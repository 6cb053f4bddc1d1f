"""What packing raises when its inputs do not make an archive."""

from __future__ import annotations


class PackError(Exception):
    """PackError says which input was wrong; `details` holds another program's own words."""

    def __init__(self, message: str, advice: str = "", details: str = "") -> None:
        super().__init__(message)
        self.advice = advice
        self.details = details
