"""Runs the application under the locked manager: PLACE PUBLIC_KEY MANIFEST FRONT COUNT.

PLACE is what was signed, MANIFEST the library's; FRONT stands on sys.path before the place, and is
nobody's; "" is nothing. Prints as JSON what was answered, which modules have come from elsewhere
than what was signed, and what became of intruder_0, intruder_1 and so on, COUNT of them.
"""

from __future__ import annotations

import sys

import signedvfs


def main(place: str, public_key: str, manifest: str, front: str, count: str) -> None:
    started_with = set(sys.modules)
    manager = signedvfs.SignedImportManager(
        [signedvfs.PublicKey.load(public_key)],
        stdlib=manifest,
        lockdown=True,
    )
    manager.install()
    manager.lock()
    sys.path[:0] = [front, place] if front else [place]

    # From here on everything is verified, the library included.
    import json

    import asking

    report = {
        "answers": asking.serve(),
        "strangers": asking.strangers(started_with, place),
        "native": asking.native(place),
        "intruders": [asking.outcome_of(f"intruder_{number}") for number in range(int(count))],
        "run": asking.run_of(f"{front}/intruder.py"),
    }
    print(json.dumps(report))


if __name__ == "__main__":
    main(*sys.argv[1:])
