"""Other programs that packing runs: their output is shown only where they fail."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence


def run_quietly(
    command: Sequence[str], env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """run_quietly runs `command` without input; all that it writes is in the result as stdout."""
    return subprocess.run(
        command,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="backslashreplace",
        check=False,
    )
