"""Methods that Python calls without pybind11's dispatch: they take arguments as others do."""

from __future__ import annotations

import inspect
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest

import signedvfs

if TYPE_CHECKING:
    from tests.conftest import SignedArchive


@pytest.fixture
def finder(
    signed_archive: SignedArchive, policy: signedvfs.TrustPolicy, clean_import_state: None
) -> Any:  # whose methods the tests call wrongly
    """The finder of an archive with the module m."""
    del clean_import_state
    signedvfs.set_policy(policy)
    return signedvfs.zipimporter(str(signed_archive({"m.py": b"v = 1\n"})))


def test_arguments_come_by_position_and_by_name(finder: Any) -> None:
    spec = finder.find_spec("m")
    for again in (
        finder.find_spec("m", None),
        finder.find_spec("m", target=None),
        finder.find_spec(target=None, fullname="m"),
    ):
        assert again == spec
    module = finder.create_module(spec=spec)
    assert finder.exec_module(module=module) is None
    assert module.v == 1


@pytest.mark.parametrize(
    ("arguments", "named", "message"),
    [
        ((), {}, r"find_spec\(\) is missing its argument 'fullname'"),
        ((), {"target": None}, "missing its argument 'fullname'"),
        (("m", None, None), {}, r"takes at most 2 arguments \(3 given\)"),
        (("m",), {"fullname": "m"}, "several values for argument 'fullname'"),
        (("m",), {"path": None}, "unexpected argument 'path'"),
        (("m",), {"\ud800": None}, r"unexpected argument '\\ud800'"),
        ((b"m",), {}, "expected str, not bytes"),
    ],
)
def test_wrong_arguments_are_type_errors(
    finder: Any, arguments: tuple[object, ...], named: dict[str, object], message: str
) -> None:
    with pytest.raises(TypeError, match=message):
        finder.find_spec(*arguments, **named)


def test_what_is_no_module_is_not_executed(finder: Any) -> None:
    with pytest.raises(AttributeError, match="__name__"):
        finder.exec_module(object())
    with pytest.raises(ImportError, match="can't find module"):
        finder.exec_module(ModuleType("absent"))
    assert finder.create_module(object()) is None


def test_objects_of_other_classes_are_refused(finder: Any) -> None:
    for method in ("find_spec", "create_module", "exec_module"):
        with pytest.raises(TypeError, match="zipimporter"):
            getattr(signedvfs.zipimporter, method)(object(), "m")
    entry: Any = next(f for f in sys.meta_path if "signedvfs" in repr(f))
    with pytest.raises(TypeError):
        type(entry).find_spec(finder, "m")


def test_objects_without_init_are_refused() -> None:
    class Unfinished(signedvfs.zipimporter):
        pass

    for kind in (signedvfs.zipimporter, Unfinished):
        unfinished: Any = kind.__new__(kind)
        with pytest.raises(TypeError, match="__init__"):
            unfinished.find_spec("m")


def test_subclasses_may_have_other_bases(finder: Any) -> None:
    class Noted:
        note = ""

    class Both(Noted, signedvfs.zipimporter):
        pass

    both = Both(finder.archive)
    both.note = "kept"
    spec = both.find_spec("m")
    assert spec is not None
    assert (spec.origin, both.note) == (f"{finder.archive}/m.py", "kept")
    # Two classes of ours have no common lay-out: Python refuses that by itself.
    with pytest.raises(TypeError, match="lay-out"):
        type("Neither", (signedvfs.PathHook, signedvfs.zipimporter), {})


def test_signatures_can_be_inspected() -> None:
    signature = inspect.signature(signedvfs.zipimporter.find_spec)
    assert str(signature) == "(self, /, fullname, target=None)"
    signature = inspect.signature(signedvfs.zipimporter.exec_module)
    assert str(signature) == "(self, /, module)"
