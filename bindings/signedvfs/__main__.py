"""`python -m signedvfs` is the command `signedvfs`, and so is this file run by its path.

By its path, an interpreter under -I can be given the package that another interpreter has found: in
the user's site directory, say, or by PYTHONPATH.
"""

from __future__ import annotations

import sys


def _load_package() -> None:
    # Beside the package nothing else is to be found. This file's own directory, which comes first
    # without -I, has nothing that is called like a module of others; `run` takes it off.
    beside = __file__.rsplit("/", 2)[0] or "/"
    sys.path.insert(0, beside)
    try:
        import signedvfs  # noqa: F401  # which imports nothing but its own native half
    finally:
        sys.path.remove(beside)


if __name__ == "__main__":
    if not __package__:
        _load_package()

    from signedvfs.cli import main

    sys.exit(main())
