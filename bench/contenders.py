"""Who takes part: every way to import a corpus that is measured, and the archives for it."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import names
import signedvfs
from archives import Method, write_floor, write_signed
from corpora import Corpus

ORDER = "signedvfs-order.txt"


class Contender(NamedTuple):
    """A way to import: which loader of the child, from what, and how it is switched on."""

    name: str
    loader: str
    place: Path
    collector: bool = True  # whether Python's collector runs as always
    everything: bool = False  # signedvfs's recorded order and deferred collector
    peer: bool = False  # an outsider: reported where it fails, and no failure of ours

    def arguments(self) -> dict[str, str]:
        """Returns what the child is told of it."""
        return {
            "loader": self.loader,
            "place": str(self.place),
            "collector": "on" if self.collector else "off",
            "everything": "yes" if self.everything else "no",
        }


def in_order(members: list[str], order: list[str]) -> list[str]:
    """Returns the members with those of `order` first, in that order, and the others sorted."""
    known = set(members)
    first = [name for name in order if name in known]
    taken = set(first)
    return first + sorted(name for name in members if name not in taken)


def write_ordered(
    path: Path,
    members: dict[str, bytes],
    order: list[str],
    method: Method,
    key: signedvfs.PrivateKey,
) -> None:
    """Writes the members as they will be imported, with the record that says so."""
    record = "".join(f"{name}\n" for name in order if name in members)
    ordered = {name: members[name] for name in in_order(list(members), order)}
    write_signed(path, {ORDER: record.encode(), **ordered}, method, key)


def our_contenders(
    corpus: Corpus, order: list[str], work: Path, key: signedvfs.PrivateKey
) -> list[Contender]:
    """Writes the corpus every way there is, below `work`, and returns who imports it.

    `order` has the members in the order in which they are imported.
    """
    members = corpus.members()
    plain = {name: members[name] for name in sorted(members)}
    archives: dict[str, Path] = {}
    methods: tuple[Method, ...] = ("deflate", "stored", "zstd")
    for method in methods:
        archives[method] = work / f"{method}.zip"
        write_signed(archives[method], plain, method, key)
        if method != "zstd":
            archives[f"ordered {method}"] = work / f"ordered-{method}.zip"
            write_ordered(archives[f"ordered {method}"], members, order, method, key)
    floor = work / "floor.marshal"
    write_floor(floor, members)
    return [
        Contender(names.ZIP_DEFLATED, "zipimport", archives["deflate"]),
        Contender(names.OURS_DEFLATED, "signedvfs", archives["deflate"]),
        Contender(names.ALL_DEFLATED, "signedvfs", archives["ordered deflate"], everything=True),
        Contender(names.ZIP_STORED, "zipimport", archives["stored"]),
        Contender(names.OURS_STORED, "signedvfs", archives["stored"]),
        Contender(names.ALL_STORED, "signedvfs", archives["ordered stored"], everything=True),
        Contender(names.OURS_ZSTD, "signedvfs", archives["zstd"]),
        Contender(names.FILES, "files", corpus.warm_files()),
        Contender(names.FILES_UNCHECKED, "files", corpus.unchecked_files()),
        Contender(names.FLOOR, "floor", floor),
        Contender(names.FLOOR_NO_COLLECTOR, "floor", floor, collector=False),
    ]
