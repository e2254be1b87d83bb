"""Which rows a Filter leaves. Path patterns are those of `ragcli.text.globs`."""

from __future__ import annotations

import json
import sqlite3
from typing import TYPE_CHECKING

import numpy as np

from ragcli.datatypes import Filter
from ragcli.index import lexical
from ragcli.index.conditions import all_hold
from ragcli.text.analyzer import stem, tokens
from ragcli.text.dating import DATED, date_from
from ragcli.text.folding import contains_words
from ragcli.text.globs import path_matches

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ragcli.index.words import Vocabulary


def allowed_rows(
    connection: sqlite3.Connection, rows: lexical.Rows, where: Filter, vocabulary: Vocabulary | None
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
    for of, path, root in connection.execute("SELECT of, path, root FROM copies"):
        also.setdefault(of, []).append((path, root))
    query = "SELECT row, path, root, type, size, title, language, partial, metadata FROM documents"
    found = []
    for row, path, root, type_, size, title, language, partial, metadata in connection.execute(query):
        places = [(path, root), *also.get(row, [])]
        if (
            (not where.types or type_ in where.types)
            and (not where.roots or any(place[1] in where.roots for place in places))
            and (not where.paths or any(path_matches(pattern, *place) for pattern in where.paths for place in places))
            and (
                not where.conditions
                or all_hold(where.conditions, _dated(where, {
                    **json.loads(metadata), "path": path, "type": type_, "root": "\n".join(place[1] for place in places),
                    "size": str(size), "title": title, "language": language, "partial": partial,
                }))
            )
        ):  # fmt: skip
            found.append(row)
    return found


def _dated(where: Filter, values: dict[str, str]) -> dict[str, str]:
    """`values` with the date of the document under `dated`, where a condition asks for it."""
    if any(condition.key == DATED for condition in where.conditions):
        found = date_from(values["path"], values["title"], values["type"], values)
        return {**values, DATED: found.date.iso if found else ""}
    return values


def _holding_word(
    connection: sqlite3.Connection, rows: lexical.Rows, word: str, vocabulary: Vocabulary
) -> NDArray[np.int64]:
    """Positions of chunks that hold the word, in any of the index's languages."""
    whole = next(tokens(word))
    return lexical.postings(connection, rows, vocabulary.forms(whole))[0]


def _holding_phrase(
    connection: sqlite3.Connection, rows: lexical.Rows, phrase: str, among: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Which rows hold `phrase` word for word, in the text or the header."""
    languages = [entry[0] for entry in connection.execute("SELECT DISTINCT language FROM documents")]
    candidates = among.copy()
    for token in dict.fromkeys(tokens(phrase)):
        with_token = np.zeros(rows.count, dtype=np.bool_)
        with_token[lexical.postings(connection, rows, [stem(token, language) for language in languages])[0]] = True
        candidates &= with_token
    for position in np.flatnonzero(candidates):
        text, header = connection.execute(
            "SELECT text, header FROM chunks WHERE row = ?", (int(position) + 1,)
        ).fetchone()
        candidates[position] = contains_words(text, phrase) or contains_words(header, phrase)
    return candidates
