"""What goes wrong with the harness itself."""

from __future__ import annotations


class HarnessError(Exception):
    """The tests cannot be run as they should; nothing is said about the importer."""
