"""Giving documents that did not change the access tags that they have now, before anything else is done."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import TYPE_CHECKING

from ragcli.datatypes import SourceFile
from ragcli.metadata import AccessTags

if TYPE_CHECKING:
    from ragcli.index.protocol import Writer


def granted(writer: Writer, wanted: Iterable[tuple[SourceFile, AccessTags]]) -> frozenset[str]:
    """Let the documents and copies of these sources, which are there, have these tags; returns the ids of those that must be
    read again to have them.

    All places of a document have the same tags. A copy that gets others becomes a document of its own. So does a document with
    copies: the first of them takes its place, with the tags that they had.
    """
    tags = {source.document_id: access for source, access in wanted}
    before = writer.access(list(tags))
    changed = {identity for identity, access in tags.items() if before[identity] != access}
    apart: set[str] = set()
    while copied := writer.copied(sorted(changed - apart)):
        writer.remove(sorted(copied))
        apart |= copied
    of: dict[AccessTags, list[str]] = defaultdict(list)
    for identity in sorted(changed - apart):
        of[tags[identity]].append(identity)
    for access, identities in of.items():
        writer.tag(identities, access.metadata)  # passes over copies
    now = writer.access(sorted(changed - apart))
    return frozenset(apart | {identity for identity, access in now.items() if access != tags[identity]})
