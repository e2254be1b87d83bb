"""Making a catalog ready for writing: new, emptied for a rebuild, or an older one brought up to date."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from datetime import UTC, datetime

from ragcli.index import calibration, embeddings
from ragcli.index.catalog import read_manifest, read_meta, transaction, write_meta
from ragcli.index.manifest import Identity, Manifest, check_identity
from ragcli.index.reindexing import reindex_words
from ragcli.text.analyzer import ANALYZER_VERSION
from ragcli.text.language import detect_language


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
            kept = {key: value for key, value in read_meta(connection).items() if key == calibration.KEY}
            for table in ("postings", "segments", "chunks", "copies", "documents", "embeddings", "failures", "meta"):
                connection.execute(f"DELETE FROM {table}")
            _write_identity(connection, identity, manifest.generation + 1)
            write_meta(connection, kept)
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
        },
    )


def _bring_up_to_date(connection: sqlite3.Connection, identity: Identity, manifest: Manifest) -> None:
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
