"""Collections that other freezers made, read without running anything of them."""

from __future__ import annotations

from signedvfs.building.frozen.collecting import Freezer, check_alone, collect_frozen
from signedvfs.building.frozen.frozen import Frozen

__all__ = ["Freezer", "Frozen", "check_alone", "collect_frozen"]
