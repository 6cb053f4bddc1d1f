"""A signer that asks an ssh-agent: the private key stays there, or on the token behind it.

The protocol is that of draft-miller-ssh-agent: one request of type 13 signs raw data. It knows no
RSA-PSS, so RSA keys are refused when they are read.
"""

from __future__ import annotations

import os
import socket
import time
from typing import final

from signedvfs import PublicKey
from signedvfs.custody import wire
from signedvfs.custody.failures import MOST_BYTES, SECONDS, require_seconds, signer_failed
from signedvfs.custody.key_formats import SSH_KINDS, load_ssh_key

_SIGN_REQUEST = b"\x0d"  # SSH_AGENTC_SIGN_REQUEST
_SIGN_RESPONSE = b"\x0e"  # SSH_AGENT_SIGN_RESPONSE
_NO_FLAGS = b"\0\0\0\0"


@final
class SshSigner:
    """Sign by asking an ssh-agent that has the private half of an OpenSSH public key file.

    `key` names the file: ssh-ed25519, ecdsa-sha2-nistp256 or ecdsa-sha2-nistp384. `agent` is the
    agent's socket, by default what SSH_AUTH_SOCK names when something is signed. The agent has
    `timeout` seconds to answer: it may have to ask a person (`ssh-add -c`).
    """

    def __init__(
        self,
        key: str | bytes | os.PathLike[str],
        agent: str | None = None,
        *,
        timeout: float = SECONDS,
    ) -> None:
        self._key = load_ssh_key(key)
        self._agent = agent
        self._timeout = require_seconds(timeout)

    @property
    def public_key(self) -> PublicKey:
        """The key under which signatures are checked."""
        return self._key.public_key

    def __repr__(self) -> str:
        """Show the kind of key, and which it is."""
        return f"<signedvfs.SshSigner {self._key.kind} {self.public_key.fingerprint}>"

    def sign(self, message: bytes, header: str) -> bytes:  # noqa: ARG002  # agents show nothing
        """Return the agent's signature. Raises KeyFileError."""
        address = self._agent or os.environ.get("SSH_AUTH_SOCK", "")
        if not address:
            raise signer_failed(
                "there is no ssh-agent: SSH_AUTH_SOCK is not set",
                "Start one and add the key: eval $(ssh-agent); ssh-add KEY",
            )
        request = _SIGN_REQUEST + wire.string(self._key.blob) + wire.string(message) + _NO_FLAGS
        try:
            answer = self._asked(address, wire.string(request))
        except socket.timeout:
            raise signer_failed(
                f"the ssh-agent at {address!r} did not answer within {self._timeout:g} seconds",
                "Give it more time: --signer-timeout SECONDS (in Python: timeout=SECONDS).",
            ) from None
        except OSError as error:
            raise signer_failed(
                f"the ssh-agent at {address!r} cannot be asked: {error.strerror or error}",
                "Start one and add the key: eval $(ssh-agent); ssh-add KEY",
            ) from None
        if answer[:1] != _SIGN_RESPONSE:
            raise signer_failed(
                "the ssh-agent did not sign: it does not have the key, or somebody said no",
                "See whether the key is there, ssh-add -l, and add it: ssh-add KEY",
            )
        try:
            return self._signature_in(answer[1:])
        except wire.WireError as error:
            raise signer_failed(
                f"the ssh-agent answered what is no signature by {self._key.kind}: {error}",
                "Try again, or with another agent.",
            ) from None

    def _asked(self, address: str, request: bytes) -> bytes:
        deadline = time.monotonic() + self._timeout
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(self._timeout)
            connection.connect(address)
            connection.sendall(request)
            size = int.from_bytes(_exactly(connection, 4, deadline), "big")
            if not 0 < size <= MOST_BYTES:
                raise OSError(f"it announces an answer of {size} bytes")
            return _exactly(connection, size, deadline)

    def _signature_in(self, answer: bytes) -> bytes:
        whole = wire.Reader(answer)
        signature = wire.Reader(whole.string())
        whole.end()
        kind, value = signature.string(), signature.string()
        signature.end()
        if kind != self._key.kind.encode():
            raise wire.WireError("it is of another kind")
        size = SSH_KINDS[self._key.kind].number_bytes
        if size == 0:
            return value
        numbers = wire.Reader(value)
        both = numbers.number(size) + numbers.number(size)
        numbers.end()
        return both


def _exactly(connection: socket.socket, size: int, deadline: float) -> bytes:
    content = b""
    while len(content) < size:
        left = deadline - time.monotonic()
        if left <= 0:
            raise socket.timeout
        connection.settimeout(left)
        piece = connection.recv(size - len(content))
        if not piece:
            raise OSError("it has hung up")
        content += piece
    return content
