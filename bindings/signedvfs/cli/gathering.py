"""Options of what goes into a file and how, the same for an archive and an executable."""

from __future__ import annotations

TYPE_CHECKING = False  # see signedvfs/__init__.py
if TYPE_CHECKING:
    import argparse
    from typing import Literal


def add_distributions(parser: argparse.ArgumentParser) -> None:
    """add_distributions adds the options for what pip resolves."""
    parser.add_argument(
        "-r",
        "--requirement",
        action="append",
        default=[],
        metavar="FILE",
        help="requirement file for pip, uv.lock, or pylock.toml; may be repeated",
    )
    parser.add_argument(
        "--exclude",
        action="append",
        default=[],
        metavar="DIST",
        help="distribution to leave out, though it is required; may be repeated",
    )


def add_program(parser: argparse.ArgumentParser, help_for_main: str) -> None:
    """add_program adds the options for what runs, one of which may be given."""
    program = parser.add_mutually_exclusive_group()
    program.add_argument("-m", "--main", metavar="MODULE[:FUNCTION]", help=help_for_main)
    program.add_argument(
        "-c",
        "--console-script",
        metavar="SCRIPT",
        help="the same, as the console script of a packed distribution has it",
    )


def add_storing(
    parser: argparse.ArgumentParser,
    source: Literal["keep", "strip"],
    compression: Literal["deflate", "zstd"],
) -> None:
    """add_storing adds the options for how members are stored, with these defaults."""
    parser.add_argument(
        "--source",
        choices=("keep", "strip"),
        default=source,
        help="keep .py files beside what they compile to, or not (default: %(default)s)",
    )
    parser.add_argument(
        "--compression",
        choices=("stored", "deflate", "zstd"),
        default=compression,
        help="how members are stored (default: %(default)s)",
    )
    parser.add_argument("--level", type=int, default=0, metavar="N", help="compression level")
