"""The page's own files are served, and no others."""

import asyncio
from http.client import HTTPConnection

from tests.bot.playground.room import Room


async def test_the_pages_files_are_served_and_no_others(room: Room) -> None:
    async with room.session.get(room.url + "/") as answer:
        assert answer.status == 200
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
    host, port = room.url.removeprefix("http://").split(":")

    def raw(path: str) -> int:
        connection = HTTPConnection(host, int(port), timeout=5)
        connection.request("GET", path)
        status = connection.getresponse().status
        connection.close()
        return status

    for path in (
        "/page/../server.py",
        "/page/%2e%2e/server.py",
        "/page//etc/passwd",
        "/page/",
        "/page/calls.py",
    ):
        assert await asyncio.to_thread(raw, path) == 404
