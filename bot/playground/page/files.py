"""The files of the page, and nothing else of this machine."""

from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".txt": "text/plain; charset=utf-8",
}


class Files:
    """Serves what lies in the folder ``static``, which is looked through once."""

    def __init__(self) -> None:
        self._known = _walk(files("bot.playground.page") / "static")
        self.routes = [Route("/", self._show), Route("/page/{name:path}", self._show)]

    async def _show(self, request: Request) -> Response:
        name = request.path_params.get("name", "index.html")
        file = self._known.get(name)
        if file is None:
            return PlainTextResponse("There is no such page here.", 404)
        kind = TYPES.get(Path(name).suffix, "application/octet-stream")
        headers = {"Cache-Control": "no-cache", "Content-Type": kind}
        return Response(file.read_bytes(), headers=headers)


def _walk(folder: Traversable, prefix: str = "") -> dict[str, Traversable]:
    """Every file below a folder by its path, so that nothing else can be asked for."""
    found: dict[str, Traversable] = {}
    for entry in folder.iterdir():
        if entry.is_dir():
            found.update(_walk(entry, f"{prefix}{entry.name}/"))
        else:
            found[prefix + entry.name] = entry
    return found
