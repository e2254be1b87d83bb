"""What is known of a document besides its text: what its file declares, what its text shows, and the tags that the user
gives."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime

from ragcli.datatypes import Document, SourceFile

TAG = "tag."
REDACTED = "redacted"
_WORD = re.compile(r"\S+")  # counted one by one: a list of a long document's words takes more than the document
_MAX_HEADINGS = 200


def described(document: Document, source: SourceFile, tags: Mapping[str, str]) -> Document:
    """The document with `words`, `headings`, `has_code`, `modified` (the file's own time where the content names none),
    `redacted` (placeholders by kind, such as "email=2 token=1") and `tags` in its metadata."""
    headings = dict.fromkeys(title for block in document.blocks for title in block.headings)
    found = dict(document.metadata)
    found.pop(REDACTED, None)  # what a file says of itself
    if document.redactions:
        counts = Counter(entry.kind for entry in document.redactions)
        found[REDACTED] = " ".join(f"{kind}={count}" for kind, count in sorted(counts.items()))
    found["words"] = str(sum(1 for _ in _WORD.finditer(document.text)))
    if headings:
        found["headings"] = "\n".join(list(headings)[:_MAX_HEADINGS])
    if any(block.kind == "code" for block in document.blocks):
        found["has_code"] = "true"
    if source.is_file:
        moment = datetime.fromtimestamp(source.mtime_ns // 1_000_000_000, UTC).replace(tzinfo=None)
        found.setdefault("modified", moment.isoformat())
    return replace(document, metadata={**found, **{f"{TAG}{name}": value for name, value in tags.items()}})


def redacted_counts(values: Iterable[str]) -> dict[str, int]:
    """The sum of what the metadata `redacted` of documents say, by kind."""
    sums: Counter[str] = Counter()
    for value in values:
        for entry in value.split():
            kind, _, count = entry.partition("=")
            sums[kind] += int(count)
    return dict(sorted(sums.items()))
