"""A compiler agrees to the sizes in a configuration of CPython, or the build ends."""

from __future__ import annotations

import sysconfig
from pathlib import Path

import pytest

from scripts.wheels import check_sizes

PYCONFIG = Path(sysconfig.get_config_h_filename())


def test_this_interpreter_s_own_are_right() -> None:
    assert check_sizes.main(PYCONFIG, ["cc"]) == 0


def test_a_wrong_size_is_an_error_of_the_compiler(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    changed = tmp_path / "pyconfig.h"
    text = "#define SIZEOF_INT 4\n#define SIZEOF_WCHAR_T 2\n#define ALIGNOF_LONG 8\n"
    changed.write_text(text, encoding="utf-8")
    assert check_sizes.main(changed, ["cc"]) != 0
    said = capfd.readouterr().err
    assert "SIZEOF_WCHAR_T" in said
    assert "SIZEOF_INT" not in said


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("#define SIZEOF_NOVELTY 4\n", "is of no type that is known"),
        ("", "there are no sizes in it"),
    ],
)
def test_what_is_not_understood_is_an_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, sentence: str
) -> None:
    path = tmp_path / "pyconfig.h"
    path.write_text(text, encoding="utf-8")
    assert check_sizes.main(path, ["cc"]) == 1
    assert sentence in capsys.readouterr().err
