"""References to places in documents, which hold without any state of the server.

    0123456789ab:120-480@9f31c2    a passage that was found: characters 120 to 480 of the document whose identity begins so
    0123456789ab:120-480           the same, where its text was not shown as it stands there
    0123456789ab:480-              where to read on

The digits behind the @ are of the SHA-256 of the passage's text: they tell whether it still stands there.
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, NamedTuple

from ragcli.errors import UsageError

if TYPE_CHECKING:
    from ragcli.datatypes import DocumentRecord, Span

_DIGITS = 12  # of a document's identity
_FORM = re.compile(r"([0-9a-f]{8,32}):(\d{1,9})-(?:(\d{1,9})(?:@([0-9a-f]{6}))?)?")


class Ref(NamedTuple):
    """A place: `end` is that of a passage that was found, None in a reference that says where to read on; `digest` is that of
    its text, None where it is not known."""

    document: str
    start: int
    end: int | None
    digest: str | None


def passage_ref(document: DocumentRecord, span: Span, text: str) -> str:
    """The reference to a passage of which `text` was shown."""
    place = f"{document.document_id[:_DIGITS]}:{span.start}-{span.end}"
    return f"{place}@{digest(text)}" if len(text) == span.end - span.start else place


def next_ref(document: DocumentRecord, start: int) -> str:
    """The reference to what follows from the character `start` on."""
    return f"{document.document_id[:_DIGITS]}:{start}-"


def digest(text: str) -> str:
    """Six hexadecimal digits that change with the text."""
    return hashlib.sha256(text.encode("utf-8", errors="surrogatepass")).hexdigest()[:6]


def parsed(ref: str) -> Ref:
    """Raises UsageError for what is no reference."""
    match = _FORM.fullmatch(ref.strip())
    if match is None:
        raise UsageError(f"{ref!r} is no ref", hint="pass on a `ref` or `next` as `search`, `ask` or `read` gave it")
    document, start, end, found = match.groups()
    return Ref(document, int(start), int(end) if end else None, found)
