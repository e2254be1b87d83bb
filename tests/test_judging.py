"""Answers judged by the phrases that they must and must not hold, in gold files, metrics, gates and reports."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any
from xml.etree import ElementTree

import pytest

from ragcli.errors import GoldError
from ragcli.evaluating import Subject, evaluate
from ragcli.evaluation.gating import Baseline, compare
from ragcli.evaluation.gold import Evidence, GoldQuestion, load_gold
from ragcli.evaluation.judging import MAX_CHARACTERS, holds_phrase, judge, outcome_metrics, passages_hold, plain
from ragcli.measurements import EvalReport
from ragcli.render.evaluation import detailed_lines, outcome_lines, tag_lines, worst_lines
from ragcli.results import Answer, Hit, QueryResult, Sentence
from tests.conftest import Rag, shared_data
from tests.helpers.answers import make_hit

Write = Callable[[str, str], Path]

LEAVE = GoldQuestion(
    "leave", "How many days of leave?", True, must_groups=(("28 days", "28 working days"), ("calendar year",)),
    must_not=("25 days",), evidence=(Evidence("d.md"),), grades=(1.0,), tags=("leave",),
)  # fmt: skip


def reply(*texts: str, answered: bool = True, hits: tuple[Hit, ...] = ()) -> Answer:
    sentences = tuple(Sentence(text, (), " " if i else "") for i, text in enumerate(texts))
    return Answer("?", answered, sentences, (), hits, 0.5, "extractive", "")


@pytest.mark.parametrize(
    ("text", "phrase", "expected"),
    [
        ("It takes 128 days.", "28 days", False),
        ("It takes 28 days.", "28 days", True),
        ("See `**28**\n days**`", "28 days", True),
        ("the <strong>28</strong> days", "28 DAYS", True),
        ("don’t “do” that", 'don\'t "do" that', True),
        ("from 8–10", "8-10", True),
        ("retries", "retrie", False),
        ("run --force now", "--force", True),
        ("28\u00ad days", "28 days", True),
        ("anything", "**", False),
        ("", "28 days", False),
    ],
)
def test_a_phrase_stands_between_word_boundaries_without_markup_and_typography(
    text: str, phrase: str, *, expected: bool
) -> None:
    assert holds_phrase(plain(text), phrase) is expected


@pytest.mark.parametrize(
    ("answer", "outcome", "first"),
    [
        (reply("Everybody has 28 days in a calendar year."), "right", True),
        (reply("Everybody has 28 working days.", "They are for a calendar year."), "right", False),
        (reply("Everybody has 28 days."), "incomplete", False),
        (reply("Everybody has 28 days in a calendar year.", "It was 25 days."), "wrong", False),
        (reply("Nothing of the kind."), "wrong", False),
        (reply("Everybody has 28 days in a calendar year.", "x" * 600), "long", False),
        (reply(answered=False), "abstained", False),
        (reply("The closest passage says 28 days in a calendar year.", answered=False), "abstained", False),
    ],
)
def test_an_answer_has_one_outcome(answer: Answer, outcome: str, *, first: bool) -> None:
    found = judge(LEAVE, answer)
    assert found is not None
    assert (found.outcome, found.first) == (outcome, first)
    metrics = outcome_metrics(found)
    assert metrics.pop("answer_first") == float(first)
    assert {name for name, value in metrics.items() if value} == {f"answer_{outcome}"}


def test_the_length_of_a_question_comes_before_that_of_the_run() -> None:
    answer = reply("Everybody has 28 days in a calendar year.")
    short = GoldQuestion("q", "?", True, must_groups=(("28 days",),), max_characters=20)
    assert [
        found.outcome
        for question, bound in ((LEAVE, 20), (LEAVE, 41), (short, 600))
        if (found := judge(question, answer, max_characters=bound))
    ] == ["long", "right", "long"]


def test_a_question_that_says_nothing_about_its_answer_is_not_judged() -> None:
    assert judge(GoldQuestion("q", "?", True, answers=("28 days",), must_not=("x",)), reply("x")) is None
    assert judge(GoldQuestion("q", "?", False, must_groups=(("x",),)), reply("x")) is None


def test_must_contain_is_read_as_groups_where_there_are_none() -> None:
    question = GoldQuestion("q", "?", True, must_contain=("28 days", "calendar year"))
    found = judge(question, reply("28 days a year"))
    assert found is not None
    assert (found.outcome, found.missing) == ("incomplete", (("calendar year",),))


def test_the_first_five_passages_of_the_evidence_show_what_an_answer_could_have_said() -> None:
    halves = (make_hit("It is 28 days", 1), make_hit("in a calendar year", 2))
    assert passages_hold(LEAVE, halves, lambda path: path) == 1.0
    assert passages_hold(LEAVE, halves[:1], lambda path: path) == 0.0
    assert passages_hold(LEAVE, halves, lambda path: None) == 0.0
    sixth = (*(make_hit("It is 28 days", rank) for rank in range(1, 6)), make_hit("in a calendar year", 6))
    assert passages_hold(LEAVE, sixth, lambda path: path) == 0.0
    assert passages_hold(GoldQuestion("q", "?", True, must_groups=(("x",),)), halves, lambda path: path) is None


def report_of(*answers: Answer) -> EvalReport:
    """An evaluation in which the same question, under other ids, is answered in these ways, and one near miss is declined."""
    questions = [GoldQuestion(f"q{i}", f"Question {i}?", True, must_groups=LEAVE.must_groups, must_not=LEAVE.must_not,
                              evidence=LEAVE.evidence, grades=(1.0,), tags=("leave", "a very long tag that does not fit"))
                 for i in range(len(answers))]  # fmt: skip
    replies = {question.question: answer for question, answer in zip(questions, answers, strict=True)}
    near = GoldQuestion("near", "Near miss?", False, tags=("near",))
    subject = Subject(
        retrieve=lambda text: QueryResult(text, "hybrid", (make_hit(),)),
        answer=lambda text: replies.get(text, reply(answered=False)),
        resolve=lambda path: path,
        locate=lambda _path, _quote: None,
    )
    config = {"mode": "hybrid", "embedder": "none"}
    return evaluate([*questions, near], subject, thresholds=[], config=config, timing=False)


RIGHT = reply("Everybody has 28 days in a calendar year.")
WRONG = reply("Everybody has 28 days in a calendar year, not 25 days.")


def test_outcomes_are_metrics_with_intervals_and_slices() -> None:
    report = report_of(RIGHT, RIGHT, WRONG, reply(answered=False))
    assert report.outcomes == {"right": 2, "long": 0, "incomplete": 0, "wrong": 1, "abstained": 1}
    assert (report.metrics["answer_right"], report.metrics["answer_first"]) == (0.5, 0.5)
    assert (report.metrics["answer_wrong"], report.metrics["answer_abstained"]) == (0.25, 0.25)
    low, high = report.intervals["answer_wrong"]
    assert 0 <= low < 0.25 < high <= 1
    assert report.slices["leave"]["answer_right"] == 0.5
    assert "answer_right" not in report.slices["near"]
    assert report.metrics["abstention_recall"] == 1.0
    # Of four judged answers the two right ones are no risk; the near miss always is one.
    assert report.risk_coverage[-1] == (1.0, 3 / 5)


def test_the_summary_fits_eighty_columns_and_says_what_is_wrong_first() -> None:
    report = report_of(RIGHT, reply("It has 28 days."), WRONG, reply(answered=False))
    table = [line.plain for line in outcome_lines(report)]
    assert table[0] == "4 answers judged by what they must and must not hold:"
    assert table[2] == "  right                1       25.0%         33.3%"
    assert table[6] == "  abstained            1       25.0%"
    assert table[7] == "  1 of 1 unanswerable questions declined (100.0%)"
    tags = [line.plain for line in tag_lines(report)]
    assert tags[1].startswith("  a very long tag that    0.250    0.250    0.250    0.250")
    assert max(map(len, table + tags)) <= 80
    worst = [line.plain.split() for line in worst_lines(report.per_question, 2)]
    assert worst[0][:2] == ["wrong", "q2"]
    assert "says “25 days”, which makes it wrong" in " ".join(worst[1])
    assert worst[2][:2] == ["incomplete", "q1"]
    assert "lacks “calendar year”" in " ".join(worst[3])
    assert worst[4][:3] == ["and", "1", "more"]
    shown = [str(line) for line in detailed_lines(report, worst=0)]
    assert not any("more answers that are not right" in line for line in shown)


def test_a_report_without_judged_questions_reads_as_before() -> None:
    assert report_of().outcomes == {}
    assert list(outcome_lines(report_of())) == []


@pytest.mark.parametrize(("before", "now", "verdict"), [(0.0, 1.0, "regressed"), (1.0, 0.0, "improved")])
def test_more_wrong_answers_are_a_regression_and_fewer_are_not(before: float, now: float, verdict: str) -> None:
    def scores(wrong: float) -> dict[str, dict[str, float]]:
        return {f"q{i}": {"answer_wrong": wrong, "answer_right": 1 - wrong, "answer_abstained": 0.0} for i in range(30)}

    saved = Baseline(
        {"answer_wrong": before, "answer_right": 1 - before, "answer_abstained": 0.5}, scores(before), "f", {}
    )
    metrics = {"answer_wrong": now, "answer_right": 1 - now, "answer_abstained": 0.0}
    found = compare(metrics, scores(now), saved, tolerance=0.01, significance=0.05)
    assert [(entry.metric, entry.verdict) for entry in found] == [("answer_wrong", verdict), ("answer_right", verdict)]


ROWS: list[dict[str, Any]] = [
    {"id": "maker", "question": "Who made number3 in year3?", "must_groups": [["maker3", "maker number three"]],
     "must_not": ["maker4"], "evidence": [{"path": "docs/3.txt"}], "tags": ["made"]},
    {"id": "colour", "question": "Who made number5 in year5?", "must_groups": [["maker5"]], "max_characters": 10,
     "evidence": [{"path": "docs/5.txt"}], "tags": ["made"]},
    {"id": "<b>|paint", "question": "Who made number7 in year7?", "must_groups": [["maker7"], ["painted twice"]],
     "must_not": ["year7"], "evidence": [{"path": "docs/7.txt"}], "tags": ["painted"]},
]  # fmt: skip


@pytest.fixture
def indexed(rag: Rag, write: Write) -> Rag:
    """Nine documents about one thing each, and three questions: a right, a long and a wrong answer."""
    for i in range(9):
        write(f"docs/{i}.txt", f"The unit number{i} is painted in colour{i}. It was made in year{i} by maker{i}.\n")
    write("gold.jsonl", "\n".join(json.dumps(row) for row in ROWS))
    rag("ingest", "docs")
    return rag


def test_eval_reports_outcomes_and_the_gate_holds_them(indexed: Rag) -> None:
    report = json.loads(indexed("eval", "gold.jsonl", "--json", "--max", "answer_wrong=0.4").stdout)
    assert report["outcomes"] == {"right": 1, "long": 1, "incomplete": 0, "wrong": 1, "abstained": 0}
    assert report["gate"]["passed"] is True
    assert report["config"]["max_characters"] == MAX_CHARACTERS
    assert report["metrics"]["answer_recall@5"] == pytest.approx(2 / 3)
    judged = {score["id"]: score["judgement"] for score in report["per_question"]}
    assert judged["maker"] == {"outcome": "right", "first": True, "missing": [], "forbidden": [],
                               "characters": judged["maker"]["characters"], "max_characters": 600}  # fmt: skip
    assert judged["colour"]["max_characters"] == 10
    assert (judged["<b>|paint"]["missing"], judged["<b>|paint"]["forbidden"]) == ([["painted twice"]], ["year7"])
    failed = indexed(
        "eval", "gold.jsonl", "--max", "answer_wrong=.08", "--min", "answer_right=.7", "--verbose", code=3
    ).stdout
    assert "FAIL  answer_wrong 0.3333, maximum 0.08: above its ceiling" in failed
    assert "FAIL  answer_right 0.3333, minimum 0.7: below its floor" in failed
    strict = json.loads(indexed("eval", "gold.jsonl", "--json", "--max-characters", "5").stdout)
    assert strict["outcomes"]["long"] == 2


def test_questions_with_a_tag_are_left_out(indexed: Rag) -> None:
    report = json.loads(indexed("eval", "gold.jsonl", "--json", "--exclude-tag", "painted").stdout)
    assert (report["questions"], report["outcomes"]["wrong"]) == (2, 0)
    assert "no question of" in indexed("eval", "gold.jsonl", "--exclude-tag", "green", code=2).stderr
    both = ("--exclude-tag", "painted", "--exclude-tag", "made")
    assert "leaves no question" in indexed("eval", "gold.jsonl", *both, code=2).stderr


def test_a_wrong_answer_in_place_of_an_abstention_fails_the_baseline(indexed: Rag, write: Write) -> None:
    rows = [{"id": f"q{i}", "question": f"Who made number{i} in year{i}?", "must_groups": [[f"maker{i}"]],
             "evidence": [{"path": f"docs/{i}.txt"}]} for i in range(9)]  # fmt: skip
    write("gold.jsonl", "\n".join(json.dumps(row) for row in rows))
    indexed("eval", "gold.jsonl", "--save-baseline", "base.json")
    assert "answer_abstained" not in json.loads(Path("base.json").read_text())["metrics"]
    write("gold.jsonl", "\n".join(json.dumps({**row, "must_not": ["made"]}) for row in rows))
    shown = indexed("eval", "gold.jsonl", "--baseline", "base.json", "--verbose", code=3).stdout
    assert "answer_wrong          0.0000 → 1.0000" in shown
    assert "FAIL  regressed since the baseline: answer_right, answer_first, answer_wrong" in shown


def test_the_reports_for_other_programs_say_why_an_answer_is_not_right(indexed: Rag) -> None:
    indexed("eval", "gold.jsonl", "--junit", "j.xml", "--html", "r.html", "--markdown", "m.md")
    suite = ElementTree.parse("j.xml").getroot()
    messages = [failure.get("message") for failure in suite.findall("testcase/failure")]
    assert len(messages) == 2
    assert str(messages[0]).startswith("long: has ")
    assert messages[1] == "wrong: says “year7”, which makes it wrong; lacks “painted twice”"
    assert {entry.get("name") for entry in suite.findall("properties/property")} >= {"answer_right", "answer_wrong"}
    summary = Path("m.md").read_text()
    assert "| right | 1 | 33.3% | 33.3% |" in summary
    assert "| &lt;b&gt;\\|paint | Who made number7 in year7? | wrong: says “year7”" in summary
    page = Path("r.html").read_text()
    assert "<h2>Outcomes</h2>" in page
    assert '<span class="bad">wrong</span>' in page
    assert "lacks “painted twice”" in page
    assert "<td>right</td>" in page


def test_lint_knows_what_keeps_an_answer_from_being_right(indexed: Rag, write: Write) -> None:
    lines: list[dict[str, Any]] = [
        {"question": "Who made number1?", "must_groups": [["maker1 in year1"]], "must_not": ["Year1"], "relevant": ["docs/1.txt"]},
        {"question": "Who made number2?", "must_groups": [["maker9", "a stranger"]], "relevant": ["docs/2.txt"]},
        {"question": "Who made number3?", "must_groups": [[]], "relevant": ["docs/3.txt"]},
        {"question": "Who made number4?", "must_groups": ["maker4"], "relevant": ["docs/4.txt"]},
        {"question": "Who made number5?", "must_groups": [["**"]], "relevant": ["docs/5.txt"]},
        {"question": "Who made number6?", "answers": ["maker6"], "must_not": ["maker7"], "relevant": ["docs/6.txt"]},
        {"question": "Who made number77?", "answerable": False, "must_groups": [["nobody"]]},
        {"question": "Who made number8?", "must_groups": [["maker8"]], "max_characters": 0, "relevant": ["docs/8.txt"]},
    ]  # fmt: skip
    write("bad.jsonl", "\n".join(map(json.dumps, lines)))
    found = json.loads(indexed("gold", "lint", "bad.jsonl", "--json", code=1).stdout)["problems"]
    told = {(problem["line"], problem["kind"]): problem["text"] for problem in found}
    assert told[1, "error"] == "the answer must hold “maker1 in year1”, which must_not forbids (“Year1”)"
    assert told[2, "warning"] == "no document of the evidence says “maker9” or “a stranger”"
    assert "a group of must_groups is empty" in told[3, "error"]
    assert "not a list of lists" in told[4, "error"]
    assert "holds no word" in told[5, "error"]
    assert "must_not has no effect" in told[6, "warning"]
    assert "not answerable" in told[7, "warning"]
    assert "max_characters is not a number" in told[8, "error"]
    assert "must_groups" not in indexed("gold", "lint", "gold.jsonl").stdout
    with pytest.raises(GoldError, match="must_groups is empty"):
        load_gold(Path("bad.jsonl"))


def test_what_an_answer_must_hold_is_read_from_other_formats(write: Write) -> None:
    table = "question,path,must_groups,must_not,max_characters\nHow long?,a.md,28 days|four weeks;a year,25 days;30 days,200\n"
    row = load_gold(write("t.csv", table))[0]
    assert row.must_groups == (("28 days", "four weeks"), ("a year",))
    assert (row.must_not, row.max_characters) == (("25 days", "30 days"), 200)
    promptfoo = "tests:\n  - vars: {query: 'A?'}\n    assert:\n      - {type: icontains, value: x}\n      - {type: not-icontains, value: z}\n"
    row = load_gold(write("p.yaml", promptfoo))[0]
    assert (row.must_contain, row.must_not) == (("x",), ("z",))
    assert load_gold(write("g.jsonl", '{"question": "A?", "must_groups": [["x"]]}'))[0].answerable


def scorer() -> ModuleType:
    """The scorer of natural_dev, which judges what `rag ask` printed and shares no code with the project."""
    path = shared_data("collections", "natural_dev", "score.py")
    spec = importlib.util.spec_from_file_location("natural_dev_score", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def answer_of(found: dict[str, Any]) -> Answer:
    """The answer that `rag ask --json` printed, as far as it is judged."""
    first = [Sentence(s["text"], (), row=tuple(map(tuple, s["row"] or ()))) for s in found["sentences"][:1]]
    text = found["answer"] or ""
    assert not first or text.startswith(first[0].read)
    rest = text[len(first[0].read) :] if first else ""
    return reply(answered=found["answered"]) if not first else Answer(
        "?", found["answered"], (*first, Sentence(rest, ())), (), (), 0.0, "extractive", ""
    )  # fmt: skip


def test_kept_answers_are_judged_as_the_scorer_of_the_collection_judges_them() -> None:
    folder, score = shared_data("collections", "natural_dev"), scorer()
    rows = [json.loads(line) for line in (folder / "gold.jsonl").read_text().splitlines()]
    kept = (folder / "baseline" / "answers.jsonl").read_text().splitlines()
    answers = {found["question"]: found for found in map(json.loads, kept)}
    for row, question in zip(rows, load_gold(folder / "gold.jsonl"), strict=True):
        expected, found = (
            score.judge(row, answers[row["question"]]),
            judge(question, answer_of(answers[row["question"]])),
        )
        assert (found is not None) is row["answerable"], row["id"]
        if found is not None:
            assert found.outcome == expected["state"], row["id"]
            assert found.first is expected["right_first"], row["id"]
            assert [list(group) for group in found.missing] == expected["missing"], row["id"]
            assert list(found.forbidden) == expected["violated"], row["id"]


@pytest.mark.slow
def test_eval_gives_the_figures_of_the_scorer_question_by_question(rag_with_model: Rag, write: Write) -> None:
    folder, score, tags = shared_data("collections", "natural_dev"), scorer(), ("recipes", "jupyterhub_team")
    rows = [json.loads(line) for line in (folder / "gold.jsonl").read_text().splitlines()]
    rows = [row for row in rows if set(tags) & set(row["tags"])]
    rag_with_model("ingest", *(str(folder / "files" / tag) for tag in tags))
    questions = str(write("questions.txt", "".join(row["question"] + "\n" for row in rows)))
    asked = rag_with_model("ask", "-f", questions, "--jsonl", "-q", code=None).stdout.splitlines()
    expected = [score.judge(row, json.loads(line)) for row, line in zip(rows, asked, strict=True)]
    chosen = [part for tag in tags for part in ("--tag", tag)]
    report = json.loads(rag_with_model("eval", str(folder / "gold.jsonl"), "--json", *chosen, "--worst", "0").stdout)
    for one, other in zip(expected, report["per_question"], strict=True):
        assert one["id"] == other["id"]
        if "ceiling" not in one:
            assert (one["state"] == "answered") is other["answered"], one["id"]
            continue
        assert one["state"] == other["judgement"]["outcome"], one["id"]
        assert one["right_first"] is other["judgement"]["first"], one["id"]
        assert float(one["ceiling"]) == other["metrics"]["answer_recall@5"], one["id"]
    total = score.summary(expected)
    for outcome, count in report["outcomes"].items():
        assert total[outcome] == count
    assert report["metrics"]["answer_right"] == pytest.approx(total["right"] / total["answerable"], abs=1e-6)
