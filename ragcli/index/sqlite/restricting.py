"""A connection that sees a part of the catalog: what somebody with certain access tags may see.

Views of its own stand in the place of the tables, under their names: a statement that says `FROM documents` reads the view. So
whatever is read over such a connection is restricted, also by statements that know nothing of it. The tables themselves are
called `main.…`, which stands in this module alone. Word lists and vectors have no such view; `visible_rows` says which of their
rows count.
"""

from __future__ import annotations

import json
import sqlite3
from functools import lru_cache

from ragcli.datatypes import Access
from ragcli.index.sqlite.checksums import DOCUMENT
from ragcli.index.sqlite.rows import check_document
from ragcli.metadata import ACCESS, access_of

_SEES = "sees_metadata"
_KEPT = 4096  # answers for the metadata of a document
_VIEWS = (
    f"CREATE TEMP VIEW documents AS SELECT * FROM main.documents WHERE {_SEES}(metadata)",
    "CREATE TEMP VIEW chunks AS SELECT * FROM main.chunks WHERE EXISTS "
    "(SELECT 1 FROM temp.documents WHERE documents.row = document_row)",
    "CREATE TEMP VIEW copies AS SELECT * FROM main.copies WHERE EXISTS "
    "(SELECT 1 FROM temp.documents WHERE documents.row = of)",
    "CREATE TEMP VIEW failures AS SELECT * FROM main.failures WHERE 0",  # nobody knows whose they would be
)


def restrict(connection: sqlite3.Connection, access: Access) -> None:
    """Let the connection, which is in no transaction, see what `access` sees."""

    @lru_cache(maxsize=_KEPT)  # a document is asked for once for each of its chunks
    def sees(metadata: str) -> bool:
        return access.sees(access_of(json.loads(metadata)).tags if f'"{ACCESS}' in metadata else ())

    connection.create_function(_SEES, 1, sees, deterministic=True)
    connection.execute("PRAGMA query_only = OFF")
    connection.execute("PRAGMA temp_store = MEMORY")
    for view in _VIEWS:
        connection.execute(view)
    connection.execute("PRAGMA query_only = ON")


def visible_rows(connection: sqlite3.Connection) -> list[int]:
    """The rows of the documents that a restricted connection sees. Raises IndexDamaged unless every document of the catalog is
    what was written: what one bit makes of a tag would show or hide it."""
    for entry in connection.execute(f"SELECT {', '.join(DOCUMENT)}, checksum FROM main.documents"):
        check_document(entry)
    return [entry[0] for entry in connection.execute("SELECT row FROM documents")]


def visible_languages(connection: sqlite3.Connection) -> tuple[str, ...]:
    """The languages of the documents that a restricted connection sees, in the order of their codes."""
    return tuple(entry[0] for entry in connection.execute("SELECT DISTINCT language FROM documents ORDER BY language"))
