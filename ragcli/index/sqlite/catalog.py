"""Opening the catalog, and translating what SQLite says into errors that a user can act on."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ragcli.errors import IndexDamaged, IndexIncompatible, IndexLocked, IndexNotFound, IndexUnusable, RagError
from ragcli.index.links import refuse_links
from ragcli.index.manifest import Manifest
from ragcli.index.sqlite import schema
from ragcli.index.sqlite.checksums import REBUILD, SEAL_META, checksum, damaged, teach
from ragcli.installing import upgrade_command
from ragcli.private import open_private

CATALOG = "catalog.sqlite3"
VECTORS = "vectors.f32"
CHROMA = "chroma"
BUSY_SECONDS = 2.0
WRITER_BUSY_SECONDS = 10.0  # a long ingest should outlast a reader that checks the whole index


def disk_usage(directory: Path) -> Mapping[str, int]:
    """Bytes of an index by part."""

    def size(path: Path) -> int:
        return path.stat().st_size if path.is_file() else 0

    chroma = sum(size(file) for file in (directory / CHROMA).rglob("*"))
    return {"catalog": size(directory / CATALOG), "vectors": size(directory / VECTORS), "chroma": chroma}


def connect_reader(directory: Path, *, oldest: int = schema.FORMAT) -> sqlite3.Connection:
    """A connection that never changes the catalog. Raises IndexNotFound, IndexIncompatible (also for formats before `oldest`)
    or IndexDamaged."""
    path = directory / CATALOG
    if not path.is_file():
        raise IndexNotFound(f"no index at {directory}", hint="rag ingest PATH")
    refuse_links(directory)
    with translated(directory):
        # not "ro": after a crash SQLite must be able to roll its journal back
        connection = open_catalog(path, "rw", BUSY_SECONDS)
        try:
            connection.execute("PRAGMA query_only = ON")
            _check_format(connection, directory, oldest=oldest)
        except sqlite3.OperationalError as error:
            connection.close()
            if "readonly" not in str(error) and "unable to open" not in str(error):
                raise
            connection = open_catalog(path, "ro", BUSY_SECONDS)
            _check_format(connection, directory, oldest=oldest)
    return connection


def connect_writer(directory: Path) -> sqlite3.Connection:
    """A connection for the holder of the writer's lock; makes or upgrades the catalog."""
    path = directory / CATALOG
    refuse_links(directory)
    os.close(open_private(path, os.O_RDWR | os.O_CREAT))  # SQLite would make it readable for others
    with translated(directory):
        connection = open_catalog(path, "rwc")
        connection.execute("PRAGMA secure_delete = ON")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA recursive_triggers = ON")  # or rows that are replaced stay in the totals
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA journal_mode = DELETE")
        connection.execute("PRAGMA cache_size = -65536")
        teach(connection)
        version = int(connection.execute("PRAGMA user_version").fetchone()[0])
        if version == 0 and not connection.execute("SELECT 1 FROM sqlite_master").fetchone():
            schema.create(connection)
        else:
            _check_format(connection, directory)
            schema.migrate(connection, version)
        schema.add_lookups(connection)
    return connection


def open_catalog(path: Path, mode: str = "rw", timeout: float = WRITER_BUSY_SECONDS) -> sqlite3.Connection:
    """A connection to the file as it is, whatever is in it; `mode` as in SQLite's URIs."""
    uri = f"{path.resolve().as_uri()}?mode={mode}"
    connection = sqlite3.connect(uri, uri=True, timeout=timeout, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA trusted_schema = OFF")
    return connection


def _check_format(connection: sqlite3.Connection, directory: Path, *, oldest: int = 1) -> None:
    application = int(connection.execute("PRAGMA application_id").fetchone()[0])
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if application != schema.APPLICATION_ID:
        if version == 0 and not connection.execute("SELECT 1 FROM sqlite_master").fetchone():
            raise IndexNotFound(
                f"the index at {directory} is empty: its first ingest did not get far", hint="rag ingest PATH"
            )
        raise IndexIncompatible(f"{directory / CATALOG} is not a rag index", hint="choose another place with --index")
    if version > schema.FORMAT:
        raise IndexIncompatible(
            f"the index at {directory} has format {version}; this version of rag reads up to {schema.FORMAT}",
            hint=upgrade_command(),
        )
    if version < oldest:
        raise IndexIncompatible(
            f"the index at {directory} has format {version}, an older one than this version of rag reads ({oldest})",
            hint="rag ingest upgrades it, without embedding anything again",
        )


@contextmanager
def translated(directory: Path) -> Iterator[None]:
    """SQLite's errors as ours; those that say that the program uses it wrongly are no fault of the index and pass."""
    try:
        yield
    except sqlite3.ProgrammingError:
        raise
    except sqlite3.OperationalError as error:
        message = str(error)
        if "locked" in message or "busy" in message:
            raise IndexLocked(
                f"the index at {directory} is busy: another process keeps it locked",
                hint="try again when the other command is done",
            ) from error
        name = getattr(error, "sqlite_errorname", "")
        if name == "SQLITE_READONLY_DBMOVED" or not (directory / CATALOG).exists():
            raise _gone(directory) from error
        if name in _FAILED_WRITES:
            raise _disk_full(directory) from error
        if name == "SQLITE_READONLY_ROLLBACK":
            raise IndexUnusable(
                f"an ingest into the index at {directory} was interrupted, and what it left half written cannot be taken back: "
                "the folder may not be written to",
                hint="rag stats takes it back when somebody runs it who may write there",
            ) from error
        if name.startswith("SQLITE_READONLY"):
            raise _not_writable(directory, message) from error
        raise IndexDamaged(f"the index at {directory} cannot be used: {message}", hint=REBUILD) from error
    except sqlite3.DatabaseError as error:
        raise IndexDamaged(f"the catalog of the index at {directory} is damaged: {error}", hint=REBUILD) from error


_FAILED_WRITES = (
    "SQLITE_FULL", "SQLITE_IOERR_WRITE", "SQLITE_IOERR_FSYNC", "SQLITE_IOERR_TRUNCATE", "SQLITE_IOERR_DIR_FSYNC",
)  # fmt: skip


def _disk_full(directory: Path) -> RagError:
    return RagError(
        f"cannot write to {directory}: no space left on its disk; what was committed before is intact",
        hint="free some space and run the same command again",
    )


def _gone(directory: Path) -> IndexUnusable:
    return IndexUnusable(
        f"the index at {directory} was deleted or moved while it was in use",
        hint="rag ingest PATH makes it anew; where it was moved, --index names the place",
    )


def _not_writable(directory: Path, reason: str) -> RagError:
    return RagError(f"cannot write to the index at {directory}: {reason}", hint="check its permissions")


def disk_errors(directory: Path, error: OSError) -> RagError:
    """An OSError raised while writing the index, as ours."""
    import errno

    if error.errno == errno.ENOENT and not (directory / CATALOG).exists():
        return _gone(directory)
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return _disk_full(directory)
    return _not_writable(directory, error.strerror or str(error))


@contextmanager
def transaction(connection: sqlite3.Connection, *, write: bool = False) -> Iterator[None]:
    """All or nothing; a read transaction sees one state of the catalog throughout.

    Raises RuntimeError when the connection is in a transaction already: it is used by two threads, or twice by one.
    """
    if connection.in_transaction:
        raise RuntimeError("the connection to the catalog is in a transaction already")
    connection.execute("BEGIN IMMEDIATE" if write else "BEGIN")
    try:
        yield
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def read_meta(connection: sqlite3.Connection) -> dict[str, object]:
    """Everything in `meta`. Raises IndexDamaged unless it is what was written."""
    found = dict(connection.execute("SELECT key, value FROM meta ORDER BY key").fetchall())
    stored = found.pop("checksum", None)
    if stored is not None:
        if stored != str(checksum("\n".join(f"{key} {value}" for key, value in found.items()))):
            raise damaged("its manifest")
    elif found and int(connection.execute("PRAGMA user_version").fetchone()[0]) >= schema.FIRST_WITH_CHECKSUMS:
        raise damaged("its manifest")
    return {key: json.loads(value) for key, value in found.items()}


def read_manifest(connection: sqlite3.Connection) -> Manifest | None:
    """The manifest, or None in a catalog to which nothing was ever committed."""
    meta: dict[str, Any] = read_meta(connection)
    if "embedder" not in meta:
        return None
    return Manifest(
        generation=meta["generation"],
        next_row=meta["next_row"],
        embedder=meta["embedder"],
        chunker=meta["chunker"],
        analyzer=meta["analyzer"],
        created=meta["created"],
        updated=meta["updated"],
        chroma=meta.get("chroma", {}),
        model_source=meta["model_source"],
        id=meta.get("id", ""),  # not in catalogs before format 6, like the languages
        languages=tuple(meta.get("languages", ())),
        sentences=meta.get("sentences", False),  # not in catalogs of format 1
        redaction_key=meta.get("redaction_key", ""),
    )


def write_meta(connection: sqlite3.Connection, values: Mapping[str, object]) -> None:
    connection.executemany(
        "INSERT INTO meta VALUES (?, ?) ON CONFLICT(key) DO UPDATE SET value = excluded.value",
        [(key, json.dumps(value)) for key, value in values.items()],
    )
    connection.execute(SEAL_META)


def stored_manifest(directory: Path) -> Manifest | None:
    """The manifest of the index at `directory`, also of an older format; None when there is no index or an empty one."""
    try:
        connection = connect_reader(directory, oldest=1)
    except IndexNotFound:
        return None
    try:
        with translated(directory), transaction(connection):
            return read_manifest(connection)
    finally:
        connection.close()
