"""What an entailment model may decide of a written sentence, and what it may not."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from ragcli.answering import Answerer
from ragcli.cancellation import NEVER
from ragcli.datatypes import Filter
from ragcli.drafts import Claim
from ragcli.generation.citations import Citer
from ragcli.generation.entailment import CONTRADICTED, ENTAILED
from ragcli.protocols import Judge
from ragcli.render.answers import status_text
from ragcli.results import Citation, QueryResult
from tests.helpers.answers import Writer, chooser, generator, make_hit, prompted
from tests.sentence_pairs import pairs

TEXT = "The works lie in the valley. Every employee has 28 days of annual leave. The canteen opens at noon.\n"
REWORDED = "The holiday entitlement of all colleagues comes to 28 days."
PLAIN = "All employees have 28 days of annual leave."


class Fixed:
    """Says the same of each pair, and remembers the pairs."""

    name = "fixed"

    def __init__(self, entailment: float, contradiction: float) -> None:
        self.said = (entailment, contradiction)
        self.pairs: list[tuple[str, str]] = []

    def entails(self, pairs: Sequence[tuple[str, str]]) -> list[tuple[float, float]]:
        self.pairs += pairs
        return [self.said] * len(pairs)


YES, NO = (0.97, 0.01), (0.02, 0.95)


def cited(said: str, judge: Judge | None, text: str = TEXT) -> Citation:
    citer = Citer([make_hit(text)], judge=judge)
    assert citer.add(Claim(said, (citer.place(said, 1),)))
    (citation,) = citer.citations
    return citation


def test_what_the_model_finds_entailed_is_supported_with_all_that_it_read() -> None:
    assert cited(REWORDED, None).status == "unsupported"
    judge = Fixed(*YES)
    found = cited(REWORDED, judge)
    assert (found.status, found.problems) == ("paraphrase", ())
    assert found.judgement is not None
    assert (found.judgement.model, found.judgement.decided) == ("fixed", True)
    assert judge.pairs == [(f"Leave. {TEXT.strip()}", REWORDED)]
    assert found.quote == TEXT.strip()
    assert "entailed 0.97 by fixed" in status_text(found).plain


def test_what_the_model_finds_contradicted_is_unsupported_and_that_is_said() -> None:
    assert cited(PLAIN, None).status == "paraphrase"
    found = cited(PLAIN, Fixed(*NO))
    assert (found.status, found.problems) == ("unsupported", ("fixed reads a contradiction (0.95)",))
    assert found.quote == "Every employee has 28 days of annual leave."
    assert "fixed reads a contradiction" in status_text(found).plain


@pytest.mark.parametrize("said", [(ENTAILED - 0.01, 0.0), (0.1, CONTRADICTED - 0.01), (0.01, 0.02)])
def test_a_model_that_is_not_sure_leaves_the_verdict_to_the_rules(said: tuple[float, float]) -> None:
    for sentence in (REWORDED, PLAIN):
        found, ruled = cited(sentence, Fixed(*said)), cited(sentence, None)
        assert (found.status, found.problems, found.quote) == (ruled.status, ruled.problems, ruled.quote)
        assert found.judgement is not None
        assert not found.judgement.decided


def test_a_copy_is_not_asked_about() -> None:
    judge = Fixed(*NO)
    for said in ("Every employee has 28 days of annual leave.", "every  employee has 28 days of annual leave"):
        assert cited(said, judge).status in ("exact", "normalised")
    assert judge.pairs == []


def test_figures_names_and_negations_that_the_source_does_not_have_are_refused_whatever_the_model_says() -> None:
    judge = Fixed(1.0, 0.0)
    refused = [pair for pair in pairs() if pair.kind in ("figure", "name", "negation")]
    held = [pair for pair in refused if cited(pair.said, judge, pair.source + "\n").status != "unsupported"]
    by_rules = [pair for pair in refused if cited(pair.said, None, pair.source + "\n").status != "unsupported"]
    assert held == by_rules
    assert len(held) <= 0.05 * len(refused)
    assert cited("Novak leads the pump house.", judge, "Sander leads the pump house.\n").status == "unsupported"
    assert cited("Pumping engineers run the works.", judge, "The pump team runs the works.\n").status == "paraphrase"


def test_the_model_may_refuse_roles_that_the_rules_let_pass_and_allow_those_that_they_refuse() -> None:
    swapped = "Flights are reimbursed by the travel desk."
    assert cited(swapped, None, "Trips are booked by the travel desk.\n").status == "unsupported"
    assert cited(swapped, Fixed(*YES), "Trips are booked by the travel desk.\n").status == "paraphrase"
    assert cited("The travel desk books trips.", Fixed(*NO), "Trips are booked by the travel desk.\n").problems


def test_neighbours_of_another_section_and_headings_are_not_read() -> None:
    judge = Fixed(*YES)
    cited(REWORDED, judge, "# Leave\n\nEvery employee has 28 days of annual leave.\n")
    assert judge.pairs == [("Leave. Every employee has 28 days of annual leave.", REWORDED)]


def test_a_sentence_is_looked_for_in_the_other_passages_with_the_model() -> None:
    hits = [make_hit("The canteen opens at noon.\n"), make_hit(TEXT, rank=2, path="b.md")]
    judge = Picky("28 days")
    citer = Citer(hits, judge=judge)
    assert citer.add(Claim(REWORDED, (citer.place(REWORDED, 1),)))
    assert [(c.hit_rank, c.status) for c in citer.citations] == [(2, "misattributed")]


class Picky(Fixed):
    """Finds entailed what follows from a premise with certain words."""

    def __init__(self, words: str) -> None:
        super().__init__(*YES)
        self.words = words

    def entails(self, pairs: Sequence[tuple[str, str]]) -> list[tuple[float, float]]:
        return [YES if self.words in premise else (0.1, 0.2) for premise, _ in pairs]


def test_a_field_of_a_schema_is_not_asked_about() -> None:
    judge = Fixed(*NO)
    citer = Citer([make_hit()], judge=judge)
    citer.add(Claim("28", (), "\n", named=False, field="annual_leave", value="28"))
    assert judge.pairs == []


def test_sentences_with_different_judgements_do_not_share_a_citation() -> None:
    citer = Citer([make_hit()], judge=Shifting())
    for said in (PLAIN, "Each employee has annual leave of 28 days."):
        citer.add(Claim(said, (citer.place(said, 1),)))
    assert [c.judgement.entailment for c in citer.citations if c.judgement] == [0.95, 0.96]


class Shifting(Fixed):
    """A little surer each time."""

    def __init__(self) -> None:
        super().__init__(0.94, 0.0)

    def entails(self, pairs: Sequence[tuple[str, str]]) -> list[tuple[float, float]]:
        self.said = (self.said[0] + 0.01, 0.0)
        return super().entails(pairs)


def test_an_answer_is_judged_only_when_a_model_wrote_it() -> None:
    asked: list[str] = []

    def judge() -> Judge:
        asked.append("judge")
        return Fixed(*YES)

    hits = (make_hit(),)

    def answerer(writer: object) -> Answerer:
        return Answerer(
            retrieve=lambda question, k, where, cancel=NEVER: QueryResult(question, "hybrid", hits),
            widen=list,
            choose=chooser(),
            writer=lambda: writer,  # type: ignore[arg-type, return-value]
            threshold=0.0,
            closest=0.0,
            judge=judge,
        )

    answer = answerer(generator("extractive")).answer("How many days of annual leave?", 1, Filter())
    assert (answer.mode, asked) == ("extractive", [])
    answer = answerer(prompted(Writer(REWORDED))).answer("How many days of annual leave?", 1, Filter())
    assert (answer.mode, asked) == ("generated", ["judge"])
    assert [citation.status for citation in answer.citations] == ["paraphrase"]
