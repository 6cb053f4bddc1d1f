"""What a launcher accepts: the policy that is put into it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from signedvfs import TrustPolicy
from signedvfs.building.errors import BuildError

if TYPE_CHECKING:
    from signedvfs.custody.signer import Signer


def policy_for(
    keys: Sequence[Signer],
    threshold: int,
    name: str | None,
    min_serial: int | None,
    libraries: Sequence[str],
) -> TrustPolicy:
    """policy_for returns the policy that accepts what these keys sign from now on, `threshold` of
    them at least; of the product `name` alone, if it has one. Raises ValueError."""
    return TrustPolicy(
        keys=[key.public_key for key in keys],
        threshold=threshold,
        names=None if name is None else [name],
        min_serial=None if min_serial is None else {name or "": min_serial},
        libraries=libraries,
    )


def check_serial(serial: int | None, min_serial: int | None) -> None:
    """check_serial raises BuildError where the launcher would refuse the release."""
    if min_serial is not None and (serial is None or serial < min_serial):
        raise BuildError(
            f"the launcher is to refuse every serial below {min_serial}, and this release has "
            + ("none" if serial is None else str(serial)),
            f"Give it one: --serial {min_serial} (in Python: serial={min_serial}), or a later one.",
        )
