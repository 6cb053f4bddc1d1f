"""Files that options name: whatever stands there, no command waits for it for ever."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from signedvfs.cli import files
from signedvfs.cli.failures import CliError
from tests.cli.helpers import Cli, command

KINDS = ["fifo", "socket", "device", "directory", "zeros"]


@pytest.fixture
def other(cli: Cli, request: pytest.FixtureRequest) -> Iterator[Path]:
    """other is a path where something stands that is no regular file."""
    path = cli.directory / "other"
    kind = request.param
    if kind == "fifo":
        os.mkfifo(path)
    elif kind == "socket":
        listener = socket.socket(socket.AF_UNIX)
        here = Path.cwd()
        os.chdir(cli.directory)  # a socket's path is short
        listener.bind("other")
        os.chdir(here)
        yield path
        listener.close()
        return
    elif kind == "directory":
        path.mkdir()
    else:
        path = Path("/dev/null" if kind == "device" else "/dev/zero")
    yield path


@pytest.mark.parametrize("other", KINDS, indirect=True)
@pytest.mark.parametrize(
    "words",
    [
        ("key", "OTHER"),
        ("verify", "app.zip", "--trust", "OTHER"),
        ("verify", "app.zip", "--trust", "PUB", "--revoked", "OTHER"),
        ("list", "app.zip", "--trust", "OTHER"),
        ("run", "--trust", "OTHER", "app.zip"),
        ("sign", "app.zip", "--key", "OTHER"),
        ("sign", "app.zip", "--key", "KEY", "--key", "OTHER"),
        ("append", "app.zip", "PUB", "-o", "out", "--key", "OTHER"),
        ("pack", "tree", "-o", "out.zip", "--key", "OTHER"),
        ("pack", "-r", "OTHER", "-o", "out.zip", "--unsigned"),
    ],
    ids=" ".join,
)
def test_keys_and_requirements_are_regular_files(
    cli: Cli, archive: Path, keys: Path, other: Path, words: tuple[str, ...]
) -> None:
    given = {"OTHER": str(other), "PUB": str(keys / "a.pub"), "KEY": str(keys / "a.key")}
    before = archive.read_bytes()
    done = cli(*[given.get(word, word) for word in words])
    assert (done.code, done.out) == (2, "")
    assert "where a regular file is expected" in done.err
    assert archive.read_bytes() == before
    assert not (cli.directory / "out.zip").exists()


# F2: a regular file that says it is empty. /proc/kmsg waits for the kernel to say something.
MADE_UP = [path for path in ("/proc/self/environ", "/proc/version", "/proc/kmsg", "/proc/self/mem")
           if os.access(path, os.R_OK)]  # fmt: skip


@pytest.mark.parametrize("path", MADE_UP)
@pytest.mark.parametrize(
    "words",
    [
        ("key", "OTHER"),
        ("verify", "app.zip", "--trust", "OTHER"),
        ("verify", "app.zip", "--trust", "PUB", "--revoked", "OTHER"),
        ("sign", "app.zip", "--key", "OTHER"),
        ("keygen", "new.key", "--password-file", "OTHER"),
        ("pack", "-r", "OTHER", "-o", "out.zip", "--unsigned"),
        ("append", "app.zip", "OTHER", "-o", "out.zip", "--key", "KEY"),
    ],
    ids=" ".join,
)
def test_what_the_system_makes_up_is_no_file(
    cli: Cli, archive: Path, keys: Path, path: str, words: tuple[str, ...]
) -> None:
    given = {"OTHER": path, "PUB": str(keys / "a.pub"), "KEY": str(keys / "a.key")}
    before = archive.read_bytes()
    done = cli(*[given.get(word, word) for word in words])
    assert (done.code, done.out) == (2, "")
    assert path in done.err
    assert "regular file" in done.err
    assert archive.read_bytes() == before
    assert not (cli.directory / "out.zip").exists()
    assert not (cli.directory / "new.key").exists()


@pytest.mark.parametrize(
    "words",
    [
        ("key", "empty"),
        ("sign", "app.zip", "--key", "empty"),
        ("keygen", "new.key", "--password-file", "empty"),
        ("append", "app.zip", "empty", "-o", "out.zip", "--key", "KEY"),
    ],
    ids=" ".join,
)
def test_an_empty_file_is_no_key_password_or_executable(
    cli: Cli, archive: Path, keys: Path, words: tuple[str, ...]
) -> None:
    (cli.directory / "empty").touch()
    before = archive.read_bytes()
    done = cli(*[{"KEY": str(keys / "a.key")}.get(word, word) for word in words])
    assert (done.code, done.out) == (2, "")
    assert "empty" in done.err
    assert archive.read_bytes() == before
    assert not (cli.directory / "out.zip").exists()


@pytest.mark.parametrize("other", ["socket", "device", "directory", "zeros"], indirect=True)
def test_passwords_come_out_of_files_and_pipes_only(cli: Cli, other: Path) -> None:
    done = cli("keygen", "app.key", "--password-file", other)
    assert done.code == 2
    assert "where a regular file or a pipe is expected" in done.err
    assert not (cli.directory / "app.key").exists()


@pytest.mark.parametrize("other", ["fifo", "socket", "directory"], indirect=True)
@pytest.mark.parametrize("name", ["other", "other.key"])
def test_keygen_leaves_alone_what_is_no_file(cli: Cli, other: Path, name: str) -> None:
    target = other.rename(cli.directory / name)
    mode = target.stat().st_mode
    done = cli("keygen", name, "--no-password")
    assert done.code == 2
    assert "exists" in done.err
    assert [one.name for one in cli.directory.iterdir()] == [name]
    assert target.stat().st_mode == mode


def test_a_wheel_is_a_regular_file(cli: Cli) -> None:
    os.mkfifo(cli.directory / "dep-1.0-py3-none-any.whl")
    done = cli("pack", "dep-1.0-py3-none-any.whl", "-o", "app.zip", "--unsigned")
    assert done.code == 2
    assert "no regular file" in done.err


def test_a_wheel_that_becomes_a_pipe_holds_nobody_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # TOCTOU: after every check by name, and before it is opened
    from signedvfs.packaging import PackError
    from signedvfs.packaging.members import Members
    from signedvfs.packaging.wheels import add_wheel

    wheel = tmp_path / "dep-1.0-py3-none-any.whl"
    wheel.write_bytes(b"x")
    opened = os.open

    def swap(*words: Any, **options: Any) -> int:
        wheel.unlink()
        os.mkfifo(wheel)
        return opened(*words, **options)

    monkeypatch.setattr(os, "open", swap)
    with pytest.raises(PackError, match="no regular file"):
        add_wheel(Members(), wheel, wheel.name)


def test_a_password_comes_from_standard_input(cli: Cli) -> None:
    done = subprocess.run(
        command("keygen", "app.key", "--password-file", "/dev/stdin"),
        cwd=cli.directory,
        input=b"sesame\nnot this line\n",
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    (cli.directory / "password").write_text("sesame")
    cli.ok("key", "app.key", "--password-file", "password")


def test_a_password_comes_from_a_shell(cli: Cli) -> None:
    (cli.directory / "password").write_text("sesame")
    cli.ok("keygen", "app.key", "--password-file", "password")
    words = " ".join(command("key", "app.key"))
    for writer in ("printf sesame", "sleep 0.3; printf 'sesame\\nmore'", "printf 'sesame\\r\\n'"):
        done = subprocess.run(
            ["bash", "-c", f"{words} --password-file <({writer})"],
            cwd=cli.directory,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr


def test_a_pipe_may_be_opened_late(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    writer = threading.Timer(0.3, lambda: fifo.write_text("sesame\n"))
    writer.start()
    assert files.first_line(str(fifo)) == b"sesame"
    writer.join()


def test_a_pipe_that_nobody_writes_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "_WRITER_SECONDS", 0.2)
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    with pytest.raises(CliError, match="nobody writes to it"):
        files.first_line(str(fifo))


def test_a_writer_that_writes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "_LINE_SECONDS", 0.2)
    reading, writing = os.pipe()
    with pytest.raises(CliError, match="no line came out"):
        files.first_line(f"/dev/fd/{reading}")
    os.write(writing, b"half a line")
    with pytest.raises(CliError, match="no line came out"):
        files.first_line(f"/dev/fd/{reading}")
    os.close(writing)
    assert files.first_line(f"/dev/fd/{reading}") == b""
    os.close(reading)


@pytest.mark.parametrize("pipe", [False, True])
def test_a_line_without_an_end_is_bounded(tmp_path: Path, pipe: bool) -> None:
    endless = b"x" * ((1 << 20) + (1 << 17))
    path = tmp_path / "endless"
    if pipe:
        os.mkfifo(path)
        writer = threading.Thread(target=_feed, args=(path, endless))
        writer.start()
    else:
        path.write_bytes(endless)
    with pytest.raises(CliError, match="longer than 1,048,576 bytes"):
        files.first_line(str(path))
    if pipe:
        writer.join()


def _feed(path: Path, content: bytes) -> None:
    with contextlib.suppress(BrokenPipeError):
        path.write_bytes(content)


def test_a_file_is_read_to_the_end_of_its_line(tmp_path: Path) -> None:
    path = tmp_path / "password"
    for content, line in ((b"", b""), (b"a", b"a"), (b"a\r\nb\n", b"a"), (b"\nb", b"")):
        path.write_bytes(content)
        assert files.first_line(str(path)) == line
