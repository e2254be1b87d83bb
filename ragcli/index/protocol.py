"""The seam of the index: everything of it that is used outside of `ragcli.index`, and nothing else.

`ragcli.index.open_store` gives a `Store`. From it come a `Catalog` (what the index lists), a `Reader` (a catalog that is a
`Searcher` as well) and a `Writer`. Whoever needs something of an index takes one of these protocols, so that another store can
stand behind them. `ragcli.testing.StoreContract` holds a store to what is said here.

A *key* is the number of a chunk in one index. Keys are compared, to break ties, and handed back to the index they came from;
nothing else may be read from them. A chunk that comes later has a larger key, and no key is given twice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Protocol

from ragcli.index.entries import PAGE
from ragcli.index.lists import Lists

if TYPE_CHECKING:
    from pathlib import Path

    from ragcli.datatypes import (
        Access,
        Chunk,
        Filter,
        NewDocument,
        QueryWord,
        SourceFile,
        TextVectors,
        Vector,
    )
    from ragcli.index.entries import Candidates, Counts, LastWrite, StoredChunk
    from ragcli.index.manifest import Identity, Manifest
    from ragcli.index.spelling import Lexicon
    from ragcli.index.statistics import Statistics
    from ragcli.metadata import AccessTags
    from ragcli.remains import Traces
    from ragcli.reports import EngineState, Failure
    from ragcli.results import Understood
    from ragcli.text.query import Query


class Readable(Protocol):
    """An index that any number of threads may read. A read outside of a snapshot sees the newest state.

    Every read may raise IndexNotFound, IndexIncompatible, IndexDamaged or IndexLocked.
    """

    def snapshot(self) -> AbstractContextManager[None]:
        """Everything that this thread reads inside belongs to one committed state. Snapshots may be nested; the outermost one
        may keep writers waiting, so nothing slow belongs inside. It must be left by the thread that entered it."""

    def generation(self) -> object:
        """Names the committed state: equal as long as nothing is committed."""

    def document_chunks(self, document_id: str) -> Sequence[Chunk]:
        """All chunks of a document in order; empty when there is no such document."""


class Catalog(Readable, Lists, Protocol):
    """What an index lists."""

    def close(self) -> None:
        """Give back what is open; a later read opens it again."""

    @property
    def manifest(self) -> Manifest:
        """What the index says of itself."""

    @property
    def format(self) -> int:
        """The number of the format in which the index is stored."""

    def roots(self) -> Sequence[str]:
        """The files and folders that were given to ingest, in their order; none for web pages and collections."""

    def failures(self, *, skipped: bool = False) -> Sequence[Failure]:
        """Files that could not be read, ordered by path; with `skipped`, also those that are no documents."""

    def partly_read(self) -> Sequence[Failure]:
        """Documents of which something could not be read, ordered by path, with the reason."""

    def redacted(self) -> Mapping[str, int]:
        """Placeholders in all documents, by kind."""

    def folders(self) -> Sequence[str]:
        """Every folder that some document lies in, at any depth, ordered by path."""

    def type_counts(self) -> Mapping[str, int]:
        """Type → documents, the most frequent first."""

    def counts(self, window: int) -> Counts:
        """How much there is; `window` is the number of tokens that the embedding model reads."""

    def fingerprint(self, *, documents: bool = True) -> str:
        """16 hexadecimal digits that change with the documents' content and names and with the parts that the index is made
        with, and not with when or where it was made; without `documents`, with the parts alone."""

    def engine_state(self, setting: str) -> EngineState:
        """Which engine answers where the settings ask for `setting`, and how complete a copy that it searches is."""

    def calibration(self) -> Mapping[str, Any] | None:
        """What `Writer.calibrate` kept last; None when nothing was. It outlasts a rebuild."""

    def disk_usage(self) -> Mapping[str, int]:
        """Bytes by part."""


class Searcher(Readable, Protocol):
    """An index that can be searched. A question takes two rounds: `candidates`, then `fetch`."""

    def understand(self, question: str) -> Understood:
        """The question with its misspelt words repaired, as far as the documents bear it out, and its language."""

    def resolve(self, query: Query) -> list[QueryWord]:
        """The words of a question as the index knows them: one for each token, prefix and related word, in their order."""

    def statistics(self, words: Sequence[QueryWord]) -> Statistics:
        """What BM25 must know of this index, for these words."""

    def candidates(
        self,
        words: Sequence[QueryWord] | None,
        vector: Vector | None,
        k: int,
        where: Filter,
        statistics: Statistics | None = None,
    ) -> Candidates:
        """At most `k` chunks for each leg among those that `where` leaves: by `words` (None: no lexical leg) and by `vector`
        (float32 [dimension], of length 1; None: no dense leg).

        BM25 scores by `statistics`, which are for the same words, or by those of this index: several indexes that share no
        document score as one with the sum of theirs."""

    def fetch(self, keys: Sequence[int], *, vectors: bool = False) -> dict[int, StoredChunk]:
        """The chunks of these keys that exist, by key; `vectors` asks for their vectors as well."""

    def surroundings(self, chunk_ids: Sequence[str], before: int, after: int) -> Sequence[Chunk]:
        """The chunks of the document of `chunk_ids` from `before` chunks before the first to `after` chunks after the last of
        them, in order; empty when there are no such chunks."""

    def sentence_cosines(
        self, chunk_ids: Sequence[str], vector: Vector
    ) -> Mapping[str, Sequence[tuple[int, int, float]]]:
        """Chunk id → (start, end, cosine with `vector`) of its sentences, as places in the document; empty where the index
        holds no sentences."""


class Reader(Catalog, Searcher, Protocol):
    """What an index lists, and searching it."""

    def lexicon(self) -> Lexicon:
        """What of this index repairs words, for several indexes that are searched as one. Valid inside the snapshot in which it
        was asked for; positions are keys less 1."""

    def check(self) -> list[str]:
        """Read everything and list every contradiction; empty when the index is sound."""


class Writer(Protocol):
    """The one who changes an index; every method commits what it changes before it returns."""

    @property
    def sentences(self) -> bool:
        """Whether sentences have vectors of their own here."""

    def report(self, progress: str) -> None:
        """What others are told while they wait for this writer."""

    def page(self, after: str = "", limit: int = PAGE) -> Sequence[SourceFile]:
        """At most `limit` sources of documents, copies and remembered failures, whose id is greater than `after`, in the order
        of ids, each once. The sources of failures have no content hash."""

    def known(self, document_ids: Sequence[str]) -> dict[str, SourceFile]:
        """What is remembered of the sources of those of these documents and copies that are there, by id."""

    def twins(self, content_hashes: Sequence[str]) -> list[SourceFile]:
        """The sources of the documents with one of these contents, in the order of their arrival; no copies."""

    def copied(self, document_ids: Sequence[str]) -> frozenset[str]:
        """Which of these documents have copies."""

    def failed(self, document_ids: Sequence[str]) -> dict[str, tuple[SourceFile, Failure, str]]:
        """The remembered failures of these sources, by id, with the version of the reader that gave up."""

    def tags(self, document_ids: Sequence[str]) -> dict[str, dict[str, str]]:
        """The tags of those of these documents that have any, by id."""

    def access(self, document_ids: Sequence[str]) -> dict[str, AccessTags]:
        """The access tags of those of these documents and copies that are there, by id; `tag` changes those of documents."""

    def outdated(self, changed: Mapping[str, int], redaction: str) -> frozenset[str]:
        """Ids of the documents that would be read otherwise now: those without what chunks hold today, those of a type in
        `changed` that an older reader than the one named there has read, and those with placeholders for something else than
        `redaction` says. With each document its copies."""

    def counts(self) -> tuple[int, int]:
        """Documents, without copies, and chunks."""

    def tag(self, document_ids: Sequence[str], tags: Mapping[str, str]) -> None:
        """Give documents more tags; a value of an equal name is replaced, "" takes the tag away."""

    def without_embedding(self, chunks: Sequence[Chunk]) -> dict[bytes, Chunk]:
        """Text hash → chunk for those whose text has no stored embedding yet, or none of its sentences if those are wanted."""

    def chunks_without_sentences(self, limit: int) -> list[tuple[Chunk, str]]:
        """At most `limit` chunks with their documents' types that lack the sentence vectors that the index should have."""

    def store_embeddings(self, embedded: Mapping[bytes, TextVectors]) -> None:
        """Keep embeddings, by text hash, before the documents that need them are complete."""

    def commit(self, documents: Sequence[NewDocument]) -> None:
        """Add documents whose embeddings are stored, replacing those of the same id. A copy of a document that is replaced by
        other content takes its place; where the content is the same, copies stay copies."""

    def add_copies(self, found: Sequence[tuple[SourceFile, str]]) -> None:
        """Remember sources as copies of the documents with the ids beside them; documents of their own that they had, go."""

    def touch(self, sources: Sequence[SourceFile]) -> None:
        """Remember new times of files whose content is that of their documents, and forget their failures."""

    def record_failures(self, failed: Sequence[tuple[SourceFile, Failure]], reader: str) -> None:
        """Remember files that this version of the reader could not read; documents of earlier versions of them stay."""

    def remove(self, document_ids: Sequence[str]) -> int:
        """Delete documents, copies and remembered failures; returns how many documents and copies went. A copy of a document
        that goes takes its place. Once `finish` was called, no word of theirs is listed; other bytes of them may remain.
        Documents of a removal that was interrupted (`Store.unfinished`) go as well, and are not counted."""

    def traces(self, document_ids: Sequence[str], also: Sequence[str] = ()) -> Traces:
        """What only these documents, copies and failures hold, and those of a removal that was interrupted. `also` are names of
        such as are gone already; they count unless something else holds them."""

    def forget(self, document_ids: Sequence[str]) -> int:
        """As `remove`. Once `finish` was called, no file of the index holds a byte of them; `settle` is then to be called, and
        until it was, `Store.unfinished` says so."""

    def settle(self) -> None:
        """What was to be forgotten has been looked for: the removal is finished."""

    def calibrate(self, values: Mapping[str, object]) -> None:
        """Keep what was fitted to the index (JSON values), in place of what was fitted before; its generation stays."""

    def finish(self) -> list[str]:
        """Tidy up at the end of a run; returns what went wrong with copies of the index, none of which harms it."""


class Store(Protocol):
    """One index at one address, whether or not anything is there yet."""

    @property
    def address(self) -> str:
        """Where it is, as it is named in messages and can be given to `--index`."""

    def manifest(self) -> Manifest | None:
        """What the index says of itself, also one of an older format; None when there is none, or an empty one."""

    def catalog(self, *, access: Access | None = None) -> Catalog:
        """What the index lists, opened without what searching needs. `access` and errors as of `reader`."""

    def reader(self, *, engine: str = "exact", access: Access | None = None) -> Reader:
        """The index for searching; `engine` is the setting `retrieval.engine`. Raises IndexNotFound, IndexIncompatible,
        IndexDamaged or IndexLocked. With `access`, all is as if the index held only the documents that it sees by their
        metadata (`ragcli.metadata.access_of`), without failures, calibration, `disk_usage` and history (`Manifest`)."""

    def writer(self, identity: Identity, *, rebuild: bool = False) -> AbstractContextManager[Writer]:
        """The only way to change the index, which is made if need be; one writer at a time.

        Raises IndexLocked when another one is writing, IndexIncompatible, naming both sides, when the index was made with other
        parts and `rebuild` is false. With `rebuild` the writer begins without documents; readers see the old index until
        `Writer.finish` has put the new one in its place, and a writer that is left before changes nothing.
        """

    @property
    def unfinished(self) -> bool:
        """Whether a removal was begun and not finished, because the writer was killed or is still at it. The next writer
        finishes it by `Writer.remove`, of no documents if need be, and `Writer.finish`."""

    def last_write(self) -> LastWrite:
        """How far the last ingest came, if it is still running or did not finish."""

    def files(self) -> Sequence[Path]:
        """The files that hold something of the index, ordered by path; not the record of a removal that is not settled."""

    def roots(self, *, damaged: bool = False) -> Sequence[str]:
        """As `Catalog.roots`, also of older formats; with `damaged`, without what cannot be read. Raises IndexNotFound."""
