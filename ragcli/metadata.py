"""What is known of a document besides its text: what its file declares, what its text shows, and the tags that the user
gives."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from ragcli.datatypes import Document, SourceFile

TAG = "tag."
REDACTED = "redacted"
ACCESS = "access."  # how the names of metadata begin that say who may see a document
_RULED, _GIVEN = f"{ACCESS}ruled", f"{ACCESS}given"
_OURS = frozenset({REDACTED, _RULED, _GIVEN})  # not what a file says of itself
_WORD = re.compile(r"\S+")  # counted one by one: a list of a long document's words takes more than the document
_MAX_HEADINGS = 200


@dataclass(frozen=True, slots=True)
class AccessTags:
    """The access tags of a document: those that rules gave, and those of --access."""

    ruled: frozenset[str] = frozenset()
    given: frozenset[str] = frozenset()

    @property
    def tags(self) -> frozenset[str]:
        return self.ruled | self.given

    @property
    def metadata(self) -> dict[str, str]:
        """As metadata: lists separated by commas, "" where there is none."""
        return {_RULED: ",".join(sorted(self.ruled)), _GIVEN: ",".join(sorted(self.given))}


def access_of(metadata: Mapping[str, str]) -> AccessTags:
    """The access tags in the metadata of a document."""
    return AccessTags(*(frozenset(filter(None, metadata.get(key, "").split(","))) for key in (_RULED, _GIVEN)))


def without_other_tags(metadata: Mapping[str, str], tags: Collection[str]) -> dict[str, str]:
    """The metadata as they are shown to somebody with these access tags: a document does not tell which others it has."""
    own, held = access_of(metadata), frozenset(tags)
    shown = {**metadata, **AccessTags(own.ruled & held, own.given & held).metadata}
    return {key: value for key, value in shown.items() if value or key not in (_RULED, _GIVEN)}


def described(
    document: Document,
    source: SourceFile,
    tags: Mapping[str, str],
    access: AccessTags = AccessTags(),
) -> Document:
    """The document with `words`, `headings`, `has_code`, `modified` (the file's own time where the content names none),
    `redacted` (placeholders by kind, such as "email=2 token=1"), the `access` tags and `tags` in its metadata."""
    headings = dict.fromkeys(title for block in document.blocks for title in block.headings)
    found = {key: value for key, value in document.metadata.items() if key not in _OURS}
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
    found |= {key: value for key, value in access.metadata.items() if value}
    return replace(document, metadata={**found, **{f"{TAG}{name}": value for name, value in tags.items()}})


def redacted_counts(values: Iterable[str]) -> dict[str, int]:
    """The sum of what the metadata `redacted` of documents say, by kind."""
    sums: Counter[str] = Counter()
    for value in values:
        for entry in value.split():
            kind, _, count = entry.partition("=")
            sums[kind] += int(count)
    return dict(sorted(sums.items()))
