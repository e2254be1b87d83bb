"""What the documents of one state of an index say of themselves, by key: a condition is asked of each different value, once."""

from __future__ import annotations

import json
import sqlite3
import threading
from array import array
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np

from ragcli.datatypes import Condition, Filter
from ragcli.index.conditions import all_hold
from ragcli.index.matching import date_under, fulfils
from ragcli.index.sqlite.checksums import COPY, DOCUMENT, checked, damaged
from ragcli.index.sqlite.rows import check_document
from ragcli.text.dating import DATED

if TYPE_CHECKING:
    from numpy.typing import NDArray

_OF_PLACES = frozenset({"path", "root"})  # keys that copies have values of their own for

Place = tuple[str, str]  # path and root


class DocumentColumns:
    """Read once for a state. Texts that occur often are kept once, and each document has a number for each key."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        """Raises IndexDamaged unless every document and every copy is what was written."""
        self._texts: dict[str, int] = {"": 0}
        self._columns: dict[str, array[int]] = {}
        self._places: list[tuple[Place, ...]] = []
        rows = array("i")
        for row, places, values in _documents(connection):
            rows.append(row)
            self._places.append(places)
            self._add(values)
        self._rows = np.array(rows, dtype=np.int64)
        for column in self._columns.values():
            column.extend([0] * (len(rows) - len(column)))
        self._written = list(self._texts)  # by number
        self._computing = threading.Lock()
        self._dates: array[int] | None = None

    def _add(self, values: dict[str, str]) -> None:
        """One more document; what it does not say has the number 0."""
        before = len(self._places) - 1
        for key, value in values.items():
            column = self._columns.get(key)
            if column is None:
                column = self._columns[key] = array("i")
            column.extend([0] * (before - len(column)))
            column.append(self._texts.setdefault(value, len(self._texts)))

    def fulfilling(self, where: Filter) -> NDArray[np.bool_]:
        """By the row of a document: whether it fulfils the conditions on documents. The path and the root of a copy count like
        those of its document."""
        found = np.ones(len(self._rows), dtype=np.bool_)
        if where.types:
            found &= self._asked(self._columns.get("type"), lambda value: value in where.types)
        by_key = sorted(where.conditions, key=lambda condition: condition.key)
        others: list[Condition] = []
        for key, group in groupby(by_key, key=lambda condition: condition.key):
            conditions = tuple(group)
            if key in _OF_PLACES:
                others += conditions
            else:
                column = self._dated() if key == DATED else self._columns.get(key)
                found &= self._asked(column, lambda value, key=key, asked=conditions: all_hold(asked, {key: value}))  # type: ignore[misc]
        if where.paths or where.roots or others:
            rest = replace(where, types=(), conditions=tuple(others))
            for number in np.flatnonzero(found):
                found[number] = fulfils(rest, self._places[number], self._values(int(number)))
        by_row = np.zeros(int(self._rows.max(initial=0)) + 1, dtype=np.bool_)
        by_row[self._rows[found]] = True
        return by_row

    def _asked(self, column: array[int] | None, question: Callable[[str], bool]) -> NDArray[np.bool_]:
        """By document: the answer to a question about its value in a column, asked once for each different value."""
        if column is None:
            return np.full(len(self._rows), question(""), dtype=np.bool_)
        different, places = np.unique(np.frombuffer(column, dtype=np.int32), return_inverse=True)
        return np.array([question(self._written[number]) for number in different], dtype=np.bool_)[places]

    def _dated(self) -> array[int]:
        """The dates of the documents, which are told from their names and several values; looked for once."""
        with self._computing:
            if self._dates is None:
                found = array("i")
                for number, places in enumerate(self._places):
                    date = date_under(places[0][0], self._values(number))
                    if date not in self._texts:
                        self._texts[date] = len(self._written)
                        self._written.append(date)
                    found.append(self._texts[date])
                self._dates = found
            return self._dates

    def _values(self, number: int) -> dict[str, str]:
        """What a document says of itself; of what it does not say, "" or nothing."""
        said = {key: self._written[column[number]] for key, column in self._columns.items() if column[number]}
        return {"title": "", "type": "", "partial": "", "size": "", "language": "", **said}


def _documents(connection: sqlite3.Connection) -> Iterator[tuple[int, tuple[Place, ...], dict[str, str]]]:
    """Row, places of the document and of its copies, and what it says of itself."""
    also: dict[int, list[Place]] = defaultdict(list)
    totals: dict[int, int] = defaultdict(int)
    copies = f"SELECT of, {', '.join(f'copies.{name}' for name in COPY)}, documents.document_id, copies.checksum"
    for of, *values, stored in connection.execute(f"{copies} FROM copies JOIN documents ON documents.row = of"):
        checked(stored, f"a copy at {values[1]}", *values)
        also[of].append((values[1], values[2]))
        totals[of] ^= stored
    for entry in connection.execute(f"SELECT {', '.join(DOCUMENT)}, checksum, copies_checksum FROM documents"):
        check_document(entry)
        _, path, root, type_, title, _, _, _, language, metadata, partial, row, size, *_, of_copies = entry
        if totals.get(row, 0) != of_copies:
            raise damaged(f"the list of copies of the document {path}")
        said = {"type": type_, "size": str(size), "title": title, "language": language, "partial": partial}
        yield row, ((path, root), *also.get(row, ())), {**json.loads(metadata), **said}
