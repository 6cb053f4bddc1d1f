"""A signer that asks another program: a token's tool, a script that calls a service."""

from __future__ import annotations

import os
import selectors
import subprocess
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import final

from signedvfs import PublicKey
from signedvfs.custody.failures import MOST_BYTES, SECONDS, require_seconds, signer_failed

HEADER_FILE = "SIGNEDVFS_HEADER_FILE"


@final
class CommandSigner:
    """Sign by asking a command: 54 bytes on its standard input, the signature on its output.

    `command` is a list of words; no shell reads them. It has to end with status 0 within `timeout`
    seconds and to write 16 KiB at most. What it writes to standard error is shown as it is. The
    environment variable SIGNEDVFS_HEADER_FILE names a file with the text that is signed, for
    commands that show it to a person. An ECDSA signature may be DER, or two numbers side by side.
    """

    def __init__(
        self, command: Sequence[str], public_key: PublicKey, *, timeout: float = SECONDS
    ) -> None:
        if isinstance(command, (str, bytes)):
            raise TypeError("command must be a list of words: no shell reads it; see shlex.split")
        self._command = tuple(command)
        if not self._command or not all(isinstance(word, str) for word in self._command):
            raise ValueError("command must have a program's name, and all of its words be str")
        if any("\0" in word for word in self._command) or not self._command[0]:
            raise ValueError("command has an empty name, or a NUL in it")
        if not isinstance(public_key, PublicKey):
            raise TypeError("public_key must be a signedvfs.PublicKey")
        self._public_key = public_key
        self._timeout = require_seconds(timeout)

    @property
    def public_key(self) -> PublicKey:
        """The key under which signatures are checked."""
        return self._public_key

    def __repr__(self) -> str:
        """Show the program, and not its arguments, which may hold a secret."""
        return f"<signedvfs.CommandSigner {self._command[0]!r} {self._public_key.fingerprint}>"

    def sign(self, message: bytes, header: str) -> bytes:
        """Return what the command writes. Raises KeyFileError."""
        # Only its owner can read what tempfile makes.
        with tempfile.TemporaryDirectory(prefix="signedvfs-") as directory:
            shown = Path(directory) / "header.txt"
            shown.write_bytes(header.encode())
            return self._ask(message, {**os.environ, HEADER_FILE: str(shown)})

    def _ask(self, message: bytes, environment: dict[str, str]) -> bytes:
        try:
            # It stays in our session: it may have to ask for a PIN on the terminal.
            process = subprocess.Popen(
                self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment
            )
        except OSError as error:
            raise signer_failed(
                f"the signer command {self._command[0]!r} cannot be started: {error.strerror}",
                "Name a program that is there and may be executed.",
            ) from None
        try:
            return self._answer_of(process, message)
        finally:
            process.kill()  # nothing is sent where it has ended
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    with suppress(BrokenPipeError):
                        pipe.close()
            process.wait()

    def _answer_of(self, process: subprocess.Popen[bytes], message: bytes) -> bytes:
        deadline = time.monotonic() + self._timeout
        # A pipe takes so few bytes at once. Who does not read them may sign the header's file.
        with suppress(BrokenPipeError):
            process.stdin.write(message)  # type: ignore[union-attr]  # it is a pipe
            process.stdin.close()  # type: ignore[union-attr]  # as above
        answer = self._read(process, deadline)
        try:
            status = process.wait(max(deadline - time.monotonic(), 0))
        except subprocess.TimeoutExpired:
            raise self._too_slow() from None
        if status != 0:
            how = f"signal {-status}" if status < 0 else f"status {status}"
            raise signer_failed(
                f"the signer command {self._command[0]!r} ended with {how}",
                "What it wrote to standard error says why.",
            )
        return answer

    def _read(self, process: subprocess.Popen[bytes], deadline: float) -> bytes:
        pipe = process.stdout.fileno()  # type: ignore[union-attr]  # it is a pipe
        answer = b""
        with selectors.DefaultSelector() as selector:
            selector.register(pipe, selectors.EVENT_READ)
            while True:
                left = deadline - time.monotonic()
                if left <= 0:
                    raise self._too_slow()
                if not selector.select(left):
                    continue
                piece = os.read(pipe, MOST_BYTES)
                answer += piece
                if not piece:
                    return answer
                if len(answer) > MOST_BYTES:
                    raise signer_failed(
                        f"the signer command {self._command[0]!r} wrote more than {MOST_BYTES} "
                        "bytes",
                        "It must write the signature, in bytes, and nothing else.",
                    )

    def _too_slow(self) -> Exception:
        return signer_failed(
            f"the signer command {self._command[0]!r} did not end within {self._timeout:g} seconds",
            "Give it more time: --signer-timeout SECONDS (in Python: timeout=SECONDS).",
        )
