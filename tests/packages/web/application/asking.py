"""Serves the orders and asks for some, then looks where this process has its modules from.

It is signed with the application, and so is everything that it imports.
"""

from __future__ import annotations

import http.client
import importlib
import json
import runpy
import socket
import sys
import threading
from types import ModuleType

import orders
import uvicorn

import signedvfs


def ask(port: int) -> list[tuple[int, object]]:
    """Return status and content of what the application answers."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    answers: list[tuple[int, object]] = []
    for cups in (2, 3, 0):
        content = json.dumps({"of": "oolong", "cups": cups})
        connection.request("POST", "/orders", content, {"Content-Type": "application/json"})
        response = connection.getresponse()
        answers.append((response.status, json.load(response)))
    connection.request("GET", "/stock")
    response = connection.getresponse()
    answers.append((response.status, json.load(response)))
    connection.close()
    return answers


def serve() -> list[tuple[int, object]]:
    """Serve on loopback, as long as somebody asks."""
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(orders.app, log_level="warning"))
    serving = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    serving.start()
    try:
        return ask(listening.getsockname()[1])
    finally:
        server.should_exit = True
        serving.join()


def outcome_of(name: str) -> str:
    """Return what an import raises."""
    try:
        importlib.import_module(name)
    except Exception as error:
        return type(error).__name__
    return "imported"


def run_of(path: str) -> str:
    """Return what running a file raises."""
    try:
        runpy.run_path(path)
    except Exception as error:
        return type(error).__name__
    return "run"


def is_ours(module: ModuleType, place: str) -> bool:
    """Tell whether a module is of what was signed, of the executable, or this program itself."""
    if module is sys.modules["__main__"]:
        return True  # multiprocessing knows it by another name as well
    spec = getattr(module, "__spec__", None)
    if spec is None:
        return not getattr(module, "__file__", None)  # native code has made it, of no file
    if spec.origin is None:
        portions = list(spec.submodule_search_locations or ["elsewhere"])
        return all(portion.startswith(f"{place}/") for portion in portions)
    if spec.origin in ("built-in", "frozen") or spec.name.partition(".")[0] == "signedvfs":
        return True
    return type(spec.loader) is signedvfs.zipimporter


def strangers(started_with: set[str], place: str) -> list[str]:
    """Return the modules that came after the manager, and from nowhere that it believes."""
    new = {name: module for name, module in sys.modules.items() if name not in started_with}
    return [f"{name}: {module!r}" for name, module in new.items() if not is_ours(module, place)]


def native(place: str) -> list[str]:
    """Return the extension modules that the place has supplied."""
    files = {name: str(getattr(one, "__file__", None)) for name, one in sys.modules.items()}
    return [
        name for name, file in files.items() if file.startswith(f"{place}/") and file[-3:] == ".so"
    ]
