"""How children are started whose library is frozen, as in every build but those with assertions."""

from __future__ import annotations

import sys

FROZEN = ("-X", "frozen_modules=on") if sys.version_info >= (3, 11) else ()
