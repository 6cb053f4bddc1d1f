"""Asks a web application for its first answer, and prints that: see managed.py.

Started with -I -S. Arguments: how ("files", "managed" or "deferred"), where the application is; and
for a manager the public key, the manifest of the standard library, and where signedvfs is.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def manage(how: str, key: str, manifest: str, package: str) -> None:
    """Has every import from now on answer to a signature."""
    sys.path.insert(0, package)
    import signedvfs

    del sys.path[0]
    manager = signedvfs.SignedImportManager(
        [signedvfs.PublicKey.load(key)],
        stdlib=manifest,
        lockdown=True,
    )
    manager.install()
    manager.lock()
    if how == "deferred":
        signedvfs.defer_collection()


async def ask(application: Any, content: bytes) -> list[str]:
    """Return status and body of what POST /orders answers, without a network (ASGI 3)."""
    said: list[str] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": content, "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        said.append(str(message.get("status") or message["body"].decode()))

    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST",
        "scheme": "http", "path": "/orders", "raw_path": b"/orders", "query_string": b"",
        "root_path": "", "headers": [(b"content-type", b"application/json")],
        "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80),
    }  # fmt: skip
    await application(scope, receive, send)
    return said


def main(how: str, place: str, *manager: str) -> None:
    if how != "files":
        manage(how, *manager)
    sys.path.insert(0, place)
    import asyncio

    import orders
    import uvicorn

    print(callable(uvicorn.run), asyncio.run(ask(orders.app, b'{"of": "oolong", "cups": 2}')))


if __name__ == "__main__":
    main(*sys.argv[1:])
