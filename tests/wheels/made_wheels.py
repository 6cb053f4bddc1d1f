"""Small made-up wheels for the gate: ELF files of this machine's compiler, a true RECORD."""

from __future__ import annotations

import base64
import hashlib
import subprocess
import zipfile
from collections.abc import Mapping
from pathlib import Path

VERSION = "0.1.0"
INFORMATION = f"signedvfs-{VERSION}.dist-info"
TAG = "cp311-cp311-manylinux_2_28_x86_64"
CORE = "signedvfs/_core.cpython-311-x86_64-linux-gnu.so"
FOREIGN = "signedvfs/libsignedvfs_foreign.so"
LAUNCHER = "signedvfs/_launcher"
UNWINDER = "void _Unwind_Resume(void *); void keep(void *p) { _Unwind_Resume(p); }\n"
CORE_CODE = "void PyInit__core(void) {} void PyInit__tools(void) {}\n"
FOREIGN_CODE = "void signedvfs_foreign_decode_3(void) {}\n"
_AARCH64 = (183).to_bytes(2, "little")  # EM_AARCH64, at offset 18 (System V gABI, chapter 4)


def compile_object(
    directory: Path,
    code: str,
    *options: str,
    exports: tuple[str, ...] = ("PyInit_*", "signedvfs_foreign_*"),
    stripped: bool = True,
) -> bytes:
    """Compiles a shared object as wheels have them, but for what `options` change."""
    source, library, script = (directory / one for one in ("it.c", "it.so", "it.map"))
    source.write_text(code + UNWINDER, encoding="utf-8")
    script.write_text("{ global: " + "; ".join(exports) + "; local: *; };", encoding="utf-8")
    command = ["cc", "-shared", "-fPIC", "-O1", "-nostdlib", "-o", str(library), str(source)]
    command += [f"-Wl,--version-script,{script}", "-Wl,-z,relro,-z,now", "-Wl,-z,noexecstack"]
    command += ["-Wl,--build-id=none", *options, "-Wl,--no-as-needed", "-lgcc_s", "-lc"]
    subprocess.run([*command, *(["-s"] if stripped else [])], check=True)
    return library.read_bytes()


def compile_for_musl(
    directory: Path, code: str, *options: str, soname: str = "libc.so", exports: str = "PyInit_*"
) -> bytes:
    """Compiles a shared object that needs a stand-in for musl, with every function undefined."""
    source, library, script = (directory / one for one in ("m.c", "m.so", "m.map"))
    source.write_text(code, encoding="utf-8")
    script.write_text(f"{{ global: {exports}; local: *; }};", encoding="utf-8")
    stand_in = directory / "libc.so"
    common = ["cc", "-shared", "-fPIC", "-O1", "-nostdlib", "-fno-builtin", "-s"]
    empty = ["-x", "c", "/dev/null", "-x", "none", f"-Wl,-soname,{soname}", "-o", str(stand_in)]
    subprocess.run([*common, *empty], check=True)
    command = [*common, "-o", str(library), str(source), f"-Wl,--version-script,{script}"]
    command += ["-Wl,-z,relro,-z,now,-z,noexecstack", "-Wl,--build-id=none,--no-as-needed"]
    subprocess.run([*command, *options, str(stand_in)], check=True)
    return library.read_bytes()


def compile_program(directory: Path, *options: str) -> bytes:
    """Compiles a program that shows no symbols and needs the C library, as the launcher is."""
    source, program = directory / "program.c", directory / "program"
    source.write_text("void start(void) {}\n", encoding="utf-8")
    command = ["cc", "-pie", "-fPIE", "-O1", "-nostdlib", "-s", "-o", str(program), str(source)]
    command += ["-Wl,-e,start", "-Wl,-z,relro,-z,now", "-Wl,-z,noexecstack", "-Wl,--build-id=none"]
    subprocess.run([*command, *options, "-Wl,--no-as-needed", "-lc"], check=True)
    return program.read_bytes()


def for_aarch64(content: bytes) -> bytes:
    """Returns an ELF file that says that it is for aarch64, whatever its code is."""
    return content[:18] + _AARCH64 + content[20:]


def members_of_package(
    package: Path, core: bytes, foreign: bytes, launcher: bytes
) -> dict[str, bytes]:
    """Returns what a good wheel of `package` holds, without its RECORD."""
    sources = {f"signedvfs/{one.name}": one.read_bytes() for one in sorted(package.iterdir())}
    return {
        **sources,
        CORE: core,
        FOREIGN: foreign,
        LAUNCHER: launcher,
        f"{INFORMATION}/METADATA": f"Name: signedvfs\nVersion: {VERSION}\n".encode(),
        f"{INFORMATION}/WHEEL": f"Wheel-Version: 1.0\nTag: {TAG}\n".encode(),
        f"{INFORMATION}/entry_points.txt": b"[console_scripts]\nsignedvfs=signedvfs.cli:main\n",
        f"{INFORMATION}/licenses/LICENSE": b"MIT\n",
        f"{INFORMATION}/licenses/bundled/openssl/LICENSE.txt": b"Apache 2.0\n",
    }


def write_wheel(
    directory: Path, members: Mapping[str, bytes], tag: str = TAG, record: bytes | None = None
) -> Path:
    """Writes a wheel, with a RECORD of what is in it unless one is given."""
    directory.mkdir(exist_ok=True)
    path = directory / f"signedvfs-{VERSION}-{tag}.whl"
    own = f"{INFORMATION}/RECORD"
    lines = [
        f"{name},sha256={_digest(content)},{len(content)}" for name, content in members.items()
    ]
    text = "\n".join([*lines, f"{own},,"]) + "\n"
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in {**members, own: text.encode() if record is None else record}.items():
            archive.writestr(zipfile.ZipInfo(name), content)
    return path


def _digest(content: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
