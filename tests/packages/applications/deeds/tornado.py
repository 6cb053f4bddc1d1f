"""serves a template and a static file"""
# needs: tornado

import asyncio
from pathlib import Path

import cups
from tornado import httpclient, httpserver, netutil, web

HERE = Path(cups.__file__).parent


class Page(web.RequestHandler):
    def get(self):
        self.render("page.html", name="Ada")


async def main():
    app = web.Application([("/", Page)], template_path=str(HERE), static_path=str(HERE / "static"))
    (socket,) = netutil.bind_sockets(0, "127.0.0.1")
    server = httpserver.HTTPServer(app)
    server.add_sockets([socket])
    address = f"http://127.0.0.1:{socket.getsockname()[1]}"
    client = httpclient.AsyncHTTPClient()
    assert (await client.fetch(address + "/")).body.startswith(b"<p>Ada /static/a.css?v=")
    assert (await client.fetch(address + "/static/a.css")).body == b"p {}\n"


asyncio.run(main())
