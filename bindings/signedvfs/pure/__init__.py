"""A verifier in Python alone: it opens signed zip archives and directories, and reads members.

It is for code that has to verify before anything native may be loaded. This directory stands by
itself: it imports nothing but its own files, and modules that are part of the interpreter's
executable, so it may be copied and embedded, and runs under `python -I -S`, from Python 3.9 on:

    python -I -S pure app.pub app.zip [MEMBER]

The files ecdsa.py and inflate.py can be left out where no key, and no member, needs them, and
command.py with __main__.py where nobody runs it. Whom to believe is decided in verifier.py alone.
An archive is read once, whole, into memory of its own. What is accepted here, `signedvfs.open`
accepts as well, and not the other way round.
"""

from .archive import Archive, load_key
from .verifier import Key, RefusedError

__all__ = ["Archive", "Key", "RefusedError", "load_key"]
