"""The files of the console's page, as they were when the daemon started."""

from pathlib import Path

from adapters.web.incoming import Incoming
from adapters.web.page import asset
from adapters.web.reply import Reply
from router.refusal import Refusal

_FOLDER = Path(__file__).parent / "page"

_MEDIA = {
    ".html": "text/html",
    ".js": "text/javascript",
    ".css": "text/css",
    ".svg": "image/svg+xml",
    ".txt": "text/plain",
}


class FileCalls:
    def __init__(self) -> None:
        self._files = {
            path.name: (path.read_bytes(), _MEDIA[path.suffix]) for path in _FOLDER.iterdir() if path.suffix in _MEDIA
        }

    async def page(self, incoming: Incoming) -> Reply:
        """GET /"""
        return asset(*self._files["index.html"])

    async def file(self, incoming: Incoming) -> Reply:
        """GET /console/{file}"""
        found = self._files.get(incoming.params["file"])
        if found is None:
            raise Refusal("not_found", "there is no such file")
        return asset(*found)
