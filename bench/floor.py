"""Compiles the finder in C that importing is compared with: for this interpreter, when needed."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import sysconfig
from pathlib import Path

SOURCE = Path(__file__).with_name("floor_finder.cc")


def build(work: Path) -> Path:
    """Returns the directory, below `work`, that has the extension module floor_finder."""
    directory = work / "extensions" / sys.implementation.cache_tag
    target = directory / f"floor_finder{sysconfig.get_config_var('EXT_SUFFIX')}"
    if not target.exists() or target.stat().st_mtime < SOURCE.stat().st_mtime:
        directory.mkdir(parents=True, exist_ok=True)
        command = [*shlex.split(os.environ.get("CXX", "c++")), "-std=c++20", "-O3", "-DNDEBUG"]
        command += ["-shared", "-fPIC", "-I", sysconfig.get_path("include")]
        subprocess.run([*command, str(SOURCE), "-o", str(target)], check=True)
    return directory
