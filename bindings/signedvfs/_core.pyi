"""The native half of signedvfs: everything that an import needs."""

import builtins
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from importlib.machinery import ModuleSpec
from types import CodeType, MappingProxyType, ModuleType
from typing import Any, Literal, final

from _typeshed import StrOrBytesPath
from typing_extensions import Self, TypeAlias

from signedvfs.resources import ArchiveReader

__version__: str

_Time: TypeAlias = float | datetime
_Clock: TypeAlias = _Time | Callable[[], _Time]
_Progress: TypeAlias = Callable[[int, int], object]
_Algorithm: TypeAlias = Literal["ed25519", "ecdsa-p256", "ecdsa-p384", "rsa-pss"]

class IntegrityCheckError(Exception):
    """An archive was not used, because what it holds could not be checked.

    `code` names what was wrong, `reason` says it, `advice` what to do; `path` and
    `member` say what it was about (None where that is not known), `limit` is the
    field of Limits that was exceeded (None where none was). It is no ImportError
    and no OSError, so code that treats those as "not there" does not take
    tampering for absence.
    """

    code: str
    reason: str
    advice: str
    path: str | None
    member: str | None
    limit: str | None

class IntegrityCheckFailed(IntegrityCheckError):
    """Content is not what was signed, or may not be used any more."""

class IntegrityCheckMissing(IntegrityCheckError):
    """Nobody whom the policy trusts vouches for the content."""

class KeyFileError(ValueError):
    """A key could not be used: malformed, too weak, its password is missing or wrong, or
    whoever holds it did not sign.
    """

    code: str
    reason: str
    advice: str
    path: str | None
    member: str | None
    limit: str | None

@final
class PublicKey:
    """A public key that has passed the checks for weak keys.

    `text` is the base64 of the DER SubjectPublicKeyInfo (RFC 5280), as `repr` shows it.
    Raises KeyFileError.
    """

    def __init__(self, text: str) -> None: ...
    @classmethod
    def load(cls, path: StrOrBytesPath) -> PublicKey:
        """Read a PEM file: a regular file of at most 64 KiB.

        Raises KeyFileError, OSError.
        """

    @classmethod
    def from_pem(cls, text: str) -> PublicKey:
        """Read one PEM block "PUBLIC KEY".

        Raises KeyFileError.
        """

    @classmethod
    def from_numbers(cls, modulus: int, exponent: int = 65537) -> PublicKey:
        """Make an RSA key of its numbers, as signedimp's RSAKey had them.

        Raises KeyFileError, ValueError.
        """

    @property
    def pem(self) -> str:
        """The key as one PEM block."""

    @property
    def fingerprint(self) -> str:
        """The SHA-256 of the DER SubjectPublicKeyInfo in hexadecimal."""

    @property
    def algorithm(self) -> _Algorithm:
        """ "ed25519", "ecdsa-p256", "ecdsa-p384" or "rsa-pss"."""

    @property
    def bits(self) -> int:
        """The size of the modulus or the field."""

    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...
    def __reduce__(self) -> tuple[type[PublicKey], tuple[str]]: ...

@final
class Trusted:
    """A key, and what it is trusted for; a signature on anything else is as one by a stranger.

    names: the `@name`s that it may sign; None: any, and none at all.
    min_serial, max_serial: the lowest and highest `@serial`. With either of them what has no
    serial is not trusted. `max_serial` retires a key: what it has signed stays valid, and no later
    release is. It does not help against a thief, who signs an old number: revoke the key.
    not_after: the last moment at which the key counts, whenever it has signed - seconds since 1970
    or an aware datetime.

    Raises ValueError where nothing could be trusted.
    """

    def __init__(
        self,
        key: PublicKey,
        names: Iterable[str] | None = None,
        min_serial: int | None = None,
        max_serial: int | None = None,
        not_after: _Time | None = None,
    ) -> None: ...
    @property
    def key(self) -> PublicKey:
        """The public key."""

    @property
    def names(self) -> frozenset[str] | None:
        """The names that it may sign, or None."""

    @property
    def min_serial(self) -> int | None:
        """The lowest serial, or None."""

    @property
    def max_serial(self) -> int | None:
        """The highest serial, or None."""

    @property
    def not_after(self) -> int | None:
        """The last moment, in seconds since 1970, at which it counts, or None."""

@final
class TrustPolicy:
    """Whom to believe, and for what. The default trusts no key, and so refuses every archive.

    keys: those that count, as PublicKey, or within a scope as Trusted; threshold: how many of them
    must have signed.
    names: the `@name`s that are accepted; None: any, and none at all.
    min_serial: the lowest acceptable `@serial` by name; the name '' is for all other names.
    revoked: keys, or fingerprints, that never count, and whose signature is a refusal, whether or
    not they are trusted.
    now: the time to check validity against - None for the clock, seconds since 1970, an aware
    datetime, or a callable that returns one of these and is called once for each archive.
    legacy: also accept manifests that signedimp itself made. Their MD5 and SHA-1 can be forged
    by whoever had a say in what was signed; keep to False where you can sign anew.
    libraries: names, such as 'libodbc.so.2', of libraries of the system that extension modules may
    need beside those that every Linux has (manylinux).
    preloads: names of libraries that LD_PRELOAD may have in the process, such as an allocator; with
    any other no extension module is loaded.
    library_directory: a directory for files without a name, in the place of sealed memory where
    the system forbids that. Root and the files' owner could change them; None: nothing is loaded
    then.

    Raises ValueError where these make no sense together.
    """

    def __init__(
        self,
        keys: PublicKey | Trusted | Iterable[PublicKey | Trusted] = (),
        threshold: int = 1,
        names: Iterable[str] | None = None,
        min_serial: Mapping[str, int] | None = None,
        revoked: Iterable[PublicKey | str] = (),
        now: _Clock | None = None,
        legacy: bool = False,
        libraries: Iterable[str] = (),
        preloads: Iterable[str] = (),
        library_directory: StrOrBytesPath | None = None,
    ) -> None: ...
    @property
    def keys(self) -> tuple[PublicKey | Trusted, ...]:
        """The public keys that count, and those within a scope as Trusted."""

    @property
    def threshold(self) -> int:
        """How many of the keys must have signed."""

    @property
    def names(self) -> frozenset[str] | None:
        """The names that are accepted, or None."""

    @property
    def min_serial(self) -> MappingProxyType[str, int]:
        """The lowest acceptable serial by name."""

    @property
    def revoked(self) -> frozenset[str]:
        """The fingerprints of revoked keys."""

    @property
    def now(self) -> _Clock | None:
        """The clock as it was given."""

    @property
    def legacy(self) -> bool:
        """Whether manifests that signedimp itself made are accepted."""

    @property
    def libraries(self) -> frozenset[str]:
        """The further libraries of the system that extension modules may need."""

    @property
    def preloads(self) -> frozenset[str]:
        """The libraries that LD_PRELOAD may have in the process."""

    @property
    def library_directory(self) -> str | None:
        """Where files stand in for sealed memory, or None."""

@final
class Limits:
    """What an archive may cost before anybody has vouched for it.

    The defaults fit the largest wheels in common use; give single fields as keywords to raise or
    lower them. They count alike when an archive is made, signed and opened, but for `ratio`:
    what was signed may be compressed as well as it likes. Before a signature has been checked
    only the manifest is decoded. Immutable.
    """

    def __init__(
        self,
        *,
        archive_bytes: int = ...,
        member_bytes: int = ...,
        total_bytes: int = ...,
        directory_bytes: int = ...,
        manifest_bytes: int = ...,
        header_bytes: int = ...,
        members: int = ...,
        ratio: int = ...,
        name_bytes: int = ...,
        signatures: int = ...,
    ) -> None: ...
    def __reduce__(self) -> tuple[Callable[[], Limits], tuple[()]]: ...
    @property
    def archive_bytes(self) -> int:
        """The archive file, what stands in front of it included."""

    @property
    def member_bytes(self) -> int:
        """One member, decoded."""

    @property
    def total_bytes(self) -> int:
        """All members together, decoded."""

    @property
    def directory_bytes(self) -> int:
        """The central directory of a zip archive."""

    @property
    def manifest_bytes(self) -> int:
        """The manifest, decoded."""

    @property
    def header_bytes(self) -> int:
        """The manifest's signatures and attributes."""

    @property
    def members(self) -> int:
        """How many members there may be."""

    @property
    def ratio(self) -> int:
        """Decoded bytes for each stored one, of what nobody has signed; 0: any number."""

    @property
    def name_bytes(self) -> int:
        """One member's name."""

    @property
    def signatures(self) -> int:
        """How many signatures a manifest may carry."""

@final
class Stat:
    """What a signed archive says of one member."""

    @property
    def name(self) -> str:
        """The member's path."""

    @property
    def size(self) -> int:
        """The decoded size in bytes: signed where there is an index, and otherwise what the
        container declares. `read` checks it; this does not.
        """

    @property
    def digest(self) -> str:
        """The signed digest of the content, in hexadecimal."""

@final
class SignedVfs:
    """A signed archive or directory that satisfied a policy when `open` made this.

    Immutable; any thread may use it. What `read` returns has been verified in the memory
    that it is returned in.
    """

    def read(self, name: str) -> bytes:
        """Return the member's content, after comparing its digest with the signed one.

        Raises IntegrityCheckMissing for a name that the manifest does not list, and
        IntegrityCheckFailed where the content is not what was signed.
        """

    def list(self) -> builtins.list[str]:
        """Return the listed names, in byte order."""

    def is_file(self, name: str) -> bool:
        """Tell whether the manifest lists a file of that name."""

    def is_dir(self, name: str) -> bool:
        """Tell whether listed files lie below that name; '' is the root."""

    def listdir(self, name: str = "") -> builtins.list[str]:
        """Return the names directly below a directory, in byte order; none where it is no
        directory.
        """

    def stat(self, name: str) -> Stat:
        """Return what is said of a member, without reading it.

        Raises IntegrityCheckMissing for a name that the manifest does not list.
        """

    def verify_all(self, progress: _Progress | None = None) -> None:
        """Read and verify every member, and what stands in front of the archive.

        Bytes in front that were not signed are refused: a program may be there.
        `progress` is called with the members done and their number; what it raises ends the
        work. Raises IntegrityCheckError.
        """

    def order(self) -> builtins.list[str]:
        """Return the names in the order in which a program was seen to read them.

        `pack` records it on request; otherwise the list is empty. Raises IntegrityCheckError.
        """

    def unlisted(self) -> builtins.list[str]:
        """Return the files below a directory that its manifest does not list.

        They can not be read through this object. For archives there are none.
        """

    @property
    def path(self) -> str:
        """The path that it was opened by."""

    @property
    def name(self) -> str | None:
        """The signed `@name`, or None."""

    @property
    def serial(self) -> int | None:
        """The signed `@serial`, or None."""

    @property
    def expires(self) -> int | None:
        """The signed `@expires` in seconds since 1970, or None."""

    @property
    def not_before(self) -> int | None:
        """The signed `@not-before` in seconds since 1970, or None."""

    @property
    def signers(self) -> builtins.list[str]:
        """The fingerprints of the policy's keys that signed."""

    @property
    def signatures(self) -> builtins.list[str]:
        """The fingerprints on all signatures, unknown keys included."""

    @property
    def hash_type(self) -> str:
        """The hash of the members, such as "sha256"."""

    @property
    def has_index(self) -> bool:
        """Whether the archive goes by a signed index, and not by its whole manifest."""

    @property
    def prefix_length(self) -> int | None:
        """The signed number of bytes in front of an appended archive, or None."""

    @property
    def bytes_in_front(self) -> int:
        """How many bytes stand in front of the archive in its file, signed or not.

        Where `prefix_length` is None nobody has signed them; then they are never read, and
        `verify_all` refuses them.
        """

def open(
    path: StrOrBytesPath,
    policy: TrustPolicy | None = None,
    limits: Limits | None = None,
    manifest: StrOrBytesPath | None = None,
    root: str | None = None,
) -> SignedVfs:
    """Open a signed archive or directory and check its manifest.

    `policy` is a TrustPolicy; None means the one that `trust` and `set_policy` made.
    `limits` is a Limits; None means those that were set with that policy.
    Members are verified when they are read. Raises IntegrityCheckError.

    `manifest` is the detached manifest of a directory, and `root` the role in which it was
    signed; None means 'tree'. Where the directory has a manifest of its own, both must hold
    and list the same.
    """

def open_roots(
    manifest: StrOrBytesPath,
    roots: Iterable[tuple[str, StrOrBytesPath] | tuple[str, StrOrBytesPath, Iterable[str]]],
    policy: TrustPolicy | None = None,
    limits: Limits | None = None,
) -> dict[str, SignedVfs]:
    """Open directories by a detached manifest that names them as its roots.

    `roots` are tuples (role, directory); a third item names directories below it that are
    none of its. The result maps each role to its SignedVfs. A root that is refused refuses
    them all. `policy` and `limits` are those of `open`. Raises IntegrityCheckError, and
    ValueError where there are no roots, or a role is given twice.
    """

class zipimporter:
    """Finds and loads modules of the signed archive or directory at `path`, or of
    a directory inside it, with the interface of zipimport.zipimporter.
    """

    def __init__(self, path: str) -> None: ...
    def find_spec(self, fullname: str, target: ModuleType | None = None) -> ModuleSpec | None:
        """Return the spec of a module, or None where the manifest has none of that name."""

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        """Return an empty module with the attributes that `spec` gives it, or None."""

    def exec_module(self, module: ModuleType) -> None:
        """Run the module's verified code."""

    def get_code(self, fullname: str) -> CodeType:
        """Return the code object."""

    def get_source(self, fullname: str) -> str | None:
        """Return the source, or None if there is none.

        An IntegrityCheckError of this method is an ImportError as well, so that whoever
        formats a traceback can go on without the source.
        """

    def get_filename(self, fullname: str) -> str:
        """Return the path of the file that holds the code."""

    def is_package(self, fullname: str) -> bool:
        """Tell whether it is a package."""

    def get_data(self, pathname: str) -> bytes:
        """Return the verified content of '<archive>/<member>' or '<member>' as bytes."""

    def get_resource_reader(self, fullname: str) -> ArchiveReader | None:
        """Return what importlib.resources reads a package's files with, or None."""

    def iter_modules(self, prefix: str = "") -> Iterator[tuple[str, bool]]:
        """Iterate over (prefix + name, is it a package), for pkgutil."""

    if sys.version_info < (3, 12):
        def find_module(self, fullname: str, path: str | None = None) -> Self | None:
            """Return this object where it can load the module, or None. Use find_spec."""

        def find_loader(
            self, fullname: str, path: str | None = None
        ) -> tuple[Self | None, builtins.list[str]]:
            """Return (loader or None, namespace portions). Use find_spec."""

    if sys.version_info < (3, 15):
        def load_module(self, fullname: str) -> ModuleType:
            """Import the module into sys.modules and return it. Use importlib.import_module."""

    def _preload(self, fullname: str) -> list[str]:
        """Load the native code of a module, or of all modules of a package, without importing them.
        Return the paths of the members.
        """

    def invalidate_caches(self) -> None:
        """Look at the next use whether another archive stands at the path now."""

    @property
    def archive(self) -> str:
        """The archive's path as it was given."""

    @property
    def prefix(self) -> str:
        """The path inside the archive, empty or ending in a slash."""

    @property
    def vfs(self) -> SignedVfs | None:
        """The archive in use as a SignedVfs, or None where there is none."""

    @property
    def _below_roots(self) -> bool:
        """Whether it belongs to a hook for given roots."""

    @property
    def _files(self) -> dict[str, tuple[str, int, int, int, int, int, int, int]]:
        """What is signed, as zipimport keeps it: for its users."""

    def _get_files(self) -> dict[str, tuple[str, int, int, int, int, int, int, int]]:
        """Return `_files`."""

    def __copy__(self) -> Self: ...
    def __deepcopy__(self, memo: object) -> Self: ...

class PathHook:
    """An object for sys.path_hooks. `signedvfs.hook` is the one over whatever is an archive;
    PathHook(roots=[...]) makes one that owns what lies at or below the given paths, whatever it is,
    and leaves everything else alone.

    roots: paths, fixed now, of archives, signed directories, or directories into which archives
    are put. Such a directory supplies nothing itself.
    policy: a TrustPolicy; None: the one in force by `trust` and `set_policy`.
    limits: Limits to open with; None: those in force.

    What is refused below the roots refuses the modules that it could have been meant to supply,
    and not every import that gets past it. Hooks of the same roots and policy are worth the same;
    roots that overlap with another hook's raise ValueError.
    """

    def __init__(
        self,
        roots: Iterable[StrOrBytesPath],
        policy: TrustPolicy | None = None,
        limits: Limits | None = None,
    ) -> None: ...
    def __call__(self, path: str) -> zipimporter: ...
    def install(self) -> None:
        """Put the hook first in sys.path_hooks, unless it is there already, behind no other's."""

    def set_policy(self, policy: TrustPolicy | None, limits: Limits | None = None) -> None:
        """Have a hook for given roots go by another policy from now on, as `signedvfs.set_policy`
        does for the hook over all archives: for a key that is revoked, or a new one.
        """

    def protect(self, path: StrOrBytesPath) -> None:
        """Never leave `path`, or what lies below it, to another importer: also where nothing is
        there, or a directory whose manifest has been taken away. Both are refused.
        """

    @property
    def roots(self) -> tuple[str, ...] | None:
        """The absolute paths that the hook was made for, or None."""

    @property
    def policy(self) -> TrustPolicy | None:
        """The policy that was given, or None for the one in force."""

    @property
    def limits(self) -> Limits | None:
        """The limits that were given, or None for those in force."""

    @property
    def protected(self) -> list[str]:
        """The absolute paths that are ours for good: those given to `protect`, and the
        signed directories in use.
        """

    @property
    def in_use(self) -> list[SignedVfs]:
        """The signed archives and directories that have been opened, in no order."""

    def _purge(self) -> None:
        """Drop what others have found at paths of ours before."""

    def _remembered(self) -> dict[str, Any]:
        """Return what children have to know, fit for pickle."""

    def _recall(self, known: dict[str, Any]) -> None:
        """Know what `_remembered` returned in the parent."""

hook: PathHook

_Signed: TypeAlias = (
    StrOrBytesPath
    | Iterable[tuple[str, StrOrBytesPath] | tuple[str, StrOrBytesPath, Iterable[str]]]
)
_Mode: TypeAlias = Literal["enforce", "warn", "audit"]

class SignedImportManager:
    """Has every import of the process answer to a signed manifest.

    Built-in and frozen modules pass as part of the executable. Everything else has to be a
    listed, verified member of a signed archive or directory, wherever sys.path or a package's
    `__path__` points, or the import raises IntegrityCheckError.

    keys: the public keys that count, beside those of `policy`.
    policy: a TrustPolicy; None: one of `keys` alone. What `trust` and `set_policy` say is for
    hooks, and changes nothing here.
    limits: Limits to open with; None: the defaults.
    mode: 'enforce'; or 'warn' and 'audit', which refuse nothing and report what 'enforce'
    would refuse, with and without a RuntimeWarning.
    trust_stdlib_paths: import the interpreter's own library from where it stands, signed or not.
    That is weaker: who can write there decides what runs.
    module_aliases: a mapping of names to the names of the modules that they stand for.
    virtual_files: have paths below what is signed answer `open` and its kin, as `open_doors`
    does.
    check_modules: what may be loaded when it is installed, beside what is signed: names, each with
    what is below it; None: what each interpreter loads by itself; False: anything. Where another
    module is loaded, the process ends with status 126.
    lockdown: at `install`, lock the manager and the process: other ways to code that nobody has
    signed are refused for good.
    manifests: detached manifests, as tuples of one and the directory that it was signed for, or of
    one and its roots as `open_roots` takes them.
    stdlib: the detached manifest of this interpreter's library, as `sign_stdlib` makes it, or a
    tuple of it and the roots that `library_roots` returns. What its extension modules need of the
    system, they get.
    virtual_modules: modules that are made of no file by finders which signed code puts into
    sys.meta_path, such as 'six.moves', each with what is below it.

    Raises ValueError where these make no sense together.
    """

    def __init__(
        self,
        keys: PublicKey | Trusted | Iterable[PublicKey | Trusted] = (),
        *,
        policy: TrustPolicy | None = None,
        limits: Limits | None = None,
        mode: _Mode = "enforce",
        trust_stdlib_paths: bool = False,
        module_aliases: Mapping[str, str] | None = None,
        virtual_files: bool = True,
        check_modules: Iterable[str] | Literal[False] | None = None,
        lockdown: bool = False,
        manifests: Iterable[tuple[StrOrBytesPath, _Signed]] = (),
        stdlib: StrOrBytesPath | tuple[StrOrBytesPath, _Signed] | None = None,
        virtual_modules: Iterable[str] = (),
    ) -> None: ...
    def install(self) -> None:
        """Answer for every import of the process from now on.

        Where it does already it is put in front of other managers. Raises RuntimeError where
        another manager has been locked.
        """

    def reinstall(self) -> None:
        """Do what `install` does."""

    def uninstall(self) -> None:
        """Undo `install`. Raises RuntimeError after `lock`."""

    def lock(self) -> None:
        """Let nobody change it any more: no key is added, it is not uninstalled, and no other
        manager is installed beside it. Raises RuntimeError where it is not installed.
        """

    def add_valid_key(self, key: PublicKey | Trusted) -> None:
        """Trust one more key. What was refused for want of it is asked about again; whatever was
        refused for another reason stays refused. Raises RuntimeError after `lock`.
        """

    def find_spec(
        self, fullname: str, path: Iterable[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return the spec of a module, or None where it is nowhere.

        Raises IntegrityCheckError where it is, and is not signed.
        """

    def find_distributions(self, *args: Any, **kwargs: Any) -> Iterable[Any]:
        """Find metadata of packages, for importlib.metadata."""

    def invalidate_caches(self) -> None:
        """Look at the next use what stands at the paths now."""

    def report(self) -> dict[str, Any]:
        """Return what was refused, or would have been, as a dict that is fit for JSON.

        `refused` lists dicts with `module`, `code`, `reason`, `path` and `count`.
        """

    def report_text(self) -> str:
        """Return the same for people, as str."""

    @property
    def valid_keys(self) -> tuple[PublicKey | Trusted, ...]:
        """The keys that count, as a tuple."""

    @property
    def policy(self) -> TrustPolicy:
        """The TrustPolicy in force, with the keys in it."""

    @property
    def limits(self) -> Limits | None:
        """The limits that were given, or None for the defaults."""

    @property
    def mode(self) -> _Mode:
        """'enforce', 'warn' or 'audit'."""

    @property
    def installed(self) -> bool:
        """Whether it answers for imports."""

    @property
    def locked(self) -> bool:
        """Whether `lock` has been called."""

    @property
    def module_aliases(self) -> dict[str, str]:
        """The aliases that were given, as a new dict."""

    @property
    def _hook(self) -> PathHook:
        """What stands in sys.path_hooks while it enforces."""

    def _arguments(self) -> dict[str, Any]:
        """Return what a child process makes its manager of, fit for pickle."""

    def _portions(self, fullname: str, path: Iterable[str]) -> ModuleSpec | None:
        """Return a spec with a namespace package's signed portions, or None."""

def _settle_openssl() -> None:
    """Have OpenSSL read no configuration for the rest of the process, unless it has done so.

    Raises IntegrityCheckError.
    """

def _installed_managers() -> list[SignedImportManager]:
    """Return a list of the managers that are installed, the first one first."""

class _AliasLoader:
    """Loads a module under an alias (SignedImportManager's module_aliases)."""

    def create_module(self, spec: ModuleSpec) -> None:
        """Return None."""

    def exec_module(self, module: ModuleType) -> None:
        """Have the import end with the module of the other name."""

class _GuardedMetaPath(builtins.list[Any]):
    """sys.meta_path while a SignedImportManager is installed: going through it leads to the
    managers that enforce, whatever else it holds.
    """

def trust(*keys: PublicKey | Trusted) -> None:
    """Trust these keys, PublicKey or Trusted, in addition to those of the policy in force.

    Archives that were refused for want of a trusted signature are asked about again;
    whatever was refused for another reason stays refused. ValueError for a key that is
    trusted already, for something else.
    """

def set_policy(policy: TrustPolicy, limits: Limits | None = None) -> None:
    """Replace the policy, and the limits that archives are opened with (None: the defaults).

    Archives in use are asked about again, and those that were refused for what the policy or
    the limits said; what was tampered with stays refused.
    """

def get_limits() -> Limits:
    """Return the limits that archives are opened with."""

def defer_collection(defer: bool = True) -> None:
    """Keep the cyclic garbage collector out of bursts of imports from signed archives.

    From a module's execution to its end, imports inside it included, the youngest
    generation is collected every 200,000 objects only; then gc's thresholds are what
    they were. What was made meanwhile is old from then on. Modules of less than 4 KiB that
    import nothing change nothing. False: as usual.
    """

def open_doors() -> None:
    """Have paths below archives in use answer `open`, `os.stat`, `os.listdir` and their kin.

    In this interpreter, with what is signed and verified; such paths never reach the disk,
    and cannot be written to. Archives are in use once something was imported from them.
    Calling it again does nothing. Raises ValueError where another package has replaced one
    of those functions by something that is none of Python's own.
    """

def close_doors() -> None:
    """Undo `open_doors`, completely."""

def doors_are_open() -> bool:
    """Tell whether `open_doors` is in force in this interpreter."""

def get_policy() -> TrustPolicy:
    """Return the policy in force."""

def _finder_of(path: object) -> zipimporter | None:
    """Return the verifying finder that imports from `path` go to, or None where they do not.

    Opens no archive: the finder does, when it is asked.
    """

def _finder_below(roots: tuple[str, ...], path: str) -> zipimporter:
    """Return the finder for `path` of the hook for these roots; for pickle."""

def _close_side_doors() -> None:
    """Have the standard library ask us before it reads archives by itself."""

class _finder_face(zipimporter):  # as its objects are called
    """What the finders of signedvfs say they are. A call makes one of these."""

def _execute(loader: object, executed: ModuleType) -> None:
    """Have a loader execute a module that has doors or a registry."""

def _close_doors_of(name: str) -> None:
    """Do so for a module that has just been executed."""

def _isolate_flags() -> None:
    """Have sys.flags say what -I makes them say."""

def _bundled_library(name: str) -> str | None:
    """Return the path below an archive in use of the library that `name` stands for, as
    ctypes.util.find_library takes it; None while the doors are closed, and where none is.
    """

def _sealed_memory(content: bytes, executable: bool = False) -> int | None:
    """Return a descriptor of memory that holds `content` and that nobody can change; None where
    the system has none. The caller closes it. It can be executed where that is asked for.

    Raises OSError.
    """
