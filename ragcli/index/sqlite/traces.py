"""What the catalog holds of documents and of nothing else: what must not be found any more when they are forgotten."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import numpy as np

from ragcli.index.sqlite.catalog import CHROMA, open_catalog
from ragcli.remains import SHORTEST, Traces
from ragcli.text.analyzer import terms
from ragcli.text.dictionary import is_english_word

_WORD = re.compile(r"\w+")
_HEXADECIMAL = re.compile(r"[0-9a-f]{1,11}")  # may be met in an id by chance
_SLICE = 64  # bytes of a vector that are searched for on their own
_OWN_FILES = (".gitignore", "committed.json")
_OWN_TABLES = ("collections", "collection_metadata", "segments", "segment_metadata", "databases", "tenants", "migrations",
               "embeddings_queue_config")  # fmt: skip
_CHUNK_TEXTS = (
    "SELECT text, tail, header, headings, sections FROM chunks JOIN documents ON documents.row = document_row"
)
_NAMES = "SELECT document_id, path FROM {}"
_OTHER_TEXTS = (
    "SELECT document_id, path, root, title, metadata, partial FROM documents",
    "SELECT document_id, path, root FROM copies",
    "SELECT document_id, path, root, reason FROM failures",
)


def traces_of(
    connection: sqlite3.Connection, directory: Path, document_ids: Sequence[str], also: Sequence[str]
) -> Traces:
    """The traces of these documents, copies and failures; `also` are names of such as are gone already. A word is one if it
    is no English word, and no text or name of what stays holds it, nor what the program itself writes into its files."""
    _mark(connection, document_ids)
    try:
        names, words = _names(connection) | set(also), _words(connection)
        others = set[str]()
        for texts in _texts(connection, leaving=False):
            folded = texts.casefold()
            others.update(folded.split())
            names -= {name for name in names if name.casefold() in folded}
        own = _own_texts(connection, directory)
        known = "\n".join([*others, own])
        rare = {word: language for word, language in words.items() if _is_rare(word, known)}
        stems = {term for word, language in rare.items() for term in terms(word, language) if _is_rare(term, known)}
        lower = {word.casefold() for word in rare}
        kept = {name for name in names if len(name) >= SHORTEST and name.casefold() not in own}
        return Traces(frozenset(rare) | lower | stems, frozenset(kept), frozenset(_vectors(connection)))
    finally:
        connection.execute("DROP TABLE temp.leaving")


def _mark(connection: sqlite3.Connection, document_ids: Sequence[str]) -> None:
    connection.execute("PRAGMA temp_store = MEMORY")
    connection.execute("CREATE TEMP TABLE leaving (document_id TEXT PRIMARY KEY)")
    connection.executemany("INSERT OR IGNORE INTO leaving VALUES (?)", [(identity,) for identity in document_ids])


def _where(*, leaving: bool) -> str:
    return f" WHERE document_id {'IN' if leaving else 'NOT IN'} (SELECT document_id FROM temp.leaving)"


def _texts(connection: sqlite3.Connection, *, leaving: bool) -> Iterator[str]:
    for query in (_CHUNK_TEXTS, *_OTHER_TEXTS):
        for entry in connection.execute(query + _where(leaving=leaving)):
            yield "\n".join(entry)


def _words(connection: sqlite3.Connection) -> dict[str, str]:
    """Every word of what leaves that is long enough, with the language of a document that holds it."""
    found: dict[str, str] = {}
    query = _CHUNK_TEXTS.replace("SELECT ", "SELECT language, ", 1) + _where(leaving=True)
    for language, *texts in connection.execute(query):
        found.update(dict.fromkeys(_WORD.findall("\n".join(texts)), language))
    for text in _texts(connection, leaving=True):
        for word in _WORD.findall(text):
            found.setdefault(word, "en")
    return found


def _is_rare(word: str, known: str) -> bool:
    folded = word.casefold()
    return (
        len(folded.encode("utf-8", "surrogatepass")) >= SHORTEST
        and not _HEXADECIMAL.fullmatch(folded)
        and not is_english_word(folded)
        and folded not in known
    )


def _names(connection: sqlite3.Connection) -> set[str]:
    """Ids of documents, paths, and names of files."""
    found: set[str] = set()
    for table in ("documents", "copies", "failures"):
        for identity, path in connection.execute(_NAMES.format(table) + _where(leaving=True)):
            found |= {identity, path, Path(path).name}
    return found


def _own_texts(connection: sqlite3.Connection, directory: Path) -> str:
    """What the program and Chroma write into their files whatever the documents are, folded."""
    found: list[Any] = [*connection.execute("SELECT sql FROM sqlite_master"), *connection.execute("SELECT * FROM meta")]
    found += [(directory / name).read_text("utf-8") for name in _OWN_FILES if (directory / name).is_file()]
    database = directory / CHROMA / "chroma.sqlite3"
    if database.is_file():
        with suppress(sqlite3.Error), closing(open_catalog(database, "ro")) as other:
            found += other.execute("SELECT sql FROM sqlite_master")
            found += other.execute("SELECT DISTINCT key FROM embedding_metadata")
            for table in _OWN_TABLES:
                with suppress(sqlite3.Error):  # another version of Chroma has other tables
                    found += other.execute(f"SELECT * FROM {table}")
    return "\n".join(str(entry) for entry in found).casefold()


def _vectors(connection: sqlite3.Connection) -> set[bytes]:
    """The embeddings of texts and sentences that only what leaves holds: their keys, and their bytes."""
    query = (
        "SELECT DISTINCT text_hash, vector, sentences FROM embeddings JOIN chunks USING (text_hash) "
        "JOIN documents ON documents.row = document_row" + _where(leaving=True)
    )
    keys, found = set[bytes](), dict[bytes, type[np.floating[Any]]]()
    for key, vector, sentences in connection.execute(query):
        keys.add(key)
        found[vector] = np.float32
        found.update(dict.fromkeys(_rows(sentences, len(vector) // 2), np.float16))
    query = (
        "SELECT text_hash, vector, sentences FROM embeddings WHERE text_hash IN (SELECT text_hash FROM chunks "
        "JOIN documents ON documents.row = document_row" + _where(leaving=False) + ")"
    )
    for key, vector, sentences in connection.execute(query):
        keys.discard(key)
        for stays in (vector, *_rows(sentences, len(vector) // 2)):
            found.pop(stays, None)
    whole = {vector for vector, kind in found.items() if np.frombuffer(vector, kind).any()}
    return keys | whole | {piece for vector in whole for piece in _slices(vector, found[vector])}


def _rows(sentences: bytes | None, width: int) -> list[bytes]:
    """The vectors of sentences, one by one; `width` is in bytes."""
    content = sentences or b""
    return [content[start : start + width] for start in range(0, len(content), width)]


def _slices(vector: bytes, kind: type[np.floating[Any]]) -> Iterator[bytes]:
    """Two parts of the vector, which a page of a database may cut in between; none where zeros could be met by chance."""
    for start in (0, len(vector) // 2):
        piece = vector[start : start + _SLICE]
        if len(piece) == _SLICE and np.frombuffer(piece, kind).all():
            yield piece
