"""Bursts of imports with the cyclic garbage collector deferred."""

from __future__ import annotations

import gc
import sysconfig
from collections.abc import Iterator

import pytest

import signedvfs
from tests.importer.workshop import Importing, Workshop

# A module that notes the thresholds while it runs, and imports another one that does the same.
NOTING = "import gc\nbefore = gc.get_threshold()\nimport n\nafter = gc.get_threshold()\n"
MODULES = {
    "m.py": NOTING,
    "n.py": "import gc\nseen = gc.get_threshold()\n",
    "sets.py": "import gc\ngc.set_threshold(123, 4, 5)\n",
    "fails.py": "raise KeyError('in the module')\n",
    "off.py": "import gc\ngc.disable()\n",
    "makes.py": "kept = [[] for _ in range(20_000)]\n",
    "rubbish.py": (
        "import gc\n"
        "class Node: pass\n"
        "before = gc.get_stats()[0]['collections']\n"
        "for _ in range(300_000):\n"
        "    node = Node(); node.self = node\n"
        "collections = gc.get_stats()[0]['collections'] - before\n"
    ),
}
# All of them large enough for a burst of their own, but for some.
LARGE = "#" * 5000
FILES = {
    **{name: text + LARGE for name, text in MODULES.items()},
    "small.py": "import gc\nseen = gc.get_threshold()\n",
    "small_package/__init__.py": NOTING.replace("import n", "from . import n"),
    "small_package/n.py": "import gc\nseen = gc.get_threshold()\n",
}
DEFERRED = 200_000

pytestmark = pytest.mark.skipif(
    bool(sysconfig.get_config_var("Py_GIL_DISABLED")),
    reason="free-threaded Python never defers",
)


@pytest.fixture
def deferring(workshop: Workshop, importing: Importing) -> Iterator[Importing]:
    """FILES on sys.path, collections deferred, and gc as it was afterwards."""
    importing.put(workshop.zip("app.zip", FILES))
    thresholds, enabled = gc.get_threshold(), gc.isenabled()
    signedvfs.defer_collection()
    yield importing
    signedvfs.defer_collection(False)
    gc.set_threshold(*thresholds)
    (gc.enable if enabled else gc.disable)()


def test_thresholds_are_raised_and_restored(deferring: Importing) -> None:
    gc.set_threshold(711, 12, 13)
    module = deferring.module("m")
    assert module.before == (DEFERRED, 12, 13)
    assert module.n.seen == (DEFERRED, 12, 13)
    assert module.after == (DEFERRED, 12, 13)  # the burst ends with the outermost import
    assert gc.get_threshold() == (711, 12, 13)


def test_small_modules_alone_change_nothing(deferring: Importing) -> None:
    thresholds = gc.get_threshold()
    assert deferring.module("small").seen == thresholds
    module = deferring.module("small_package")
    assert module.before == thresholds
    assert module.n.seen[0] == module.after[0] == DEFERRED
    assert gc.get_threshold() == thresholds


def test_nothing_changes_unless_asked_for(deferring: Importing) -> None:
    signedvfs.defer_collection(False)
    thresholds = gc.get_threshold()
    assert deferring.module("n").seen == thresholds


def test_failure_restores_them_too(deferring: Importing) -> None:
    thresholds = gc.get_threshold()
    with pytest.raises(KeyError, match="in the module"):
        deferring.module("fails")
    assert gc.get_threshold() == thresholds
    assert deferring.module("n").seen[0] == DEFERRED  # and the next burst defers again


def test_what_a_module_sets_stays(deferring: Importing) -> None:
    deferring.module("sets")
    assert gc.get_threshold() == (123, 4, 5)
    deferring.module("off")
    assert not gc.isenabled()


@pytest.mark.parametrize("first", [0, DEFERRED + 1])
def test_collector_that_is_off_or_rarer_is_left_alone(deferring: Importing, first: int) -> None:
    gc.set_threshold(first, 10, 10)
    assert deferring.module("n").seen == (first, 10, 10)
    assert gc.get_threshold() == (first, 10, 10)


def test_what_was_made_is_old(deferring: Importing) -> None:
    if gc.get_freeze_count() != 0:
        pytest.skip("this Python starts with frozen objects of its own, which stay frozen")
    gc.collect()
    gc.set_threshold(1000, 10, 10)
    deferring.module("makes")
    assert gc.get_count()[0] < 1000
    assert len(gc.get_objects(generation=0)) < 1000
    assert gc.get_freeze_count() == 0


def test_frozen_objects_stay_frozen(deferring: Importing) -> None:
    gc.freeze()
    try:
        frozen = gc.get_freeze_count()
        assert frozen > 0
        deferring.module("makes")
        assert 0 < gc.get_freeze_count() <= frozen
    finally:
        gc.unfreeze()


def test_endless_modules_are_collected(deferring: Importing) -> None:
    assert deferring.module("rubbish").collections >= 1
