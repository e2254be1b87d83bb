"""Which terms have postings in which segment, as each segment lists them: what a look-up must find, and nothing else."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ragcli.index.checksums import checked, damaged


@dataclass(frozen=True, slots=True)
class TermLists:
    """Segment → its terms in UTF-8, in order, a line each, with a line break before the first and after the last."""

    of_segments: dict[int, bytes]

    def segments_of(self, term: str) -> list[int]:
        """The segments that hold postings of a term."""
        line = b"\n%b\n" % term.encode("utf-8", "surrogatepass")
        return [segment for segment, lines in self.of_segments.items() if line in lines]

    def beginning(self, prefix: str) -> set[str]:
        """The terms that begin with a prefix."""
        start, found = b"\n%b" % prefix.encode("utf-8", "surrogatepass"), set()
        for lines in self.of_segments.values():
            position = lines.find(start)
            while position >= 0 and lines.startswith(start, position):
                end = lines.index(b"\n", position + 1)
                found.add(lines[position + 1 : end].decode("utf-8", "surrogatepass"))
                position = end
        return found - {""}

    def check_postings(self, found: Iterable[tuple[str, int]], terms: Sequence[str]) -> None:
        """Raise IndexDamaged unless `found` (term and segment) are all the postings that there are of `terms`."""
        wanted = {(term, segment) for term in terms for segment in self.segments_of(term)}
        for term, _ in sorted(wanted ^ set(found)):
            raise damaged(f"the list of passages with {term!r}")

    def check_beginning(self, found: Iterable[str], prefix: str) -> None:
        """Raise IndexDamaged unless `found` are all the terms that begin with `prefix`."""
        if set(found) != self.beginning(prefix):
            raise damaged(f"the list of words with {prefix!r}")


def read_segments(connection: sqlite3.Connection) -> tuple[list[tuple[bytes, bytes]], TermLists]:
    """Lengths and document rows of every segment in the order of rows (see `schema`), and the terms of all. Raises IndexDamaged
    unless they are what was written."""
    arrays, lists = [], {}
    query = (
        "SELECT segment, terms, terms_checksum, checksum, level, first_row, lengths, document_rows FROM segments "
        "ORDER BY first_row"
    )
    for segment, terms, terms_checksum, stored, *values in connection.execute(query):
        checked(stored, f"part {segment} of the word index", segment, *values)
        checked(terms_checksum, f"the list of words of part {segment}", segment, terms)
        arrays.append((values[2], values[3]))
        lists[segment] = b"\n%b\n" % terms.encode("utf-8", "surrogatepass")
    return arrays, TermLists(lists)
