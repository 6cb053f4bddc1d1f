"""Shared objects, compiled by the system's C compiler."""

from __future__ import annotations

import os
import subprocess
import sysconfig
from collections.abc import Sequence
from pathlib import Path

# What this Python's extension modules end in: ".cpython-312-x86_64-linux-gnu.so".
SUFFIX = sysconfig.get_config_var("EXT_SUFFIX")
assert isinstance(SUFFIX, str)

# PRELOADS is what policies of tests allow beside the keys: with sanitizers, the tests themselves
# run with libraries that are loaded ahead of all others.
PRELOADS = [Path(one).name for one in os.environ.get("LD_PRELOAD", "").replace(":", " ").split()]

# SEARCHING is C of an object that has its search path searched while it runs.
SEARCHING = """
extern void *dlopen(const char *, int);
void *load(void) { return dlopen("libplugin.so", 1); }
"""


def compile_object(
    path: Path,
    text: str = "",
    *,
    soname: str | None = None,
    needs: Sequence[Path] = (),
    flags: Sequence[str] = (),
) -> Path:
    """compile_object makes a shared object of C at `path`, which needs the objects `needs`, whether
    or not it uses anything of them."""
    path.parent.mkdir(parents=True, exist_ok=True)
    source = path.with_name(path.name + ".c")
    source.write_text(text + "\n", encoding="utf-8")
    words = ["cc", "-shared", "-fPIC", "-o", str(path), str(source), "-Wl,--no-as-needed"]
    if soname is not None:
        words.append(f"-Wl,-soname,{soname}")
    subprocess.run([*words, *map(str, needs), *flags], check=True)
    source.unlink()
    return path
