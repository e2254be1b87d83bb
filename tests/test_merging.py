"""Segments of the word lists are merged in steps: readers are never shut out, and a merge that is killed leaves no trace."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from ragcli.index.sqlite import merging
from ragcli.index.sqlite.catalog import open_catalog
from ragcli.index.sqlite.preparing import advance
from ragcli.index.sqlite.reader import IndexReader
from ragcli.index.sqlite.termlists import UNSEEN
from tests.helpers.indexes import found, new, put, writing

if TYPE_CHECKING:
    from pathlib import Path

    from ragcli.index.sqlite.writer import IndexWriter

QUESTION = "annual leave of number 7"


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """An index of a few dozen documents in several segments, some of whose rows are deleted."""
    directory = tmp_path / ".rag"
    with writing(directory) as writer:
        for first in range(0, 60, 6):
            put(
                writer,
                *(new(f"{n}.txt", f"annual leave of number {n} and word{n % 11}") for n in range(first, first + 6)),
            )
        writer.remove([source.document_id for source in writer.page()][::9])
        writer.settle()
    return directory


def merge(writer: IndexWriter, step: int = 200) -> bool:
    connection = writer._connection
    return merging.merge_segments(connection, everything=True, advance=lambda: advance(connection), step=step)


def levels(directory: Path) -> list[int]:
    with closing(sqlite3.connect(directory / "catalog.sqlite3")) as connection:
        return [entry[0] for entry in connection.execute("SELECT level FROM segments")]


def answers(directory: Path) -> tuple[object, ...]:
    """What is found, by words and their beginnings too, by a reader that knew nothing before."""
    with closing(IndexReader(directory)) as reader:
        assert reader.check() == []
        return found(reader, QUESTION), found(reader, "wor*"), found(reader, "anual leav")


def test_nobody_is_shut_out_by_a_merge_and_answers_stay_the_same(directory: Path) -> None:
    before, done, reads = answers(directory), threading.Event(), list[bool]()

    def read() -> None:
        with closing(IndexReader(directory)) as kept:
            while not done.is_set():
                with closing(IndexReader(directory)) as opened:
                    reads.append(found(opened, QUESTION) == found(kept, QUESTION) == before[0])

    with writing(directory) as writer:
        threads = [threading.Thread(target=read) for _ in range(2)]
        for thread in threads:
            thread.start()
        try:
            assert merge(writer)
        finally:
            done.set()
            for thread in threads:
                thread.join()
    assert reads
    assert all(reads)
    assert len(levels(directory)) == 1
    assert answers(directory) == before


def test_what_a_merge_wrote_before_it_was_killed_is_passed_over_and_removed(directory: Path) -> None:
    before = answers(directory)

    def killed() -> None:
        raise KeyboardInterrupt

    with writing(directory) as writer, pytest.raises(KeyboardInterrupt):
        merging.merge_segments(writer._connection, everything=True, advance=killed, step=200)
    assert levels(directory).count(UNSEEN) == 1
    assert answers(directory) == before
    with writing(directory):
        assert UNSEEN not in levels(directory)
    assert answers(directory) == before


def test_what_a_merge_did_not_remove_before_it_was_killed_is_passed_over_and_removed(directory: Path) -> None:
    before, removed = answers(directory), list[str]()

    def refuse(action: int, table: str | None, *_: object) -> int:
        if action == sqlite3.SQLITE_DELETE and table == "postings":
            removed.append(table)
            return sqlite3.SQLITE_DENY if len(removed) > 2 else sqlite3.SQLITE_OK
        return sqlite3.SQLITE_OK

    with writing(directory) as writer:
        writer._connection.set_authorizer(refuse)
        with pytest.raises(sqlite3.DatabaseError):
            merge(writer)
        writer._connection.set_authorizer(None)
    assert UNSEEN in levels(directory)
    assert answers(directory) == before
    with writing(directory):
        pass
    assert len(levels(directory)) == 1
    assert answers(directory) == before


def test_a_merge_writes_no_more_in_one_transaction_than_a_step(directory: Path) -> None:
    with writing(directory) as writer:
        connection, sizes = writer._connection, [0]

        def note(statement: str) -> None:
            if statement.startswith("COMMIT"):
                sizes.append(0)
            elif statement.startswith(("INSERT INTO postings", "DELETE FROM postings")):
                sizes[-1] += 1

        connection.set_trace_callback(note)
        merge(writer, step=1000)
        connection.set_trace_callback(None)
    assert len(sizes) > 12
    assert max(sizes) <= 10


def test_documents_that_are_removed_leave_no_postings_behind(directory: Path) -> None:
    with writing(directory) as writer:
        writer.remove([source.document_id for source in writer.page()][:5])
        writer.finish()
    with closing(open_catalog(directory / "catalog.sqlite3")) as connection:
        rows = {row for (row,) in connection.execute("SELECT row FROM chunks")}
        held = b"".join(entry[0] for entry in connection.execute("SELECT rows FROM postings"))
    assert {int.from_bytes(held[i : i + 4], "little") for i in range(0, len(held), 4)} == rows
