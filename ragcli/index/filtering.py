"""Which rows a Filter leaves. Path patterns are those of `ragcli.text.globs`."""

from __future__ import annotations

import json
import sqlite3
from typing import TYPE_CHECKING

import numpy as np

from ragcli.datatypes import Filter
from ragcli.index import lexical
from ragcli.index.bm25 import Rows
from ragcli.index.checksums import COPY, DOCUMENT, checked, damaged
from ragcli.index.matching import fulfils
from ragcli.index.rows import check_document, texts_at
from ragcli.index.words import Vocabulary, languages_of
from ragcli.text.analyzer import stem, tokens
from ragcli.text.folding import contains_words

if TYPE_CHECKING:
    from numpy.typing import NDArray


def allowed_rows(
    connection: sqlite3.Connection, rows: Rows, where: Filter, vocabulary: Vocabulary | None
) -> NDArray[np.bool_]:
    """Which positions (row - 1) are live and fulfil every condition; `vocabulary` is needed for `where.without`."""
    mask = rows.live.copy()
    if where.on_documents:
        mask &= np.isin(rows.document_rows, np.array(matching_documents(connection, where), dtype=np.int32))
    for word in where.without:
        if vocabulary is not None:
            mask[_holding_word(connection, rows, word, vocabulary)] = False
    for phrase in where.phrases:
        mask &= _holding_phrase(connection, rows, phrase, mask)
    return mask


def matching_documents(connection: sqlite3.Connection, where: Filter) -> list[int]:
    """Rows of the documents that fulfil the conditions on documents; the path and the root of a copy count like those of its
    document."""
    also: dict[int, list[tuple[str, str]]] = {}
    totals: dict[int, int] = {}
    copies = f"SELECT of, {', '.join(f'copies.{name}' for name in COPY)}, documents.document_id, copies.checksum"
    for of, *values, stored in connection.execute(f"{copies} FROM copies JOIN documents ON documents.row = of"):
        checked(stored, f"a copy at {values[1]}", *values)
        also.setdefault(of, []).append((values[1], values[2]))
        totals[of] = totals.get(of, 0) ^ stored
    found = []
    for entry in connection.execute(f"SELECT {', '.join(DOCUMENT)}, checksum, copies_checksum FROM documents"):
        check_document(entry)
        _, path, root, type_, title, _, _, _, language, metadata, partial, row, size, *_, of_copies = entry
        if totals.get(row, 0) != of_copies:
            raise damaged(f"the list of copies of the document {path}")
        values = {
            **json.loads(metadata), "type": type_, "size": str(size), "title": title, "language": language, "partial": partial,
        }  # fmt: skip
        if fulfils(where, [(path, root), *also.get(row, [])], values):
            found.append(row)
    return found


def _holding_word(connection: sqlite3.Connection, rows: Rows, word: str, vocabulary: Vocabulary) -> NDArray[np.int64]:
    """Positions of chunks that hold the word, in any of the index's languages."""
    whole = next(tokens(word))
    return lexical.postings(connection, rows, vocabulary.forms(whole))[0]


def _holding_phrase(
    connection: sqlite3.Connection, rows: Rows, phrase: str, among: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Which rows hold `phrase` word for word, in the text or the header."""
    languages = languages_of(connection)
    candidates = among.copy()
    for token in dict.fromkeys(tokens(phrase)):
        with_token = np.zeros(rows.count, dtype=np.bool_)
        with_token[lexical.postings(connection, rows, [stem(token, language) for language in languages])[0]] = True
        candidates &= with_token
    for position in np.flatnonzero(candidates):
        [(chunk, _)] = texts_at(connection, [int(position) + 1])
        candidates[position] = contains_words(chunk.text, phrase) or contains_words(chunk.header, phrase)
    return candidates
