"""What every reranker promises, and what the pipeline makes of one."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ragcli.api import rag_over
from ragcli.datatypes import Chunk, DocumentRecord, Span
from ragcli.embedding.cross import get_reranker
from ragcli.engine.wiring import Engine
from ragcli.errors import ModelUnavailable
from ragcli.places import model_cache
from ragcli.protocols import Reranker
from ragcli.results import ScoredChunk
from ragcli.retrieval.reranking import rerank
from ragcli.scores import LegTrace, ScoreTrace
from ragcli.settings import resolve
from ragcli.workspace import workspace_at
from tests.make_cross_encoder import make_cross_encoder

QUESTION = "How many days of annual leave?"
PASSAGES = ["Every employee has 28 days.", "The pump is blue.", "word " * 900, ""]


@pytest.fixture(scope="module")
def cross_encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_cross_encoder(tmp_path_factory.mktemp("cross"))


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Into which the model is exported once."""
    return tmp_path_factory.mktemp("cache") / "ragcli" / "models"


class Overlap:
    """Judges by shared words, which is enough to see an order change."""

    name = "overlap"

    def score(self, question: str, passages: Sequence[str]) -> list[float]:
        asked = set(question.lower().split())
        return [len(asked & set(passage.lower().split())) / len(asked) for passage in passages]


@pytest.fixture(params=["overlap", "cross-encoder"])
def reranker(request: pytest.FixtureRequest, cache: Path) -> Reranker:
    if request.param == "overlap":
        return Overlap()
    return get_reranker(str(request.getfixturevalue("cross_encoder")), cache=cache)


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_scores_are_shares_in_the_order_of_the_passages_and_repeat(reranker: Reranker) -> None:
    scores = reranker.score(QUESTION, PASSAGES)
    assert len(scores) == len(PASSAGES)
    assert all(0 <= score <= 1 for score in scores)
    assert reranker.score(QUESTION, PASSAGES) == scores
    assert reranker.score(QUESTION, PASSAGES[::-1]) == pytest.approx(scores[::-1], abs=1e-5)
    assert reranker.score(QUESTION, []) == []


def ranked(texts: Sequence[str]) -> list[ScoredChunk]:
    record = DocumentRecord("d", "d.md", "", "text", "d", len(texts), True)
    return [
        ScoredChunk(
            i, Chunk(f"c{i}", "d", i, text, "", Span(0, len(text)), (), "", 3), record, 1 - i / 10,
            ScoreTrace("convex", (LegTrace("lexical", i + 1, 1.0, 1.0, 1.0, 1 - i / 10),), 1 - i / 10),
        )
        for i, text in enumerate(texts)
    ]  # fmt: skip


def test_the_first_passages_are_put_into_the_rerankers_order_and_the_rest_stay_behind() -> None:
    before = ranked(["the pump", "annual leave", "days of leave", "annual days of leave"])
    after, remark = rerank(Overlap(), "annual days leave", before, depth=3, seconds=60)
    assert [entry.key for entry in after] == [1, 2, 0, 3]
    assert [entry.score for entry in after] == sorted((entry.score for entry in after), reverse=True)
    assert remark == ""
    trace = after[0].trace
    assert trace.total == pytest.approx(sum(leg.contribution for leg in trace.legs))
    assert [leg.leg for leg in trace.legs] == ["reranker overlap", "before", "lexical"]


def test_a_reranker_that_runs_out_of_time_leaves_the_rest_as_it_was_and_that_is_said() -> None:
    class Slow(Overlap):
        def score(self, question: str, passages: Sequence[str]) -> list[float]:
            time.sleep(0.2)
            return super().score(question, passages)

    before = ranked([f"text {i}" for i in range(7)] + ["annual leave"])
    after, remark = rerank(Slow(), "annual leave", before, depth=8, seconds=0.1)
    assert remark == "the reranker read 4 of 8 passages in 0.1 s"
    assert [entry.key for entry in after] == list(range(8))


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_a_cross_encoder_reranks_a_query_end_to_end(
    rag, write: Callable[[str, str], Path], cross_encoder: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache.parents[1]))
    for i in range(5):
        write(f"docs/{i}.txt", f"The annual leave of group {i} is {i * 7} days.\n")
    rag("ingest", "docs")
    found = json.loads(rag("query", "annual leave", "--rerank", str(cross_encoder), "--json").stdout)
    assert found["timings"]["rerank"] > 0
    assert all(hit["trace"]["fusion"] == "rerank" for hit in found["hits"])
    scores = [hit["score"] for hit in found["hits"]]
    assert scores == sorted(scores, reverse=True)
    assert "reranker" in rag("query", "annual leave", "--rerank", str(cross_encoder), "--explain").stdout


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_a_cross_encoder_whose_files_ask_for_raw_scores_still_gives_shares(tmp_path: Path) -> None:
    model = make_cross_encoder(tmp_path)
    configuration = json.loads((model / "config.json").read_text())
    raw = {"activation_fn": "torch.nn.modules.linear.Identity", "version": "4.1.0"}
    (model / "config.json").write_text(json.dumps({**configuration, "sentence_transformers": raw}))
    assert all(0 < score < 1 for score in get_reranker(str(model), cache=tmp_path / "cache").score(QUESTION, PASSAGES))


def test_a_reranker_that_is_not_there_is_an_error_with_a_way_out(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable) as caught:
        get_reranker("nothing-here", cache=tmp_path)
    assert caught.value.hint


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_an_engine_reads_the_files_of_its_reranker_once_however_many_ask(
    cross_encoder: Path, cache: Path, work: Path, write: Callable[[str, str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache.parents[1]))
    write("docs/a.md", "# Leave\n\nEvery employee has 28 days of annual leave.\n")
    write("docs/b.md", "# Pumps\n\nThe pump is blue.\n")
    opened: list[str] = []
    listening = True

    def heard(event: str, arguments: tuple[object, ...]) -> None:
        if listening and event == "open" and str(arguments[0]).endswith(("model.safetensors", "model.json")):
            opened.append(Path(str(arguments[0])).name)

    flags = {"embedding_model": "hashing", "index": str(work / ".rag"), "retrieval_rerank": str(cross_encoder)}
    resolved = resolve(flags, environment={}, directory=work, user_file=Path("none"))
    library = rag_over(Engine(workspace_at(work, resolved)))
    library.ingest(work / "docs")
    get_reranker(str(cross_encoder), cache=model_cache())  # exported now
    sys.addaudithook(heard)
    get_reranker(str(cross_encoder), cache=model_cache())
    once, opened = opened, []
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda i: library.query(f"How many days of leave? {i}", k=2), range(16)))
    listening = False
    library.close()
    assert "model.safetensors" in once
    assert opened == once
    assert all(result.hits[0].trace.fusion == "rerank" for result in results)
