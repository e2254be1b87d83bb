"""A web site for tests, on the loopback interface."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@contextmanager
def web_site(pages: Mapping[str, str | int]) -> Iterator[str]:
    """Serves `pages`: path → content, or the status of an answer without any; other paths are missing (404). In contents,
    `{origin}` stands for the address of the site, which is what this yields."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            page = pages.get(self.path, 404)
            status, body = (page, b"") if isinstance(page, int) else (200, page.replace("{origin}", origin).encode())
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        origin = f"http://127.0.0.1:{server.server_port}"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield origin
        server.shutdown()
