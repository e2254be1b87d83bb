"""Where the vectors of sentences come from: the states of their passage, or, in an index made before, texts of their own."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from ragcli.datatypes import Chunk, Span
from ragcli.embedding import DEFAULT_MODEL, get_embedder
from ragcli.embedding.sessions import CPU, Session, has_graphics, providers
from ragcli.index.sqlite.reader import IndexReader
from ragcli.ingest.vectors import embed_chunks
from ragcli.protocols import Embedder
from ragcli.text.units import vector_spans
from tests.conftest import Rag

pytestmark = pytest.mark.model
TEXT = "Everybody has 28 days of leave a year. The bicycle shed is behind the canteen. Salaries come on the last day."
HEADER = "Handbook"


def embedder(cache: Path, identity: Mapping[str, object] | None = None) -> Embedder:
    return get_embedder(DEFAULT_MODEL, cache=cache / "ragcli" / "models", identity=identity, pooled=True)


def without_pooling(identity: Mapping[str, object]) -> dict[str, object]:
    """As indexes of before say it: nothing of sentences."""
    return {name: value for name, value in identity.items() if name != "sentences"}


def chunk(text: str, header: str = "") -> Chunk:
    return Chunk("c", "d", 0, text, "", Span(0, len(text)), (), header, 1)


def test_a_sentence_is_found_by_its_vector_though_it_was_not_embedded_on_its_own(model_cache: Path) -> None:
    made = embedder(model_cache)
    assert made.identity["sentences"] == "pooled"
    (found,) = embed_chunks(made, [(chunk(TEXT, HEADER), "text")], sentences=True)
    assert found.spans == vector_spans(TEXT)
    assert found.sentences is not None
    np.testing.assert_allclose(np.linalg.norm(found.sentences, axis=1), 1, atol=1e-5)
    np.testing.assert_array_equal(found.vector, made.embed_documents([f"{HEADER}\n{TEXT}"])[0])
    for number, question in enumerate(["How much vacation?", "Where do I park my bike?", "When am I paid?"]):
        assert int(np.argmax(found.sentences @ made.embed_query(question))) == number


def test_company_does_not_change_the_vectors_of_sentences(model_cache: Path) -> None:
    made = embedder(model_cache)
    chunks = [
        (chunk(text, HEADER), "text") for text in (TEXT, "Short. Also short, but it goes on.", TEXT * 9, "中文。")
    ]
    together = embed_chunks(made, chunks, sentences=True)
    for one, same in zip(chunks, together, strict=True):
        (alone,) = embed_chunks(made, [one], sentences=True)
        assert alone.sentences is not None
        assert same.sentences is not None
        np.testing.assert_allclose(alone.sentences, same.sentences, atol=1e-5)


def test_a_sentence_beyond_the_window_of_the_model_gets_the_vector_of_its_passage(model_cache: Path) -> None:
    (found,) = embed_chunks(embedder(model_cache), [(chunk(TEXT * 30), "text")], sentences=True)
    assert found.sentences is not None
    np.testing.assert_array_equal(found.sentences[-1], found.vector)


def test_with_the_identity_of_an_older_index_sentences_are_embedded_on_their_own(model_cache: Path) -> None:
    before = without_pooling(embedder(model_cache).identity)
    old = embedder(model_cache, before)
    assert dict(old.identity) == before
    (found,) = embed_chunks(old, [(chunk(TEXT, HEADER), "text")], sentences=True)
    alone = old.embed_documents([TEXT[start:end] for start, end in vector_spans(TEXT)])
    assert found.sentences is not None
    np.testing.assert_allclose(found.sentences, alone, atol=1e-6)


def test_an_index_keeps_the_vectors_of_sentences_that_it_was_made_with_until_a_rebuild_wants_others(
    rag_with_model: Rag, work: Path, write, model_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write("docs/a.txt", TEXT)
    write(
        "docs/b.txt",
        "Visitors sign in at the gate. The alarm is tested on Mondays. Dogs have to stay outside of the building.",
    )

    def cosine() -> float:
        hits = json.loads(rag_with_model("query", "When is the alarm tested?", "--json").stdout)["hits"]
        return dict(next(leg["parts"] for leg in hits[0]["trace"]["legs"] if leg["leg"] == "dense"))["sentence"]

    def kind() -> object:
        with closing(IndexReader(work / ".rag")) as reader:
            return reader.manifest.embedder.get("sentences")

    rag_with_model("ingest", "docs", "-q")
    old = embedder(model_cache, without_pooling(embedder(model_cache).identity))
    alone = float(old.embed_query("When is the alarm tested?") @ old.embed_query("The alarm is tested on Mondays."))
    assert kind() is None
    assert cosine() == pytest.approx(alone, abs=1e-3)
    monkeypatch.setenv("RAGCLI_EMBEDDING_SENTENCES", "pooled")
    refused = rag_with_model("ingest", "docs", code=5)
    assert "are embedded on their own, and embedding.sentences is pooled" in refused.stderr
    assert "fix: rag ingest --rebuild" in refused.stderr
    assert cosine() == pytest.approx(alone, abs=1e-3), "a question takes the index as it is"
    rag_with_model("ingest", "--rebuild", "-q")
    assert kind() == "pooled"
    assert cosine() != pytest.approx(alone, abs=1e-3)
    monkeypatch.delenv("RAGCLI_EMBEDDING_SENTENCES")
    rag_with_model("ingest", "--rebuild", "-q")
    assert kind() == "pooled"
    monkeypatch.setenv("RAGCLI_EMBEDDING_SENTENCES", "on")
    rag_with_model("ingest", "--rebuild", "-q")
    assert kind() is None
    assert cosine() == pytest.approx(alone, abs=1e-3)


def test_an_ingest_uses_a_graphics_card_where_onnx_runtime_lists_one_and_the_processor_else() -> None:
    names = [name for name, _ in providers(["TensorrtExecutionProvider", "CUDAExecutionProvider", CPU])]
    assert names == ["CUDAExecutionProvider", CPU], "TensorRT computes with less precision"
    assert providers(["AzureExecutionProvider", CPU]) == [(CPU, {})]
    assert providers([])[-1] == (CPU, {})


def test_a_session_for_many_texts_gives_what_one_for_questions_gives(model_cache: Path) -> None:
    if has_graphics():
        pytest.skip("the processor is meant here, and there is a graphics card")
    embedder(model_cache)
    model = next((model_cache / "ragcli" / "models").glob("*/model.onnx"))
    ids = np.array([[101, 2023, 102]], dtype=np.int64)
    feeds = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}
    np.testing.assert_array_equal(Session(model).run(feeds), Session(model, many=True).run(feeds))
