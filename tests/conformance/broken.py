"""Importers that are broken on purpose, each in one way, and the tests that have to notice."""

from __future__ import annotations

import sys
from importlib.machinery import ModuleSpec
from types import CodeType, ModuleType
from typing import Any, NamedTuple

import signedvfs

from .suites import metadata_package, resources_package

_VERSION = sys.version_info[:2]
_intact: dict[str, Any] = dict(vars(signedvfs.zipimporter))


def _no_spec(self: signedvfs.zipimporter, fullname: str, target: object = None) -> None:
    return None


def _other_origin(
    self: signedvfs.zipimporter, fullname: str, target: ModuleType | None = None
) -> ModuleSpec | None:
    spec: ModuleSpec | None = _intact["find_spec"](self, fullname, target)
    if spec is not None and spec.origin is not None:
        spec.origin += ".elsewhere"
    return spec


def _other_source(self: signedvfs.zipimporter, fullname: str) -> str:
    return "something_else = True\n"


def _other_data(self: signedvfs.zipimporter, pathname: str) -> bytes:
    data: bytes = _intact["get_data"](self, pathname)
    return data[::-1]


def _other_code(self: signedvfs.zipimporter, fullname: str) -> CodeType:
    return compile("something_else = True\n", "<elsewhere>", "exec")


def _no_execution(self: signedvfs.zipimporter, module: ModuleType) -> None:
    return None


_IMPORT = "test.test_zipimport.UncompressedZipImportTestCase.testPy"
_PACKAGE = "test.test_zipimport.UncompressedZipImportTestCase.testSubPackage"
_DATA = "test.test_zipimport.UncompressedZipImportTestCase.testGetData"
if _VERSION >= (3, 14):
    _DATA += "ExplicitDirectories"
_SOURCE = "test.test_zipimport.UncompressedZipImportTestCase.testGetSource"
_REFUSAL = "test.test_zipimport.BadFileZipImportTestCase.testNotZipFile"
_INSPECTION = "test.test_zipimport_support.ZipSupportTests.test_inspect_getsource_issue4223"
_RUN_PATH = "test.test_runpy.RunPathTestCase.test_zipfile"
_COMMAND = "test.test_cmd_line_script.CmdLineTest.test_zipfile"
_DIRECTORY = "test.test_cmd_line_script.CmdLineTest.test_directory"
_RESOURCE = f"{resources_package(_VERSION)}.test_open.OpenZipTests.test_open_binary"
_METADATA = f"{metadata_package(_VERSION)}.test_zip.TestZip.test_zip_version"

# The tests that are watched; all pass while nothing is broken.
WITNESSES = frozenset(
    {
        _IMPORT,
        _PACKAGE,
        _DATA,
        _SOURCE,
        _REFUSAL,
        _INSPECTION,
        _RUN_PATH,
        _COMMAND,
        _DIRECTORY,
        _RESOURCE,
        _METADATA,
    }
)


class Breakage(NamedTuple):
    """An attribute of signedvfs.zipimporter with something else in its place.

    Of the witnesses, those in `noticed_by` have to fail, and no others.
    """

    attribute: str
    replacement: object
    noticed_by: frozenset[str]

    def install(self) -> None:
        setattr(signedvfs.zipimporter, self.attribute, self.replacement)


BREAKAGES = {
    "no-spec": Breakage(
        "find_spec",
        _no_spec,
        frozenset({_IMPORT, _PACKAGE, _SOURCE, _INSPECTION, _RUN_PATH, _COMMAND, _RESOURCE}),
    ),
    "other-origin": Breakage(
        "find_spec",
        _other_origin,
        frozenset({_IMPORT, _PACKAGE, _SOURCE, _RUN_PATH, _COMMAND}),
    ),
    "other-source": Breakage("get_source", _other_source, frozenset({_SOURCE, _INSPECTION})),
    "other-data": Breakage("get_data", _other_data, frozenset({_DATA})),
    "other-code": Breakage("get_code", _other_code, frozenset({_RUN_PATH, _COMMAND})),
    "no-execution": Breakage(
        "exec_module", _no_execution, frozenset({_IMPORT, _PACKAGE, _SOURCE, _INSPECTION})
    ),
    # importlib.resources and importlib.metadata read through this one.
    "no-content": Breakage("vfs", property(lambda _: None), frozenset({_RESOURCE, _METADATA})),
}
