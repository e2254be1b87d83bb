"""What a filter leaves is what asking every document and every text leaves; phrases are looked for in the best passages first."""

from __future__ import annotations

import random
from contextlib import closing
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import pytest

from ragcli.datatypes import Condition, Filter
from ragcli.errors import UsageError
from ragcli.index.conditions import parse_filter
from ragcli.index.matching import fulfils
from ragcli.index.sqlite.columns import DocumentColumns
from ragcli.index.sqlite.phrases import PhraseCheck
from ragcli.index.sqlite.reader import IndexReader
from ragcli.text.folding import contains_words
from ragcli.text.query import parse_query
from tests.helpers.indexes import EMBEDDER, build, new, put, writing

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ragcli.datatypes import DocumentRecord

QUESTION = "annual leave of the staff"
FILTERS = [
    ["tag.team=a*"], ["tag.team=alpha", "tag.team=beta"], ["tag.team!=alpha"], ["tag.team=none"], ["tag.nowhere!=x"],
    ["modified>2021-05"], ["modified<=2021", "tag.team=beta"], ["dated>2021"], ["words>100"], ["size=12"], ["language=en"],
    ["title=a*"], ["partial=*"], ["path!=b/*"], ["path=b/**"], ["type=text"], ["root=docs"], ["root!=docs", "tag.team=*"],
]  # fmt: skip


def many_documents(directory: Path, count: int = 90) -> None:
    chance = random.Random(5)
    with writing(directory) as writer:
        documents = []
        for number in range(count):
            entry = new(
                f"{'abc'[number % 3]}/{number}.txt", f"text of number {number}", root=chance.choice(["docs", ""])
            )
            metadata = {"modified": f"20{chance.randrange(19, 23)}-0{chance.randrange(1, 9)}-11"}
            if number % 4:
                metadata |= {"tag.team": chance.choice(["alpha", "beta", "Ägir"]), "words": str(50 * (number % 5))}
            documents.append(replace(entry, document=replace(entry.document, metadata=metadata)))
        put(writer, *documents)


@pytest.fixture(scope="module")
def documents(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("documents") / ".rag"
    many_documents(directory)
    return directory


@pytest.mark.parametrize("conditions", FILTERS, ids=" ".join)
def test_a_condition_leaves_the_documents_that_fulfil_it_one_by_one(documents: Path, conditions: Sequence[str]) -> None:
    where = parse_filter(conditions)
    with closing(IndexReader(documents)) as reader, reader.snapshot():
        asked = {
            entry.document.document_id
            for entry in reader.page(limit=1000)
            if is_meant(where, entry.document, entry.source)
        }
        found = reader.dense_search(EMBEDDER.embed_query("number"), 1000, where)
        assert {document.document_id for _, document in reader.chunks([entry.key for entry in found]).values()} == asked
        fulfilling = DocumentColumns(reader._connection).fulfilling(where)
        assert int(fulfilling.sum()) == len(asked)


def is_meant(where: Filter, document: DocumentRecord, source: object) -> bool:
    values = {
        **document.metadata,
        "type": document.type,
        "size": str(getattr(source, "size", "")),
        "title": document.title,
    }
    values |= {"language": document.language, "partial": document.partial}
    return fulfils(where, [(document.path, document.root)], values)


@pytest.fixture(scope="module")
def passages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two hundred passages hold the words of “annual leave”; every thirtieth has them side by side, and these rank low."""
    directory = tmp_path_factory.mktemp("passages") / ".rag"
    apart = "leave of the staff, which is annual; leave the rest to the staff of the annual report"
    together = "some other long text with many more words that goes on and on until annual leave is named"
    build(directory, {f"{n}.txt": f"{together if n % 30 == 0 else apart} {n}" for n in range(200)})
    return directory


@pytest.mark.parametrize("k", [1, 3, 50])
@pytest.mark.parametrize("phrases", [("annual leave",), ("annual leave", "other long"), ("of the", "staff")])
def test_the_best_with_a_phrase_are_those_that_reading_every_text_leaves(
    passages: Path, phrases: tuple[str, ...], k: int
) -> None:
    vector = EMBEDDER.embed_query(QUESTION)
    with closing(IndexReader(passages)) as reader, reader.snapshot():
        words, everything = reader.resolve(parse_query(QUESTION)), Filter()
        for search in (partial(reader.lexical_search, words), partial(reader.dense_search, vector)):
            ranked = search(1000, everything)
            texts = reader.chunks([entry.key for entry in ranked])
            held = [
                entry for entry in ranked if all(contains_words(texts[entry.key][0].text, phrase) for phrase in phrases)
            ]
            assert search(k, Filter(phrases=phrases)) == held[:k]
            assert held


def test_a_phrase_that_nothing_holds_finds_nothing(passages: Path) -> None:
    with closing(IndexReader(passages)) as reader:
        words = reader.resolve(parse_query(QUESTION))
        assert reader.lexical_search(words, 10, Filter(phrases=("leave annual",))) == []


def test_a_phrase_for_which_too_much_would_have_to_be_read_is_an_error_that_says_so(passages: Path) -> None:
    with closing(IndexReader(passages)) as reader, reader.snapshot():
        check = PhraseCheck(["leave annual"], 200, most=100)
        everything = [(row, 1.0 / row) for row in range(1, 201)]
        with pytest.raises(UsageError, match=r"“leave annual”.* best 100 ") as raised:
            check.best(reader._connection, lambda count: everything[:count], 10)
        assert "rarer word" in str(raised.value.hint)
        assert PhraseCheck(["leave annual"], 200, most=200).best(
            reader._connection, lambda count: everything[:count], 10
        ) == []  # fmt: skip


def test_what_was_read_for_one_question_is_not_read_again_for_the_next(passages: Path) -> None:
    with closing(IndexReader(passages)) as reader, reader.snapshot():
        check = PhraseCheck(["annual leave"], 200, most=100)
        for first in range(1, 201, 50):
            ranked = [(row, 1.0) for row in range(first, first + 50)]
            for _ in range(3):  # of which the bound counts nothing the second time
                found = check.best(reader._connection, lambda count, ranked=ranked: ranked[:count], 50)  # type: ignore[misc]
            assert [row for row, _ in found] == [row for row in range(first, first + 50) if (row - 1) % 30 == 0]


def test_conditions_on_one_key_and_on_several_hold_together(documents: Path) -> None:
    where = Filter(
        conditions=(
            Condition("tag.team", "=", "alpha"),
            Condition("words", ">", "60"),
            Condition("tag.team", "!=", "beta"),
        )
    )
    with closing(IndexReader(documents)) as reader:
        found = reader.dense_search(EMBEDDER.embed_query("number"), 1000, where)
        records = [document for _, document in reader.chunks([entry.key for entry in found]).values()]
        assert records
        assert all(r.metadata["tag.team"] == "alpha" and int(r.metadata["words"]) > 60 for r in records)
