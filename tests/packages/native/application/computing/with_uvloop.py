"""uvloop: a server and a client on one of its loops, and a child process."""

from __future__ import annotations

import asyncio

import uvloop


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write((await reader.readline()).upper())
    await writer.drain()
    writer.close()


async def _talk() -> bytes:
    assert isinstance(asyncio.get_running_loop(), uvloop.Loop)
    server = await asyncio.start_server(_answer, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"tea\n")
        answer = await reader.read()
        writer.close()
    child = await asyncio.create_subprocess_exec(
        "/bin/echo", "mate", stdout=asyncio.subprocess.PIPE
    )
    printed, _ = await child.communicate()
    return answer + printed


def compute() -> None:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        assert runner.run(_talk()) == b"TEA\nmate\n"
