"""BM25 against rank-bm25, and against an index made afresh."""

from __future__ import annotations

import math
import sqlite3
from collections import Counter
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rank_bm25 import BM25Plus

from ragcli.datatypes import Chunk, QueryWord, Span
from ragcli.index import bm25
from ragcli.index.cache import SizedCache
from ragcli.index.indexing import entry_of
from ragcli.index.sqlite import lexical, merging, schema
from ragcli.index.statistics import Statistics
from ragcli.text.analyzer import terms

WORD = st.sampled_from([f"w{i}" for i in range(12)])
TEXT = st.lists(WORD, min_size=1, max_size=20).map(" ".join)
CORPUS = st.lists(TEXT, min_size=1, max_size=25)


def catalog() -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.execute("PRAGMA foreign_keys = ON")
    schema.create(connection)
    return connection


def index(
    texts: list[str], batch: int, documents: list[int] | None = None, limit: int = lexical.SEGMENT_TERMS
) -> sqlite3.Connection:
    connection = catalog()
    for first in range(0, len(texts), batch):
        part = texts[first : first + batch]
        owners = (documents or list(range(1, len(texts) + 1)))[first : first + batch]
        lexical.add_segments(connection, first + 1, [Counter(terms(text)) for text in part], owners, limit=limit)
        while merging.merge_segments(connection):
            pass
    return connection


def scores(connection: sqlite3.Connection, query: list[str]) -> np.ndarray:
    return scored(connection, words(query))[0]


def scored(connection: sqlite3.Connection, asked: list[QueryWord]) -> tuple[np.ndarray, np.ndarray]:
    return scored_by(connection, asked, statistics_of(connection, asked))


def statistics_of(connection: sqlite3.Connection, asked: list[QueryWord]) -> Statistics:
    rows = lexical.read_rows(connection)
    return bm25.statistics(rows, asked, lambda forms: lexical.postings(connection, rows, forms))


def scored_by(
    connection: sqlite3.Connection, asked: list[QueryWord], known: Statistics
) -> tuple[np.ndarray, np.ndarray]:
    rows = lexical.read_rows(connection)
    chunks, documents = bm25.score(rows, asked, lambda forms: lexical.postings(connection, rows, forms), known)
    return chunks, np.where(rows.live, documents[rows.documents], 0.0) if len(documents) else chunks


def words(query: list[str]) -> list[QueryWord]:
    return [QueryWord((term,), 0.0) for term in query]


def oracle(texts: list[str], query: list[str]) -> np.ndarray:
    return np.asarray(BM25Plus([terms(text) for text in texts], k1=bm25.K1, b=bm25.B, delta=0).get_scores(query))


@settings(max_examples=100, deadline=None)
@given(CORPUS, st.lists(WORD, min_size=1, max_size=5, unique=True), st.integers(1, 5))
def test_scores_equal_those_of_rank_bm25(texts: list[str], query: list[str], batch: int) -> None:
    np.testing.assert_allclose(scores(index(texts, batch), query), oracle(texts, query), rtol=1e-9, atol=1e-9)


@settings(max_examples=60, deadline=None)
@given(CORPUS, st.integers(1, 25), st.integers(1, 6))
def test_a_commit_that_is_cut_into_segments_scores_as_one(texts: list[str], batch: int, limit: int) -> None:
    cut, whole = index(texts, batch, limit=limit), index(texts, batch)
    for found, wanted in zip(scored(cut, words(["w1", "w2"])), scored(whole, words(["w1", "w2"])), strict=True):
        np.testing.assert_array_equal(found, wanted)


def test_a_commit_is_cut_where_it_has_more_terms_than_a_segment_may_have() -> None:
    connection = index(["a b", "c", "d e f", "g"], 4, limit=2)
    segments = connection.execute("SELECT first_row, length(lengths) / 4 FROM segments ORDER BY segment").fetchall()
    assert segments == [(1, 2), (3, 1), (4, 1)]


@settings(max_examples=60, deadline=None)
@given(CORPUS, st.sets(st.integers(0, 24)), st.integers(1, 5), st.booleans())
def test_after_deletions_scores_equal_those_of_a_fresh_index(
    texts: list[str], gone: set[int], batch: int, merged: bool
) -> None:
    connection = index(texts, batch)
    kept = [i for i in range(len(texts)) if i not in gone]
    lexical.delete_rows(connection, [i + 1 for i in range(len(texts)) if i in gone])
    if merged:
        merging.merge_segments(connection, everything=True)
    found = scores(connection, ["w1", "w2"])
    assert all(found[i] == 0 for i in range(len(texts)) if i in gone)
    if kept:
        np.testing.assert_allclose(found[kept], oracle([texts[i] for i in kept], ["w1", "w2"]), rtol=1e-9, atol=1e-9)


def test_rare_and_frequent_words_score_as_by_rank_bm25_also_the_second_time() -> None:
    texts = [f"often {'rare' if n % 50 == 0 else 'other'} {'some' * (n % 3 == 0)} w{n % 7}" for n in range(400)]
    connection = index(texts, 64)
    rows, kept = lexical.read_rows(connection), bm25.Impacts()
    read: list[str] = []

    def postings(forms: Sequence[str]) -> bm25.Postings:
        read.extend(forms)
        return lexical.postings(connection, rows, forms)

    for query in (["often", "rare"], ["rare", "some", "w3"], ["often", "rare"]):
        known = bm25.statistics(rows, words(query), postings, kept)
        found, _ = bm25.score(rows, words(query), postings, known, kept)
        np.testing.assert_allclose(found, oracle(texts, query), rtol=1e-9, atol=1e-9)
    assert Counter(read) == Counter(["often", "rare", "some", "w3"])


def test_what_is_kept_stays_within_its_bytes_and_loses_what_was_used_longest_ago() -> None:
    kept, made = SizedCache[str, bytes](10, len), list[str]()

    def value(key: str, size: int) -> bytes:
        return kept.made(key, lambda: made.append(key) or bytes(size))  # type: ignore[func-returns-value]

    for key, size in (("a", 4), ("b", 4), ("a", 4), ("c", 4), ("a", 4), ("b", 4), ("large", 11), ("a", 4)):
        assert len(value(key, size)) == size
    assert made == ["a", "b", "c", "b", "large", "a"]


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
    merging.merge_segments(connection, everything=True)
    assert connection.execute("SELECT count(*) FROM postings WHERE term = 'onli'").fetchone()[0] == 0


@settings(max_examples=100, deadline=None)
@given(CORPUS, st.lists(WORD, min_size=1, max_size=5, unique=True), st.integers(1, 4), st.data())
def test_the_score_of_a_document_is_that_of_its_chunks_as_one(
    texts: list[str], query: list[str], batch: int, data: st.DataObject
) -> None:
    owners = sorted(data.draw(st.lists(st.integers(1, 6), min_size=len(texts), max_size=len(texts))))
    connection = index(texts, batch, owners)
    _, documents = scored(connection, words(query))
    whole = [
        " ".join(text for text, owner in zip(texts, owners, strict=True) if owner == one) for one in sorted(set(owners))
    ]
    expected = dict(zip(sorted(set(owners)), oracle(whole, query), strict=True))
    np.testing.assert_allclose(documents, [expected[owner] for owner in owners], rtol=1e-9, atol=1e-9)


@settings(max_examples=100, deadline=None)
@given(CORPUS, st.lists(WORD, min_size=1, max_size=5, unique=True), st.integers(1, 4), st.data())
def test_two_halves_of_an_index_score_as_the_whole_by_their_joint_statistics(
    texts: list[str], query: list[str], batch: int, data: st.DataObject
) -> None:
    owners = sorted(data.draw(st.lists(st.integers(1, 6), min_size=len(texts), max_size=len(texts))))
    cut = owners.index(data.draw(st.sampled_from(owners)))  # no document lies in both halves
    halves = [index(texts[:cut], batch, owners[:cut]), index(texts[cut:], batch, owners[cut:])]
    first, second = (statistics_of(half, words(query)) for half in halves)
    found = [scored_by(half, words(query), first + second) for half in halves]
    for leg, whole in enumerate(scored(index(texts, batch, owners), words(query))):
        np.testing.assert_allclose(np.concatenate([scores[leg] for scores in found]), whole, rtol=1e-12)


def test_forms_of_a_word_count_as_one_term() -> None:
    texts = ["haus garten", "hauser garten", "wald garten"]
    joined = scored(index(texts, 2), [QueryWord(("haus", "hauser"), 0.0)])[0]
    same = scores(index(["haus garten", "haus garten", "wald garten"], 2), ["haus"])
    np.testing.assert_allclose(joined, same)


def test_header_terms_count_twice_and_those_of_the_path_once() -> None:
    chunk = Chunk("c", "d", 0, "leave days", "", Span(0, 10), ("Leave",), "Handbook › Leave", 5)
    assert entry_of(chunk, "hr/leave.md", "en") == {
        "leav": 1 + 2 + 1, "day": 1, "handbook": 2, "hr/leave.md": 1, "hr": 1, "md": 1,
    }  # fmt: skip
