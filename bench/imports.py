"""Times importing a corpus every way there is, from nothing of it loaded to all of it loaded."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any

import names
import peers
import signedvfs
from contenders import our_contenders
from corpora import Corpus
from floor import build
from keys import public_text
from race import HERE, Entry, Race, race


def common_task(corpus: Corpus, kept: Path, key: signedvfs.PrivateKey) -> dict[str, str]:
    """Returns what every contender's child is told; what outlives the archives is below `kept`."""
    return {
        "modules": ",".join(corpus.imports),
        "strict": "yes" if corpus.strict else "no",
        "key": public_text(key),
        "signedvfs": str(Path(signedvfs.__file__).parents[1]),
        "tools": str(HERE),
        "extensions": str(build(kept)),
        "pyinstaller": str(peers.place(kept)),
    }


def run(
    corpus: Corpus,
    work: Path,
    kept: Path,
    key: signedvfs.PrivateKey,
    rounds: int,
    only: Collection[str] = (),
    with_peers: bool = True,
) -> tuple[dict[str, Any], Race]:
    """Returns what there is to say of the corpus, and the race over it.

    Archives go to `work`, what outlives them below `kept`. `only` has the names of contenders, or
    is empty for all.
    """
    order = corpus.order()
    found = our_contenders(corpus, order, work, key)
    reason = ""
    if with_peers:
        outsider, reason = peers.pyinstaller(corpus, work, kept)
        found += [outsider] if outsider else []
    common = common_task(corpus, kept, key)
    entries = [
        Entry(c.name, {**common, **c.arguments()}, c.peer)
        for c in found
        if not only or c.name in only
    ]
    result = race(f"import {corpus.name}", "child.py", entries, rounds, "modules")
    if reason:
        result.failed[names.PYZ] = reason
    members = corpus.members()
    facts = {
        "modules": len(order),
        "members": len(members),
        "bytes_loaded": sum(len(members[name]) for name in order),
    }
    return facts, result
