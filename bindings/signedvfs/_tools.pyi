"""What signs and packs: for tools, and not for programs that import."""

from collections.abc import Callable, Iterable
from datetime import datetime
from types import TracebackType
from typing import Any, Literal, final

from _typeshed import ReadableBuffer, StrOrBytesPath
from typing_extensions import Self, TypeAlias

import signedvfs
from signedvfs.custody.signer import Signer

_Time: TypeAlias = float | datetime
_Progress: TypeAlias = Callable[[int, int], object]
_Algorithm: TypeAlias = Literal["ed25519", "ecdsa-p256", "ecdsa-p384", "rsa-pss"]
_Hash: TypeAlias = Literal["sha256", "sha384", "sha512"]
_Method: TypeAlias = Literal["stored", "deflate", "zstd"]

@final
class PrivateKey:
    """A key pair, to sign with.

    It can be saved, and neither pickled nor copied into a text by accident.
    """

    @staticmethod
    def generate(alg: _Algorithm = "ed25519", bits: int = 3072) -> PrivateKey:
        """Make a key. `bits` is for "rsa-pss" only."""

    @staticmethod
    def load(path: StrOrBytesPath, password: str | bytes | None = None) -> PrivateKey:
        """Read a PEM file (PKCS#8), encrypted where a password is given: a regular file of at most
        64 KiB, whose encryption asks for at most 10,000,000 rounds of PBKDF2, or 32 MiB and
        2**24 steps of scrypt.

        Raises KeyFileError, OSError.
        """

    def save(self, path: StrOrBytesPath, password: str | bytes | None = None) -> None:
        """Write the key to a new file that only its owner can read, encrypted where a password is
        given. An existing file is left alone.

        Raises ValueError, OSError.
        """

    @property
    def public_key(self) -> signedvfs.PublicKey:
        """The key's public half."""

@final
class SignReport:
    """What signing has done."""

    @property
    def output(self) -> str:
        """The file or directory that is signed now."""

    @property
    def added(self) -> bool:
        """Whether others had signed the same, and their signatures were kept."""

    @property
    def members(self) -> int:
        """How many members the manifest lists."""

    @property
    def name(self) -> str | None:
        """The signed `@name`, or None."""

    @property
    def serial(self) -> int | None:
        """The signed `@serial`, or None."""

    @property
    def not_before(self) -> int | None:
        """The signed `@not-before` in seconds since 1970, or None."""

    @property
    def expires(self) -> int | None:
        """The signed `@expires` in seconds since 1970, or None."""

    @property
    def hash_type(self) -> str:
        """The hash of the members, such as "sha256"."""

    @property
    def has_index(self) -> bool:
        """Whether there is a signed index."""

    @property
    def prefix_length(self) -> int | None:
        """The signed number of bytes in front of the archive, or None."""

    @property
    def recorded(self) -> int:
        """How many members stand in the order in which a program read them."""

    @property
    def carried_over(self) -> list[str]:
        """Which of name, serial, not_before and expires come from the manifest that was there."""

    @property
    def signers(self) -> list[str]:
        """The fingerprints on the result."""

    @property
    def kept(self) -> list[str]:
        """Those among them that were there before. They were not checked."""

    @property
    def dropped(self) -> list[str]:
        """The fingerprints of the other signatures that were there before."""

    @property
    def left_out(self) -> list[str]:
        """Members that were not carried over, each with the reason."""

    @property
    def vanished(self) -> list[str]:
        """What stood in the archive beside its members and does not any more, a text each."""

    @property
    def warnings(self) -> list[str]:
        """What a person should know of, a text each."""

@final
class Statement:
    """What is signed: the header of a manifest, which commits to all the rest."""

    @staticmethod
    def parse(text: str) -> Statement:
        """Read a statement. Raises IntegrityCheckError where it departs from its grammar."""

    @property
    def text(self) -> str:
        """The text itself."""

    @property
    def message(self) -> bytes:
        """The 54 bytes that a key signs."""

    @property
    def members(self) -> int:
        """How many members the manifest lists."""

    @property
    def name(self) -> str | None:
        """The `@name`, or None."""

    @property
    def serial(self) -> int | None:
        """The `@serial`, or None."""

    @property
    def not_before(self) -> int | None:
        """The `@not-before` in seconds since 1970, or None."""

    @property
    def expires(self) -> int | None:
        """The `@expires` in seconds since 1970, or None."""

    @property
    def hash_type(self) -> str:
        """The hash of the members, such as "sha256"."""

    @property
    def has_index(self) -> bool:
        """Whether there is a signed index."""

    @property
    def prefix_length(self) -> int | None:
        """The number of bytes in front of the archive, or None."""

    @property
    def recorded(self) -> int:
        """How many members stand in the order in which a program read them."""

    @property
    def left_out(self) -> list[str]:
        """Members that would not be carried over, each with the reason."""

    @property
    def vanished(self) -> list[str]:
        """What would not be in the archive any more, a text each."""

    @property
    def warnings(self) -> list[str]:
        """What a person should know of before it is signed, a text each."""

@final
class ArchiveWriter:
    """Write a zip archive canonically: the same members in the same order give the same bytes.

    Nothing appears at `path` before `finish`; as a context manager it finishes by itself, and
    leaves nothing behind where the block raises. Any thread may use it. Members are packed
    in the background, so what keeps one from being written may be raised later.

    Whoever opens under the same `limits` (None: the defaults) will read it: what compresses
    too well for their `ratio` is deflated, or stored.
    """

    def __init__(self, path: StrOrBytesPath, limits: signedvfs.Limits | None = None) -> None: ...
    def add(
        self,
        name: str,
        data: ReadableBuffer,
        method: _Method = "deflate",
        level: int = 0,
    ) -> None:
        """Append a member. `method` is 'stored', 'deflate' or 'zstd'; level 0 is the method's
        default. What does not get smaller is stored.

        Raises ValueError for a name or a size that no signed archive may have, OSError.
        """

    def finish(self) -> None:
        """Complete the archive and put it in place."""

    def __enter__(self) -> Self: ...
    def __exit__(
        self,
        type: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...

@final
class _Names:
    """The paths of an archive that is not signed yet."""

    def __init__(self, names: Iterable[str]) -> None: ...
    def find(self, member: str, directories: Iterable[str], name: str) -> str | None:
        """Return the member that is meant by the library `name` which the object `member` needs,
        or None: in the first of `directories` that has it, in its own directory, or in the
        only NAME.libs at the top that has it.
        """

def _shared_object(
    content: ReadableBuffer,
    machine: str | None = None,
    member: str = "",
    place: StrOrBytesPath | None = None,
) -> dict[str, Any]:
    """Return what a shared object of 'x86_64', 'aarch64' (None: of this machine) says to
    the linker, as a dict. `member` is its path in an archive, which `bundled` and
    `foreign`, the two kinds of search paths, depend on. `place` is the absolute path of
    an archive that is in use here: then directories of the program that runs are not
    foreign.

    Raises ImportError of the code BadLibrary, ValueError for a machine not known.
    """

def _without_search_path(object: ReadableBuffer) -> bytes:
    """Return the shared object, as bytes of the same number, without the directories in
    which it has the linker search for what it needs (DT_RPATH, DT_RUNPATH).

    Raises ImportError of the code BadLibrary.
    """

def _empty_object(soname: str) -> bytes:
    """Return a shared object of this machine that has nothing but that name: for what needs
    a library by it whose functions are in the program already.
    """

def _is_system_library(name: str) -> bool:
    """Whether every system has the library `name` (manylinux), or Python brings it."""

def _system_libraries() -> tuple[str, ...]:
    """Return the names of the libraries that every system has, sorted."""

def _patch_launcher(
    launcher: ReadableBuffer,
    policy: signedvfs.TrustPolicy,
    *,
    shows_info: bool,
    verifies_all: bool,
    hardened: bool = False,
) -> bytes:
    """Return a copy of a launcher's file, as it was installed, that obeys `policy`.

    `shows_info`: --signedvfs-info answers; `verifies_all`: the whole archive is
    verified at each start; `hardened`: its first stage runs before the dynamic linker.
    Raises ValueError for what is no such launcher, and for a policy that none can have:
    without a key, with `now` or `legacy`, or too large.
    """

def _unpatch_launcher(launcher: ReadableBuffer) -> bytes:
    """Return a launcher as it was before it was patched, byte for byte.

    Raises as _launcher_rules does.
    """

def _launcher_rules(launcher: ReadableBuffer) -> tuple[signedvfs.TrustPolicy, bool, bool, bool]:
    """Return what a patched launcher obeys, with or without an archive behind it: the
    policy, whether --signedvfs-info answers, whether all is verified at each start, and
    whether it is hardened. It is what the file says of itself.

    Raises ValueError for what is no launcher, IntegrityCheckMissing where it was never
    patched, IntegrityCheckError and KeyFileError where it is damaged.
    """

def sign(
    path: StrOrBytesPath,
    keys: Signer | Iterable[Signer],
    output: StrOrBytesPath | None = None,
    name: str | None = None,
    serial: int | None = None,
    expires: _Time | None = None,
    not_before: _Time | None = None,
    hash: _Hash | None = None,
    limits: signedvfs.Limits | None = None,
    progress: _Progress | None = None,
    index: bool | None = None,
    keep_signatures: bool = False,
    at: _Time | None = None,
    compiled_here: bool = False,
    detached: StrOrBytesPath | None = None,
    root: str | None = None,
    pycache: bool = False,
) -> SignReport:
    """Sign an archive or a directory, in place or (archives) into `output`.

    An archive is written anew. Comments, data descriptors and the like, which are lost, are no
    obstacle, and `vanished` says what there was; what could be read in two ways is refused.

    `keys` is one PrivateKey or several, or what asks for signatures elsewhere: CommandSigner,
    SshSigner, any object with a `public_key` and sign(message, header). Attributes that are not
    given are carried over from a manifest that one of the keys has signed, and from no other; it
    has to be this archive's: at least half of what it lists is here, and at least half of what is
    here is listed. The report says what is signed now.

    Times are seconds since 1970 or aware datetimes. `hash` is 'sha256' (the default), 'sha384' or
    'sha512'. The result is verified before it is put in place; on failure nothing has changed.

    Signatures by other keys are dropped. `keep_signatures=True` signs once more the very statement
    that they cover, attributes included, and keeps them; where content, attributes or the choice
    of an index would make another one of it, that is a ValueError.

    A result that has expired, or is not valid yet, at the moment `at` (default: now) is a
    ValueError. Without a name, a serial number keeps older releases away from the archive's path
    only; `warnings` say so.

    A .pyc runs instead of the source beside it, whatever it was compiled from. One that is not
    known from the manifest there is warned of, unless `compiled_here=True` says that the caller
    has compiled all of them itself.

    `index` says whether an archive gets a signed index, with which opening costs the same for
    any number of members; None leaves that to their number.

    `detached` is where the manifest of a directory is written that is left alone; `root` is
    the role in which it is signed and has to be opened, None means 'tree'. Links that lead out
    of the directory and special files are left out.

    `pycache=True` signs this interpreter's bytecode in a directory's __pycache__ as well, where
    it belongs to its source. Importing is faster with it; whatever writes it anew (Python does,
    when the source's time changes) makes it another file than the signed one.

    `progress` is called with the steps done and their number; what it raises ends the work.
    Raises IntegrityCheckError where the content can not be signed, ValueError, OSError.
    """

def _sign_roots(
    manifest: StrOrBytesPath,
    roots: Iterable[tuple[str, StrOrBytesPath] | tuple[str, StrOrBytesPath, Iterable[str]]],
    keys: Signer | Iterable[Signer],
    name: str | None = None,
    serial: int | None = None,
    expires: _Time | None = None,
    not_before: _Time | None = None,
    hash: _Hash | None = None,
    limits: signedvfs.Limits | None = None,
    progress: _Progress | None = None,
    keep_signatures: bool = False,
    at: _Time | None = None,
    pycache: bool = False,
) -> SignReport:
    """Write a detached manifest of several directories, which are left alone.

    `roots` are those of `open_roots`, the other arguments those of `sign`. Raises likewise.
    """

def _manifest_text(archive: signedvfs.SignedVfs) -> bytes:
    """Return the manifest that the SignedVfs `archive` was opened by, byte for byte.

    Raises IntegrityCheckError.
    """

def _openssl_version() -> str:
    """Return the version of the OpenSSL that is at work here."""

def _legacy_fingerprint(key: signedvfs.PublicKey) -> str | None:
    """Return the name that signedimp gave to a PublicKey, or None where it is not RSA."""

def _rsa_numbers(key: signedvfs.PublicKey) -> tuple[bytes, bytes]:
    """Return modulus and exponent of an RSA PublicKey, big-endian.

    Raises ValueError for other keys.
    """

def _rsa_private_exponent(key: PrivateKey) -> bytes:
    """Return the secret number of an RSA PrivateKey, big-endian.

    Raises ValueError for other keys.
    """

def _rsa_private_key(modulus: bytes, exponent: bytes, private_exponent: bytes) -> PrivateKey:
    """Make an RSA PrivateKey of its numbers, big-endian.

    Raises KeyFileError.
    """

def _load_legacy_key(path: StrOrBytesPath, password: str | bytes) -> PrivateKey:
    """Read a private key that signedimp's `RSAKey.save_to_file` wrote, and unpickle nothing.

    Raises KeyFileError, OSError.
    """

def _legacy_public_key(data: ReadableBuffer) -> signedvfs.PublicKey:
    """Return the public half of a key that signedimp's programs pickled with Python 2, and unpickle
    nothing.

    Raises KeyFileError.
    """

def _sign_message(key: PrivateKey, message: ReadableBuffer) -> bytes:
    """Return a signature over bytes, which never fits a manifest."""

def _message_fits(
    key: signedvfs.PublicKey, message: ReadableBuffer, signature: ReadableBuffer
) -> bool:
    """Tell whether `_sign_message` made the signature with the key's private half."""

def _legacy_message_fits(
    key: signedvfs.PublicKey, message: ReadableBuffer, signature: ReadableBuffer
) -> bool:
    """Tell the same of a signature that signedimp made: RSA-PSS with SHA-1."""

def _unsigned_manifest(digests: dict[str, str], hash: str) -> bytes:
    """Return the manifest, without signatures and attributes, of hexadecimal digests by path.

    Raises ValueError.
    """

def _check_validity(expires: _Time | None, not_before: _Time | None, at: _Time | None) -> None:
    """Raise ValueError where what has these times would not be valid at `at` (default: now)."""

def unsign(
    path: StrOrBytesPath,
    output: StrOrBytesPath | None = None,
    limits: signedvfs.Limits | None = None,
) -> list[str]:
    """Remove the manifest and its signatures, and keep all other members.

    Return what an archive had beside them and has not any more, a text each. Raises
    IntegrityCheckError, ValueError, OSError.
    """

def append(
    archive: StrOrBytesPath,
    executable: StrOrBytesPath,
    output: StrOrBytesPath,
    keys: Signer | Iterable[Signer],
    limits: signedvfs.Limits | None = None,
    at: _Time | None = None,
) -> SignReport:
    """Write `executable` followed by the signed `archive` to `output`, signed as one.

    `keys`, as sign() takes them, are keys that have signed the archive. The executable keeps its
    mode, and its bytes are covered by the signature. An archive that has expired, or is not valid
    yet, at the moment `at` (default: now) is a ValueError. Raises IntegrityCheckError, ValueError,
    OSError.
    """

def statement(
    path: StrOrBytesPath,
    name: str | None = None,
    serial: int | None = None,
    expires: _Time | None = None,
    not_before: _Time | None = None,
    hash: _Hash | None = None,
    limits: signedvfs.Limits | None = None,
    progress: _Progress | None = None,
    index: bool | None = None,
    keep_signatures: bool = False,
    at: _Time | None = None,
    compiled_here: bool = False,
) -> Statement:
    """Draw up what sign() would sign, and write nothing.

    The arguments are those of sign(). Nothing is carried over from a manifest that stands there;
    `keep_signatures=True` draws up once more the very statement that others have signed.

    Raises IntegrityCheckError where the content can not be signed, ValueError, OSError.
    """

def sign_statement(
    statement: Statement | str, keys: Signer | Iterable[Signer], at: _Time | None = None
) -> str:
    """Sign a Statement, or its text; return the lines for a manifest, one for each key.

    `keys` is what sign() takes. A statement that has expired, or is not valid yet, at the moment
    `at` (default: now) is a ValueError. Raises IntegrityCheckError where it departs from its
    grammar, KeyFileError.
    """

def _attach(
    path: StrOrBytesPath,
    signatures: Iterable[tuple[str, bytes]],
    keys: Iterable[signedvfs.PublicKey],
    statement: Statement | str | None = None,
    output: StrOrBytesPath | None = None,
    limits: signedvfs.Limits | None = None,
    progress: _Progress | None = None,
    at: _Time | None = None,
) -> SignReport:
    """Do attach() for pairs of a fingerprint, or '', and the signature's bytes."""
