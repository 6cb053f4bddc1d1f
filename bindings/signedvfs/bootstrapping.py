"""Code for the top of a start-up script: it verifies signedvfs itself before anything is imported.

Who writes to the directory that signedvfs is installed in decides what an import of it runs. The
code that is made here imports built-in modules only. It compares the native half with a digest, in
memory that is sealed (memfd_create(2), F_ADD_SEALS of fcntl(2)), loads it from there, and installs
the manager, by whose rules the Python half is imported.
"""

from __future__ import annotations

import os
import sys
from importlib.machinery import PathFinder
from pathlib import Path
from typing import Any

import signedvfs
from signedvfs import _core, library
from signedvfs.digests import hashlib

TYPE_CHECKING = False  # see signedvfs/__init__.py
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Union

    from typing_extensions import TypeAlias

    from signedvfs import PublicKey, Trusted
    from signedvfs.library import Root

    AnyPath: TypeAlias = Union[str, bytes, os.PathLike[str], os.PathLike[bytes]]
    _Manifest: TypeAlias = tuple[AnyPath, Union[AnyPath, Iterable[Root]]]

# What an interpreter loads by itself, where that is not frozen (importer/guard/loaded_modules.cc):
# the manager then looks at where each is from, and at its content where a manifest lists it.
_OF_EVERY_START: tuple[str, ...] = ("__main__", "encodings", "os")
if sys.version_info < (3, 11):
    _OF_EVERY_START += (
        "_collections_abc", "_sitebuiltins", "abc", "codecs", "genericpath", "io", "posixpath",
        "site", "stat",
    )  # fmt: skip
if sys.version_info < (3, 10):
    _OF_EVERY_START += ("_bootlocale",)

_SHA = "_sha2" if sys.version_info >= (3, 12) else "_sha256"

# Arguments of the manager that can be written down. What it refuses is never a matter of `mode`.
_OPTIONS = (
    "check_modules", "limits", "lockdown", "module_aliases", "policy", "trust_stdlib_paths",
    "virtual_files", "virtual_modules",
)  # fmt: skip

# By numbers, for the module fcntl does not name the seals in every build: F_ADD_SEALS is 1033,
# F_GET_SEALS 1034, all four seals 15; MFD_CLOEXEC and MFD_ALLOW_SEALING are 3. The descriptor stays
# open, so that no other file is ever called as the library is. O_NONBLOCK waits for no pipe; that
# children do not inherit what Python opens is a matter of course (PEP 446).
_CODE = """\
# signedvfs {version}: from get_bootstrap_code(), for {python} -I; put it first
def signedvfs_boot():
 import sys, posix, _imp, _frozen_importlib as lib
 def end(why):
  try: posix.write(2, f"signedvfs: the process ends: {{why}}\\n".encode("utf-8", "replace"))
  finally: posix._exit(126)
 def load(name, path):
  spec = lib.ModuleSpec(name, None, origin=path)
  if name in own:
   _imp.exec_builtin(module := _imp.create_builtin(spec))
   return module
  if not path: end(f"{{name}} is not built into this Python: use Debian's, or trust_dynload=True")
  module = _imp.create_dynamic(spec)
  sys.modules.pop(name, 0)
  _imp.exec_dynamic(module)
  return module
 try:
  own = sys.builtin_module_names
  if (sys.hexversion >> 16, sys.abiflags) != {abi}:
   end("this code is not for this Python: make it anew")
  for name in [*sys.modules]:
   if not (name in own or _imp.is_frozen(name) or (name + ".").startswith({expected})):
    end(f"{{name!r}} was imported before: start with -I -S, or name it in check_modules")
  if not sys.flags.isolated: end("start Python with -I")
  sys.meta_path[:] = lib.BuiltinImporter, lib.FrozenImporter
  fcntl = load("fcntl", {fcntl!a}).fcntl
  sha = load({sha_name!a}, {sha!a}).sha256
  path, size = {native!a}, {size}
  file = posix.open(path, posix.O_NONBLOCK)
  memory = posix.memfd_create("signedvfs", 3)
  posix.write(memory, posix.read(file, size + 1))
  posix.close(file)
  fcntl(memory, 1033, 15)
  found = fcntl(memory, 1034) & 15, sha(posix.pread(memory, size + 1, 0)).hexdigest()
  if found != (15, {digest!a}):
   end(f"{{path}} was changed: install signedvfs {version} again, or make this anew")
  signedvfs = load("signedvfs._core", f"/proc/self/fd/{{memory}}")
  sys.modules["signedvfs._core"] = signedvfs
  manager = {manager}
  manager.install()
{lock} except BaseException as error: end(f"{{type(error).__name__}}: {{error}}")
signedvfs_boot()
del signedvfs_boot
"""


def get_bootstrap_code(
    keys: PublicKey | Trusted | Iterable[PublicKey | Trusted],
    *,
    stdlib: AnyPath | None = None,
    site: AnyPath | None = None,
    manifests: Iterable[_Manifest] = (),
    native: AnyPath | None = None,
    indent: str = "",
    trust_dynload: bool = False,
    lock: bool = False,
    **options: Any,
) -> str:
    """Return code that begins a program with an import manager, and has signedvfs verified, too.

    The program includes it as it is, before anything else, and is started by this interpreter, or
    one that is built alike, with `-I` or `-I -S`. What is wrong ends the process with one message
    and status 126. The Python half of signedvfs is imported from what is signed, like everything
    else: from `site` or `manifests`, or from an archive or directory of the program.

    `keys`, `manifests` and `options` are for SignedImportManager: check_modules, limits, lockdown,
    module_aliases, policy, trust_stdlib_paths, virtual_files, virtual_modules. Of `check_modules`,
    None and names are possible. Paths become absolute; all have to be there, and satisfy the
    manager, when the code is made.
    `stdlib`, `site`: detached manifests of this interpreter's library, and of its directories of
    installed packages.
    `native`: the shared object of signedvfs that the program loads; None: the one that is running.
    `indent`: what each line begins with, spaces or tabs.
    `trust_dynload`: where fcntl or SHA-256 are not built into the interpreter, load them from its
    lib-dynload, unverified. That is weaker: who can write there decides what runs.
    `lock`: also lock the manager.

    Raises TypeError, ValueError for what cannot be written down, IntegrityCheckError, OSError.
    """
    if indent.strip(" \t"):
        raise ValueError(f"indent is {indent!r}: it may be spaces and tabs")
    unknown = sorted(set(options).difference(_OPTIONS))
    if unknown:
        raise TypeError(f"{unknown[0]} is no option of bootstrap code: {', '.join(_OPTIONS)} are")
    if stdlib is not None and options.get("trust_stdlib_paths"):
        raise ValueError(
            "stdlib=... says by a manifest what the library is, and trust_stdlib_paths=True takes "
            "whatever is there: give one of them"
        )
    roots = _roots_of(site, manifests)
    own = None if stdlib is None else (_absolute(stdlib), library.library_roots())
    if options.get("check_modules") is not None:  # twice needed, and it may be an iterator
        options["check_modules"] = _names(options["check_modules"])
    manager = _manager(keys, own, roots, options)
    path = _native_path(native)
    content = Path(path).read_bytes()
    if not content.startswith(b"\x7fELF") or b"PyInit__core" not in content:
        raise ValueError(f"{path} is no native module of signedvfs: give native=.../_core*.so")
    expected = (*_OF_EVERY_START, *(options.get("check_modules") or ()))
    code = _CODE.format(
        version=signedvfs.__version__,
        python=f"Python {sys.version_info[0]}.{sys.version_info[1]}{sys.abiflags}",
        abi=(sys.hexversion >> 16, sys.abiflags),
        expected=ascii(tuple(f"{name}." for name in expected)),
        fcntl=_dynload_path("fcntl") if trust_dynload else None,
        sha_name=_SHA,
        sha=_dynload_path(_SHA) if trust_dynload else None,
        native=path,
        size=len(content),
        digest=hashlib.sha256(content).hexdigest(),
        manager=manager,
        lock="  manager.lock()\n" if lock else "",
    )
    return "".join(f"{indent}{line}\n" for line in code.splitlines())


def modules_not_built_in() -> list[str]:
    """Return which modules the code needs that are no part of this interpreter's executable."""
    return [name for name in ("fcntl", _SHA) if name not in sys.builtin_module_names]


def _roots_of(
    site: AnyPath | None, manifests: Iterable[_Manifest]
) -> list[tuple[str, str | list[Root]]]:
    # Roots are written down: who asks for them when the program starts imports the Python half.
    out: list[tuple[str, str | list[Root]]] = []
    if site is not None:
        out.append((_absolute(site), library.library_roots(stdlib=False, site=True)))
    for manifest, roots in manifests:
        if isinstance(roots, (str, bytes, os.PathLike)):
            out.append((_absolute(manifest), _absolute(roots)))
        else:
            named = [(role, _absolute(path), tuple(apart)) for role, path, apart in roots]
            out.append((_absolute(manifest), named))
    return out


def _manager(
    keys: PublicKey | Trusted | Iterable[PublicKey | Trusted],
    stdlib: tuple[str, list[Root]] | None,
    manifests: list[tuple[str, str | list[Root]]],
    options: dict[str, Any],
) -> str:
    # Returns an expression that makes the manager, in ASCII, as all of the code is: no encoding of
    # a file or a terminal changes it.
    given = dict(options)
    policy = given.get("policy")
    if policy is not None and policy.now is not None:
        raise ValueError("policy: a program that starts later goes by the clock; leave now=... out")
    if given.get("module_aliases") is not None:
        given["module_aliases"] = dict(given["module_aliases"])
    if given.get("virtual_modules") is not None:
        given["virtual_modules"] = _names(given["virtual_modules"])
    if stdlib is not None:
        given["stdlib"] = stdlib
    if manifests:
        given["manifests"] = manifests
    one = isinstance(keys, (signedvfs.PublicKey, signedvfs.Trusted))
    # In an order of their own, as everything here: the same arguments give the same code.
    all_keys = [keys] if one else sorted(keys, key=repr)  # type: ignore[arg-type]  # mypy does not see it
    words = [ascii(all_keys)]
    words += [f"{name}={value!a}" for name, value in sorted(given.items())]
    text = f"signedvfs.SignedImportManager({', '.join(words)})"
    # What is wrong is to be known now. It is the very text that the program evaluates, and it sees
    # there what it sees here.
    try:
        eval(text, {"signedvfs": _core})  # of the caller's own arguments
    except (NameError, SyntaxError) as error:
        raise ValueError(f"an option has no literal to be written down: {error}") from None
    if "\n" in text:
        raise ValueError("an option is written down in more than one line")
    return text


def _names(names: Iterable[str] | bool) -> list[str]:
    if isinstance(names, (bool, str, bytes)):
        raise ValueError(f"{names!r}: what may be loaded is a list of names here")
    return sorted({str(name) for name in names})


def _native_path(native: AnyPath | None) -> str:
    if native is not None:
        return _absolute(native)
    file = getattr(_core, "__file__", None)
    if file is None:
        raise ValueError("signedvfs was loaded by bootstrap code here: give native=.../_core*.so")
    return _absolute(file)


def _dynload_path(name: str) -> str | None:
    if name in sys.builtin_module_names:
        return None
    directories = [path for role, path, _ in library.library_roots() if role == "lib-dynload"]
    spec = PathFinder.find_spec(name, directories)
    if spec is None or spec.origin is None:
        raise ValueError(f"this interpreter has {name} neither built in nor in lib-dynload")
    return spec.origin


def _absolute(path: AnyPath) -> str:
    return os.path.abspath(os.fsdecode(path))  # noqa: PTH100  # it leaves links as they are
