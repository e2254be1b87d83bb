"""What a catalog lists, by places and by ids: a part of the seam of the index (see `protocol.py`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

from ragcli.index.entries import PAGE

if TYPE_CHECKING:
    from ragcli.datatypes import DocumentRecord, SourceFile
    from ragcli.index.entries import Listing


class Lists(Protocol):
    """Documents and copies of an index."""

    def page(self, after: str = "", limit: int = PAGE) -> Sequence[Listing]:
        """At most `limit` documents whose id is greater than `after`, in the order of ids; see `ragcli.index.pages.every`."""

    def files(self, after: str = "", limit: int = PAGE) -> Sequence[SourceFile]:
        """At most `limit` sources of documents and copies whose id is greater than `after`, in the order of ids: what `page`
        lists, for those who ask for places alone."""

    def listings(self, document_ids: Sequence[str]) -> Sequence[Listing]:
        """The documents with these ids, and those of which copies have them, in the order of ids, each once."""

    def find(self, paths: Sequence[str]) -> Mapping[str, DocumentRecord]:
        """The documents at these paths, by path; at the path of a copy, the document that it is a copy of. Of several
        documents at one path the first that came."""

    def sources(self, paths: Sequence[str]) -> Mapping[str, SourceFile]:
        """What is remembered of the sources at these paths, by path; of a document before that of a copy."""
