"""Importers that are broken on purpose, each in one way, and the tests that have to notice."""

from __future__ import annotations

from importlib.machinery import ModuleSpec
from types import CodeType, ModuleType
from typing import Any, Callable, NamedTuple

import signedvfs

_intact: dict[str, Any] = dict(vars(signedvfs.zipimporter))


def _no_spec(self: signedvfs.zipimporter, fullname: str, target: object = None) -> None:  # noqa: ARG001
    return None


def _other_origin(
    self: signedvfs.zipimporter, fullname: str, target: ModuleType | None = None
) -> ModuleSpec | None:
    spec: ModuleSpec | None = _intact["find_spec"](self, fullname, target)
    if spec is not None and spec.origin is not None:
        spec.origin += ".elsewhere"
    return spec


def _other_source(self: signedvfs.zipimporter, fullname: str) -> str:  # noqa: ARG001
    return "something_else = True\n"


def _other_data(self: signedvfs.zipimporter, pathname: str) -> bytes:
    data: bytes = _intact["get_data"](self, pathname)
    return data[::-1]


def _other_code(self: signedvfs.zipimporter, fullname: str) -> CodeType:  # noqa: ARG001
    return compile("something_else = True\n", "<elsewhere>", "exec")


def _no_execution(self: signedvfs.zipimporter, module: ModuleType) -> None:  # noqa: ARG001
    return None


_IMPORTS = "test.test_zipimport.UncompressedZipImportTestCase.testPy"
_PACKAGES = "test.test_zipimport.UncompressedZipImportTestCase.testSubPackage"
_DATA = "test.test_zipimport.UncompressedZipImportTestCase.testGetData"
_SOURCE = "test.test_zipimport.UncompressedZipImportTestCase.testGetSource"
_INSPECTION = "test.test_zipimport_support.ZipSupportTests.test_inspect_getsource_issue4223"
_MAIN = "test.test_cmd_line_script.CmdLineTest.test_zipfile"
_RUN_PATH = "test.test_runpy.RunPathTestCase.test_zipfile"
_REFUSAL = "test.test_zipimport.BadFileZipImportTestCase.testNotZipFile"
_DIRECTORY = "test.test_cmd_line_script.CmdLineTest.test_directory"


class Breakage(NamedTuple):
    """A method with something else in its place, the tests that must fail, and some that may not.

    All of them pass while the method is intact.
    """

    method: str
    replacement: Callable[..., object]
    noticed_by: frozenset[str]
    unaffected: frozenset[str]

    def install(self) -> None:
        setattr(signedvfs.zipimporter, self.method, self.replacement)


def _breakage(method: str, replacement: Callable[..., object], *noticed_by: str) -> Breakage:
    everything = {
        _IMPORTS,
        _PACKAGES,
        _DATA,
        _SOURCE,
        _INSPECTION,
        _MAIN,
        _RUN_PATH,
        _REFUSAL,
        _DIRECTORY,
    }
    return Breakage(
        method, replacement, frozenset(noticed_by), frozenset(everything.difference(noticed_by))
    )


BREAKAGES = {
    "no-spec": _breakage(
        "find_spec", _no_spec, _IMPORTS, _PACKAGES, _SOURCE, _INSPECTION, _MAIN, _RUN_PATH
    ),
    "other-origin": _breakage(
        "find_spec", _other_origin, _SOURCE, _IMPORTS, _PACKAGES, _MAIN, _RUN_PATH
    ),
    "other-source": _breakage("get_source", _other_source, _SOURCE, _INSPECTION),
    "other-data": _breakage("get_data", _other_data, _DATA),
    "other-code": _breakage("get_code", _other_code, _MAIN, _RUN_PATH),
    "no-execution": _breakage(
        "exec_module", _no_execution, _IMPORTS, _PACKAGES, _SOURCE, _INSPECTION
    ),
}
