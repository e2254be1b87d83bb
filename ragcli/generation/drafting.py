"""A draft of an answer: a generator's events, each claim verified as it comes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from ragcli.drafts import Claim, DraftEvent, End, Note, Tail
from ragcli.generation.citations import Citer, Verify, supported
from ragcli.protocols import Judge
from ragcli.results import Citation, Hit, QueryResult, Sentence

_WEIGHTS = {"exact": 1.0, "normalised": 1.0, "paraphrase": 0.9, "misattributed": 0.5, "unsupported": 0.0}


class Watcher:
    """Is told of an answer while it comes into being; does nothing."""

    def evidence(self, result: QueryResult, confidence: float, *, writing: bool) -> None:
        """The hits are known; `writing` says whether an answer will be tried."""

    def sentence(self, sentence: Sentence, citations: Sequence[Citation]) -> None:
        """A sentence is verified; `citations` are all so far, in the order of their markers."""

    def tail(self, text: str) -> None:
        """The beginning of the next sentence."""

    def discarded(self, reason: str) -> None:
        """The sentences so far are no part of the answer; others follow."""


@dataclass(slots=True)
class Draft:
    """Reads a generator's events and verifies its claims as they come."""

    hits: Sequence[Hit]
    verify: Verify
    watcher: Watcher
    question: str = ""
    copied: bool = False  # by the extractive generator: a copy needs not be held against the question
    fallen_back: bool = False
    judge: Judge | None = None  # decides where the rules leave a verdict open
    patient: bool = False  # the watcher is told nothing before a sentence is supported
    sentences: list[Sentence] = field(default_factory=list)
    end: End = field(default_factory=End)
    notes: list[str] = field(default_factory=list)
    dropped: int = 0
    _reported: int = 0  # sentences that the watcher knows
    _citer: Citer = field(init=False)

    def __post_init__(self) -> None:
        self._citer = Citer(self.hits, "" if self.copied else self.question, self.judge)

    @property
    def citations(self) -> list[Citation]:
        return self._citer.citations

    @property
    def holds(self) -> bool:
        """Whether some sentence is supported."""
        return any(supported(sentence, self.citations) for sentence in self.sentences)

    @property
    def support(self) -> float:
        """Mean over the sentences of what their best citation is worth."""
        worth = [
            max((_WEIGHTS[self.citations[m - 1].status] for m in sentence.markers), default=0.0)
            for sentence in self.sentences
            if sentence.text
        ]
        return sum(worth) / len(worth) if worth else 0.0

    def read(self, events: Iterator[DraftEvent]) -> None:
        """Read to the end."""
        for event in events:
            self._see(event)

    def _see(self, event: DraftEvent) -> None:
        if isinstance(event, End):
            self.end = event
        elif isinstance(event, Note):
            self.notes.append(event.text)
        elif isinstance(event, Tail):
            self.watcher.tail(event.text)
        else:
            self._take(event)

    def _take(self, claim: Claim) -> None:
        sentence = self._citer.add(claim, keep_unsupported=self.verify != "drop")
        if sentence is None:
            self.dropped += 1
            return
        self.sentences.append(sentence)
        if self.patient and not self.holds:
            return
        unreported, self._reported = self.sentences[self._reported :], len(self.sentences)
        for each in unreported:
            self.watcher.sentence(each, self.citations)
