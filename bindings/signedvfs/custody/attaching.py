"""attach: signatures that were made elsewhere, put on what they cover."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING, Callable, Union

from signedvfs import Limits, PublicKey
from signedvfs._tools import SignReport, Statement, _attach
from signedvfs.custody.signature_formats import read_signatures

if TYPE_CHECKING:
    from datetime import datetime

Content = Union[bytes, str]


def attach(
    path: str | os.PathLike[str],
    signatures: Content | Iterable[Content],
    keys: PublicKey | Iterable[PublicKey],
    *,
    statement: Statement | str | None = None,
    output: str | os.PathLike[str] | None = None,
    limits: Limits | None = None,
    progress: Callable[[int, int], object] | None = None,
    at: float | datetime | None = None,
) -> SignReport:
    """Put signatures that were made elsewhere on an archive or a directory.

    `signatures` are the contents of signature files: lines of sign_statement(), files of signify or
    of `minisign -S -l`, or the bytes that a token gave. Each has to fit one of `keys` and the
    `statement`; None is what the manifest that stands there states. The statement is drawn up anew
    from the content, and has to come out the same. Signatures that stand on it already are kept.

    Like sign() it verifies the result before putting it in place; on failure nothing has changed.
    Raises KeyFileError for a signature that does not fit, IntegrityCheckError, ValueError, OSError.
    """
    contents = [signatures] if isinstance(signatures, (bytes, str)) else list(signatures)
    found: list[tuple[str, bytes]] = []
    for number, content in enumerate(contents, 1):
        raw = content.encode("utf-8", "surrogateescape") if isinstance(content, str) else content
        found += read_signatures(bytes(raw), f"signature {number}")
    known = [keys] if isinstance(keys, PublicKey) else list(keys)
    return _attach(path, found, known, statement, output, limits, progress, at)
