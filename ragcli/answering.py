"""Question → answer: retrieve, decide whether to answer, write, verify."""

from __future__ import annotations

from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass, replace
from typing import Protocol

from ragcli.cancellation import NEVER, Cancellation
from ragcli.datatypes import Filter
from ragcli.drafts import End
from ragcli.errors import ModelUnavailable
from ragcli.generation.abstention import scaled
from ragcli.generation.citations import Verify
from ragcli.generation.conflicts import disputes
from ragcli.generation.drafting import Draft, Watcher
from ragcli.generation.pieces import Choice, claim_of
from ragcli.generation.recency import Newest, newest_first, older_versions
from ragcli.generation.relevance import share_cited
from ragcli.protocols import Generator, Judge, Search
from ragcli.results import Answer, Citation, Closest, Dispute, Hit, QueryResult
from ragcli.text.subquestions import sub_questions

EXTRACTIVE = "extractive"
FALLBACK = "fallback"
RELEVANT = 0.5  # share of the question's terms that a written answer must cite; see `share_cited`
_OF_A_PART = 2  # passages that are looked for


class Choose(Protocol):
    """Chooses what answers a question; see `ragcli.generation.choosing.Chooser`."""

    def __call__(self, question: str, hits: Sequence[Hit]) -> Choice: ...


@dataclass(frozen=True, slots=True)
class Answerer:
    """Answers questions from what `retrieve` finds. `widen` gives hits their surroundings, `choose` what answers best and
    how likely it does; `writer` gives the generator when it is needed. Of two versions of a passage the newer one answers (see
    `recency`).

    With a confidence of at least `threshold` it answers. Below it, and from `closest` on, the piece that comes closest is
    the reply, and says so; below that there is none. A sentence that nothing supports is marked (`verify` warn and fail) or
    left out (drop). An answer without any supported sentence is none. `judge` gives the entailment model, if any, that decides
    on sentences which a model wrote; it is not asked about copied ones."""

    retrieve: Search
    widen: Callable[[Sequence[Hit]], list[Hit]]
    choose: Choose
    writer: Callable[[], Generator]
    threshold: float
    closest: float
    verify: Verify = "warn"
    scaling: tuple[float, float] = (1.0, 0.0)  # slope and intercept of the confidence; see `abstention.scaled`
    fallback: Callable[[], Generator] | None = None  # gives the extractive generator
    judge: Callable[[], Judge | None] = lambda: None
    generation: Callable[[], object] = lambda: None  # of the index: equal as long as nothing is committed

    def answer(
        self,
        question: str,
        k: int,
        where: Filter,
        watcher: Watcher | None = None,
        cancel: Cancellation = NEVER,
    ) -> Answer:
        """The answer with its citations, or `answered=False` with the closest piece, if any, and the nearest passages.

        Hits, surroundings and choice are of one state of the index; when it changes meanwhile, they are looked up once more.
        When `cancel` expires while the answer is written, that ends where it is; before, Cancelled is raised.
        """
        watcher = watcher or Watcher()
        seen = self.generation()
        evidence = self._evidence(question, k, where, cancel)
        if self.generation() != seen:
            evidence = self._evidence(question, k, where, cancel)
        result, newest, hits, choice = evidence
        cancel.check()
        confidence = scaled(choice.confidence, *self.scaling) if choice.units else 0.0
        writing = bool(choice.units) and confidence >= self.threshold
        watcher.evidence(result, confidence, writing=writing)
        draft, name = Draft(hits, self.verify, watcher), ""
        if writing:
            generator = self.writer()
            copied, patient = generator.name == EXTRACTIVE, self.fallback is not None
            judge = None if copied else self.judge()
            draft = Draft(hits, self.verify, watcher, result.asked, copied=copied, judge=judge, patient=patient)
            with result.trace.stage("write") as counts:
                draft = self._written(generator, draft, cancel)
                counts["sentences"] = len(draft.sentences)
            name = generator.name  # of a chain: the one that wrote
        answered = draft.holds
        near = Draft(hits, self.verify, Watcher(), copied=True)
        if not answered and choice.units and (writing or confidence >= self.closest):
            near.read(iter([claim_of(choice.units[0], hits)]))
        cited = {citation.hit_rank for citation in (draft if answered else near).citations}
        copied = name in ("", EXTRACTIVE) or draft.fallen_back
        return Answer(
            question=question,
            answered=answered,
            sentences=tuple(draft.sentences) if answered else (),
            citations=tuple(draft.citations) if answered else (),
            hits=_shown(result.hits, hits, cited),
            confidence=round(confidence * (1.0 if copied else draft.support), 4),
            mode=_mode(name, draft),
            model=name or "none",
            notes=(*result.notes, *draft.notes, *draft.end.notes),
            dropped=draft.dropped,
            stopped=draft.end.stopped,
            usage=draft.end.usage,
            disputes=_against(result.asked, draft.citations, newest) if answered else (),
            closest=Closest(near.sentences[0], near.citations[0]) if near.sentences and near.citations else None,
            understood=result.understood,
            trace=result.trace,
        )

    def _evidence(
        self, question: str, k: int, where: Filter, cancel: Cancellation
    ) -> tuple[QueryResult, Newest, list[Hit], Choice]:
        """The hits, the newest among them, all that may be written from, and what of it answers best."""
        result = self.retrieve(question, k, where, cancel)
        newest = newest_first(result.asked, result.hits)
        result = replace(result, hits=newest.hits)
        with result.trace.stage("widen") as counts:
            hits = self._with_parts(result.asked, newest.current, len(result.hits), where, cancel)
            counts["hits"] = len(hits)
        cancel.check()
        with result.trace.stage("choose") as counts:
            choice = self.choose(result.asked, hits)
            counts["pieces"] = len(choice.units)
        return result, newest, hits, choice

    def _written(self, generator: Generator, draft: Draft, cancel: Cancellation) -> Draft:
        """The draft with what the generator writes, or one by `fallback` that tells why."""
        failure = ""
        try:
            draft.read(generator.generate(draft.question, draft.hits, cancel))
        except ModelUnavailable as problem:
            if self.fallback is None or generator.name == EXTRACTIVE:
                raise
            failure = f"{generator.name} failed: {problem.message}"
        failure = failure or self._fault(generator, draft)
        if self.fallback is None or not failure:
            return draft
        draft.watcher.discarded(failure)
        other = Draft(draft.hits, self.verify, draft.watcher, draft.question, copied=True, fallen_back=True)
        other.read(self.fallback().generate(draft.question, draft.hits))
        other.notes = [
            *draft.notes,
            *draft.end.notes,
            f"{failure}; these are sentences of the documents instead",
            *other.notes,
        ]
        other.end = End(other.end.stopped, draft.end.usage, other.end.notes)
        return other

    @staticmethod
    def _fault(generator: Generator, draft: Draft) -> str:
        """Why a draft that was written to its end is no answer; empty when it is one, or is not to be replaced."""
        if generator.name == EXTRACTIVE or draft.end.stopped in ("interrupted", "refused"):
            return ""
        if draft.end.stopped == "repeated":
            return f"{generator.name} wrote the same again and again"
        if not draft.holds:
            wrote = any(sentence.text for sentence in draft.sentences) or draft.dropped
            return f"{generator.name} wrote nothing{' that the documents bear out' if wrote else ''}"
        fits = share_cited(draft.question, draft.citations, draft.hits) >= RELEVANT
        return "" if fits else f"what {generator.name} wrote is not about what was asked"

    def unscaled(self, question: str, hits: Sequence[Hit]) -> float:
        """How sure it is that the hits answer the question, before `scaling`. `question` is as it was read
        (`QueryResult.asked`)."""
        choice = self.choose(question, self.widen(hits))
        return choice.confidence if choice.units else 0.0

    def _with_parts(
        self, question: str, hits: Sequence[Hit], last: int, where: Filter, cancel: Cancellation
    ) -> list[Hit]:
        """The hits with their surroundings, and after them the best passages for each part of a question that asks for
        several things or compares two, unless they are there already; their ranks go on from `last`."""
        found = list(hits)
        for part in sub_questions(question):
            known = {i for hit in found for i in hit.passage.chunk_ids}
            more = self.retrieve(part, _OF_A_PART, where, cancel).hits
            others = (hit for hit in more if known.isdisjoint(hit.passage.chunk_ids))
            found += [replace(hit, rank=last + len(found) - len(hits) + i) for i, hit in enumerate(others, 1)]
        return self.widen(found)


def _shown(found: Sequence[Hit], wide: Sequence[Hit], cited: Set[int]) -> tuple[Hit, ...]:
    """The hits of the question, with their surroundings where those are known, and after them those of its parts that are
    cited."""
    known = {hit.rank: hit for hit in wide}
    return (*(known.get(hit.rank, hit) for hit in found), *(h for h in wide if h.rank > len(found) and h.rank in cited))


def _against(question: str, citations: Sequence[Citation], newest: Newest) -> tuple[Dispute, ...]:
    """What among the hits speaks against the citations: older versions first, each document of these once."""
    older = older_versions(question, citations, newest)
    told = {dispute.document.path for dispute in older}
    others = [entry for entry in disputes(citations, newest.hits) if entry.document.path not in told]
    return (*older, *others)


def _mode(name: str, draft: Draft) -> str:
    if draft.fallen_back:
        return FALLBACK
    return "none" if not name else EXTRACTIVE if name == EXTRACTIVE else "generated"
