"""Making a catalog ready for writing: new, emptied for a rebuild, or an older one brought up to date."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from ragcli.index import embeddings
from ragcli.index.catalog import read_meta, transaction, write_meta
from ragcli.index.manifest import Manifest, check_identity, read_manifest
from ragcli.index.reindexing import reindex_words
from ragcli.text.analyzer import ANALYZER_VERSION
from ragcli.text.language import detect_language


@dataclass(frozen=True, slots=True)
class Identity:
    """The parts that an index is made with; `model_source` is what the user called the embedding model; `sentences` says
    whether sentences get vectors of their own, None: as before, in a new index yes. `redaction_key` is what placeholders are
    made with, in an index that has none yet."""

    embedder: Mapping[str, object]
    chunker: Mapping[str, object]
    model_source: str
    sentences: bool | None = None
    redaction_key: str = ""


def prepare(connection: sqlite3.Connection, identity: Identity, *, rebuild: bool) -> None:
    """Leave a catalog that was made with the parts of `identity`.

    Raises IndexIncompatible when it was made with others and `rebuild`, which empties it, is false. An older analyzer's word
    index is made anew, and a changed wish for sentence vectors is noted (vectors that lack are the ingest's to make).
    """
    with transaction(connection, write=True):
        manifest = read_manifest(connection)
        if manifest is None:
            _write_identity(connection, identity, generation=0)
        elif rebuild:
            if identity.sentences is None:
                identity = replace(identity, sentences=manifest.sentences)
            for table in ("postings", "segments", "chunks", "copies", "documents", "embeddings", "failures", "meta"):
                connection.execute(f"DELETE FROM {table}")
            _write_identity(connection, identity, manifest.generation + 1)
        else:
            check_identity(manifest, embedder=identity.embedder, chunker=identity.chunker)
            _bring_up_to_date(connection, identity, manifest)


def _write_identity(connection: sqlite3.Connection, identity: Identity, generation: int) -> None:
    moment = now()
    write_meta(
        connection,
        {
            "generation": generation,
            "next_row": 1,
            "embedder": dict(identity.embedder),
            "chunker": dict(identity.chunker),
            "model_source": identity.model_source,
            "analyzer": ANALYZER_VERSION,
            "sentences": identity.sentences is not False,
            "created": moment,
            "updated": moment,
            "chroma": {},
            "redaction_key": identity.redaction_key,
        },
    )


def _bring_up_to_date(connection: sqlite3.Connection, identity: Identity, manifest: Manifest) -> None:
    if identity.redaction_key and not manifest.redaction_key:
        write_meta(connection, {"redaction_key": identity.redaction_key})
    if identity.sentences not in (None, manifest.sentences):
        write_meta(connection, {"sentences": identity.sentences})
        if not identity.sentences:
            embeddings.drop_sentences(connection)
        advance(connection)
    if manifest.analyzer != ANALYZER_VERSION:
        reindex_words(connection, detect_language)
        write_meta(connection, {"analyzer": ANALYZER_VERSION})
        advance(connection)


def advance(connection: sqlite3.Connection, next_row: int | None = None) -> None:
    """A new generation of the index, inside the caller's transaction."""
    values: dict[str, object] = {"generation": int(str(read_meta(connection)["generation"])) + 1, "updated": now()}
    if next_row is not None:
        values["next_row"] = next_row
    write_meta(connection, values)


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
