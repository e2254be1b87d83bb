"""Evaluation as a CI uses it: gate, baseline, reports, gold files, tuning, and why something was not found."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any, Literal
from xml.etree import ElementTree

import pytest

from ragcli.datatypes import DocumentRecord, Span
from ragcli.errors import GoldError
from ragcli.evaluation.gating import (
    Baseline,
    baseline_text,
    changes_since,
    check_threshold,
    compare,
    load_baseline,
    parse_threshold,
)
from ragcli.evaluation.gold import Evidence, GoldQuestion, load_gold
from ragcli.evaluation.spans import span_scores
from ragcli.generation.abstention import scaled
from ragcli.index import open_store
from ragcli.results import Hit, Passage, Place
from ragcli.scores import ScoreTrace

Write = Callable[[str, str], Path]


@pytest.fixture
def indexed(rag, write: Write):
    """Twenty-four documents about things of one colour each, and a gold set that asks for them."""
    rows: list[dict[str, object]] = []
    for i in range(24):
        write(
            f"docs/{i:02}.txt", f"The unit number{i} is painted in colour{i % 6}. It was made in year{i} by maker{i}.\n"
        )
        rows.append(
            {"id": f"q{i:02}", "question": f"Who made number{i} in year{i}?", "answers": [f"maker{i}"],
             "evidence": [{"path": f"docs/{i:02}.txt", "quote": f"made in year{i} by maker{i}"}], "tags": ["even" if i % 2 == 0 else "odd"]}
        )  # fmt: skip
    rows += [
        {"id": f"u{i}", "question": f"What is the melting point of gadolinium{i}?", "answerable": False}
        for i in range(6)
    ]
    write("gold.jsonl", "\n".join(json.dumps(row) for row in rows))
    rag("ingest", "docs")
    return rag


def evaluated(rag, *arguments: str, code: int = 0) -> dict[str, Any]:
    return json.loads(rag("eval", "gold.jsonl", "--json", *arguments, code=code).stdout)


def test_every_metric_is_produced(indexed) -> None:
    report = evaluated(indexed)
    names = set(report["metrics"])
    assert {
        "hit@1", "hit@5", "recall@5", "precision@5", "mrr", "map", "ndcg@10", "span_recall", "span_precision", "span_iou", "answer_em",
        "answer_f1", "rouge_l", "answer_similarity", "answer_contains", "support_rate", "citation_precision", "citation_recall",
        "abstention_accuracy", "abstention_precision", "abstention_recall", "abstention_auroc", "calibration_error", "latency_p50_ms", "latency_p95_ms",
    } <= names  # fmt: skip
    assert report["metrics"]["hit@5"] == 1.0
    assert set(report["slices"]) == {"even", "odd"}
    assert report["intervals"]["ndcg@10"][0] <= report["metrics"]["ndcg@10"] <= report["intervals"]["ndcg@10"][1]
    assert set(report["latency"]) >= {"lexical", "choose"}
    assert report["risk_coverage"][-1][0] == 1.0
    assert sum(entry["questions"] for entry in report["reliability"]) == report["questions"]
    assert all(entry["low"] <= entry["confidence"] <= entry["high"] for entry in report["reliability"])
    assert "confidence   questions   mean   right" in indexed("eval", "gold.jsonl", "--verbose").stdout


def test_without_timing_equal_runs_are_equal_byte_for_byte(indexed) -> None:
    runs = {indexed("eval", "gold.jsonl", "--json", "--no-timing").stdout for _ in range(3)}
    assert len(runs) == 1
    assert "latency" not in runs.pop()


def test_a_tag_selects_questions_and_an_unknown_one_is_named(indexed) -> None:
    assert evaluated(indexed, "--tag", "even")["questions"] == 12
    assert "even, odd" in indexed("eval", "gold.jsonl", "--tag", "green", code=2).stderr


def test_an_option_that_the_target_has_no_use_for_is_refused(indexed, write: Write) -> None:
    assert "--split" in indexed("eval", "gold.jsonl", "--split", "train", code=2).stderr
    write("beir/corpus.jsonl", json.dumps({"_id": "d", "text": "Some text about topics."}))
    write("beir/queries.jsonl", json.dumps({"_id": "q", "text": "topics"}))
    write("beir/qrels.tsv", "query-id\tcorpus-id\tscore\nq\td\t1\n")
    assert "--answers" in indexed("eval", "beir", "--answers", code=2).stderr
    assert "--tag" in indexed("eval", "beir", "--tag", "x", code=2).stderr
    assert json.loads(indexed("eval", "beir", "--json", "--stages").stdout)["metrics"]["ndcg@10"] == 1.0


def test_a_ceiling_is_a_gate_too(indexed) -> None:
    assert evaluated(indexed, "--max", "latency_p95=60000")["gate"]["passed"] is True
    failed = evaluated(indexed, "--max", "latency_p95=0.0001", code=3)["gate"]["thresholds"][0]
    assert (failed["metric"], failed["reason"]) == ("latency_p95_ms", "above its ceiling")
    assert (
        evaluated(indexed, "--max", "latency_p95=60000", "--no-timing", code=3)["gate"]["thresholds"][0]["reason"]
        == "not measured"
    )


def test_a_named_baseline_that_is_not_there_is_an_error_that_says_how_to_make_one(indexed) -> None:
    shown = indexed("eval", "gold.jsonl", "--baseline", "base.json", "--save-baseline", "base.json", code=2).stderr
    assert "no baseline at base.json" in shown
    assert "rag eval GOLD --save-baseline base.json" in shown
    assert not Path("base.json").exists()
    evaluated(indexed, "--save-baseline", "base.json")
    again = evaluated(indexed, "--baseline", "base.json")
    assert again["gate"]["remarks"] == []
    assert {entry["verdict"] for entry in again["gate"]["baseline"]} == {"within noise"}
    first = Path("base.json").read_bytes()
    evaluated(indexed, "--save-baseline", "base.json")
    assert Path("base.json").read_bytes() == first


def test_a_planted_regression_turns_the_gate_red_by_name(indexed, write: Write) -> None:
    evaluated(indexed, "--save-baseline", "base.json")
    for i in range(0, 24, 2):
        write(f"docs/{i:02}.txt", "This text was lost by a loader.\n")
    indexed("ingest", "docs")
    brief = indexed("eval", "gold.jsonl", "--baseline", "base.json", code=3).stdout
    assert "Since the baseline: worse: " in brief
    assert "ndcg@10 1.000 → 0." in brief
    assert "Gate: FAILED by " in brief
    result = indexed("eval", "gold.jsonl", "--baseline", "base.json", "--verbose", code=3)
    assert re.search(r"ndcg@10 +1\.0000 → 0\.\d+ \(-0\.\d+, p 0\.00\d\) +regressed", result.stdout)
    assert "the corpus or the index changed since the baseline" in result.stdout
    assert "FAIL  regressed since the baseline" in result.stdout
    report = evaluated(indexed, "--baseline", "base.json", "--save-baseline", "worse.json", code=3)
    assert report["gate"]["passed"] is False
    assert not Path("worse.json").exists(), "a failed run is no baseline"


def test_another_setting_is_named_and_a_shuffled_corpus_is_no_regression(indexed, rag) -> None:
    evaluated(indexed, "--save-baseline", "base.json")
    for path in sorted(Path("docs").glob("*.txt"), reverse=True):
        rag("ingest", str(path), "--index", "other/.rag")
    report = evaluated(indexed, "--baseline", "base.json", "--index", "other/.rag", "--weight", "0.4")
    assert any(remark.startswith("weight was 0.5, is 0.4") for remark in report["gate"]["remarks"])
    assert {entry["verdict"] for entry in report["gate"]["baseline"]} == {"within noise"}


def test_a_gold_file_that_names_no_document_of_the_index_is_refused_before_the_first_question(
    indexed, write: Write
) -> None:
    [known] = [entry["path"] for entry in json.loads(indexed("ls", "--json").stdout)["documents"]][:1]
    write(
        "typo.jsonl",
        json.dumps({"question": "How many days?", "relevant": [f"handbok/{known}x", "nowhere.xyz"]}) + "\n",
    )
    shown = indexed("eval", "typo.jsonl", "--json", code=1).stdout
    assert f"did you mean {known}?" in json.loads(shown)["error"]
    assert "nowhere.xyz" in json.loads(shown)["error"]


def test_a_baseline_with_other_questions_compares_nothing_and_fails(indexed, write: Write) -> None:
    evaluated(indexed, "--save-baseline", "base.json", "--no-answers")
    write("gold.jsonl", json.dumps({"id": "new", "question": "Any colour?", "answerable": False}))
    report = evaluated(indexed, "--baseline", "base.json", code=3)
    assert report["gate"]["thresholds"][0]["reason"] == "nothing of the baseline was measured"
    write("broken.json", "{}")
    assert "no baseline of rag" in indexed("eval", "gold.jsonl", "--baseline", "broken.json", code=1).stderr


def test_differences_count_beyond_tolerance_and_significance() -> None:
    before = Baseline(
        {"mrr": 0.5, "abstention_recall": 0.9}, {f"q{i}": {"mrr": 0.5} for i in range(30)}, "f", {"mode": "hybrid"}
    )
    worse = {f"q{i}": {"mrr": 0.4} for i in range(30)}
    found = compare({"mrr": 0.4, "abstention_recall": 0.8}, worse, before, tolerance=0.01, significance=0.05)
    assert [(c.metric, c.verdict) for c in found] == [("mrr", "regressed"), ("abstention_recall", "regressed")]
    one_flip = {f"q{i}": {"abstention_accuracy": float(i > 0)} for i in range(30)}
    sure = Baseline({"abstention_recall": 0.9}, {f"q{i}": {"abstention_accuracy": 1.0} for i in range(30)}, "f", {})
    assert (
        compare({"abstention_recall": 0.8}, one_flip, sure, tolerance=0.01, significance=0.05)[0].verdict
        == "within noise"
    )
    noise = {f"q{i}": {"mrr": 0.5 + (0.3 if i % 2 else -0.35)} for i in range(30)}
    assert compare({"mrr": 0.475}, noise, before, tolerance=0.01, significance=0.05)[0].verdict == "within noise"
    assert compare({"mrr": 0.4}, worse, before, tolerance=0.2, significance=0.05)[0].verdict == "within noise"
    assert changes_since(before, "g", {"mode": "dense"}, [*before.per_question, "q99"]) == [
        "the corpus or the index changed since the baseline",
        'mode was "hybrid", is "dense"',
        "1 questions are new and 0 gone since the baseline; those of both are compared",
    ]


def test_a_baseline_file_gives_back_what_was_saved(write: Write) -> None:
    baseline = Baseline({"mrr": 0.5}, {"q1": {"mrr": 0.5}}, "f", {"chunker": {"strategy": "structure"}})
    assert load_baseline(write("b.json", baseline_text(baseline))) == baseline


def test_each_stage_is_measured(indexed) -> None:
    stages = evaluated(indexed, "--stages")["stages"]
    assert [stage["stage"] for stage in stages] == ["lexical", "dense", "hybrid", "+ collapse, stitch", "+ answer"]
    assert stages[2]["delta"] is not None
    assert "difference" in indexed("eval", "gold.jsonl", "--stages").stdout


def test_reports_for_other_programs(indexed, monkeypatch: pytest.MonkeyPatch, write: Write) -> None:
    rows = Path("gold.jsonl").read_text() + "\n" + json.dumps(
        {"id": "<b>|x", "question": "What | did <script>alert(1)</script> vanish?", "evidence": [{"path": "docs/00.txt", "quote": "never was, here"}]}
    )  # fmt: skip
    write("gold.jsonl", rows)
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", "summary.md")
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    shown = indexed(
        "eval",
        "gold.jsonl",
        "--junit",
        "out/j.xml",
        "--html",
        "out/r.html",
        "--markdown",
        "out/m.md",
        "--min",
        "mrr=0.1",
    ).stdout
    suite = ElementTree.parse("out/j.xml").getroot()
    assert (suite.get("tests"), len(suite.findall("testcase"))) == ("32", 32)
    assert int(suite.get("failures") or 0) == len(suite.findall("testcase/failure")) >= 1
    page = Path("out/r.html").read_text()
    assert page.count("<script") == 1
    assert "alert(1)" not in page.replace("&lt;script&gt;alert(1)", "")
    assert "30 documents" not in page
    assert "24 documents · 24 answered" in page
    assert "less is better" in page
    assert "<summary>[1] docs/00.txt:1</summary><blockquote>" in page
    assert '<div>maker0</div><span class="dim">docs/00.txt</span>' in page
    assert "http" not in page.replace("http-equiv", "")
    assert page.count("<svg") == 2
    assert page.count('class="track"') >= 20
    assert "never was" not in Path("summary.md").read_text()
    assert Path("summary.md").read_text() == Path("out/m.md").read_text()
    assert "### rag eval: passed" in Path("out/m.md").read_text()
    assert "\\|" in Path("out/m.md").read_text()
    assert "::warning file=gold.jsonl,line=31::the quotation “never was, here” of <b>|x is not in its document" in shown


def test_the_first_lines_say_whether_it_is_good_and_which_questions_fail(indexed, write: Write) -> None:
    shown = indexed("eval", "gold.jsonl").stdout.splitlines()
    assert shown[0].startswith("Good: 24 of 24 questions find their evidence among the first five passages")
    assert shown[1].startswith("Answers: 24 of 24 right; ")
    assert shown[3].startswith("No gate: --min hit@5=0.9 or --baseline FILE") or shown[2] == "No question fails."
    assert len(shown) <= 6
    lost = json.dumps({"id": "lost", "question": "Who painted number3?", "evidence": [{"path": "docs/04.txt"}]})
    write("gold.jsonl", lost)
    failed = indexed("eval", "gold.jsonl", "--min", "hit@1=1", "--no-answers", code=3).stdout
    assert "Gate: FAILED by hit@1 0.000 (at least 1 is wanted)." in failed


def test_every_metric_has_a_meaning_and_a_direction(indexed) -> None:
    from ragcli.render.verdict import LESS_IS_BETTER, meaning

    names = [name for name in evaluated(indexed)["metrics"] if not name.endswith("_ms")]
    assert [name for name in [*names, "answer_recall@5", "answer_wrong"] if not meaning(name)] == []
    assert {"answer_wrong", "calibration_error"} <= LESS_IS_BETTER


def test_a_report_that_cannot_be_written_is_an_error(indexed, write: Write) -> None:
    write("file", "x")
    assert "cannot write" in indexed("eval", "gold.jsonl", "--html", "file/r.html", code=1).stderr


def test_gold_of_other_tools_is_read(write: Write) -> None:
    ragas = load_gold(
        write("r.jsonl", json.dumps({"user_input": "A?", "reference": "x", "reference_contexts": ["the x"]}))
    )
    assert (ragas[0].question, ragas[0].answers, ragas[0].evidence) == ("A?", ("x",), (Evidence("", "the x"),))
    deepeval = load_gold(write("d.json", json.dumps([{"input": "A?", "expectedOutput": "x", "sourceFile": "a.md"}])))
    assert (deepeval[0].answers, deepeval[0].evidence) == (("x",), (Evidence("a.md"),))
    promptfoo = load_gold(
        write("p.yaml", "tests:\n  - vars: {query: 'A?'}\n    assert:\n      - {type: contains-all, value: [x, y]}\n      - {type: equals, value: z}\n")
    )  # fmt: skip
    assert (promptfoo[0].question, promptfoo[0].must_contain, promptfoo[0].answers) == ("A?", ("x", "y"), ("z",))
    table = load_gold(write("t.csv", "query,relevant_docs,answerable\nA?,a.md;b.md,true\nB?,,false\n"))
    assert [(q.answerable, len(q.evidence)) for q in table] == [(True, 2), (False, 0)]
    qmd = load_gold(
        write("q.json", json.dumps({"version": 1, "queries": [{"id": "1", "query": "A?", "expected_files": ["a.md"]}]}))
    )
    assert qmd[0].evidence == (Evidence("a.md"),)
    bench = load_gold(
        write(
            "b.jsonl",
            json.dumps({"question": "A?", "expected_answer": "x", "must_contain": ["y"], "relevant_docs": ["a"]}),
        )
    )
    assert (bench[0].answers, bench[0].must_contain) == (("x",), ("y",))
    with pytest.raises(GoldError, match="not valid YAML"):
        load_gold(write("bad.yaml", "tests: ["))


def test_evidence_may_stand_in_any_document_or_under_a_heading(rag, write: Write) -> None:
    write(
        "docs/a.md",
        "# Leave\n\n28 days a year are free for everybody here.\n\n# Pay\n\nMoney comes monthly to all accounts.\n",
    )
    rows = [
        {"id": "1", "question": "How many days are free?", "contexts": [], "ground_truth_contexts": ["28 days a year"]},
        {"id": "2", "question": "When does money come?", "evidence": [{"path": "docs/a.md", "heading": "Pay"}]},
        {"id": "3", "question": "When does money come?!", "evidence": [{"path": "docs/a.md", "heading": "Travel"}]},
    ]
    write("gold.jsonl", "\n".join(json.dumps(row) for row in rows))
    rag("ingest", "docs")
    report = json.loads(rag("eval", "gold.jsonl", "--json", "--no-answers").stdout)
    assert [score["metrics"]["hit@10"] for score in report["per_question"]] == [1, 1, 0]


def located(path: str, quote: str) -> tuple[int, int] | None:
    return {"a": (100, 200), "b": (150, 250)}.get(quote)


def test_span_scores_count_characters_once_within_the_budget() -> None:
    def hit(path: str, start: int, end: int, rank: int, tokens: int = 100, also: tuple[Place, ...] = ()) -> Hit:
        record = DocumentRecord(path, path, "", "text", path, 1, False)
        return Hit(
            Passage(record, ("c",), "", Span(start, end), (), (), tokens),
            1.0,
            rank,
            ScoreTrace("convex", (), 1.0),
            also,
        )

    gold = GoldQuestion("q", "?", True, evidence=(Evidence("x", "a"), Evidence("x", "b"), Evidence("x", "gone")))
    found = span_scores(gold, [hit("x", 50, 175, 1), hit("x", 0, 125, 2), hit("y", 0, 25, 3)], lambda p: p, located)
    assert found == pytest.approx({"span_recall": 75 / 150, "span_precision": 75 / 200, "span_iou": 75 / 275})
    short = span_scores(
        gold, [hit("y", 0, 100, 1, tokens=500), hit("x", 100, 250, 2, tokens=500)], lambda p: p, located
    )
    assert short["span_recall"] == 0
    twin = (Place(DocumentRecord("x", "x", "", "text", "x", 1, False), Span(100, 250)),)
    assert span_scores(gold, [hit("y", 0, 150, 1, also=twin)], lambda p: p, located)["span_recall"] == 1
    assert span_scores(GoldQuestion("q", "?", True, evidence=(Evidence("x"),)), [], lambda p: p, located) == {}


@pytest.mark.parametrize(
    ("question", "expect", "stage", "text"),
    [
        ("Who made number3 in year3?", "docs/03.txt:maker3", None, "retrieved and cited"),
        ("Who made number3 in year3?", "docs/99.txt", "ingest", "there is no such file"),
        ("Who made number3 in year3?", "later.txt", "ingest", "outside of what was ingested (docs)"),
        ("Who made number3 in year3?", "docs/new.txt", "ingest", "new since the last ingest"),
        ("Who made number3 in year3?", "docs/broken.pdf", "ingest", "could not be read"),
        ("Who made number3 in year3?", "docs/.hidden.txt", "ingest", "ignored"),
        ("Who made number3 in year3?", "docs/image.bin", "ingest", "not a document"),
        ("Who made number3 in year3?", "docs/03.txt:maker4", "chunking", "the quotation is not in the text"),
        ("Who made number3 in year3?", "docs/20.txt", "hits", "over the budget of 5 passages"),
        ("which temperature does molten gadolinium need to crystallise besides number3", "docs/03.txt", "answer", "abstained"),
    ],
)  # fmt: skip
def test_why_names_the_stage_that_lost_the_document(
    indexed, write: Write, question: str, expect: str, stage: str | None, text: str
) -> None:
    write("docs/broken.pdf", "%PDF-1.4 nothing of a file")
    Path("docs/image.bin").write_bytes(bytes(range(256)) * 20)
    indexed("ingest", "docs")
    write("later.txt", "x")
    write("docs/new.txt", "brand new\n")
    write("docs/.hidden.txt", "hidden\n")
    found = json.loads(indexed("why", question, "--expect", expect, "--json", code=4 if stage else 0).stdout)
    assert text in found["verdict"]
    assert [entry["stage"] for entry in found["stages"] if entry["state"] == "lost"] == ([stage] if stage else [])
    shown = indexed("why", question, "--expect", expect, code=None).stdout
    assert ("LOST" in shown) is (stage is not None)


def test_missed_questions_say_why(indexed, write: Write) -> None:
    missed = {"id": "m", "question": "Who made number3?", "evidence": [{"path": "docs/77.txt"}]}
    found = {"id": "f", "question": "Who made number3?", "evidence": [{"path": "docs/03.txt"}]}
    write("gold.jsonl", f"{json.dumps(missed)}\n{json.dumps(found)}\n")
    told = {entry["id"]: entry for entry in evaluated(indexed)["per_question"]}
    assert "there is no such file" in told["m"]["why"][0]


def test_lint_lists_every_problem_in_one_pass(indexed, write: Write) -> None:
    lines = [
        {"id": "1", "question": "Who made number3?", "relevant": ["docs/03.txt"]},
        {"id": "2", "question": "who made NUMBER3", "relevant": ["docs/03.txt"]},
        {"id": "3", "question": "Where is it?", "relevant": ["docs/zz.txt"]},
        {"id": "4", "question": "Was it maker4 that made number4?", "answers": ["maker4"], "evidence": [{"path": "docs/04.txt", "quote": "by maker5"}]},
        {"id": "5", "question": "No evidence?", "answers": ["x"]},
    ]  # fmt: skip
    write("bad.jsonl", "\n".join([*map(json.dumps, lines), "not json"]))
    problems = json.loads(indexed("gold", "lint", "bad.jsonl", "--json", code=1).stdout)["problems"]
    told = {(problem["line"], problem["kind"]): problem["text"] for problem in problems}
    assert "the same question as in line 1" in told[2, "error"]
    assert "docs/zz.txt is not in the index" in told[3, "error"]
    assert "“by maker5” is not in docs/04.txt" in told[4, "error"]
    assert "gives its answer away" in told[4, "warning"]
    assert "without evidence" in told[5, "warning"]
    assert "not JSON" in told[6, "error"]
    assert "0% of the questions are unanswerable" in told[0, "warning"]
    assert indexed("gold", "lint", "gold.jsonl").stdout == "no problems\n"
    assert "were not checked" in indexed("gold", "lint", "gold.jsonl", "--index", "none/.rag").stdout


def test_the_last_answer_becomes_a_gold_question(indexed) -> None:
    assert "nothing was asked yet" in indexed("gold", "add", "mine.jsonl", "--last", code=2).stderr
    indexed("ask", "Who made number3 in year3?")
    indexed("gold", "add", "mine.jsonl", "--last")
    row = json.loads(Path("mine.jsonl").read_text())
    assert row["evidence"][0]["path"] == "docs/03.txt"
    assert "maker3" in row["answers"][0]
    assert "already" in indexed("gold", "add", "mine.jsonl", "--last", code=1).stderr
    indexed("ask", "melting point of gadolinium", code=4)
    indexed("gold", "add", "mine.jsonl", "--last", "--good")
    indexed("query", "number7")
    indexed("gold", "add", "mine.jsonl", "--last", "--bad")
    loaded = load_gold(Path("mine.jsonl"))
    assert [(q.answerable, q.tags) for q in loaded] == [(True, ()), (False, ()), (True, ("bad",))]
    assert json.loads(indexed("eval", "mine.jsonl", "--json").stdout)["metrics"]["hit@1"] == 1.0


def test_proposed_questions_are_marked_and_can_be_evaluated(rag, write: Write) -> None:
    write(
        "docs/a.md",
        "# Handbook\n\n## Annual leave days\n\nEvery employee of the company has 28 days of annual leave. No numbers in this sentence at all.\n",
    )
    rag("ingest", "docs")
    rag("gold", "new", "new.jsonl", "-n", "5")
    loaded = load_gold(Path("new.jsonl"))
    assert [q.tags for q in loaded] == [("unreviewed", "cloze"), ("unreviewed", "heading")]
    assert (loaded[0].question, loaded[0].answers) == (
        "Which number is missing: “Every employee of the company has ___ days of annual leave.”?", ("28",),
    )  # fmt: skip
    assert json.loads(rag("eval", "new.jsonl", "--json").stdout)["metrics"]["hit@1"] == 1.0
    assert "exists" in rag("gold", "new", "new.jsonl", code=2).stderr
    assert "not reviewed" in rag("gold", "lint", "new.jsonl").stdout


def test_tuning_judges_on_the_half_that_did_not_choose(indexed) -> None:
    found = json.loads(indexed("tune", "gold.jsonl", "--sizes", "32", "--write", "tuned.toml", "--json").stdout)
    assert found["trials"][0]["name"] == "as it is"
    assert {"convex, weight 0.0", "rrf, weight 0.5", "chunks of 32 tokens"} <= {
        trial["name"] for trial in found["trials"]
    }
    assert found["better"] is False
    assert not Path("tuned.toml").exists()
    Path("few.jsonl").write_text(Path("gold.jsonl").read_text().partition("\n")[0])
    assert "tuning needs 20" in indexed("tune", "few.jsonl", code=1).stderr


SYNONYMS = """physician doctor|automobile car|infant baby|ocean sea|attorney lawyer|film movie|couch sofa|purchase buy|error mistake|
cemetery graveyard|rabbit bunny|garbage trash|present gift|truck lorry|jail prison|stomach belly|shop store|street road|forest woods|
rock stone|battle fight|ship boat|angry mad|begin start"""


def test_tuning_writes_what_is_better_beyond_noise(
    rag_with_model, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = []
    for i, pair in enumerate(SYNONYMS.replace("\n", "").split("|")):
        one, other = pair.split()
        write(f"docs/{i:02}.txt", f"This page explains the word {one}.\n")
        rows.append({"id": other, "question": f"Which page explains {other}?", "relevant": [f"docs/{i:02}.txt"]})
    write("gold.jsonl", "\n".join(json.dumps(row) for row in rows))
    rag_with_model("ingest", "docs")
    monkeypatch.setenv("RAGCLI_RETRIEVAL_WEIGHT", "0.0")
    found = json.loads(rag_with_model("tune", "gold.jsonl", "--write", "tuned.toml", "--json").stdout)
    assert found["better"] is True
    assert found["p"] < 0.05
    assert "weight = " in Path("tuned.toml").read_text()
    monkeypatch.delenv("RAGCLI_RETRIEVAL_WEIGHT")
    Path("tuned.toml").rename("rag.toml")
    settings = json.loads(rag_with_model("config", "show", "--json").stdout)["settings"]
    assert settings["retrieval.weight"]["value"] == found["settings"]["retrieval_weight"]


def test_calibration_is_kept_with_the_index_and_used(indexed) -> None:
    found = json.loads(indexed("calibrate", "gold.jsonl", "--json").stdout)
    assert 0 < found["threshold"] < 1
    assert found["auroc"] > 0.9
    assert found["error_after"] < 0.2
    answered = evaluated(indexed)
    assert answered["metrics"]["abstention_recall"] == 1.0
    change_calibration(threshold=0.999)
    assert evaluated(indexed)["answered"] == 0
    assert evaluated_with_threshold(indexed) > 0
    indexed("ingest", "--rebuild")
    assert evaluated(indexed)["answered"] == 0, "an index that is made anew of the same parts keeps it"
    change_calibration(parts="other")
    assert evaluated(indexed)["answered"] > 0, "a calibration of another index is not used"


def change_calibration(**changes: object) -> None:
    store = open_store(Path(".rag"))
    manifest = store.manifest()
    assert manifest is not None
    with closing(store.catalog()) as catalog:
        kept = catalog.calibration()
    assert kept is not None
    with store.writer(manifest.identity) as writer:
        writer.calibrate({**kept, **changes})


def test_a_calibration_beside_the_index_is_used_and_carried_into_it(indexed) -> None:
    indexed("calibrate", "gold.jsonl")
    file, store = Path(".rag/calibration.json"), open_store(Path(".rag"))
    with closing(store.catalog()) as catalog:
        kept = catalog.calibration()
        assert kept is not None
        assert not file.exists()
        file.write_text(json.dumps({**kept, "threshold": 0.999}))  # as version 0.1 leaves it
        generation = catalog.generation()
        assert evaluated(indexed)["answered"] == 0
        indexed("ingest")
        assert not file.exists()
        assert catalog.calibration() == {**kept, "threshold": 0.999}
        assert catalog.generation() == generation
        file.write_text("{")
        assert catalog.calibration() == {**kept, "threshold": 0.999}, "a file that is no JSON counts for nothing"


def test_the_confidence_of_an_answer_is_the_calibrated_one(indexed) -> None:
    before = asked(indexed)
    fitted = json.loads(indexed("calibrate", "gold.jsonl", "--json").stdout)
    assert asked(indexed) == pytest.approx(scaled(before, fitted["slope"], fitted["intercept"]), abs=1e-3)
    assert asked(indexed) != before


def asked(rag) -> float:
    return json.loads(rag("ask", "Who made number3 in year3?", "--json").stdout)["confidence"]


def evaluated_with_threshold(rag) -> int:
    return json.loads(rag("ask", "Who made number3 in year3?", "--threshold", "0.1", "--json").stdout)["answered"]


def test_two_configurations_are_compared_question_by_question(indexed, write: Write) -> None:
    write("a.toml", '[retrieval]\nmode = "lexical"\n')
    write("b.toml", "[retrieval]\nweight = 0.5\n")
    found = json.loads(indexed("compare", "a.toml", "b.toml", "--gold", "gold.jsonl", "--json").stdout)
    assert found["names"] == ["a", "b"]
    assert {entry["metric"] for entry in found["comparisons"]} >= {"ndcg@10", "answer_contains"}
    assert "within noise" in indexed("compare", "a.toml", "b.toml", "--gold", "gold.jsonl").stdout
    assert "no such file" in indexed("compare", "a.toml", "none.toml", "--gold", "gold.jsonl", code=2).stderr


@pytest.mark.parametrize(("kind", "worse"), [("min", 0.999), ("max", 1.001)])
def test_a_metric_that_equals_its_bound_passes(kind: Literal["min", "max"], worse: float) -> None:
    bound = parse_threshold("hit@5=1.0", kind)
    assert check_threshold(bound, {"hit@5": 1.0}).passed
    assert not check_threshold(bound, {"hit@5": worse}).passed
    assert check_threshold(bound, {}).reason == "not measured"
