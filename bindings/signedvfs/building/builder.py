"""build: from sources to one executable that verifies itself."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import signedvfs
from signedvfs import Limits, PrivateKey, SignReport, TrustPolicy, _tools, sign
from signedvfs.building.application import Sources, collect_application
from signedvfs.building.errors import BuildError
from signedvfs.building.executable import put_together, python_in, read_launcher
from signedvfs.building.frozen import Freezer, Frozen, check_alone, collect_frozen
from signedvfs.building.launch_file import launch_text
from signedvfs.building.layout import LAUNCH, LIBRARIES, MODE, library_directory, library_member
from signedvfs.building.libraries import Libraries
from signedvfs.building.minimal import reached
from signedvfs.building.modules import check_found, close_application, close_library
from signedvfs.building.own import launcher_path, own_items
from signedvfs.building.recording import Trial, arguments_of, write_recorded
from signedvfs.building.report import BuildReport, report_of
from signedvfs.building.rules import check_serial, policy_for
from signedvfs.building.runtime import carried_python
from signedvfs.building.stdlib import library_items
from signedvfs.building.tk import WARNING, names_tk, packs_tk, without_tk
from signedvfs.packaging.members import Item, Members
from signedvfs.packaging.native_packing import examine_items, strip_objects
from signedvfs.packaging.packer import AnyPath, Source
from signedvfs.packaging.recording import Command
from signedvfs.packaging.sources import Inputs
from signedvfs.packaging.telling import told_of
from signedvfs.packaging.writing import Method, Progress, Style, Writing, stage_of

if TYPE_CHECKING:
    from datetime import datetime

    from signedvfs.custody.signer import Signer

# Of zstd, unless another is asked for: its own default here (19) takes four times as long, for a
# file that is a tenth smaller.
_LEVEL = 9


def build(
    source: AnyPath | Sequence[AnyPath],
    output: AnyPath,
    *,
    key: Signer | Sequence[Signer] | None = None,
    main: str | None = None,
    script: str | None = None,
    requirements: Sequence[AnyPath] = (),
    freezer: Freezer | None = None,
    compression: Method = "zstd",
    level: int = 0,
    source_files: Source = "strip",
    name: str | None = None,
    serial: int | None = None,
    min_serial: int | None = None,
    expires: datetime | int | None = None,
    not_before: datetime | int | None = None,
    at: datetime | int | None = None,
    policy: TrustPolicy | None = None,
    threshold: int = 1,
    ephemeral: bool = False,
    strip: bool = False,
    libraries: Sequence[str] = (),
    minimal: bool = False,
    record: Command | None = None,
    info: bool = False,
    verify_all: bool = False,
    hardened: bool = False,
    launcher: AnyPath | None = None,
    exclude: Sequence[AnyPath] = (),
    without: Sequence[str] = (),
    limits: Limits | None = None,
    progress: Progress | None = None,
) -> BuildReport:
    """build makes one executable file, `output`, of an application: launcher, Python, its standard
    library, the application, and all native code that these need but glibc's. What runs is verified
    by keys that the launcher holds, and nothing else is imported.

    `source` is one or several of: a script (alone), directories, projects, wheels, as for `pack`,
    and requirements such as "flask==3.0"; `requirements` are requirement files and locks. What runs
    is the script, `main` ("module" or "module:function"), what the console script `script` of a
    distribution runs, or the `__main__.py` of a directory. With `freezer`, "pyinstaller" or
    "cxfreeze", `source` is what that has made, its directory or its executable, and the program is
    the one in there; it has to be of the Python that builds.

    `key` signs: one or several, of which `threshold` have to have signed what the launcher runs;
    with `ephemeral` a key that is made for this executable alone, whose private half is never
    written anywhere. The launcher accepts only the product `name`, if given, and no serial below
    `min_serial`; or it goes by `policy`, which the result has to satisfy.

    Everything is compiled. `source_files` is "strip", or "keep", which puts sources beside it: then
    tracebacks show lines. `minimal` follows imports and leaves modules of the standard library out
    that nothing imports; the report lists them. `strip` removes debug sections of native code, and
    `libraries` are names that the system is going to have. With `record`, the words behind the
    executable on a command line (one text, or a list), it is run once, and has to succeed: members
    are laid out in the order in which it read them, which `SignedVfs.order` returns. With `info`
    the executable tells of itself, asked by --signedvfs-info, and with `verify_all` it verifies all
    of itself at every start. What is `hardened` starts before the dynamic linker, and takes all
    that would have that load code out of the environment. `launcher` is another than the installed
    one.

    The interpreter that builds is the one that is carried. It is linked into the launcher, where
    signedvfs was installed with a static library of it; else it needs to have its shared library.
    The same inputs on the same machine give the same bytes, unless `ephemeral`, or a key whose
    signatures are random. `output` is opened as its launcher will before it appears, all at once
    and executable, or not at all. Raises BuildError and PackError where the inputs make no
    executable, IntegrityCheckError, OSError where the system fails.
    """
    target = Path(output)
    if source_files not in ("keep", "strip"):
        raise ValueError(f"source_files must be 'keep' or 'strip', not {source_files!r}")
    if main is not None and script is not None:
        raise ValueError("main and script are two answers to what the executable runs")
    if ephemeral == (key is not None):
        raise ValueError("an executable is signed by a key, or by an ephemeral one: give either")
    _tools._check_validity(expires, not_before, at)
    check_serial(serial, min_serial)
    keys = _keys(key)
    rules = policy or policy_for(keys, threshold, name, min_serial, libraries)
    given = [source] if isinstance(source, (str, os.PathLike)) else list(source)
    if freezer is not None:
        check_alone(given, main, script, requirements, without)
    sources = Sources([one if isinstance(one, str) else Path(one) for one in given if not freezer])
    for one in given:
        if Path(one).is_file() and target.exists() and target.samefile(one):
            raise BuildError(f"{target} is what is built from", "Name another output.")
    words = None if record is None else arguments_of(record)
    installed = read_launcher(launcher_path() if launcher is None else Path(launcher))
    linked_in = python_in(installed)
    prepared = _tools._patch_launcher(
        installed,
        rules,
        shows_info=info,
        verifies_all=verify_all,
        hardened=hardened,
    )
    with tempfile.TemporaryDirectory(prefix="signedvfs-") as work:
        members, frozen = Members(), None
        never = [Path(path) for path in [*exclude, target]]
        if freezer is None:
            files = [Path(path) for path in requirements]
            inputs = Inputs([], files, without=without, never=never)
            warnings = collect_application(
                members, sources, inputs, Path(work), main=main, script=script
            )
        else:
            frozen = collect_frozen(members, freezer, Path(given[0]), never)
            warnings = frozen.warnings
        collected = Libraries()
        order = collected.add_python(carried_python(collected.linker, linked_in))
        missing, unreached = _add_runtime(members, collected, order, frozen, minimal=minimal)
        if packs_tk(members.items):
            warnings.append(WARNING)
        stripped, _ = strip_objects(members, Path(work), None) if strip else (0, [])
        items = members.settle()
        native, items = examine_items(members, items, None, libraries)
        check_found(native, collected)
        with tempfile.TemporaryDirectory(prefix=".signedvfs-", dir=target.parent) as unfinished:
            if not level and compression == "zstd":
                level = _LEVEL
            # Every start loads all of them: not compressed they are there sooner.
            first = frozenset(f"{LIBRARIES}/{name}" for name in order)
            style = Style(source_files == "keep", True, compression, level, limits, first)
            plain, unsigned = Path(unfinished, "unsigned.zip"), Path(unfinished, "executable")
            with told_of(target, Path(unfinished), members.items):
                if words is None:
                    _, uncompiled = Writing(plain, style, progress).run(items)
                else:
                    library = library_member(library_directory()[0])
                    run = Path(unfinished, "trial", target.name)
                    trial = Trial(words, installed, rules, library, run, hardened)
                    uncompiled = write_recorded(plain, items, style, progress, trial)
                put_together(prepared, plain, unsigned)
                plain.unlink()
                signed = _sign(
                    unsigned,
                    keys,
                    progress,
                    name=name,
                    serial=serial,
                    expires=expires,
                    not_before=not_before,
                    at=at,
                    limits=limits,
                )
                opened = _open(unsigned, rules, limits, progress)
            report = report_of(
                target,
                unsigned,
                opened,
                launcher=prepared,
                signed=signed,
                left_out=members.left_out,
                uncompiled=uncompiled,
                native=native,
                collected=collected,
                unreached=unreached,
                missing=[one for one in missing if one not in libraries],
                stripped=stripped,
                ephemeral=ephemeral,
                warnings=warnings,
            )
            unsigned.chmod(MODE)
            unsigned.replace(target)
    return report


def _keys(key: Signer | Sequence[Signer] | None) -> list[Signer]:
    if key is None:
        return [PrivateKey.generate()]
    return list(key) if isinstance(key, (list, tuple)) else [key]  # type: ignore[list-item]  # no sequence is a signer


def _add_runtime(
    members: Members,
    collected: Libraries,
    order: Sequence[str],
    frozen: Frozen | None,
    *,
    minimal: bool,
) -> tuple[list[str], list[str]]:
    """_add_runtime adds all that the application runs on, of which the libraries `order` are loaded
    first; it returns the libraries that the application needs and this machine does not have, and
    the modules that nothing imports."""
    if LAUNCH in members.items:
        origin = members.items[LAUNCH].origin
        raise BuildError(f"{origin} has the name of the launch file to be made", "Rename it.")
    directory, native = library_directory()
    place = library_member(directory)
    library, own = library_items(), own_items()
    unreached: list[str] = []
    if minimal:
        application = members.items.values()
        library, unreached = reached(library, place, application, own)
    if not names_tk(members.items.values()):
        library, left_out = without_tk(library)
        members.left_out += left_out
    library, left_out = close_library(library, collected)
    members.left_out += left_out
    if frozen is not None:
        frozen.settle_libraries(members, collected)
    missing = close_application(members, collected)
    paths = [] if frozen is None else frozen.paths
    text = launch_text(order, place, has_native=native is not None, paths=paths)
    for item in [*library, *collected.items(), *own, Item(LAUNCH, "", lambda: text)]:
        members.add(item)
    return missing, unreached


def _sign(path: Path, keys: Sequence[Signer], progress: Progress | None, **told: Any) -> SignReport:
    stage = None if progress is None else stage_of(progress, "signing")
    return sign(path, keys, progress=stage, compiled_here=True, **told)


def _open(
    path: Path, rules: TrustPolicy, limits: Limits | None, progress: Progress | None
) -> signedvfs.SignedVfs:
    # As the launcher will, before anybody can start it.
    archive = signedvfs.open(path, rules, limits)
    archive.verify_all(None if progress is None else stage_of(progress, "verifying"))
    return archive
