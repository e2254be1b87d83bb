"""Reading a list of any length from an index, a page at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Protocol, TypeVar

from ragcli.datatypes import Filter
from ragcli.index.entries import PAGE
from ragcli.index.matching import fulfils

if TYPE_CHECKING:
    from ragcli.datatypes import DocumentRecord
    from ragcli.index.entries import Listing
    from ragcli.index.protocol import Catalog


class Entry(Protocol):
    """Something that a page lists."""

    @property
    def document_id(self) -> str: ...


T = TypeVar("T", bound=Entry)


def every(page: Callable[[str, int], Sequence[T]]) -> Iterator[T]:
    """All entries that `page` gives, in the order of document ids; `page(after, limit)` gives at most `limit` whose id is
    greater than `after`. Each page is read when it is needed: what is committed in between may be seen or not, and an entry
    that stays is seen once."""
    after = ""
    while entries := page(after, PAGE):
        yield from entries
        after = entries[-1].document_id


def documents(catalog: Catalog, where: Filter = Filter()) -> list[DocumentRecord]:  # noqa: B008 - frozen
    """Every document that fulfils the conditions on documents, ordered by path."""
    found = (entry.document for entry in every(catalog.page) if not where.on_documents or _fulfils(where, entry))
    return sorted(found, key=lambda document: document.path)


def _fulfils(where: Filter, entry: Listing) -> bool:
    document, places = entry.document, [(one.path, one.root) for one in (entry.source, *entry.copies)]
    values = {**document.metadata, "type": document.type, "size": str(entry.source.size), "title": document.title}
    return fulfils(where, places, {**values, "language": document.language, "partial": document.partial})
