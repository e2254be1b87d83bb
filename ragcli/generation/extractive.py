"""An answer without a language model: the sentences of the best passages that answer the question, word for word."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ragcli.generation.candidates import Candidate, candidates, lines_around, twins
from ragcli.generation.scoring import SentenceScorer
from ragcli.results import Claim, DraftEvent, End, Hit
from ragcli.text.subquestions import sub_questions

_PASSAGES = 4
_MIN_RATIO = 0.8  # of the best sentence's score, for another to join it
_MIN_PART = 0.7  # the same, for the best sentence of a part of the question
_MAX_OVERLAP = 0.6  # share of a sentence's terms that the answer may already hold


class ExtractiveGenerator:
    """A Generator that copies. Deterministic; equal scores go to the better passage, then to the earlier sentence.

    A question that asks for several things gets the best sentence for each. Further sentences join while they score nearly as
    well as the best one and add words that the answer lacks, but of a table only the best row. A sentence that stands in
    several passages cites them all; a line of code comes with those around it.
    """

    name = "extractive"
    identity = "extractive/3"

    def __init__(self, score: SentenceScorer, *, max_sentences: int = 3) -> None:
        self._score = score
        self._max_sentences = max_sentences

    def generate(self, question: str, hits: Sequence[Hit]) -> Iterator[DraftEvent]:
        found = candidates(hits[:_PASSAGES])
        given: list[tuple[int, int, int]] = []
        for i in self._chosen(question, found):
            rank, start, end = found[i].hit.rank, found[i].start, found[i].end
            if any(rank == other and first <= start < last for other, first, last in given):
                continue
            passage = found[i].hit.passage
            if passage.document.type == "code":
                start, end = lines_around(found[i])
                text = passage.text[start - passage.span.start : end - passage.span.start]
                yield Claim(text, ((rank, start, end),), "\n\n" if given else "")
            else:
                yield Claim(found[i].text, ((rank, start, end), *twins(found[i], hits)), " " if given else "")
            given.append((rank, start, end))
        yield End()

    def _chosen(self, question: str, found: Sequence[Candidate]) -> list[int]:
        """Positions of the sentences of the answer, in the order in which they are said."""
        scores = self._score(question, found)
        order = sorted(range(len(found)), key=lambda i: (-scores[i], i))
        firsts = self._best_of_parts(question, found)
        chosen: list[int] = []
        held: set[str] = set()
        for i in (*firsts, *order):
            new = found[i].terms - held
            same_table = found[i].is_row and any(found[j].is_row and found[j].hit is found[i].hit for j in chosen)
            enough = i in firsts or (scores[i] >= _MIN_RATIO * scores[order[0]] and not same_table)
            if chosen and not (enough and len(new) >= (1 - _MAX_OVERLAP) * len(found[i].terms)):
                continue
            chosen.append(i)
            held |= found[i].terms
            if len(chosen) == self._max_sentences:
                break
        return chosen

    def _best_of_parts(self, question: str, found: Sequence[Candidate]) -> list[int]:
        """The best sentence for each thing that the question asks for, where it asks for several."""
        best: list[tuple[float, int]] = []
        for part in sub_questions(question) if found else ():
            scores = self._score(part, found)
            best.append(max((score, -i) for i, score in enumerate(scores)))
        top = max(best, default=(0.0, 0))[0]
        return list(dict.fromkeys(-i for score, i in best if score >= _MIN_PART * top))
