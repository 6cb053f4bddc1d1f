"""serves a template and static files by uvicorn"""
# needs: starlette uvicorn jinja2

import threading
import time
import urllib.request
from pathlib import Path

import uvicorn
import web
from starlette.applications import Starlette
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.templating import Jinja2Templates

HERE = Path(web.__file__).parent
templates = Jinja2Templates(directory=HERE / "templates")


def page(request):
    return templates.TemplateResponse(request, "page.html", {"name": "Ada"})


app = Starlette(routes=[Route("/", page), Mount("/static", StaticFiles(directory=HERE / "static"))])
server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning"))
thread = threading.Thread(target=server.run)
thread.start()
try:
    for _ in range(100):
        if server.started:
            break
        time.sleep(0.1)
    port = server.servers[0].sockets[0].getsockname()[1]
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    assert opener.open(f"http://127.0.0.1:{port}/").read() == b"<p>Ada</p>"
    assert opener.open(f"http://127.0.0.1:{port}/static/a.css").read() == b"p {}\n"
finally:
    server.should_exit = True
    thread.join()
