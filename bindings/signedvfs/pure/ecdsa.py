"""ECDSA on P-256 and P-384 (FIPS 186-5 section 6.4.2). Without this file, such keys are refused."""

from .verifier import digest_of, require

_Place = tuple[int, int]
# A hash, p, the order, b, and the base point of each curve, by how the SubjectPublicKeyInfo of a
# key begins (RFC 5480).
_CURVES = {
    "3059301306072a8648ce3d020106082a8648ce3d03010703420004": (
        *("sha256", 2**256 - 2**224 + 2**192 + 2**96 - 1),
        0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
        0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B,
        0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
        0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
    ),
    "3076301006072a8648ce3d020106052b8104002203620004": (
        *("sha384", 2**384 - 2**128 - 2**96 + 2**32 - 1),
        2**384 - 0x389CB27E0BC8D220A7E5F24DB74F58851313E695333AD68D,
        (0xB3312FA7E23EE7E4988E056BE3F82D19181D9C6EFE814112 << 192)
        + 0x0314088F5013875AC656398D8A2ED19D2A85C8EDD3EC2AEF,
        (0xAA87CA22BE8B05378EB1C71EF320AD746E1D3B628BA79B98 << 192)
        + 0x59F741E082542A385502F25DBF55296C3A545E3872760AB7,
        (0x3617DE4A96262C6F5D9E98BF9292DC29F8F41DBD289A147C << 192)
        + 0xE9DA3113B5F0B8C00A60B1CE1D7E819D7A431D7C90EA0E5F,
    ),
}


def _joined(p: "_Place | None", q: "_Place | None", prime: int) -> "_Place | None":
    if p is None or q is None:
        return p or q
    if p[0] == q[0] and (p[1] + q[1]) % prime == 0:
        return None
    above, below = (3 * p[0] ** 2 - 3, 2 * p[1]) if p == q else (q[1] - p[1], q[0] - p[0])
    slope = above * pow(below, -1, prime) % prime
    x = (slope * slope - p[0] - q[0]) % prime
    return x, (slope * (p[0] - x) - p[1]) % prime


def _repeated(factor: int, point: _Place, prime: int) -> "_Place | None":
    out = None
    for bit in bin(factor)[2:]:
        out = _joined(out, out, prime)
        out = _joined(out, point, prime) if bit == "1" else out
    return out


def _two_integers(data: bytes) -> _Place:
    """Return the two positive numbers of which a DER SEQUENCE of less than 256 bytes is made."""
    head = 3 if data[1:2] == b"\x81" else 2
    first = data[head + 2 : head + 2 + data[head + 1]] if len(data) > head + 1 else b""
    second = data[head + 4 + len(first) :]
    body = b"\2%c%b\2%c%b" % (len(first) & 255, first, len(second) & 255, second)
    again = b"0" + (b"\x81" if len(body) > 127 else b"") + bytes([len(body) & 255]) + body
    positive = all(b"\0\x7f" < number[:2] < b"\x80" for number in (first, second))
    require(again == data and positive and len(body) < 256, "a malformed ECDSA signature")
    return int.from_bytes(first, "big"), int.from_bytes(second, "big")


class PointKey:
    """A public key on one of the curves."""

    def __init__(self, der: bytes) -> None:
        """Read a SubjectPublicKeyInfo. Raises RefusedError."""
        head = next((head for head in _CURVES if der.hex().startswith(head)), "")
        require(head, "a key on a curve that is not handled here")
        self._curve, place = _CURVES[head], der[len(head) // 2 :]
        middle, (_, prime, _, b, *_) = len(place) // 2, self._curve
        x, y = (int.from_bytes(half, "big") for half in (place[:middle], place[middle:]))
        on_curve = max(x, y) < prime and (y * y - x * x * x + 3 * x - b) % prime == 0
        require(on_curve and len(place) == prime.bit_length() // 4, "no key on its curve")
        self._place = x, y

    def fits(self, message: bytes, signature: bytes) -> bool:
        """Tell whether it is a signature of the message. Raises RefusedError where it is none."""
        name, prime, order, _, *base = self._curve
        r, s = _two_integers(signature)
        if r >= order or s >= order:
            return False
        hashed, inverse = int.from_bytes(digest_of(name, message), "big"), pow(s, -1, order)
        first = _repeated(hashed * inverse % order, (base[0], base[1]), prime)
        point = _joined(first, _repeated(r * inverse % order, self._place, prime), prime)
        return point is not None and point[0] % order == r
