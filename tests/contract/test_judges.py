"""What every entailment model promises, and how one is found, exported and read."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest

from ragcli.embedding.entailment import get_judge, read_labels
from ragcli.errors import ModelUnavailable, UsageError
from ragcli.protocols import Judge
from tests.make_cross_encoder import make_cross_encoder
from tests.servers import Script, model_server

THREE = {0: "ENTAILMENT", 1: "neutral", 2: "contradiction"}
PAIRS = [
    ("Every employee has 28 days.", "An employee has days."),
    ("The pump is blue.", "word " * 300),
    ("word " * 900, "The pump is blue."),
    ("", ""),
]
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")


@pytest.fixture(scope="module")
def nli(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A real classifier of three classes whose first one is nearly always the likeliest."""
    return make_cross_encoder(tmp_path_factory.mktemp("nli"), THREE, (6.0, 0.0, 0.0))


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A real classifier that knows only whether something follows."""
    return make_cross_encoder(tmp_path_factory.mktemp("two"), {0: "not_entailment", 1: "entailment"}, (0.0, 2.0))


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the command line looks for exported models when XDG_CACHE_HOME is the folder two above."""
    return tmp_path_factory.mktemp("cache") / "ragcli" / "models"


def relabelled(source: Path, folder: Path, labels: Mapping[int, str] | None) -> Path:
    """The same model under the same name in another folder, its classes called otherwise."""
    target = folder / source.name
    shutil.copytree(source, target)
    configuration = json.loads((target / "config.json").read_text())
    configuration.pop("id2label")
    (target / "config.json").write_text(json.dumps({**configuration, **({"id2label": labels} if labels else {})}))
    return target


class Overlap:
    """Takes shared words for entailment."""

    name = "overlap"

    def entails(self, pairs: Sequence[tuple[str, str]]) -> list[tuple[float, float]]:
        found = []
        for premise, hypothesis in pairs:
            said = set(hypothesis.lower().split())
            share = len(said & set(premise.lower().split())) / max(1, len(said))
            found.append((share, (1 - share) / 2))
        return found


@pytest.fixture(params=["overlap", "nli", "two"])
def judge(request: pytest.FixtureRequest, cache: Path) -> Judge:
    if request.param == "overlap":
        return Overlap()
    return get_judge(str(request.getfixturevalue(request.param)), cache=cache)


def test_probabilities_come_in_the_order_of_the_pairs_and_repeat(judge: Judge) -> None:
    found = judge.entails(PAIRS)
    assert len(found) == len(PAIRS)
    assert all(0 <= p <= 1 for pair in found for p in pair)
    assert all(entailment + contradiction <= 1 + 1e-9 for entailment, contradiction in found)
    assert judge.entails(PAIRS) == found
    for one, other in zip(judge.entails(PAIRS[::-1]), found[::-1], strict=True):
        assert one == pytest.approx(other, abs=1e-5)
    assert judge.entails([]) == []
    assert judge.name


def test_a_model_of_two_classes_tells_no_contradiction(two: Path, cache: Path) -> None:
    assert all(e > 0.8 and c == 0 for e, c in get_judge(str(two), cache=cache).entails(PAIRS))


def test_the_order_of_the_classes_is_read_from_the_configuration(nli: Path, cache: Path, tmp_path: Path) -> None:
    first = get_judge(str(nli), cache=cache).entails(PAIRS)
    assert all(e > 0.9 and c < 0.1 for e, c in first)
    other = relabelled(nli, tmp_path, {0: "Contradiction", 1: "Entailment", 2: "Neutral"})
    assert [c for _, c in get_judge(str(other), cache=cache).entails(PAIRS)] == [e for e, _ in first]


def test_a_model_without_a_class_for_entailment_is_refused_with_the_labels_that_it_has(
    nli: Path, cache: Path, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match="the labels negative, neutral, positive") as caught:
        get_judge(str(relabelled(nli, tmp_path, {2: "positive", 0: "negative", 1: "neutral"})), cache=cache)
    assert "NLI" in caught.value.hint
    with pytest.raises(UsageError, match="no labels"):
        read_labels(relabelled(nli, tmp_path / "bare", None), "bare")
    assert not list(tmp_path.glob("*-v1")), "nothing was exported"


def test_a_judge_that_is_not_there_is_an_error_with_a_way_out(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable) as caught:
        get_judge("nothing-here", cache=tmp_path)
    assert caught.value.hint


def test_python_code_in_the_directory_of_a_model_is_never_run(nli: Path, tmp_path: Path) -> None:
    target = relabelled(nli, tmp_path / "models", THREE)
    trace = tmp_path / "ran"
    (target / "own.py").write_text(f"open({str(trace)!r}, 'w').close()\n")
    (target / "modules.json").write_text(json.dumps([{"idx": 0, "name": "0", "path": "", "type": "own.Module"}]))
    with pytest.raises(ModelUnavailable, match=r"own\.Module"):
        get_judge(str(target), cache=tmp_path / "cache")
    (target / "modules.json").unlink()
    configuration = json.loads((target / "config.json").read_text())
    own = {"model_type": "own", "auto_map": {"AutoConfig": "own.Config", "AutoModelForSequenceClassification": "own.M"}}
    (target / "config.json").write_text(json.dumps({**configuration, **own}))
    with pytest.raises(ModelUnavailable):
        get_judge(str(target), cache=tmp_path / "cache")
    assert not trace.exists()


def test_a_judge_decides_on_a_written_sentence_end_to_end(
    rag, write: Callable[[str, str], Path], nli: Path, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("openai", reason="needs the extra [openai]")
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache.parents[1]))
    write("docs/leave.md", "# Leave\n\nEvery employee has 28 days of annual leave.\n")
    rag("ingest", "docs")
    question = "How many days of annual leave does every employee have?"
    written = Script(reply="The annual holiday entitlement of all colleagues comes to 28 days. [1]")

    def citations(*arguments: str) -> list[dict[str, object]]:
        return list(json.loads(rag(*ask, *arguments, "--json").stdout)["citations"])

    with model_server(written) as address:
        ask = ("ask", question, "--model", f"openai:m@{address}/v1", "--threshold", "0", "--no-cache")
        assert json.loads(rag(*ask, "--json").stdout)["mode"] == "fallback", "by the rules, nothing supports it"
        (found,) = citations("--judge", str(nli))
        assert (found["status"], found["problems"]) == ("paraphrase", [])
        judgement = found["judgement"]
        assert isinstance(judgement, dict)
        assert judgement["model"] == nli.name
        assert judgement["decided"] is True
        assert judgement["entailment"] > 0.9
        assert f"by {nli.name}" in rag(*ask, "--judge", str(nli)).stdout
        written.reply = "All employees have 28 days of annual leave. [1]"
        (found,) = citations()
        assert (found["status"], found["judgement"]) == ("paraphrase", None)
        against = relabelled(nli, tmp_path, {0: "contradiction", 1: "neutral", 2: "entailment"})
        assert json.loads(rag(*ask, "--judge", str(against), "--json").stdout)["mode"] == "fallback"


def test_a_judge_without_a_model_that_writes_is_an_error(rag, write: Callable[[str, str], Path]) -> None:
    write("docs/leave.md", "# Leave\n\nEvery employee has 28 days of annual leave.\n")
    rag("ingest", "docs")
    for command in (["ask", "How many days of annual leave?"], ["chat"]):
        shown = rag(*command, "--judge", "nli", code=2).stderr
        assert "--judge decides on sentences that a language model wrote" in shown
    write("rag.toml", '[answer]\njudge = "nli"\n')
    rag("ask", "How many days of annual leave?", "--threshold", "0")
