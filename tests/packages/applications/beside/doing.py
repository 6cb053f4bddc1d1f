"""What the deeds share: running an application's function as its console script would."""

from __future__ import annotations

import contextlib
import io
import sys
from typing import Any, Callable


def run(function: Callable[[], Any], *words: str, code: int = 0) -> str:
    """Run it with sys.argv made of the words; return what it printed. It must end with `code`."""
    written = io.BytesIO()
    printed = io.TextIOWrapper(written, encoding="utf-8", write_through=True)
    argv = sys.argv
    sys.argv = list(words or ["deed"])
    try:
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
            result = function()
    except SystemExit as end:
        result = end.code
    except BaseException:
        # Some print what went wrong and raise something that says less.
        sys.stderr.write(written.getvalue().decode("utf-8", "replace"))
        raise
    finally:
        sys.argv = argv
    text = written.getvalue().decode("utf-8", "replace")
    if (result or 0) != code:
        raise AssertionError(f"{words} ended with {result!r}: {text}")
    return text
