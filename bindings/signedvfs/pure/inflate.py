"""Deflate (RFC 1951), decoded: zlib is no part of many interpreters' executables.

Without this file, members that are compressed are refused.
"""

from .verifier import require


def _codes(lengths: list[int]) -> dict[int, int]:
    """Return the symbols by their codes, each code with a 1 in front (section 3.2.2)."""
    out: dict[int, int] = {}
    code = 0
    for size in range(1, 16):
        for symbol in (i for i, length in enumerate(lengths) if length == size):
            out[1 << size | code] = symbol
            code += 1
        require(code <= 1 << size, "a malformed deflate stream")
        code <<= 1
    require(code == 1 << 16 or list(out) in ([], [2]), "a malformed deflate stream")
    return out


def inflate(data: bytes, size: int) -> bytes:
    """Decode `data`, all of it, into `size` bytes. Raises RefusedError."""
    out, at = bytearray(), 0

    def take(count: int) -> int:
        nonlocal at
        require(at + count <= 8 * len(data), "a deflate stream that is cut off")
        found = (
            int.from_bytes(data[at >> 3 : (at >> 3) + 4], "little") >> (at & 7) & (1 << count) - 1
        )
        at += count
        return found

    def symbol(codes: dict[int, int]) -> int:
        code = 1
        while code not in codes:
            require(code < 1 << 15, "a malformed deflate stream")
            code = code << 1 | take(1)
        return codes[code]

    def tables() -> tuple[dict[int, int], dict[int, int]]:
        literals, distances, lengths = take(5) + 257, take(5) + 1, [0] * 19
        for i in range(take(4) + 4):
            lengths[(16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15)[i]] = take(3)
        codes = _codes(lengths)
        out: list[int] = []
        while len(out) < literals + distances:
            one = symbol(codes)
            bits, least = (0, 1) if one < 16 else ((2, 3), (3, 3), (7, 11))[one - 16]
            require(one != 16 or out, "a malformed deflate stream")
            out += [one if one < 16 else out[-1] if one == 16 else 0] * (least + take(bits))
        whole = len(out) == literals + distances and literals < 287 and distances < 31
        require(whole, "a malformed deflate stream")
        return _codes(out[:literals]), _codes(out[literals:])

    last = 0
    while not last:
        last, kind = take(1), take(2)
        require(kind < 3, "a malformed deflate stream")
        if kind == 0:
            at = at + 7 & ~7
            count, inverse = take(16), take(16)
            piece = data[at >> 3 : (at >> 3) + count]
            require(count ^ inverse == 0xFFFF and len(piece) == count, "a malformed deflate stream")
            out += piece  # in place: a stranger's stream may have any number of empty blocks
            at += 8 * count
            continue
        literals, distances = tables() if kind == 2 else _FIXED
        while (one := symbol(literals)) != 256:
            if one < 256:
                out.append(one)
                continue
            require(one < 286, "a malformed deflate stream")
            count = _LENGTHS[one - 257] + take(_LENGTH_BITS[one - 257])
            way = symbol(distances)
            require(way < 30, "a malformed deflate stream")
            back = _DISTANCES[way] + take(max(way // 2 - 1, 0))
            require(back <= len(out) and len(out) + count <= size, "a malformed deflate stream")
            for _ in range(count):
                out.append(out[-back])
        require(len(out) <= size, "more than was declared")
    require(len(out) == size and at + 7 >> 3 == len(data), "a deflate stream of another length")
    return bytes(out)


_FIXED = _codes([8] * 144 + [9] * 112 + [7] * 24 + [8] * 8), _codes([5] * 32)
_LENGTH_BITS = [0] * 8 + [i // 4 for i in range(4, 24)] + [0]
_LENGTHS = [3 + sum(1 << bits for bits in _LENGTH_BITS[:i]) for i in range(28)] + [258]
_DISTANCES = [1 + sum(1 << max(k // 2 - 1, 0) for k in range(i)) for i in range(30)]
