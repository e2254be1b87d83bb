"""Which terms have postings in which segment, as each segment lists them: what a look-up must find, and nothing else."""

from __future__ import annotations

import sqlite3
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ragcli.index.sqlite.checksums import checked, damaged

UNSEEN = -1  # the level of a segment that a merge is writing or removing
OF_SEEN = f"segment IN (SELECT segment FROM segments WHERE level != {UNSEEN})"  # of postings


@dataclass(frozen=True, slots=True)
class TermLists:
    """Segment → its terms, in order."""

    of_segments: dict[int, list[str]]

    def segments_of(self, term: str) -> list[int]:
        """The segments that hold postings of a term."""
        return [segment for segment, terms in self.of_segments.items() if _holds(terms, term)]

    def beginning(self, prefix: str) -> set[str]:
        """The terms that begin with a prefix."""
        return {
            term
            for terms in self.of_segments.values()
            for term in terms[bisect_left(terms, prefix) : bisect_left(terms, prefix + "\U0010ffff")]
        }

    def check_postings(self, found: Iterable[tuple[str, int]], terms: Sequence[str]) -> None:
        """Raise IndexDamaged unless `found` (term and segment) are all the postings that there are of `terms`."""
        wanted = {(term, segment) for term in terms for segment in self.segments_of(term)}
        for term, _ in sorted(wanted ^ set(found)):
            raise damaged(f"the list of passages with {term!r}")

    def check_beginning(self, found: Iterable[str], prefix: str) -> None:
        """Raise IndexDamaged unless `found` are all the terms that begin with `prefix`."""
        if set(found) != self.beginning(prefix):
            raise damaged(f"the list of words with {prefix!r}")


def _holds(terms: list[str], term: str) -> bool:
    place = bisect_left(terms, term)
    return place < len(terms) and terms[place] == term


def read_segments(connection: sqlite3.Connection) -> tuple[list[tuple[bytes, bytes]], TermLists]:
    """Lengths and document rows of every segment in the order of rows (see `schema`), and the terms of all. Raises IndexDamaged
    unless they are what was written."""
    arrays, lists = [], {}
    query = (
        "SELECT segment, terms, terms_checksum, checksum, level, first_row, lengths, document_rows FROM segments "
        f"WHERE level != {UNSEEN} ORDER BY first_row"
    )
    for segment, terms, terms_checksum, stored, *values in connection.execute(query):
        checked(stored, f"part {segment} of the word index", segment, *values)
        checked(terms_checksum, f"the list of words of part {segment}", segment, terms)
        arrays.append((values[2], values[3]))
        lists[segment] = terms.split("\n") if terms else []
    return arrays, TermLists(lists)
