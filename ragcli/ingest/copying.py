"""Files of equal content: which of them is a document, which are its copies, and who inherits the text of one that leaves."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Set
from typing import TYPE_CHECKING, TypeAlias

from ragcli.datatypes import SourceFile
from ragcli.ingest.parts import content_key
from ragcli.metadata import AccessTags

if TYPE_CHECKING:
    from ragcli.index.protocol import Writer

_Content: TypeAlias = tuple[str, str, AccessTags]


class Copies:
    """The copies that a commit is going to write. `known` are the sources that the index has, by document id, `gone` the ids of
    documents whose files are gone: a file that moved is no copy of what it was."""

    def __init__(
        self,
        writer: Writer,
        access_of: Callable[[SourceFile], AccessTags],
        known: Mapping[str, SourceFile],
        gone: Set[str],
    ) -> None:
        self._writer = writer
        self._access_of = access_of
        self._known = known
        self._gone = gone
        self._waiting: list[tuple[SourceFile, str, bool]] = []  # with the document, and whether it is in the queue
        self._arriving: dict[_Content, str] = {}  # → the document in the queue with it
        self._leaving: set[str] = set()  # documents whose content the next commit replaces or removes
        self.inheriting = False  # whether the next commit makes a document of a copy

    def __bool__(self) -> bool:
        """Whether there is a copy to write."""
        return bool(self._waiting)

    def twin(self, source: SourceFile) -> str:
        """The id of the document that `source` is a copy of; its own when there is none."""
        key = self._content(source)
        if key in self._arriving:
            return self._arriving[key]
        staying = [
            twin.document_id
            for twin in self._writer.twins([source.content_hash])
            if content_key(twin) == content_key(source) and twin.document_id not in self._gone | self._leaving
        ]
        access = self._writer.access(staying)
        staying = [identity for identity in staying if access[identity] == self._access_of(source)]
        return staying[-1] if staying else source.document_id

    def add(self, source: SourceFile, twin: str) -> None:
        """Write `source` as a copy of the document `twin` with the next commit."""
        self.forget(source)
        self._waiting.append((source, twin, self._content(source) in self._arriving))

    def arrive(self, source: SourceFile) -> None:
        """`source` becomes a document with the next commit; what has the same content is a copy of it."""
        self.forget(source)
        self._arriving[self._content(source)] = source.document_id

    def forget(self, source: SourceFile) -> None:
        """What the source held before is no longer its own; if that had copies, one of them is about to inherit it."""
        identity = source.document_id
        before = self._known.get(identity)
        if before is not None and before.content_hash != source.content_hash:
            self._leaving.add(identity)
            self.inheriting |= any(twin == identity for _, twin, _ in self._waiting)
            self.inheriting |= bool(self._writer.copied([identity]))

    def drop(self, documents: Set[str]) -> None:
        """Do not write the copies of these documents."""
        self._waiting = [copy for copy in self._waiting if copy[1] not in documents]

    def write_around(self, commit: Callable[[], object]) -> None:
        """Write the copies, and documents by `commit`, in the order that keeps every text: a copy of a document in the index
        must be known before that is replaced, for then it inherits the text; a copy of one that is only now committed,
        afterwards."""
        self._writer.add_copies([(source, twin) for source, twin, arriving in self._waiting if not arriving])
        commit()
        self._writer.add_copies([(source, twin) for source, twin, arriving in self._waiting if arriving])
        self._waiting, self._arriving = [], {}

    def committed(self) -> None:
        """Nothing leaves any more: the commit is done."""
        self._leaving, self.inheriting = set(), False

    def _content(self, source: SourceFile) -> _Content:
        """What two files must share to be copies: all bytes, the suffix, which can decide how they are read, and who may see
        them."""
        return *content_key(source), self._access_of(source)
