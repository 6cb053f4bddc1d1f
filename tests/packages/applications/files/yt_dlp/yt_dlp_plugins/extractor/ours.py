"""A plug-in: it knows addresses of the form ours:PORT."""

from yt_dlp.extractor.common import InfoExtractor


class OursIE(InfoExtractor):
    """One film on a server of this machine."""

    _VALID_URL = r"ours:(?P<id>\d+)"

    def _real_extract(self, url):
        port = self._match_id(url)
        return {
            "id": port,
            "title": "film",
            "url": f"http://127.0.0.1:{port}/film.mp4",
            "ext": "mp4",
        }
