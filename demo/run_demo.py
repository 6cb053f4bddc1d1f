"""Pack, sign and serve two real web applications, one of them with native code and as one file too;
tamper in fourteen ways.

Needs an interpreter that has signedvfs and pip, and nothing else: Flask, FastAPI and pydantic come
out of the archives.
Leaves its files in the directory given (default: build/demo).
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Callable

import attacks
from native_code import NativeCode
from one_file import OneFile
from serving import serving
from telling import GREEN, PLAIN, say, show, signedvfs_command, verdict

HERE = Path(__file__).resolve().parent
# The whole of what an application has to do. {policy} is the set-up of a step.
PREAMBLE = """\
import sys, signedvfs
key = signedvfs.PublicKey.load({key!r})
{policy}
sys.path_hooks.insert(0, signedvfs.hook)
sys.path.insert(0, {archive!r})
"""
TRUST = "signedvfs.trust(key)"
TRUST_SERIAL_2 = "signedvfs.set_policy(signedvfs.TrustPolicy([key], min_serial={'notes': 2}))"


def python(code: str) -> subprocess.CompletedProcess[str]:
    """Run `code` in a fresh interpreter that reads nothing from the environment."""
    return subprocess.run(
        [sys.executable, "-I", "-B", "-c", code], capture_output=True, text=True, check=False
    )


class Demo:
    """The files of one run."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.key = directory / "notes.key"
        self.public_key = directory / "notes.pub"
        self.archive = directory / "notes.zip"
        self.failures = 0

    def preamble(self, archive: Path, policy: str = TRUST) -> str:
        return PREAMBLE.format(key=str(self.public_key), archive=str(archive), policy=policy)

    def make_keys(self) -> None:
        say("1. A key pair for the people who release the application")
        signedvfs_command("keygen", str(self.key), "--no-password")

    def pack(self) -> None:
        say("2. The application and everything it needs from the package index, in one signed file")
        signedvfs_command(
            *("pack", str(HERE / "notes"), "-r", str(HERE / "requirements-notes.txt")),
            *("-m", "notes.__main__:main", "--name", "notes", "--serial", "2"),
            *("--key", str(self.key), "-o", str(self.archive)),
        )
        signedvfs_command("verify", str(self.archive), "--trust", str(self.public_key))

    def serve(self) -> None:
        say("3. A fresh interpreter imports it through the hook and answers a request")
        code = self.preamble(self.archive) + "from notes.__main__ import main\nsys.exit(main())"
        show(code)
        with serving([sys.executable, "-I", "-B", "-c", code]) as server:
            form = urllib.parse.urlencode({"text": "It *runs*, and every byte was **verified**."})
            with urllib.request.urlopen(server.url + "notes", form.encode(), timeout=30) as answer:
                page = answer.read().decode()
        (line,) = (line for line in page.splitlines() if "article" in line)
        print(f"  POST {server.url}notes -> {GREEN}{answer.status}{PLAIN}")
        show(line)

    def compare_start_up(self, runs: int) -> None:
        say(f"4. Start-up beside zipimport, the same members, {runs} interpreters each, in turn")
        body = "import notes; notes.create_app(); print(len(sys.modules))"
        plain = f"import sys; sys.path.insert(0, {str(self.archive)!r}); {body}"
        variants = {
            "zipimport (verifies nothing)": plain,
            "signedvfs (verifies every byte)": self.preamble(self.archive) + body,
        }
        seconds: dict[str, list[float]] = {name: [] for name in variants}
        for _ in range(runs):
            for name, code in variants.items():
                begin = time.perf_counter()
                done = python(code)
                seconds[name].append(time.perf_counter() - begin)
                if done.returncode:
                    sys.exit(f"demo: {name} failed:\n{done.stderr}")
        for name, times in seconds.items():
            print(f"  {name:34} {1000 * statistics.median(times):7.0f} ms (median)")
        ratios = [b / a for a, b in zip(*seconds.values())]
        print(f"  signedvfs : zipimport = {statistics.median(ratios):.2f}")

    def tamper(self) -> None:
        say("5. Tampering, as somebody without the key would")
        old, other = self.directory / "old.zip", self.directory / "other.zip"
        sign = [sys.executable, "-m", "signedvfs", "sign", str(self.archive)]
        subprocess.run(
            [*sign, "--key", str(self.key), "--serial", "1", "-o", str(old)],
            check=True, stdout=subprocess.DEVNULL,
        )  # fmt: skip
        stranger = self.directory / "stranger.key"
        make = [sys.executable, "-m", "signedvfs", "keygen", str(stranger), "--no-password"]
        subprocess.run(make, check=True, stdout=subprocess.DEVNULL)
        unsigned = self.directory / "unsigned.zip"
        attacks.strip_signature(self.archive, unsigned)
        subprocess.run(
            [sys.executable, "-m", "signedvfs", "sign", str(unsigned), "--key", str(stranger),
             "-o", str(other)],
            check=True, stdout=subprocess.DEVNULL,
        )  # fmt: skip
        init, main = "flask/__init__.pyc", "flask/app.pyc"

        def made(attack: Callable[..., None], *details: str) -> Path:
            out = self.directory / f"{attack.__name__}.zip"
            attack(self.archive, out, *details)
            return out

        self.expect_refusal("one bit flipped", made(attacks.flip_one_byte, main))
        self.expect_refusal("the signature stripped", made(attacks.strip_signature))
        self.expect_refusal("two members swapped", made(attacks.swap_members, init, main))
        self.expect_refusal("an unlisted member appended", made(attacks.append_member, "evil.py"))
        self.expect_refusal("replaced by an older, genuine one", old, TRUST_SERIAL_2)
        self.expect_refusal("signed with another key", other)
        self.stand_in()

    def stand_in(self) -> None:
        """Have the import system find something else than an archive in the archive's place."""
        plain = self.directory / "plain"
        attacks.unpack(self.archive, plain)
        in_its_place = self.directory / "in-its-place" / "notes.zip"
        in_its_place.parent.mkdir(exist_ok=True)
        if not in_its_place.exists():
            in_its_place.symlink_to(plain)
        self.expect_refusal("a plain directory in its place", in_its_place)
        missing = self.directory / "taken-away" / "notes.zip"
        later = f"{TRUST}\nsys.path.append({str(plain)!r})"
        self.expect_refusal("taken away, with a plain copy behind", missing, later)

    def expect_refusal(self, what: str, archive: Path, policy: str = TRUST) -> None:
        done = python(self.preamble(archive, policy) + "import notes; notes.create_app()")
        last = done.stderr.strip().splitlines()[-1] if done.stderr.strip() else ""
        refused = done.returncode != 0 and "signedvfs.IntegrityCheck" in last
        self.failures += not refused
        verdict(what, refused, last)

    def run(self, runs: int) -> int:
        for leftover in (self.key, self.public_key, *self.directory.glob("stranger.*")):
            leftover.unlink(missing_ok=True)
        self.make_keys()
        self.pack()
        self.serve()
        self.compare_start_up(runs)
        self.tamper()
        native = NativeCode(self.directory, self.key, self.public_key)
        native.pack()
        native.serve()
        self.failures += native.tamper()
        self.failures += OneFile(self.directory, self.key).run()
        say("All tampering was refused." if not self.failures else "SOMETHING WAS NOT REFUSED")
        print(f"  The files are in {self.directory}; try your own.")
        return 1 if self.failures else 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--directory", type=Path, default=Path("build/demo"))
    parser.add_argument("--runs", type=int, default=7, help="interpreters per start-up measurement")
    options = parser.parse_args()
    options.directory.mkdir(parents=True, exist_ok=True)
    return Demo(options.directory.resolve()).run(options.runs)


if __name__ == "__main__":
    sys.exit(main())
