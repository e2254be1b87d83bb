"""What the Chroma collection holds of each chunk: a record with the text, the vector, and where the text comes from.

The id of a record is the chunk's. Its metadata are `chunk_id`, `document_id`, `path` (as in the catalog), `title`, `type`,
`headings` (the titles above the text, joined by " › "), `ordinal` (the chunk's number in its document, from 0), `page` and
`line` (of the first character, from 1; left out where the document has none), the document's tags (`tag.NAME`), `generation`
(of the index when the record was written) and `row`.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ragcli.index.sqlite.tagging import PREFIX

_CHUNKS = """SELECT chunk_id, vector, text, headings, page_start, line_start, chunks.row, ordinal, document_id, path, title,
                    type, metadata
             FROM chunks JOIN embeddings USING (text_hash) JOIN documents ON documents.row = document_row
             ORDER BY chunks.row"""


@dataclass(frozen=True, slots=True)
class Record:
    """One entry of the collection; `vector` is float32 [dimension]."""

    chunk_id: str
    document_id: str
    row: int
    vector: NDArray[np.float32]
    text: str
    metadata: dict[str, str | int]


def read_records(connection: sqlite3.Connection, batch: int, generation: int) -> Iterator[list[Record]]:
    """Every chunk of the catalog in the order of rows, at most `batch` at a time."""
    cursor = connection.execute(_CHUNKS)
    while entries := cursor.fetchmany(batch):
        yield [_record(entry, generation) for entry in entries]


def _record(entry: tuple[Any, ...], generation: int) -> Record:
    chunk_id, vector, text, headings, page, line, row, ordinal, document_id, path, title, type_, metadata = entry
    texts = {
        "chunk_id": chunk_id,
        "document_id": document_id,
        "path": path,
        "title": title,
        "type": type_,
        "headings": " › ".join(json.loads(headings)),
        **{key: value for key, value in json.loads(metadata).items() if key.startswith(PREFIX)},
    }
    numbers = {"page": page, "line": line, "ordinal": ordinal, "generation": generation, "row": row}
    return Record(
        chunk_id,
        document_id,
        row,
        np.frombuffer(vector, dtype="<f4"),
        _valid(text),
        {
            **{key: _valid(value) for key, value in texts.items()},
            **{key: value for key, value in numbers.items() if value is not None},
        },
    )


def _valid(text: str) -> str:
    """Names of files may hold bytes that are no text, which Chroma refuses."""
    return text.encode("utf-8", errors="replace").decode("utf-8")
