"""pip: installs a wheel that it is given, and says what is in its environment."""

from __future__ import annotations

import importlib
import sys
import tempfile
import zipfile
from importlib import metadata, resources
from pathlib import Path

import pip

from tests.packages.installed import read_info, run_script

WHEEL = {
    "tiny.py": "answer = 42\n",
    "tiny-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n",
    "tiny-1.0.dist-info/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    "tiny-1.0.dist-info/RECORD": "tiny.py,,\ntiny-1.0.dist-info/METADATA,,\n",
}

# A real function: an installation, by the console script.
with tempfile.TemporaryDirectory() as directory:
    wheel = Path(directory, "tiny-1.0-py3-none-any.whl")
    with zipfile.ZipFile(wheel, "w") as archive:
        for name, text in WHEEL.items():
            archive.writestr(name, text)
    target = str(Path(directory, "target"))
    offline = ["--no-index", "--no-deps", "--disable-pip-version-check", "--no-cache-dir"]
    assert "Successfully installed tiny-1.0" in run_script(
        "pip", "install", *offline, "--target", target, str(wheel)
    )
    sys.path.insert(0, target)
    assert importlib.import_module("tiny").answer == 42
    sys.path.remove(target)
    del sys.modules["tiny"]

# Data: the certificates that it brings along.
certificates = resources.files("pip._vendor.certifi") / "cacert.pem"
assert certificates.read_text("ascii").count("BEGIN CERTIFICATE") > 100
with resources.as_file(certificates) as path:
    assert path.read_bytes() == certificates.read_bytes()

# Metadata, its own and what it finds.
assert metadata.version("pip") == pip.__version__
assert read_info("pip", "entry_points.txt").startswith("[console_scripts]")
assert run_script("pip", "--version").startswith(f"pip {pip.__version__} from {sys.path[0]}/pip ")
# Before Python 3.11 it asks its own pkg_resources.
listed = run_script("pip", "list", "--format=freeze", "--disable-pip-version-check")
assert f"sympy=={metadata.version('sympy')}\n" in listed
