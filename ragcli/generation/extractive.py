"""An answer without a language model: the sentences of the best passages that answer the question, word for word."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ragcli.generation.candidates import candidates
from ragcli.generation.scoring import SentenceScorer
from ragcli.results import Claim, DraftEvent, End, Hit

_PASSAGES = 4
_MIN_RATIO = 0.8  # of the best sentence's score, for another to join it
_MAX_OVERLAP = 0.6  # share of a sentence's terms that the answer may already hold


class ExtractiveGenerator:
    """A Generator that copies. Deterministic; equal scores go to the better passage, then to the earlier sentence.

    Further sentences join the best one while they score nearly as well and add words that it lacks.
    """

    name = "extractive"
    identity = "extractive/2"

    def __init__(self, score: SentenceScorer, *, max_sentences: int = 3) -> None:
        self._score = score
        self._max_sentences = max_sentences

    def generate(self, question: str, hits: Sequence[Hit]) -> Iterator[DraftEvent]:
        found = candidates(hits[:_PASSAGES])
        scores = self._score(question, found)
        order = sorted(range(len(found)), key=lambda i: (-scores[i], i))
        held: set[str] = set()
        given = 0
        for i in order:
            candidate = found[i]
            new = candidate.terms - held
            enough = scores[i] >= _MIN_RATIO * scores[order[0]]
            if given and not (enough and len(new) >= (1 - _MAX_OVERLAP) * len(candidate.terms)):
                continue
            yield Claim(candidate.text, ((candidate.hit.rank, candidate.start, candidate.end),), " " if given else "")
            held |= candidate.terms
            given += 1
            if given == self._max_sentences:
                break
        yield End()
