"""D10: OPENSSL_CONF may name a file that has OpenSSL load native code; nothing of ours obeys it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Callable

import pytest

from tests.importer.native.foundry import build, writes

CONFIGURATION = """
openssl_conf = start
[start]
providers = providers
[providers]
hostile = hostile
[hostile]
module = {module}
activate = 1
"""

NAMES = ("OPENSSL_CONF", "OPENSSL_MODULES", "OPENSSL_ENGINES")

Run = Callable[..., bool]


@pytest.fixture
def is_loaded(tmp_path: Path) -> Run:
    """Run Python where OpenSSL's configuration is an attacker's; tell whether his code ran."""
    marker, module = tmp_path / "marker", tmp_path / "hostile.so"
    source = writes(marker) + "\nint OSSL_provider_init(void) { return 0; }\n"
    module.write_bytes(build(source))
    configuration = tmp_path / "openssl.cnf"
    configuration.write_text(CONFIGURATION.format(module=module))

    def run(*words: object, status: int = 0) -> bool:
        marker.unlink(missing_ok=True)
        done = subprocess.run(
            [sys.executable, "-I", *map(str, words)],
            capture_output=True, text=True, check=False, cwd=tmp_path, timeout=300,
            env={**os.environ, "OPENSSL_CONF": str(configuration)},
        )  # fmt: skip
        assert done.returncode == status, done.stdout + done.stderr
        return marker.exists()

    if not run("-c", "import hashlib"):
        pytest.skip("this Python has no OpenSSL, or one without configurations: nothing to attack")
    return run


MANAGER = """
import signedvfs
manager = signedvfs.SignedImportManager(trust_stdlib_paths=True, check_modules=False{options})
manager.install()
import hashlib, ssl
hashlib.sha512(b"")
"""


@pytest.mark.parametrize(
    "script",
    [
        "import signedvfs",
        "import signedvfs; signedvfs.PrivateKey.generate()",
        "import signedvfs; signedvfs.get_bootstrap_code",
        "import signedvfs.compat.signedimp.tools",
        "import signedvfs.packaging.packer, signedvfs.packaging.wheels",
        "import signedvfs.packaging.locked_wheels",
        MANAGER.format(options=""),
        MANAGER.format(options=", lockdown=True"),
    ],
)
def test_nothing_of_ours_has_it_loaded(is_loaded: Run, script: str) -> None:
    assert not is_loaded("-c", script)


def test_nor_does_another_copy_of_openssl(tmp_path: Path) -> None:
    """What brings one in its extension modules asks the environment, as any C code does."""
    asking = """
import ctypes, os
ask = ctypes.CDLL(None).getenv
ask.restype = ctypes.c_char_p
print([ask(name.encode()) for name in NAMES])
""".replace("NAMES", repr(NAMES))

    def answer(script: str, *options: str) -> str:
        done = subprocess.run(
            [sys.executable, "-I", *options, "-c", script + asking],
            capture_output=True, text=True, check=True, cwd=tmp_path, timeout=60,
            env={**os.environ, **dict.fromkeys(NAMES, "x")},
        )  # fmt: skip
        return done.stdout.strip()

    assert answer("") == "[b'x', b'x', b'x']"
    assert answer(MANAGER.format(options=", mode='audit'")) == "[b'x', b'x', b'x']"
    assert answer(MANAGER.format(options="")) == "[None, None, None]"


def test_who_only_reports_changes_nothing(is_loaded: Run) -> None:
    assert is_loaded("-c", MANAGER.format(options=", mode='audit'"))


def test_no_command_has_it_loaded(is_loaded: Run, tmp_path: Path) -> None:
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "main.py").write_text("v = 1\n")
    for words in (
        "keygen a.key --no-password",
        "sign app --key a.key",
        "verify app --trust a.pub",
        "pack ./app -m main --key a.key -o app.zip",
        "verify app.zip --trust a.pub",
        "extract app.zip --trust a.pub -C out",
        "run --trust a.pub app.zip",
        "bootstrap --trust a.pub --trust-stdlib-paths --trust-dynload",
        "--version",
    ):
        assert not is_loaded("-m", "signedvfs", *words.split()), words
