"""Try one application: pack it with its deed, run that, and run it with forged data."""

from __future__ import annotations

import collections
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from tests.packages.applications.catalogue import HERE, Application, pins
from tests.packages.applications.forging import forge

PACKING_TAKES_AT_MOST = 400  # seconds, pip's download included
RUNNING_TAKES_AT_MOST = 120

DONE = "the deed is done"  # what every deed prints in the end
RUNS, FAILS, NOT_PACKED = "runs", "fails", "not packed"


class Outcome(NamedTuple):
    """What was seen of one application.

    `detail` says what failed, or which extension modules the archive has, and `loaded` which of its
    members came to the dynamic linker. `damaged` is the member that was forged, or empty where the
    deed reads no data; `refused` tells whether its content was refused, and `stopped` whether the
    application ended with an error that names it.
    """

    name: str
    version: str
    does: str
    outcome: str
    detail: str = ""
    damaged: str = ""
    refused: bool = False
    stopped: bool = False
    loaded: str = ""


def is_done(text: str) -> bool:
    """Tell whether a deed that printed this came to its end."""
    return text.rstrip().endswith(DONE)


class Run(NamedTuple):
    """What a run has left: its exit code, everything that it printed, and what it asked for."""

    code: int
    text: str
    verified: list[str]
    refused: list[str]
    loaded: list[str]

    @property
    def done(self) -> bool:
        """Whether the deed came to its end."""
        return self.code == 0 and is_done(self.text)


def _signedvfs(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "signedvfs", *map(str, words)],
        capture_output=True,
        text=True,
        timeout=PACKING_TAKES_AT_MOST,
        check=False,
    )


def write_sources(application: Application, work: Path) -> tuple[Path, Path]:
    """Write the deed with what is packed beside it, and the file of what pip is asked for."""
    source = work / "source"
    shutil.copytree(application.files or HERE / "beside", source)
    shutil.copy(HERE / "beside" / "doing.py", source)
    text = application.deed.read_text(encoding="utf-8")
    (source / "deed.py").write_text(f'{text}\nprint("{DONE}")\n', encoding="utf-8")
    requirements = work / "requirements.txt"
    pinned = [f"{name}=={version}" for name, version in pins().get(application.name, {}).items()]
    lines = [*application.pip_options, *(pinned or application.needs)]
    requirements.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return source, requirements


def pack(application: Application, work: Path) -> tuple[Path, dict[str, Any]]:
    """Pack the deed and what it needs; return the archive, and what `pack --json` says.

    Its report has "error" where it has refused. Members are stored, so that they can be forged.
    """
    source, requirements = write_sources(application, work)
    key, archive = work / "app.key", work / "app.zip"
    done = _signedvfs("keygen", key, "--no-password")
    if done.returncode == 0:
        done = _signedvfs(
            "pack", source, "-r", requirements, "-m", "deed", "--key", key, "-o", archive,
            "--compression", "stored", "--json",
        )  # fmt: skip
    try:
        return archive, json.loads(done.stdout)
    except ValueError:
        return archive, {"error": {"reason": done.stdout + done.stderr, "advice": ""}}


@contextmanager
def empty_place(work: Path) -> Iterator[tuple[str, dict[str, str]]]:
    """Make an empty directory, and the environment of an application whose home that is."""
    with tempfile.TemporaryDirectory(dir=work) as directory:
        environment = {**os.environ, "HOME": directory, "NO_COLOR": "1", "TERM": "dumb"}
        for name in [name for name in environment if name.startswith(("PYTHON", "PIP_", "AWS_"))]:
            del environment[name]
        yield directory, environment


def run(archive: Path, python: Path, work: Path) -> Run:
    """Run an archive as `signedvfs run` does, in an empty directory, and listen."""
    log = work / "events.log"
    log.unlink(missing_ok=True)
    command = [python, "-I", "-B", HERE / "watched.py", log]
    command += ["run", "--trust", work / "app.pub", archive]
    with empty_place(work) as (directory, environment):
        try:
            done = subprocess.run(
                list(map(str, command)),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                timeout=RUNNING_TAKES_AT_MOST,
                check=False,
                cwd=directory,
                env=environment,
            )
            code, printed = done.returncode, done.stdout
        except subprocess.TimeoutExpired as late:
            code, printed = -1, (late.stdout or b"") + b"\nit did not end\n"
    events = log.read_text("utf-8", "surrogateescape").splitlines() if log.exists() else []
    heard = [event.partition(" ") for event in events]
    return Run(
        code,
        printed.decode("utf-8", "replace"),
        [member for what, _, member in heard if what == "verify"],
        [member for what, _, member in heard if what == "refuse"],
        [member for what, _, member in heard if what == "load"],
    )


def data_of(archive: Path, verified: list[str]) -> str:
    """Return the data that was read last, or native code, or metadata, where there is no other."""
    with zipfile.ZipFile(archive) as opened:
        sizes = {info.filename: info.file_size for info in opened.infolist()}
    data = [
        member
        for member in verified
        if sizes.get(member) and not member.endswith((".py", ".pyc", ".pyi"))
    ]
    own = [member for member in data if ".dist-info/" not in member]
    plain = [member for member in own if not re.search(r"\.so(\.|$)", member)]
    return (["", *data, *own, *plain])[-1]


def normalized(name: str) -> str:
    """Return the name of a distribution as the index compares names (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _version(application: Application, archive: Path) -> str:
    wanted = normalized(application.needs[0])
    return distributions(archive).get(wanted, "")


def distributions(archive: Path) -> dict[str, str]:
    """Return the names of all distributions in an archive as the index has them, and versions."""
    found = {}
    with zipfile.ZipFile(archive) as opened:
        for name in opened.namelist():
            if re.match(r"[^/]+\.dist-info/METADATA$", name):  # not those that others bring along
                text = opened.read(name).decode("utf-8", "replace")
                fields = dict(re.findall(r"^(Name|Version): (.+)$", text, re.M)[:2])
                found[normalized(fields["Name"])] = fields["Version"]
    return dict(sorted(found.items()))


def _counted(members: list[str]) -> str:
    """Return the top-level names of modules, and how many there are below each."""
    tops = collections.Counter(member.partition("/")[0].partition(".")[0] for member in members)
    return ", ".join(f"{top} ({tops[top]})" for top in sorted(tops))


def last_line(text: str, work: Path) -> str:
    """Return what a text ends with, without the places that only this machine has."""
    text = text.replace(f"{work}/", "").replace(os.path.realpath(sys.executable), "python")
    text = text.replace(sys.base_prefix, "PREFIX")
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "nothing was printed"


def try_one(application: Application, python: Path, work: Path) -> Outcome:
    """Pack, run, forge and run again, in an empty directory of its own, by a bare `python`."""
    archive, report = pack(application, work)
    name, does = application.name, application.does
    if "error" in report:
        return Outcome(name, "", does, NOT_PACKED, last_line(report["error"]["reason"], work))
    version = _version(application, archive)
    extensions = _counted(report["extension_modules"])
    first = run(archive, python, work)
    if not first.done:
        (work / "run.log").write_text(first.text, encoding="utf-8")
        return Outcome(name, version, does, FAILS, last_line(first.text, work))
    loaded = _counted(first.loaded)
    member = data_of(archive, first.verified)
    if not member:
        return Outcome(name, version, does, RUNS, extensions, loaded=loaded)
    forged = work / "forged.zip"
    forge(archive, member, forged)
    # Under its own name: that is what children and messages know.
    forged.replace(archive)
    second = run(archive, python, work)
    (work / "forged.log").write_text(second.text, encoding="utf-8")
    stopped = not second.done and second.code != 0 and member in second.text
    refused = member in second.refused
    return Outcome(name, version, does, RUNS, extensions, member, refused, stopped, loaded)
