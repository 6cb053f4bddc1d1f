"""downloads a file through a plug-in that is packed beside it"""
# needs: yt-dlp

import functools
import http.server
import threading
from pathlib import Path

import yt_dlp
from doing import run

assert run(lambda: yt_dlp.main(["--version"])).strip()
Path("served").mkdir()
Path("served/film.mp4").write_bytes(bytes(1000))
handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory="served")
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
words = ["--no-check-certificate", "--proxy", "", "-o", "got.mp4", f"ours:{server.server_port}"]
shown = run(lambda: yt_dlp.main(words))
assert "[Ours] Extracting" in shown or "[ours]" in shown.lower(), shown
assert Path("got.mp4").read_bytes() == bytes(1000)
