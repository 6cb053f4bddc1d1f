"""pack for another Python or platform: which wheels fit, and what is compiled."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import pytest

from tests.cli.helpers import Cli, make_wheel, members, write_tree

pytestmark = pytest.mark.slow

PLATFORM = "manylinux_2_28_x86_64"
HERE = f"cp3{sys.version_info[1]}"


@pytest.mark.parametrize(
    ("tag", "options", "fits"),
    [
        ("cp312-cp312-manylinux_2_28_x86_64", ("3.12", PLATFORM), True),
        ("cp312-cp312-manylinux_2_17_x86_64.manylinux2014_x86_64", ("3.12", PLATFORM), True),
        ("cp312-cp312-manylinux2014_x86_64", ("3.12", PLATFORM), True),
        ("cp312-cp312-manylinux_2_5_x86_64", ("3.12", "manylinux1_x86_64"), True),
        ("cp39-abi3-manylinux_2_28_x86_64", ("3.12", PLATFORM), True),
        ("py3-none-manylinux_2_28_x86_64", ("3.12", PLATFORM), True),
        ("py3-none-any", ("3.12", PLATFORM), True),
        ("cp312-none-any", ("3.12", PLATFORM), True),
        ("cp313-cp313t-manylinux_2_28_x86_64", ("3.13t", PLATFORM), True),
        ("cp313-cp313t-manylinux_2_28_x86_64", ("3.13", PLATFORM), False),
        ("cp313-cp313-manylinux_2_28_x86_64", ("3.13t", PLATFORM), False),
        ("cp39-abi3-manylinux_2_28_x86_64", ("3.13t", PLATFORM), False),
        ("cp312-cp312-manylinux_2_34_x86_64", ("3.12", PLATFORM), False),
        ("cp312-cp312-manylinux_2_28_aarch64", ("3.12", PLATFORM), False),
        ("cp312-cp312-musllinux_1_2_x86_64", ("3.12", PLATFORM), False),
        ("cp311-cp311-manylinux_2_28_x86_64", ("3.12", PLATFORM), False),
        ("cp313-abi3-manylinux_2_28_x86_64", ("3.12", PLATFORM), False),
        ("cp313-none-any", ("3.12", PLATFORM), False),
    ],
)
def test_wheels_fit_by_their_tags(cli: Cli, tag: str, options: tuple[str, str], fits: bool) -> None:
    wheel = make_wheel(cli.directory, "pkg", {"pkg.py": "A = 1\n"}, tag=tag)
    python, platform = options
    words = ("pack", wheel, "-o", "app.zip", "--unsigned", "--python", python)
    done = cli(*words, "--platform", platform)
    assert done.code == (0 if fits else 2), done.err
    wanted = f"another Python or platform than Python {python} on {platform}"
    assert (wanted in done.err) is not fits


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--python", "2.7"), "'2.7' is no version of Python"),
        (("--python", "3.12.1"), "'3.12.1' is no version of Python"),
        (("--python", "python3"), "'python3' is no version of Python"),
        (("--platform", "win_amd64"), "'win_amd64' is no platform"),
        (("--platform", "musllinux_1_2_x86_64"), "'musllinux_1_2_x86_64' is no platform"),
        (("--platform", "linux x"), "'linux x' is no platform"),
    ],
)
def test_wrong_targets_are_refused(cli: Cli, tree: Path, options: list[str], said: str) -> None:
    done = cli("pack", tree, "-o", "app.zip", "--unsigned", *options)
    assert done.code == 2
    assert said in done.err


def elsewhere() -> str:
    """elsewhere is a version of Python that is not the running one."""
    return "3.12" if sys.version_info[:2] != (3, 12) else "3.11"


def test_packs_sources_for_another_python(cli: Cli, tree: Path) -> None:
    words = ("pack", tree, "-m", "app", "-o", "app.zip", "--unsigned", "--python", elsewhere())
    done = cli.ok(*words)
    assert f"this Python compiles none for Python {elsewhere()}" in done.err
    assert f"for     Python {elsewhere()}" in done.out
    found = members(cli.directory / "app.zip")
    assert "top.py" in found
    assert not [name for name in found if name.endswith(".pyc")]
    assert cli.ok(*words, "--json").json["compiled"] is False
    for option in (["--source", "strip"], ["--record", "-c 'import top'"]):
        refused = cli(*words, *option)
        assert refused.code == 2
        assert "can neither be compiled nor run by this Python" in refused.err


def test_compiles_for_this_python_by_its_name(cli: Cli, tree: Path) -> None:
    version = f"3.{sys.version_info[1]}"
    cli.ok("pack", tree, "-o", "a.zip", "--unsigned", "--python", version)
    cli.ok("pack", tree, "-o", "b.zip", "--unsigned")
    found = (cli.directory / "a.zip").read_bytes()
    assert found == (cli.directory / "b.zip").read_bytes()


def test_pip_looks_for_wheels_that_fit(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    tags = ["cp312-cp312-manylinux_2_17_x86_64", "cp312-cp312-manylinux_2_34_x86_64",
            "cp313-cp313-manylinux_2_17_x86_64", "cp312-cp312-manylinux_2_17_aarch64"]  # fmt: skip
    for tag in tags:
        make_wheel(tmp_path, "fast", {"fast.txt": tag}, tag=tag, requires=["slow"])
    make_wheel(tmp_path, "slow", {"slow.py": ""})
    write_tree(tmp_path, {"requirements.txt": "fast\n"})
    words = ("pack", "-r", "requirements.txt", "-o", "app.zip", "--unsigned")
    for python, platform, tag in (
        ("3.12", "manylinux_2_28_x86_64", tags[0]),
        ("3.13", "manylinux_2_28_x86_64", tags[2]),
        ("3.12", "manylinux_2_34_aarch64", tags[3]),
    ):
        cli.ok(*words, "--python", python, "--platform", platform)
        found = members(cli.directory / "app.zip")
        assert found["fast.txt"].decode() == tag
        assert "slow.py" in found
    done = cli(*words, "--python", "3.11", "--platform", "manylinux_2_28_x86_64")
    assert done.code == 2
    assert "pip could not resolve the requirements" in done.err


def test_a_lock_is_read_for_the_other_python(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    lock = 'lock-version = "1.0"\ncreated-by = "tests"\n'
    for version, tag in (("1.0", "cp312-cp312"), ("2.0", "cp313-cp313")):
        tag += "-manylinux_2_17_aarch64"
        wheel = make_wheel(tmp_path, "fast", {"fast.txt": tag}, tag=tag, version=version)
        digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
        marker = f"python_version == '3.{tag[3:5]}' and platform_machine == 'aarch64'"
        lock += f'[[packages]]\nname = "fast"\nversion = "{version}"\nmarker = "{marker}"\n'
        lock += f'[[packages.wheels]]\npath = "{wheel.name}"\nhashes.sha256 = "{digest}"\n'
    write_tree(tmp_path, {"pylock.toml": lock})
    for python in ("3.12", "3.13"):
        cli.ok("pack", "-r", "pylock.toml", "-o", "app.zip", "--unsigned", "--python", python,
               "--platform", "manylinux_2_28_aarch64")  # fmt: skip
        found = members(cli.directory / "app.zip")
        assert found["fast.txt"].decode().startswith(f"cp3{python[2:]}")
