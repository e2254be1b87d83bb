"""Tags: metadata of documents that the user gives, named `tag.…`."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence

from ragcli.index.sqlite.checksums import seal
from ragcli.index.sqlite.remembered import among
from ragcli.metadata import AccessTags, access_of

PREFIX = "tag."


def read(connection: sqlite3.Connection, document_ids: Sequence[str]) -> dict[str, dict[str, str]]:
    """Document id → its tags, for those of these documents that have any."""
    found = {}
    query = "SELECT document_id, metadata FROM documents WHERE document_id IN ({}) AND metadata LIKE '%\"tag.%'"
    for identity, text in among(connection, query, document_ids):
        tags = {key: value for key, value in json.loads(text).items() if key.startswith(PREFIX)}
        if tags:
            found[identity] = tags
    return found


def access(connection: sqlite3.Connection, document_ids: Sequence[str]) -> dict[str, AccessTags]:
    """See `ragcli.index.protocol.Writer.access`."""
    own = "SELECT document_id, metadata FROM documents WHERE document_id IN ({})"
    of_copies = (
        "SELECT copies.document_id, metadata FROM copies JOIN documents ON documents.row = of "
        "WHERE copies.document_id IN ({})"
    )
    return {
        identity: access_of(json.loads(metadata))
        for query in (own, of_copies)
        for identity, metadata in among(connection, query, document_ids)
    }


def write(connection: sqlite3.Connection, document_ids: Sequence[str], tags: Mapping[str, str]) -> None:
    """Add `tags` (names as in the metadata) to documents, inside the caller's transaction; "" takes one away."""
    for identity in document_ids:
        entry = connection.execute("SELECT metadata FROM documents WHERE document_id = ?", (identity,)).fetchone()
        if entry:
            found = {**json.loads(entry[0]), **tags}
            text = json.dumps({key: value for key, value in found.items() if value or key not in tags})
            connection.execute("UPDATE documents SET metadata = ? WHERE document_id = ?", (text, identity))
            seal(connection, "documents", "document_id", identity)
