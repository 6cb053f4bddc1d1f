"""What --version says: which signedvfs this is, and whose fixes of OpenSSL it has."""

from __future__ import annotations

import argparse
import sys
from typing import Any


class Version(argparse.Action):
    """Version prints both versions, as one object where `json` is set, and ends the process."""

    def __init__(self, *, json: bool, **options: Any) -> None:
        # As argparse's own action for this: it leaves nothing in what was parsed.
        options["dest"] = options["default"] = argparse.SUPPRESS
        super().__init__(nargs=0, **options)
        self._json = json

    def __call__(self, *_: Any) -> None:
        from signedvfs import __version__, _tools

        openssl = _tools._openssl_version()
        if self._json:
            import json

            print(json.dumps({"signedvfs": __version__, "openssl": openssl}))
        else:
            print(f"signedvfs {__version__} (OpenSSL {openssl})")
        sys.exit(0)
