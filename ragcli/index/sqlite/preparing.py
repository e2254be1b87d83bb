"""Making a catalog ready for writing: a new one, or an older one brought up to date."""

from __future__ import annotations

import secrets
import sqlite3
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from ragcli.index.manifest import Identity, Manifest, check_identity
from ragcli.index.sqlite import embeddings, merging
from ragcli.index.sqlite.catalog import read_manifest, read_meta, transaction, write_meta
from ragcli.index.sqlite.committed import write_committed
from ragcli.index.sqlite.reindexing import reindex_words
from ragcli.text.analyzer import ANALYZER_VERSION
from ragcli.text.language import detect_language

_LANGUAGES = "SELECT DISTINCT language FROM documents ORDER BY language"


def prepare(connection: sqlite3.Connection, identity: Identity, before: Manifest | None = None) -> None:
    """Leave a catalog that was made with the parts of `identity`; a new one follows `before`, which it is to replace.

    Raises IndexIncompatible when it was made with others. An older analyzer's word index is made anew, and a changed wish for
    sentence vectors is noted (vectors that lack are the ingest's to make).
    """
    with transaction(connection, write=True):
        manifest = read_manifest(connection)
        if manifest is None:
            if before is not None and identity.sentences is None:
                identity = replace(identity, sentences=before.sentences)
            if before is not None and before.redaction_key:
                identity = replace(identity, redaction_key=before.redaction_key)
            _write_identity(connection, identity, before.generation + 1 if before else 0)
        else:
            check_identity(manifest, embedder=identity.embedder, chunker=identity.chunker)
            _bring_up_to_date(connection, identity, manifest)


def _write_identity(connection: sqlite3.Connection, identity: Identity, generation: int) -> None:
    moment, own = now(), secrets.token_hex(8)
    write_committed(_directory_of(connection), [(own, generation)], sync=True)
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
            "id": own,
            "languages": [],
            "created": moment,
            "updated": moment,
            "chroma": {},
            "redaction_key": identity.redaction_key,
        },
    )


def _bring_up_to_date(connection: sqlite3.Connection, identity: Identity, manifest: Manifest) -> None:
    changes: dict[str, object] = {}
    if identity.redaction_key and not manifest.redaction_key:
        changes["redaction_key"] = identity.redaction_key
    if identity.sentences not in (None, manifest.sentences):
        changes["sentences"] = identity.sentences
        if not identity.sentences:
            embeddings.drop_sentences(connection)
    if manifest.analyzer != ANALYZER_VERSION:
        reindex_words(connection, detect_language)
        changes["analyzer"] = ANALYZER_VERSION
    if changes:
        write_meta(connection, changes)
        advance(connection)


def advance(connection: sqlite3.Connection, next_row: int | None = None) -> None:
    """A new generation of the index, inside the caller's transaction, in which nothing has made one yet."""
    meta = read_meta(connection)
    identity, generation = str(meta["id"]), int(str(meta["generation"]))
    write_committed(_directory_of(connection), [(identity, generation), (identity, generation + 1)], sync=True)
    values: dict[str, object] = {"generation": generation + 1, "updated": now()}
    values["languages"] = [entry[0] for entry in connection.execute(_LANGUAGES)]
    if next_row is not None:
        values["next_row"] = next_row
    write_meta(connection, values)


def _directory_of(connection: sqlite3.Connection) -> Path:
    return Path(connection.execute("PRAGMA database_list").fetchone()[2]).parent


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def merge_words(connection: sqlite3.Connection) -> None:
    """Merge the segments of the word lists until there is nothing left to merge."""
    # Readers hold the lists of words that they read against the postings of one generation.
    while merging.merge_segments(connection, advance=lambda: advance(connection)):
        pass
