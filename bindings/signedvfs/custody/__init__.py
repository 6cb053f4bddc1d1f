"""Private keys that stay elsewhere: signers that ask, and signatures that are attached later.

A signer is what `sign` takes in the place of a `PrivateKey`: an object with a `public_key`, and a
method `sign(message, header)` that returns a signature over `message`. `header` is the text that
`message` was computed from, for whoever shows people what they sign. What it returns is checked
under `public_key` before anything is written.
"""

from signedvfs.custody.attaching import attach
from signedvfs.custody.command import CommandSigner
from signedvfs.custody.ssh_agent import SshSigner

__all__ = ["CommandSigner", "SshSigner", "attach"]
