"""The text of bootstrap code: how long it is, and that the same arguments always give the same."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import signedvfs
from signedvfs import _core, get_bootstrap_code


def test_it_is_small(key: signedvfs.PrivateKey) -> None:
    # Two kilobytes, beside what depends on who asks: paths, keys, digests, and options.
    code = get_bootstrap_code(key.public_key)
    path, digest = os.fsencode(_core.__file__ or ""), hashlib.sha256().hexdigest()
    assert len(code) - len(path) - len(repr(key.public_key)) - len(digest) < 2048


MAKING = """
import signedvfs
from signedvfs import Trusted, TrustPolicy
keys = [signedvfs.PublicKey.load(path) for path in {paths!r}]
names = {{f"name{{i}}" for i in range(20)}}
unwanted = [64 * digit for digit in "0123456789"]
first = [Trusted(key, names=names) for key in keys[:2]]
policy = TrustPolicy(first, names=names, revoked=unwanted, libraries=names, preloads=names,
                     min_serial=dict.fromkeys(sorted(names), 1))
print(signedvfs.get_bootstrap_code(set(keys[2:]), policy=policy, trust_stdlib_paths=True,
                                   check_modules=names, virtual_modules=names))
"""


def test_the_same_arguments_give_the_same_code(tmp_path: Path) -> None:
    paths = []
    for i in range(8):
        paths.append(str(tmp_path / f"{i}.pub"))
        Path(paths[-1]).write_text(signedvfs.PrivateKey.generate().public_key.pem)
    text = MAKING.format(paths=paths)
    codes = set()
    for seed in range(4):  # of the order that sets of text have
        done = subprocess.run(
            [sys.executable, "-c", text], capture_output=True, text=True, check=True, timeout=120,
            env={**os.environ, "PYTHONHASHSEED": str(seed)},
        )  # fmt: skip
        codes.add(done.stdout)
    assert len(codes) == 1
    (code,) = codes
    again = eval(code.partition("manager = ")[2].partition("\n")[0], {"signedvfs": signedvfs})
    assert again.policy.names == {f"name{i}" for i in range(20)}
