"""Keys in SoftHSM (PKCS#11) and in an ssh-agent: what they sign, and what of it is refused.

The programs are those of Debian: softhsm2, opensc, openssh-client.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.helpers import Cli, fingerprint

pytestmark = pytest.mark.slow

PIN = "123456"
# The module that Debian and Ubuntu install, whatever the machine.
MODULES = ("/usr/lib/softhsm/libsofthsm2.so", "/usr/lib64/pkcs11/libsofthsm2.so")
KINDS = {"p256": "EC:prime256v1", "p384": "EC:secp384r1", "rsa": "rsa:3072",
         "ed25519": "EC:edwards25519"}  # fmt: skip

# What stands in front of a curve's point on the token, and in a SubjectPublicKeyInfo.
PREFIXES = {
    "p256": ("0441", "3059301306072a8648ce3d020106082a8648ce3d030107034200"),
    "p384": ("0461", "3076301006072a8648ce3d020106052b81040022036200"),
    "ed25519": ("0420", "302a300506032b6570032100"),
}


def run(*words: str | Path, env: dict[str, str] | None = None) -> str:
    """run runs a program that has to succeed."""
    environment = {**os.environ, **(env or {})}
    done = subprocess.run(words, env=environment, capture_output=True, check=False)
    assert done.returncode == 0, (words, done.stdout, done.stderr)
    return done.stdout.decode()


class Token:
    """Token is a SoftHSM token with a key of each kind, and their public halves as PEM files."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        (directory / "tokens").mkdir()
        (directory / "softhsm2.conf").write_text(f"directories.tokendir = {directory}/tokens\n")
        self.environment = {"SOFTHSM2_CONF": str(directory / "softhsm2.conf")}
        self.module = next(path for path in MODULES if Path(path).exists())
        run("softhsm2-util", "--init-token", "--free", "--label", "test", "--pin", PIN,
            "--so-pin", PIN, env=self.environment)  # fmt: skip

    def tool(self, *words: str | Path) -> list[str | Path]:
        """tool is a pkcs11-tool command."""
        return ["pkcs11-tool", "--module", self.module, "--login", "--pin", PIN, *words]

    def make(self, kind: str) -> Path:
        """make makes a key on the token, which never leaves it, and returns its public half."""
        public = self.directory / f"{kind}.pub"
        of = ("--label", kind, "--id", kind.encode().hex())
        run(*self.tool("--keypairgen", "--key-type", KINDS[kind], *of), env=self.environment)
        if kind == "rsa":
            read = self.tool("--read-object", "--type", "pubkey", *of, "--output-file")
            run(*read, self.directory / "public.der", env=self.environment)
            encoded = (self.directory / "public.der").read_bytes()
        else:  # of all curves but P-256 it shows the key, and does not write it
            listed = run(*self.tool("--list-objects", "--type", "pubkey"), env=self.environment)
            point = re.search(rf"EC_POINT: +{PREFIXES[kind][0]}([0-9a-f]+)\n.*\n +label: +{kind}\n",
                              listed)  # fmt: skip
            assert point is not None, listed
            encoded = bytes.fromhex(PREFIXES[kind][1] + point[1])
        (self.directory / "info.der").write_bytes(encoded)
        run("openssl", "pkey", "-pubin", "-inform", "DER", "-in", self.directory / "info.der",
            "-out", public)  # fmt: skip
        return public

    def options(self, kind: str, *how: str) -> list[str | Path]:
        """options name this token as the signer."""
        words = self.tool("--sign", "--id", kind.encode().hex(), *how)
        command = shlex.join(["env", f"SOFTHSM2_CONF={self.directory}/softhsm2.conf",
                              *map(str, words)])  # fmt: skip
        return ["--signer-command", command, "--signer-key", self.directory / f"{kind}.pub"]


@pytest.fixture(scope="module")
def token(tmp_path_factory: pytest.TempPathFactory) -> Token:
    """A token with a key of each kind."""
    made = Token(tmp_path_factory.mktemp("token"))
    for kind in KINDS:
        made.make(kind)
    return made


@pytest.mark.parametrize(
    ("kind", "how"),
    [
        ("rsa", ("-m", "SHA256-RSA-PKCS-PSS", "--salt-len", "32")),
        ("rsa", ("-m", "SHA256-RSA-PKCS-PSS")),
        ("ed25519", ("-m", "EDDSA")),
    ],
)
def test_a_token_signs_the_message(
    cli: Cli, archive: Path, token: Token, kind: str, how: tuple[str, ...]
) -> None:
    facts = cli.ok("sign", archive, *token.options(kind, *how), "--json").json
    assert facts["signers"] == [fingerprint(token.directory / f"{kind}.pub")]
    cli.ok("verify", archive, "--trust", token.directory / f"{kind}.pub")


# SoftHSM signs digests with ECDSA, so the digest is made in front of it. What it gives is r,s.
@pytest.mark.parametrize(("kind", "bits"), [("p256", "256"), ("p384", "384")])
@pytest.mark.parametrize("form", ["rs", "openssl"])
def test_a_token_signs_a_digest(
    cli: Cli, archive: Path, token: Token, kind: str, bits: str, form: str
) -> None:
    by = token.options(kind, "-m", "ECDSA", "--signature-format", form)
    by[1] = shlex.join(["sh", "-c", f"openssl dgst -sha{bits} -binary | {by[1]}"])
    cli.ok("sign", archive, *by)
    cli.ok("verify", archive, "--trust", token.directory / f"{kind}.pub")


@pytest.mark.parametrize(
    ("kind", "how"),
    [
        ("rsa", ("-m", "SHA256-RSA-PKCS")),
        ("rsa", ("-m", "SHA256-RSA-PKCS-PSS", "--salt-len", "20")),
        ("rsa", ("-m", "SHA384-RSA-PKCS-PSS", "--salt-len", "32")),
        ("p256", ("-m", "ECDSA")),  # over the message as if it were a digest
    ],
)
def test_other_mechanisms_are_refused(
    cli: Cli, archive: Path, token: Token, kind: str, how: tuple[str, ...]
) -> None:
    before = archive.read_bytes()
    done = cli("sign", archive, *token.options(kind, *how))
    assert done.code == 2
    assert "does not fit" in done.err
    assert archive.read_bytes() == before


@pytest.fixture(scope="module")
def agent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The directory of an ssh-agent's socket, and of public keys whose private halves it has."""
    directory = tmp_path_factory.mktemp("agent")
    process = subprocess.Popen(
        ["ssh-agent", "-D", "-a", directory / "socket"], stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    process.stdout.readline()  # the socket is there once it has said where
    for name, *kind in (("ed25519", "ed25519"), ("p256", "ecdsa", "-b", "256"),
                        ("p384", "ecdsa", "-b", "384"), ("rsa", "rsa", "-b", "2048"),
                        ("absent", "ed25519")):  # fmt: skip
        run("ssh-keygen", "-q", "-N", "", "-t", *kind, "-f", directory / name)
        if name != "absent":
            run("ssh-add", "-q", directory / name, env={"SSH_AUTH_SOCK": str(directory / "socket")})
        (directory / name).unlink()  # from now on the agent alone has it
    yield directory
    process.terminate()
    process.communicate()


@pytest.mark.parametrize("kind", ["ed25519", "p256", "p384"])
def test_an_agent_signs(cli: Cli, archive: Path, agent: Path, kind: str) -> None:
    environment = {"SSH_AUTH_SOCK": str(agent / "socket")}
    cli.ok("key", agent / f"{kind}.pub", "-o", f"{kind}.pub")
    done = cli("sign", archive, "--signer-ssh", agent / f"{kind}.pub", "--json", env=environment)
    assert done.json["signers"] == [fingerprint(cli.directory / f"{kind}.pub")]
    cli.ok("verify", archive, "--trust", f"{kind}.pub")


@pytest.mark.parametrize(("kind", "reason"), [("rsa", "PKCS#1 v1.5"), ("absent", "did not sign")])
def test_what_an_agent_cannot_sign(
    cli: Cli, archive: Path, agent: Path, kind: str, reason: str
) -> None:
    environment = {"SSH_AUTH_SOCK": str(agent / "socket")}
    done = cli("sign", archive, "--signer-ssh", agent / f"{kind}.pub", env=environment)
    assert done.code == 2
    assert reason in done.err
