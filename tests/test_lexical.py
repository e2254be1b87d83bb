"""BM25 against rank-bm25, and against an index made afresh."""

from __future__ import annotations

import math
import sqlite3

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rank_bm25 import BM25Plus

from ragcli.index import lexical, schema
from ragcli.text.analyzer import terms

WORD = st.sampled_from([f"w{i}" for i in range(12)])
TEXT = st.lists(WORD, min_size=1, max_size=20).map(" ".join)
CORPUS = st.lists(TEXT, min_size=1, max_size=25)


def catalog() -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.execute("PRAGMA foreign_keys = ON")
    schema.create(connection)
    return connection


def index(texts: list[str], batch: int) -> sqlite3.Connection:
    connection = catalog()
    for first in range(0, len(texts), batch):
        part = texts[first : first + batch]
        lexical.add_segment(connection, first + 1, part, [1] * len(part))
        while lexical.merge_segments(connection):
            pass
    return connection


def scores(connection: sqlite3.Connection, query: list[str]) -> np.ndarray:
    return lexical.score(connection, lexical.read_rows(connection), query)


def oracle(texts: list[str], query: list[str]) -> np.ndarray:
    return np.asarray(BM25Plus([terms(text) for text in texts], k1=lexical.K1, b=lexical.B, delta=0).get_scores(query))


@settings(max_examples=100, deadline=None)
@given(CORPUS, st.lists(WORD, min_size=1, max_size=5, unique=True), st.integers(1, 5))
def test_scores_equal_those_of_rank_bm25(texts: list[str], query: list[str], batch: int) -> None:
    np.testing.assert_allclose(scores(index(texts, batch), query), oracle(texts, query), rtol=1e-9, atol=1e-9)


@settings(max_examples=60, deadline=None)
@given(CORPUS, st.sets(st.integers(0, 24)), st.integers(1, 5), st.booleans())
def test_after_deletions_scores_equal_those_of_a_fresh_index(
    texts: list[str], gone: set[int], batch: int, merged: bool
) -> None:
    connection = index(texts, batch)
    kept = [i for i in range(len(texts)) if i not in gone]
    lexical.delete_rows(connection, [i + 1 for i in range(len(texts)) if i in gone])
    if merged:
        lexical.merge_segments(connection, everything=True)
    found = scores(connection, ["w1", "w2"])
    assert all(found[i] == 0 for i in range(len(texts)) if i in gone)
    if kept:
        np.testing.assert_allclose(found[kept], oracle([texts[i] for i in kept], ["w1", "w2"]), rtol=1e-9, atol=1e-9)


def test_a_term_in_half_of_two_documents_still_counts() -> None:
    connection = index(["annual leave", "sick note"], 1)
    assert scores(connection, ["leav"])[0] == pytest.approx(math.log(3 / 1) * 1.0)


def test_segments_are_merged_in_levels() -> None:
    connection = index([f"text {i}" for i in range(100)], 1)
    assert connection.execute("SELECT count(*) FROM segments").fetchone()[0] < 2 * 8
    assert lexical.read_rows(connection).count == 100
    assert np.count_nonzero(scores(connection, ["text"])) == 100


def test_merging_drops_the_postings_of_deleted_chunks() -> None:
    connection = index(["only here", "there"], 1)
    lexical.delete_rows(connection, [1])
    lexical.merge_segments(connection, everything=True)
    assert connection.execute("SELECT count(*) FROM postings WHERE term = 'onli'").fetchone()[0] == 0
