"""What the numbers were measured on."""

from __future__ import annotations

import os
import platform
import ssl
import sys
import sysconfig
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

FEATURES = ("sha_ni", "avx2", "avx512f", "sha2")  # what OpenSSL and libdeflate choose their code by


def cpu_facts() -> dict[str, str]:
    """Returns the first processor's lines of /proc/cpuinfo, or nothing where there is no such."""
    path = Path("/proc/cpuinfo")
    if not path.exists():
        return {}
    first = path.read_text(encoding="utf-8").split("\n\n")[0]
    pairs = (line.partition(":") for line in first.splitlines())
    return {name.strip(): value.strip() for name, _, value in pairs}


def describe() -> dict[str, Any]:
    cpu = cpu_facts()
    flags = cpu.get("flags", cpu.get("Features", "")).split()
    return {
        "cpu": cpu.get("model name", platform.processor() or platform.machine()),
        "features": [feature for feature in FEATURES if feature in flags],
        "cores": len(os.sched_getaffinity(0)),
        "load": os.getloadavg()[0],
        "system": f"{platform.system()} {platform.release()}",
        "python": sys.version.split()[0],
        "compiler": platform.python_compiler(),
        "built_with": sysconfig.get_config_var("CONFIG_ARGS") or "",
        "openssl": ssl.OPENSSL_VERSION,
        "when": datetime.now(timezone.utc).isoformat(timespec="seconds"),
    }
