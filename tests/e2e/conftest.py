"""A browser for a module's tests, and a server of the page's files as strict as the real one."""

import threading
from collections.abc import AsyncIterator, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page

from tests.e2e import browser as chromium
from tests.e2e.stage import Stage, staged

PAGE = Path(__file__).parents[2] / "bot" / "playground" / "page" / "static"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:;"
    " connect-src 'self'; form-action 'none'; base-uri 'none'"
)


class Files(SimpleHTTPRequestHandler):
    """The page's files under /page/, and an empty page with the same security policy at /."""

    def do_GET(self) -> None:
        """Answer with a file or with the empty page."""
        if self.path.startswith("/page/"):
            self.path = self.path.removeprefix("/page")
            super().do_GET()
            return
        body = b"<!doctype html><title>Empty</title><body></body>"
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def end_headers(self) -> None:
        """Add the policy to every answer."""
        self.send_header("Content-Security-Policy", POLICY)
        super().end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Keep the test's output clean."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    """The system's Chromium; the tests are skipped where there is none."""
    if chromium.find() is None:
        pytest.skip(f"{chromium.NONE} The page is not tested.")
    async with chromium.launched() as running:
        yield running


@pytest.fixture(scope="module")
def page_files() -> Iterator[str]:
    """The address of a server that has the page's files and nothing else."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Files, directory=str(PAGE)))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest_asyncio.fixture(loop_scope="module")
async def stage() -> AsyncIterator[Stage]:
    """The playground with a scripted bot; in the end no page may have complained of anything."""
    async with staged() as stage:
        yield stage
    assert stage.problems == []


@pytest_asyncio.fixture(loop_scope="module")
async def page(browser: Browser, stage: Stage) -> AsyncIterator[Page]:
    """The playground's page, open and live, with Ana on show."""
    context = await browser.new_context(viewport={"width": 1440, "height": 900})
    context.set_default_timeout(10_000)
    page = await context.new_page()
    await stage.open(page)
    yield page
    await context.close()
