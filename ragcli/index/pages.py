"""Reading a list of any length from an index, a page at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from ragcli.datatypes import DocumentRecord
    from ragcli.index.protocol import Catalog

PAGE = 500  # entries


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


def documents(catalog: Catalog) -> list[DocumentRecord]:
    """Every document, ordered by path."""
    return sorted((entry.document for entry in every(catalog.page)), key=lambda document: document.path)
