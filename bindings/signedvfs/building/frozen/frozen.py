"""What is known of a collection beside its members."""

from __future__ import annotations

from dataclasses import dataclass, field

from signedvfs.building.frozen.shared_libraries import settle_libraries
from signedvfs.building.libraries import Libraries
from signedvfs.packaging.members import Item, Members


@dataclass
class Frozen:
    """Frozen is a collection that was taken."""

    place: str  # the directory of its modules and libraries in the archive; "" is the archive
    dropped: list[Item] = field(default_factory=list)  # native modules that are not packed
    warnings: list[str] = field(default_factory=list)

    @property
    def paths(self) -> list[str]:
        """paths are directories that sys.path has, beside the archive itself."""
        return [self.place] if self.place else []

    def settle_libraries(self, members: Members, carried: Libraries) -> None:
        """settle_libraries removes libraries that nothing needs here, and has others `carried`."""
        settle_libraries(members, self.place, self.dropped, carried)
