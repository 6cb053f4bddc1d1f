"""The data types of SSH (RFC 4251 section 5), as far as keys and agents need them."""

from __future__ import annotations

MOST_NUMBER_BYTES = 66  # of P-521, the largest that any agent has


class WireError(ValueError):
    """WireError is for bytes that are none of these types."""


def string(content: bytes) -> bytes:
    """string encodes bytes with their length in front."""
    return len(content).to_bytes(4, "big") + content


class Reader:
    """Reader takes one value after the other off some bytes."""

    def __init__(self, content: bytes) -> None:
        self._rest = content

    def string(self) -> bytes:
        """string takes bytes with their length in front."""
        size = int.from_bytes(self._take(4), "big")
        return self._take(size)

    def number(self, size: int) -> bytes:
        """number takes an mpint that is not negative, and returns its `size` bytes."""
        digits = self.string()
        if len(digits) > MOST_NUMBER_BYTES or (digits and digits[0] & 0x80):
            raise WireError("a number that is negative, or too long")
        value = int.from_bytes(digits, "big")
        if value >> (8 * size):
            raise WireError("a number that is too long for its key")
        return value.to_bytes(size, "big")

    def end(self) -> None:
        """end makes sure that nothing is left."""
        if self._rest:
            raise WireError("there is more than was expected")

    def _take(self, size: int) -> bytes:
        if size > len(self._rest):
            raise WireError("it ends too early")
        taken, self._rest = self._rest[:size], self._rest[size:]
        return taken
