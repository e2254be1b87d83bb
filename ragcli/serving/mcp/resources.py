"""Resources: the state of the index, and documents as plain text.

    rag://index                          the document `rag.stats/1` as JSON
    rag://document/ID                    a document from its beginning; ?page=3 gives a page, ?start=50000 goes on

Documents are not listed: there may be many, and `list_documents` and `search` give their ids.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

from ragcli.errors import UsageError
from ragcli.serving.mcp.library import Library

INDEX = "rag://index"
TEMPLATE = "rag://document/{id}{?page,start}"
MAX_CHARACTERS = 50_000  # of a document at once
_ID = re.compile(r"[0-9a-f]{8,32}")


@dataclass(frozen=True, slots=True)
class Content:
    """What a resource holds; `next` is the address of what follows, empty at the end."""

    text: str
    mime_type: str
    next: str = ""


def content(library: Library, uri: str) -> Content:
    """Raises UsageError for an address that names nothing here."""
    if uri == INDEX:
        from ragcli.render.jsonlibrary import stats
        from ragcli.render.jsonout import dumps

        return Content(dumps(stats(library.rag().stats())), "application/json")
    address = urlsplit(uri)
    identity = address.path.removeprefix("/")
    if address.scheme != "rag" or address.netloc != "document" or not _ID.fullmatch(identity):
        raise UsageError(f"there is no resource {uri!r}", hint=f"resources are {INDEX} and {TEMPLATE}")
    asked = dict(parse_qsl(address.query))
    if not all(name in ("page", "start") and value.isascii() and value.isdigit() for name, value in asked.items()):
        raise UsageError(f"{uri!r}: expected numbers for page or start", hint=f"the form is {TEMPLATE}")
    return _document(library, identity, {name: int(value[:9]) for name, value in asked.items()})


def _document(library: Library, identity: str, asked: dict[str, int]) -> Content:
    rag = library.rag()
    whole = rag.read(identity, page=asked["page"]) if "page" in asked else rag.read(identity)
    start = max(asked.get("start", 0), whole.span.start)
    part = rag.read(identity, start=start, end=min(whole.span.end, start + MAX_CHARACTERS))
    page = f"page={asked['page']}&" if "page" in asked else ""
    more = f"rag://document/{identity}?{page}start={part.span.end}" if part.span.end < whole.span.end else ""
    return Content(part.text, "text/plain", more)
