"""Writes docs/applications.md: packs widely used applications, runs them, and forges their data.

write_applications.py [--only NAME ...] [--known FILE ...] [--json FILE] [--keep DIRECTORY] [--pin]
[--one-file], run by an interpreter that has signedvfs and pip. It takes about half an hour, and
most of that is pip's. With --only it leaves the page alone, unless --known names files of an
earlier --json that have the outcomes of all others. --pin takes the newest versions that pip finds,
and pins them in tests/packages/applications/versions.json. With --one-file it builds an executable
of each instead, and writes what that did into tests/packages/applications/one_file.json and into
the page.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.packages.applications import as_one_file, trying
from tests.packages.applications.as_one_file import Built
from tests.packages.applications.catalogue import VERSIONS, Application, applications, pins
from tests.packages.applications.trying import Outcome
from tests.packages.bare import make_bare
from tests.packages.importing_most import OUTCOMES as MOST_DOWNLOADED

PAGE = Path(__file__).with_name("applications.md")

_BEGINNING = """\
# Applications

Each of these was packed by `signedvfs pack -r`, together with a small program that fails unless
the application does what the table says, and run by `signedvfs run` in an environment that holds
nothing but signedvfs. `docs/write_applications.py` did that and wrote this page, on {python}.

Then one byte of a file that the program reads was changed in the archive - a template, a
certificate, a locale, JSON -, with every checksum of the zip format put right. *Refused* means that
`run` ended with an error that names the file. Where a program reads no file besides its code, an
extension module or the metadata of a distribution stands for one.
"""
_RUNS = """
## What runs

| application | version | what it did | changed | outcome |
|---|---|---|---|---|
"""
_NATIVE = """
## Native code

These have extension modules, by the top-level names of what they belong to. Those that the program
needed came to the dynamic linker from memory, and libraries of the wheels with them; nothing was
unpacked. `tests/packages/native` has more of them compute, and shows by strace that no other file
of theirs is opened, and none is made. numpy's own tests of its core, but for those of casts, end
from the archive as from site-packages: of 36,819 they differ in 19, which start another interpreter
or a compiler that would have to find numpy on the disk (`numpys_own_tests.py` there).

One limit is known: code in C that opens files of its package by itself does not find them
([how far it reaches](files.md#how-far-it-reaches)).

| application | extension modules in the archive | loaded, with libraries |
|---|---|---|
"""
_ONE_FILE_HEADING = "\n## As one file\n"
_ONE_FILE = """
[`signedvfs build`](executables.md) made one executable of each of these and of the same program,
with its defaults: all of the standard library is inside. That file ran in an empty directory,
started by no interpreter. pytest's has sources, too (`--source keep`), which it wants of tests.
`docs/write_applications.py --one-file` did this on CPython {python}{also}.

| application | version | size | what it did |
|---|---|---|---|
"""
_ONE_FILE_FAILS = """
These do not run so. `sys.executable` is the application itself: whoever gives a script to it, as
cookiecutter does with a hook, starts the application anew. Nothing is imported from directories,
and ansible insists on the path hook that would do so.

| application | version | what it should do | what failed |
|---|---|---|---|
"""
_MOST_HEADING = "\n## The most downloaded packages\n"
_MOST = """
`tests/packages/importing_most.py` packs the wheels of the {all} most downloaded distributions, and
nothing that they need besides, into one signed archive. It imports every top-level module of each
distribution in a process of its own, and the same from a directory that pip has installed them
into. On CPython {python} all modules of {imported} import from the archive{but}.
"""
_MOST_LOST = """
| distribution | what is missing in the archive |
|---|---|
"""
_MOST_NEITHER = """
These import in neither, as something that they need is not among them:

| distribution | what is missing |
|---|---|
"""
_FAILS = """
## What does not run

| application | version | what it should do | what failed |
|---|---|---|---|
"""


def _table(head: str, rows: Iterable[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(map(_cell, row)) + " |" for row in rows]
    return head + "\n".join(lines) + "\n" if lines else ""


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _code(text: str) -> str:
    # Nothing in it is markup; double braces are no substitution.
    return f"`{text}`" if text else ""


def _refusal(one: Outcome) -> str:
    if not one.damaged:
        return "reads no file"
    if one.stopped:
        return "refused"
    return "refused; it goes on without" if one.refused else "NOT REFUSED"


def _one_file() -> str:
    found = as_one_file.outcomes()
    if not found:
        return ""
    python = max(found, key=lambda version: len(found[version]))
    also = [
        f"; on {version} with {', '.join(one.name for one in built if one.outcome == trying.RUNS)}"
        for version, built in found.items()
        if version != python
    ]
    runs = [one for one in found[python] if one.outcome == trying.RUNS]
    others = [one for one in found[python] if one.outcome != trying.RUNS]
    return "".join(
        [
            _ONE_FILE_HEADING,
            _table(
                _ONE_FILE.format(python=python, also="".join(also)),
                [(o.name, o.version, f"{o.size / 1e6:.1f} MB", o.does) for o in runs],
            ),
            _table(
                _ONE_FILE_FAILS,
                [(o.name, o.version, o.does, f"{o.outcome}: {_code(o.detail)}") for o in others],
            ),
        ]
    )


def _with_one_file(text: str) -> str:
    """_with_one_file returns the page with that section as it is now."""
    begin, _, rest = text.partition(_ONE_FILE_HEADING)
    if not rest:
        begin, _, rest = text.partition(_MOST_HEADING)
        return begin + _one_file() + _MOST_HEADING + rest
    return begin + _one_file() + rest[rest.index("\n## ") :]


def _most_downloaded() -> str:
    found = json.loads(MOST_DOWNLOADED.read_text(encoding="utf-8"))
    lost, neither = found["installed_only"], found["neither"]
    numbers = {"imported": len(found["imported"]), "python": found["python"]}
    numbers["all"] = len(found["imported"]) + len(lost) + len(neither)
    return "".join(
        [
            _MOST_HEADING,
            _MOST.format(**numbers, but=", and not of these" if lost else ""),
            _table(_MOST_LOST, [(name, _code(why)) for name, why in lost.items()]),
            _table(_MOST_NEITHER, [(name, _code(why)) for name, why in neither.items()]),
        ]
    )


def page(outcomes: Sequence[Outcome], python: str) -> str:
    """page returns the whole text."""
    runs = [one for one in outcomes if one.outcome == trying.RUNS]
    others = [one for one in outcomes if one.outcome in (trying.FAILS, trying.NOT_PACKED)]
    return "".join(
        [
            _BEGINNING.format(python=python),
            _table(
                _RUNS, [(o.name, o.version, o.does, _code(o.damaged), _refusal(o)) for o in runs]
            ),
            _table(_NATIVE, [(o.name, _code(o.detail), _code(o.loaded)) for o in runs if o.detail]),
            _table(
                _FAILS,
                [(o.name, o.version, o.does, f"{o.outcome}: {_code(o.detail)}") for o in others],
            ),
            _one_file(),
            _most_downloaded(),
        ]
    )


def _try_all(wanted: Sequence[Application], keep: Path) -> Iterator[Outcome]:
    python = make_bare(keep / "bare")
    for number, application in enumerate(wanted, 1):
        work = keep / application.deed.stem
        work.mkdir()
        begin = time.monotonic()
        outcome = trying.try_one(application, python, work)
        said = [outcome.outcome, outcome.detail, outcome.damaged]
        said += [_refusal(outcome)] if outcome.outcome == trying.RUNS else []
        print(
            f"[{number}/{len(wanted)}] {outcome.name} {outcome.version}: "
            f"{'; '.join(filter(None, said))} ({time.monotonic() - begin:.0f} s)",
            flush=True,
        )
        yield outcome


def _build_all(wanted: Sequence[Application], keep: Path) -> Iterator[Built]:
    for number, application in enumerate(wanted, 1):
        work = keep / application.deed.stem
        work.mkdir()
        begin = time.monotonic()
        built = as_one_file.try_one(application, work)
        (work / "app").unlink(missing_ok=True)  # all of them would fill a disk
        as_one_file.keep([built])
        print(
            f"[{number}/{len(wanted)}] {built.name} {built.version}: {built.outcome} "
            f"{built.detail} {built.size / 1e6:.1f} MB ({time.monotonic() - begin:.0f} s)",
            flush=True,
        )
        yield built


def _pin(pinned: dict[str, dict[str, str]]) -> None:
    # One application a line: what a new version changes is then easy to see.
    lines = [f"{json.dumps(name)}: {json.dumps(pinned[name])}" for name in sorted(pinned)]
    VERSIONS.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


def _known(files: Iterable[Path], wanted: Sequence[Application]) -> list[Outcome]:
    tried = {one.name for one in wanted}
    found = [json.loads(file.read_text(encoding="utf-8")) for file in files]
    if any(one["python"] != platform.python_version() for one in found):
        raise SystemExit("--known has outcomes of another version of Python")
    outcomes = [Outcome(**fields) for one in found for fields in one["outcomes"]]
    return [outcome for outcome in outcomes if outcome.name not in tried]


def main() -> int:
    """main does what the words say; it ends with 1 where changed data was taken for genuine."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--only", action="append", metavar="NAME", help="try this; repeatable")
    parser.add_argument(
        "--known", action="append", default=[], type=Path, metavar="FILE", help="what --json wrote"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the outcomes there")
    parser.add_argument(
        "--keep", type=Path, metavar="DIRECTORY", help="leave archives and logs there"
    )
    parser.add_argument("--pin", action="store_true", help="pin the newest versions")
    parser.add_argument("--one-file", action="store_true", help="build executables instead")
    words = parser.parse_args()
    wanted = [one for one in applications() if not words.only or one.name in words.only]
    names = {one.name for one in wanted}
    unknown = set(words.only or ()) - names
    if unknown:
        parser.error(f"there is no deed of {', '.join(sorted(unknown))}")
    if words.pin:
        _pin({name: pinned for name, pinned in pins().items() if name not in names})
    with tempfile.TemporaryDirectory() as name:
        keep = words.keep or Path(name)
        keep.mkdir(parents=True, exist_ok=True)
        if words.one_file:
            built = list(_build_all(wanted, keep))
            PAGE.write_text(_with_one_file(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
            return int(any(one.outcome != trying.RUNS for one in built))
        outcomes = list(_try_all(wanted, keep))
        if words.pin:
            packed = {one.name: keep / one.deed.stem / "app.zip" for one in wanted}
            pinned = {n: trying.distributions(file) for n, file in packed.items() if file.exists()}
            _pin({**pins(), **pinned})
    outcomes = sorted(outcomes + _known(words.known, wanted), key=lambda one: one.name)
    if words.json:
        found = {"python": platform.python_version(), "outcomes": [o._asdict() for o in outcomes]}
        words.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    if len(outcomes) == len(list(applications())):
        PAGE.write_text(page(outcomes, f"CPython {platform.python_version()}"), encoding="utf-8")
    return int(any(o.damaged and not o.refused and not o.stopped for o in outcomes))


if __name__ == "__main__":
    sys.exit(main())
