"""`python -m signedvfs` is the command `signedvfs`."""

from __future__ import annotations

import sys

from signedvfs.cli import main

if __name__ == "__main__":
    sys.exit(main())
