"""GET /: the page to ask on, five files of the package. It needs nothing from elsewhere and runs no script of a document."""

from __future__ import annotations

from importlib.resources import files
from typing import Literal

from fastapi import APIRouter
from starlette.responses import Response

router = APIRouter(include_in_schema=False)
_TYPES = {
    "index.html": "text/html",
    "page.css": "text/css",
    "page.js": "text/javascript",
    "documents.js": "text/javascript",
    "talking.js": "text/javascript",
}
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src data: blob:; connect-src 'self'; frame-ancestors 'none'; "
    "base-uri 'none'; form-action 'none'"
)


@router.get("/")
async def page() -> Response:
    """The page."""
    return _file("index.html")


@router.get("/assets/{name}")
async def asset(name: Literal["page.css", "page.js", "documents.js", "talking.js"]) -> Response:
    """A file that the page needs."""
    return _file(name)


def _file(name: str) -> Response:
    content = files("ragcli.serving.http").joinpath("page", name).read_bytes()
    return Response(
        content, media_type=_TYPES[name], headers={"Content-Security-Policy": _POLICY, "Cache-Control": "no-cache"}
    )
