"""The application that goes into an executable, as whoever builds it names it."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from pathlib import Path

from signedvfs.building.errors import BuildError
from signedvfs.building.layout import ENTRY, PACKAGE
from signedvfs.packaging.entry import add_entry, script_entry
from signedvfs.packaging.members import Item, Members
from signedvfs.packaging.sources import Inputs, collect

# "flask==3.0", "uvicorn[standard]>=0.30", "tool @ https://..." (PEP 508), without markers.
_REQUIREMENT = re.compile(
    r"[A-Za-z0-9][\w.-]*\s*(\[[\w\s,.-]*\]\s*(\(?[<>=!~].*)?|\(?[<>=!~].*|@.*)"
)


class Sources:
    """Sources are SOURCE..., by their kinds: one script, or directories, projects, wheels and
    requirements. Raises BuildError, FileNotFoundError."""

    def __init__(self, sources: Sequence[Path | str]) -> None:
        self.paths: list[Path] = []
        self.requirements: list[str] = []
        self.script: Path | None = None
        for source in sources:
            self._take(source)
        if self.script is not None and len(sources) > 1:
            raise BuildError(
                f"{self.script} is a script, and there are other sources",
                "Put it into a directory with what it imports, and name that with -m MODULE.",
            )

    def _take(self, source: Path | str) -> None:
        path = Path(source)
        if path.is_dir() or path.suffix == ".whl":
            self.paths.append(path)
        elif path.is_file():
            if path.suffix not in (".py", ".pyw", ""):
                raise BuildError(
                    f"{path} is no script, directory, project or wheel", "See: signedvfs build -h"
                )
            self.script = path
        elif isinstance(source, str) and _REQUIREMENT.fullmatch(source):
            self.requirements.append(source)
        elif isinstance(source, str) and re.fullmatch(r"[A-Za-z0-9][\w-]*", source):
            # A mistyped directory is not to be fetched from an index.
            raise BuildError(
                f"there is no file or directory {source!r}",
                f"If a distribution of an index is meant, say which version: {source}==VERSION",
            )
        else:
            path.stat()


def collect_application(
    members: Members,
    sources: Sources,
    inputs: Inputs,
    work: Path,
    *,
    main: str | None = None,
    script: str | None = None,
) -> list[str]:
    """collect_application adds the application to `members`, with a __main__ that runs `main` or
    what the console script `script` runs; it returns warnings.

    `inputs` says what else is wanted, and how; wheels are made in the directory `work`. What the
    application has of this package is left out: the launcher has its own. Raises BuildError,
    PackError, OSError.
    """
    files = list(inputs.requirements)
    if sources.requirements:
        named = work / "SOURCE"
        named.write_text("".join(f"{one}\n" for one in sources.requirements), encoding="utf-8")
        files.append(named)
    taken = Inputs(
        [*inputs.sources, *sources.paths],
        files,
        inputs.data,
        inputs.without,
        inputs.never,
        inputs.follow_links,
        inputs.target,
    )
    collect(members, taken, work)
    for name in [name for name in members.items if name.startswith(PACKAGE + "/")]:
        item = members.items.pop(name)
        members.leave_out(item.origin, "the launcher's own is there")
    if sources.script is not None:
        if main is not None or script is not None:
            raise BuildError(
                f"{sources.script} is what would run, and -m or -c name another",
                "Leave -m and -c out, or name a directory.",
            )
        _add_script(members, sources.script)
        return []
    if script is not None:
        entry = script_entry(members, script)
        return add_entry(members, entry, f"the entry point of {script!r}")
    if main is not None:
        return add_entry(members, main, f"the entry point {main}")
    if ENTRY not in members.items and ENTRY + "c" not in members.items:
        raise BuildError(
            "nothing says what the executable runs",
            "Name it: -m MODULE, -m MODULE:FUNCTION, or -c SCRIPT, a console script of what is "
            "packed. A directory with a __main__.py at its top needs neither.",
        )
    return []


def _add_script(members: Members, path: Path) -> None:
    content = path.read_bytes()
    try:
        ast.parse(content, str(path))
    except (SyntaxError, ValueError) as error:
        raise BuildError(f"{path} does not compile: {error}", "Correct it.") from None
    members.add(Item(ENTRY, str(path), lambda: content))
