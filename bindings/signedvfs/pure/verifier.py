"""Whom to believe: digests, public keys, signatures, and the manifest that these vouch for."""

import sys
import time

MANIFEST, INDEX = "signedimp-manifest.txt", "signedvfs-index.bin"
_MOST_HEADER, _MOST_SIGNATURES, _MOST_NAME = 1 << 16, 16, 1024
_BASE64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_ATTRIBUTES = {"@expires", "@index", "@members", "@name", "@not-before", "@order", "@prefix"}
DIGEST_BYTES = {"sha256": 32, "sha384": 48, "sha512": 64}


class RefusedError(Exception):
    """What is there is not what enough trusted keys have signed, or that cannot be found out."""


def require(condition: object, why: str) -> None:
    """Raise RefusedError unless `condition` holds."""
    if not condition:
        raise RefusedError(why)


# SHA-2 (FIPS 180-4). hashlib would load OpenSSL, and with it whatever the environment names.


def digest_of(name: str, data: bytes) -> bytes:
    """Return the digest of `data` by "sha256", "sha384" or "sha512"."""
    for module in ("_sha2", "_sha256" if name == "sha256" else "_sha512"):
        if module in sys.builtin_module_names:
            return bytes(getattr(__import__(module), name)(data).digest())
    return _sha2(name, data)


def _root(number: int, degree: int) -> int:
    root = 1 << -(-number.bit_length() // degree)
    while root**degree > number:  # Newton's method, from above
        root = ((degree - 1) * root + number // root ** (degree - 1)) // degree
    return root


def _sha2(name: str, data: bytes) -> bytes:
    size, rounds = (4, 64) if name == "sha256" else (8, 80)
    a0, a1, a2, e0, e1, e2 = (2, 13, 22, 6, 11, 25) if size == 4 else (28, 34, 39, 14, 18, 41)
    x0, x1, x2, y0, y1, y2 = (7, 18, 3, 17, 19, 10) if size == 4 else (1, 8, 7, 19, 61, 6)
    bits, mask = 8 * size, (1 << 8 * size) - 1
    primes = [n for n in range(2, 410) if all(n % d for d in range(2, n))]
    constants = [_root(n << 3 * bits, 3) & mask for n in primes[:rounds]]
    state = [_root(n << 2 * bits, 2) & mask for n in primes[8 * (name == "sha384") :][:8]]
    length = (8 * len(data)).to_bytes(2 * size, "big")
    data += b"\x80" + bytes(-(len(data) + 1 + 2 * size) % (16 * size)) + length
    for at in range(0, len(data), 16 * size):
        block = range(at, at + 16 * size, size)
        words = [int.from_bytes(data[i : i + size], "big") for i in block]
        for i in range(16, rounds):
            x, y = words[i - 15], words[i - 2]
            xx, yy = x << bits | x, y << bits | y  # to shift these is to rotate
            x, y = (xx >> x0 ^ xx >> x1) & mask ^ x >> x2, (yy >> y0 ^ yy >> y1) & mask ^ y >> y2
            words.append((words[i - 16] + words[i - 7] + x + y) & mask)
        a, b, c, d, e, f, g, h = state
        for constant, word in zip(constants, words):
            aa, ee = a << bits | a, e << bits | e
            t1 = h + ((ee >> e0 ^ ee >> e1 ^ ee >> e2) & mask) + (e & f ^ ~e & g) + constant + word
            t2 = ((aa >> a0 ^ aa >> a1 ^ aa >> a2) & mask) + (a & b ^ a & c ^ b & c)
            a, b, c, d, e, f, g, h = (t1 + t2) & mask, a, b, c, (d + t1) & mask, e, f, g
        state = [(old + new) & mask for old, new in zip(state, (a, b, c, d, e, f, g, h))]
    return b"".join(word.to_bytes(size, "big") for word in state)[: DIGEST_BYTES[name]]


# Ed25519 (RFC 8032 section 5.1). A point is x, y, z, t: x/z and y/z are its place, x*y = z*t.

_P, _L = 2**255 - 19, 2**252 + 27742317777372353535851937790883648493
_D = -121665 * pow(121666, -1, _P) % _P
_Point = tuple[int, int, int, int]
_ZERO = (0, 1, 1, 0)


def _sum(p: _Point, q: _Point) -> _Point:
    a, b = (p[1] - p[0]) * (q[1] - q[0]), (p[1] + p[0]) * (q[1] + q[0])
    c, d = 2 * _D * p[3] * q[3], 2 * p[2] * q[2]
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % _P, g * h % _P, f * g % _P, e * h % _P


def _times(factor: int, point: _Point) -> _Point:
    out = _ZERO
    for bit in bin(factor)[2:]:
        out = _sum(_sum(out, out), point) if bit == "1" else _sum(out, out)
    return out


def _encoded(point: _Point) -> bytes:
    inverse = pow(point[2], -1, _P)
    x, y = point[0] * inverse % _P, point[1] * inverse % _P
    return (y | (x & 1) << 255).to_bytes(32, "little")


def _decoded(data: bytes) -> _Point:
    y = int.from_bytes(data, "little") & (1 << 255) - 1
    square = (y * y - 1) * pow(_D * y * y + 1, -1, _P) % _P
    x = pow(square, (_P + 3) // 8, _P)
    x = x if x * x % _P == square else x * pow(2, (_P - 1) // 4, _P) % _P
    x = x if x & 1 == data[31] >> 7 else -x % _P
    point = (x, y % _P, 1, x * y % _P)
    require(x * x % _P == square and _encoded(point) == data, "no canonical Ed25519 key")
    return point


_BASE = _decoded((4 * pow(5, -1, _P) % _P).to_bytes(32, "little"))


# Public keys: a DER SubjectPublicKeyInfo (RFC 5280 section 4.1), which has one encoding.


def _der(tag: int, data: bytes) -> bytes:
    return bytes([tag, 0x82]) + len(data).to_bytes(2, "big") + data  # of 256 bytes and more


class Key:
    """A public key: Ed25519, RSA of 2048 bits and more with e = 65537, and those of ecdsa.py.

    Its `fingerprint` is the SHA-256 of its encoding, in hexadecimal.
    """

    def __init__(self, pem: bytes) -> None:
        """Read the text of one public key (RFC 7468 section 13). Raises RefusedError."""
        begin, end, text = b"-----BEGIN PUBLIC KEY-----", b"-----END PUBLIC KEY-----", pem.strip()
        require(text.startswith(begin) and text.endswith(end), "no public key in PEM")
        der = _base64(b"".join(text[len(begin) : -len(end)].split()))
        self.fingerprint = digest_of("sha256", der).hex()
        if der[:12].hex() == "302a300506032b6570032100" and len(der) == 44:
            self._point, self.fits = _decoded(der[12:]), self._fits_ed25519
            require(_encoded(_times(8, self._point)) != _encoded(_ZERO), "a weak Ed25519 key")
            return
        if der[:2].hex() in ("3059", "3076"):
            try:
                from .ecdsa import PointKey  # no part of every copy
            except ImportError:
                raise RefusedError("an ECDSA key needs ecdsa.py beside verifier.py") from None
            self.fits = PointKey(der).fits
            return
        self._modulus, self.fits = int.from_bytes(der[33:-5], "big"), self._fits_rsa
        number = self._modulus.to_bytes(self._modulus.bit_length() // 8 + 1, "big")
        numbers = _der(0x30, _der(2, number) + b"\2\3\1\0\1")
        algorithm = bytes.fromhex("300d06092a864886f70d0101010500")
        known = der == _der(0x30, algorithm + _der(3, b"\0" + numbers))
        strong = 2047 < self._modulus.bit_length() < 16385 and self._modulus & 1
        require(known and strong, "a weak key, or of a kind that is not handled here")

    def _fits_ed25519(self, message: bytes, signature: bytes) -> bool:
        s = int.from_bytes(signature[32:], "little")
        if len(signature) != 64 or s >= _L:
            return False
        hashed = digest_of("sha512", signature[:32] + _encoded(self._point) + message)
        x, y, z, t = _times(int.from_bytes(hashed, "little") % _L, self._point)
        return _encoded(_sum(_times(s, _BASE), (-x, y, z, -t))) == signature[:32]

    def _fits_rsa(self, message: bytes, signature: bytes) -> bool:
        """RSASSA-PSS with SHA-256, MGF1 with SHA-256 and 32 bytes of salt (RFC 8017, 8.1.2)."""
        number, bits = int.from_bytes(signature, "big"), self._modulus.bit_length() - 1
        if len(signature) != bits // 8 + 1 or number >= self._modulus:
            return False
        power, size = pow(number, 65537, self._modulus), (bits + 7) // 8
        if power >> bits:
            return False
        padded = power.to_bytes(size, "big")
        masked, hashed = padded[:-33], padded[-33:-1]
        blocks = range(len(masked) // 32 + 1)
        mask = b"".join(digest_of("sha256", hashed + i.to_bytes(4, "big")) for i in blocks)
        block = int.from_bytes(masked, "big") ^ int.from_bytes(mask[: len(masked)], "big")
        block &= (1 << bits - 8 * 33) - 1
        salt = block.to_bytes(size, "big")[-32:]
        again = digest_of("sha256", bytes(8) + digest_of("sha256", message) + salt)
        return padded[-1] == 0xBC and block >> 256 == 1 and again == hashed


def _base64(text: bytes) -> bytes:
    """Decode the one text that stands for some bytes (RFC 4648 section 4)."""
    body, number = text.rstrip(b"="), 0
    require(not set(body) - set(_BASE64), "malformed base64")
    for character in body:
        number = number << 6 | _BASE64.index(character)
    unused = 6 * len(body) % 8
    whole = len(text) % 4 == 0 and len(text) - len(body) == unused // 2
    require(whole and number & (1 << unused) - 1 == 0, "malformed base64")
    return (number >> unused).to_bytes(6 * len(body) // 8, "big")


# The manifest: signatures first, then the header that they cover, then the lines it commits to.


def _is_hex(text: str, digits: int) -> bool:
    return len(text) == digits and not set(text) - set("0123456789abcdef")


def _is_number(text: str) -> bool:
    return len(text) < 21 and text.isdigit() and str(int(text)) == text and int(text) < 1 << 64


def _is_time(text: str) -> bool:
    if "".join("0" if one.isdigit() else one for one in text) != "0000-00-00T00:00:00Z":
        return False
    year, month, day = int(text[:4]), int(text[5:7]), int(text[8:10])
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    days = (0, 31, 28 + leap, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
    clock = text[11:13] < "24" and text[14:16] < "60" and text[17:19] < "60"
    return clock and 0 < month < 13 and 0 < day <= days[month]


def _is_name(text: str, most: int = _MOST_NAME) -> bool:
    plain = all(" " <= one < "\x7f" and one not in "\\:" for one in text)
    return plain and len(text) <= most and all(part[-1:] not in ". " for part in text.split("/"))


def _is_value(name: str, value: str) -> bool:
    digest, _, number = value.partition(" ")
    return {
        "@expires": _is_time,
        "@name": lambda text: _is_name(text, 255) and text[0] != " ",
        "@not-before": _is_time,
        "@serial": _is_number,
    }.get(name, lambda _: _is_hex(digest, 64) and _is_number(number))(value)


class Manifest:
    """A manifest that enough keys have signed: `attributes`, and `listed`, digests by path."""

    def __init__(self, text: bytes, keys: list[Key], threshold: int) -> None:
        """Check the signatures, then parse what they cover, then what that commits to."""
        require(text.isascii(), "the manifest is not ASCII")
        lines, found, rest = text.partition(b"\n\n")
        at = rest.find(b"\n") + 1
        while rest[at : at + 1] == b"@":
            at = rest.find(b"\n", at) + 1 or len(rest) + 1
        self.signed_part = len(lines) + 2 + at
        require(found and 0 < at <= len(rest) and self.signed_part <= _MOST_HEADER, "no header")
        self._check_signers(lines.decode().split("\n"), rest[:at], keys, threshold)
        self._parse_header(rest[:at].decode().split("\n")[:-1])
        digest, _, number = self.attributes["@members"].partition(" ")
        require(digest_of("sha256", rest[at:]).hex() == digest, "other member lines were signed")
        entries = rest[at:].decode().split("\n")
        require(not entries.pop() and len(entries) == int(number), "another number of members")
        self._parse_lines(entries)

    def _check_signers(self, lines: list[str], header: bytes, keys: list[Key], least: int) -> None:
        known = {key.fingerprint: key for key in keys}
        require(0 < least <= len(known) == len(keys), "the threshold does not suit the keys")
        message = b"signedvfs manifest v1\0" + digest_of("sha256", header)
        seen: set[str] = set()
        for line in lines:
            name, space, value = line[:64], line[64:65], _base64(line[65:].encode())
            well_formed = _is_hex(name, 64) and space == " " and value and name not in seen
            require(well_formed and len(seen) < _MOST_SIGNATURES, f"signature line {line[:80]!r}")
            seen.add(name)
            require(name not in known or known[name].fits(message, value), f"not signed by {name}")
        require(len(seen & set(known)) >= least, "too few signatures by trusted keys")

    def _parse_header(self, lines: list[str]) -> None:
        self.hash, before = lines[0], ""
        self.attributes: dict[str, str] = {}
        require(self.hash in DIGEST_BYTES, "the hash is none of sha256, sha384, sha512")
        for line in lines[1:]:
            name, _, value = line.partition(" ")
            positive = name not in ("@order", "@prefix") or value[-2:] != " 0"
            known = name in _ATTRIBUTES or name == "@serial"
            well_formed = known and name > before and value and positive and _is_value(name, value)
            require(well_formed, f"attribute {line[:64]!r}")
            self.attributes[name], before = value, name
        require("@members" in self.attributes, "no @members")

    def _parse_lines(self, lines: list[str]) -> None:
        digits = 2 * DIGEST_BYTES[self.hash]
        self.listed: dict[str, str] = {}
        for line in lines:
            digest, space, path = line[:digits], line[digits : digits + 1], line[digits + 1 :]
            well_formed = _is_hex(digest, digits) and space == " " and _is_name(path)
            require(well_formed and path not in self.listed, f"member line {line[:200]!r}")
            self.listed[path] = digest
        files = {path.lower() for path in (*self.listed, MANIFEST, INDEX)}
        self.directories = {p[:i] for p in self.listed for i, c in enumerate(p) if c == "/"}
        clear = not files & {path.lower() for path in self.directories}
        require(clear and len(files) == len(self.listed) + 2, "two members of one name")

    def check_policy(self, name: "str | None", min_serial: int, now: "float | None") -> None:
        """Hold what was signed to what is wanted."""
        signed, text = self.attributes, time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now))
        require(name is None or signed.get("@name") == name, f"not signed as {name!r}")
        require(int(signed.get("@serial", "0")) >= min_serial, "an older release")
        require(
            signed.get("@not-before", "") <= text < signed.get("@expires", ":"), "not valid now"
        )
