"""Try one application as one file: build an executable of it with its deed, and run that."""

from __future__ import annotations

import json
import os
import platform
import signal
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from signedvfs.building import BuildError, BuildReport, build
from signedvfs.packaging.errors import PackError
from tests.packages.applications import trying
from tests.packages.applications.catalogue import Application
from tests.packages.applications.trying import FAILS, NOT_PACKED, RUNS, normalized

# OUTCOMES has what was seen: by version of Python, and by application.
OUTCOMES = Path(__file__).with_name("one_file.json")
# pytest reads tests as sources, to rewrite what they assert.
KEEPS_SOURCES = {"pytest"}


class Built(NamedTuple):
    """What was seen of one application; `detail` says what failed, `size` is that of the file."""

    name: str
    version: str
    does: str
    outcome: str
    detail: str = ""
    size: int = 0  # bytes


def build_one(application: Application, work: Path) -> BuildReport:
    """Build work/app as its user would, by the defaults. Raises BuildError, PackError."""
    source, requirements = trying.write_sources(application, work)
    return build(
        source,
        work / "app",
        main="deed",
        requirements=[requirements],
        source_files="keep" if application.name in KEEPS_SOURCES else "strip",
        ephemeral=True,
    )


def run(executable: Path, work: Path) -> tuple[int, str]:
    """Run it in an empty directory; return its exit status and what it printed."""
    with trying.empty_place(work) as (directory, environment):
        process = subprocess.Popen(
            [executable],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=directory,
            env=environment,
            start_new_session=True,
        )
        try:
            printed, _ = process.communicate(timeout=trying.RUNNING_TAKES_AT_MOST)
            code = process.returncode
        except subprocess.TimeoutExpired:
            # With all that it has started: what takes sys.executable for an interpreter starts the
            # application, which starts the application.
            os.killpg(process.pid, signal.SIGKILL)
            printed, _ = process.communicate()
            code, printed = -1, printed + b"\nit did not end\n"
    return code, printed.decode("utf-8", "replace")


def try_one(application: Application, work: Path) -> Built:
    """Build and run, in an empty directory of its own."""
    name, does = application.name, application.does
    try:
        report = build_one(application, work)
    except (BuildError, PackError) as error:
        return Built(name, "", does, NOT_PACKED, trying.last_line(str(error), work))
    wanted = normalized(application.needs[0])
    versions = {normalized(one.name): one.version for one in report.packages}
    version, size = versions.get(wanted) or "", report.size
    code, text = run(Path(report.output), work)
    if code != 0 or not trying.is_done(text):
        (work / "run.log").write_text(text, encoding="utf-8")
        return Built(name, version, does, FAILS, trying.last_line(text, work), size)
    return Built(name, version, does, RUNS, "", size)


def outcomes() -> dict[str, list[Built]]:
    """Return what was seen before, by version of Python."""
    found: dict[str, dict[str, Any]] = json.loads(OUTCOMES.read_text(encoding="utf-8"))
    return {
        python: [Built(name, **fields) for name, fields in seen.items()]
        for python, seen in found.items()
    }


def keep(seen: Iterable[Built]) -> None:
    """Write down what was seen by the Python that runs; of other applications what was before."""
    known = outcomes()
    python = platform.python_version()
    own = {one.name: one for one in (*known.get(python, ()), *seen)}
    known[python] = [own[name] for name in sorted(own)]
    # One application a line: what changes is then easy to see.
    texts = []
    for version, built in sorted(known.items()):
        lines = []
        for one in built:
            fields = one._asdict()
            lines.append(f"{json.dumps(fields.pop('name'))}: {json.dumps(fields)}")
        texts.append(f"{json.dumps(version)}: {{\n" + ",\n".join(lines) + "\n}")
    OUTCOMES.write_text("{\n" + ",\n".join(texts) + "\n}\n", encoding="utf-8")
