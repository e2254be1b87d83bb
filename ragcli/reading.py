"""The part of the library that reads what an index lists: documents, parts of them, and where they come from."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from ragcli.filters import Where, as_filter

if TYPE_CHECKING:
    from ragcli.datatypes import DocumentRecord, SourceFile
    from ragcli.index.protocol import Catalog
    from ragcli.results import Passage


class Reading(ABC):
    """What `ragcli.api.Rag` reads of the catalog."""

    @property
    @abstractmethod
    def _catalog(self) -> Catalog: ...

    def documents(self, where: Where = ()) -> list[DocumentRecord]:
        """The documents of the index, ordered by path. `where` as of `query`.

        >>> with Rag("handbook/.rag") as rag:
        ...     [document.path for document in rag.documents("type=markdown")]
        ['leave.md', 'pay.md']
        """
        from ragcli.index.pages import documents

        return documents(self._catalog, as_filter(where))

    def read(
        self,
        document: str,
        *,
        start: int = 0,
        end: int | None = None,
        page: int | None = None,
        lines: tuple[int, int] | None = None,
    ) -> Passage:
        """A part of a document, as the index holds it: the characters [start, end) (default: all of them), a page, or the
        lines from the first to the last of `lines`. `document` is its path as the index lists it, or its `document_id`, of
        which the first eight digits or more are enough. Raises UsageError when there is no such document, page or line.

        >>> with Rag("handbook/.rag") as rag:
        ...     rag.read("leave.md", lines=(3, 3)).text
        'Every employee has 28 days of annual leave.\\n'
        """
        from ragcli.usecases.reading import part_of

        return part_of(self._catalog, document, start, end, page, lines)

    def source(self, document: str) -> SourceFile:
        """What the index remembers of the file of a document, named as for `read`, which says what is raised.

        >>> with Rag("handbook/.rag") as rag:
        ...     rag.source("leave.md").size > 0
        True
        """
        from ragcli.usecases.reading import source_of

        return source_of(self._catalog, document)
