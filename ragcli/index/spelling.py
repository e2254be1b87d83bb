"""Misspelt words of a question → what was meant, as far as the documents and the rest of the question bear it out.

A word is misspelt when no chunk holds it and it is no English word (`text/dictionary.py`). It is read as a stop word of the
question's language one edit away ("teh"), or as a word of the documents: one edit away (insertion, deletion, substitution or
swap of neighbours), two from six letters on, beginning with the same letter or with the first two swapped, and found together
with other words of the question. Where the question has no other word that the documents hold, one edit from five letters on
will do, and two from eight. A word of the documents is compared as it is written there, not as a term of the index.

Names (capitals inside a question) may miss or double a letter, not have another one: "Jonsen" is not "Jensen". A question in a
language that no document has is left alone.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from ragcli.index.bm25 import IntArray, Postings, Rows, inverse_frequency
from ragcli.results import Understood
from ragcli.text.analyzer import fold, stem
from ragcli.text.dictionary import is_english_word, spelling_variants, words_one_edit_away
from ragcli.text.query import language_of, plain_words, replaced
from ragcli.text.stopwords import FREQUENT_MISSPELLINGS, small_words

READ = 12  # chunks, to see how a term is written

_SHORTEST = 4  # letters of a word that is read as one of the documents
_TWO_EDITS, _TWO_EDITS_ALONE, _SURE = 6, 8, 7  # letters from which they are allowed
_COMPARED = 40  # terms whose spellings are looked at
_SUFFIX = 7  # letters that a stemmer may cut off
_TOGETHER, _TOGETHER_TWO = (
    0.25,
    0.5,
)  # least share of the other words, by idf, in the best chunk with the word; after two edits
_OTHER_LENGTH, _WRONG_LETTER = 0.9, 1.0  # costs of a letter too few or too many, and of another one


@dataclass(frozen=True, slots=True)
class Lexicon:
    """What a speller asks an index. `postings` are those of index terms (see `ragcli.index.sqlite.lexical.postings`), `rows`
    are its chunks, `beginning` gives the terms with a prefix, `texts` the text with the header, and the language of the
    document, of the chunks at some positions, in their order."""

    languages: Sequence[str]
    rows: Rows
    forms: Callable[[str], Sequence[str]]
    postings: Callable[[Sequence[str]], Postings]
    beginning: Callable[[str], Iterable[str]]
    texts: Callable[[Sequence[int]], Iterable[tuple[str, str]]]


@dataclass(frozen=True, slots=True, order=True)
class _Reading:
    """A word that may be meant: the likelier the edits are, and the more of the question stands beside it, the better; then the
    more frequent one, the alphabet last."""

    unlikely: float  # the cost of the edits, and half of the share of the other words that is not found beside it
    rarity: int
    word: str
    cost: float


@dataclass(slots=True)
class Speller:
    """Reads questions; see the module."""

    lexicon: Lexicon
    _known: list[tuple[Postings, float]] = field(default_factory=list)  # where words of the question stand, their idf
    _repaired: dict[str, str] = field(default_factory=dict)
    _unknown: dict[str, bool] = field(default_factory=dict)  # word → whether it is written as a name

    def understand(self, question: str) -> Understood:
        """The question with its misspelt words repaired, and the language that it shows."""
        language = language_of(question)
        if language and language not in self.lexicon.languages:
            return Understood(question, language=language)
        spoken = language or (self.lexicon.languages[0] if len(self.lexicon.languages) == 1 else "en")
        written = plain_words(question)
        self._known, self._repaired, self._unknown = [], {}, {}
        capitals = question.isupper() or sum(word[:1].isupper() for word in written) > len(written) / 2  # say nothing
        for position, word in enumerate(written):
            if len(word) > 1 and word.isupper() and not question.isupper():
                self._remember(fold(word))  # an abbreviation
                continue
            self._look_up(word, spoken, name=position > 0 and word[:1].isupper() and not capitals)
        for word in sorted(self._unknown, key=lambda word: (-len(word), word)):
            meant = self._meant(word, spoken, name=self._unknown[word])
            if meant:
                self._repaired[word] = meant
                self._remember(meant)
        order = [fold(word) for word in written]
        repaired = sorted(self._repaired.items(), key=lambda pair: order.index(pair[0]))
        return Understood(replaced(question, self._repaired), tuple(repaired), language)

    def _look_up(self, word: str, language: str, *, name: bool) -> None:
        """Note a word of the question as known, repaired or unknown; a stop word is neither."""
        folded = fold(word)
        if folded in FREQUENT_MISSPELLINGS and language == "en":
            self._repaired[folded] = FREQUENT_MISSPELLINGS[folded]
        elif len(folded) < 3 or folded in small_words(language) or self._remember(folded):
            return
        elif is_english_word(folded):
            variant = self._variant(folded)
            if variant:
                self._repaired[folded] = variant
        elif folded.isascii():
            self._unknown[folded] = name

    def _remember(self, word: str) -> bool:
        """Note where a word of the question stands; whether it stands anywhere."""
        found = self.lexicon.postings(self.lexicon.forms(word))
        if len(found[0]):
            self._known.append((found, inverse_frequency(self.lexicon.rows, len(found[0]))))
        return len(found[0]) > 0

    def _variant(self, word: str) -> str:
        """British for American spelling and the reverse, where the documents have only the other; else ""."""
        others = spelling_variants(word) if len(word) > _SHORTEST else []
        return next((other for other in others if self._remember(other)), "")

    def _meant(self, word: str, language: str, *, name: bool) -> str:
        """What a misspelt word stands for; "" when nothing is near enough."""
        stop = min(
            ((_cost(word, known), known) for known in small_words(language) if len(known) > 2), default=(9.0, "")
        )
        best = min(self._readings(word, language, name=name), default=None) if len(word) >= _SHORTEST else None
        if stop[0] <= 1 and not name and (best is None or stop[0] <= best.cost):
            return stop[1]
        return best.word if best else ""

    def _readings(self, word: str, language: str, *, name: bool) -> Iterable[_Reading]:
        """The words of the documents that `word` may stand for."""
        alone = not self._known
        limit = self._limit(word, alone=alone, name=name)
        for spelling in dict.fromkeys(self._words_near(word, language, limit)):
            cost = _cost(word, spelling)
            found = self.lexicon.postings(self.lexicon.forms(spelling))[0]
            if cost > limit or not len(found) or (cost > 1 and len(spelling) < _TWO_EDITS):
                continue
            share = 1.0 if alone else self._together(found)
            sure = cost < _WRONG_LETTER and len(word) >= (_SURE if cost < _OTHER_LENGTH else _SURE + 1) and not name
            if sure or share >= (_TOGETHER if cost <= 1 else _TOGETHER_TWO):
                yield _Reading(round(cost + (1 - share) / 2, 6), -len(found), spelling, cost)

    def _limit(self, word: str, *, alone: bool, name: bool) -> float:
        """The highest cost of a reading of `word`."""
        if name or len(word) == _SHORTEST:
            return 0.0 if alone else _OTHER_LENGTH
        return 2.0 if len(word) >= (_TWO_EDITS_ALONE if alone else _TWO_EDITS) else 1.0

    def _words_near(self, word: str, language: str, limit: float) -> Iterable[str]:
        """Words near `word`: of the dictionary, and as the documents write them. Those may be neither near nor there."""
        if language == "en":
            yield from words_one_edit_away(word)
        for term in self._near_terms(word, language, 2 if limit > 1 else 1):
            yield from self._spellings(term, language)

    def _spellings(self, term: str, language: str) -> list[str]:
        """How the first chunks that hold the term, in documents of the language if there are any, write it, most frequent
        first."""
        positions = self.lexicon.postings((term,))[0][:READ].tolist()
        anywhere = language not in self.lexicon.languages
        counts: Counter[str] = Counter()
        for text, own in self.lexicon.texts(positions):
            if anywhere or own == language:
                counts.update(spellings_in(text, term, own))
        return sorted(counts, key=lambda word: (-counts[word], word))

    def _near_terms(self, word: str, language: str, limit: int) -> list[str]:
        """Terms of the index that a word near `word` may have, nearest first; they may lack a suffix that the stemmer took."""
        from rapidfuzz.distance import OSA

        starts = {word[0], word[1] + word[0]}
        stemmed = stem(word, language)
        near: list[tuple[int, int, str]] = []
        for term in {term for start in starts for term in self.lexicon.beginning(start)}:
            size = len(term)
            if not (max(3, len(word) - _SUFFIX) <= size <= len(word) + limit and term.isalpha()):
                continue
            distance = min(
                OSA.distance(stemmed, term, score_cutoff=limit),
                *(OSA.distance(word[: size + more], term, score_cutoff=limit) for more in range(-limit, limit + 1)),
            )
            if distance <= limit:
                near.append((distance, abs(len(word) - size), term))
        return [term for _, _, term in sorted(near)[:_COMPARED]]

    def _together(self, found: IntArray) -> float:
        """The largest share of the known words of the question, by idf, in a chunk among `found`, or half of that in a
        document."""
        total = sum(idf for _, idf in self._known)
        chunks, documents = np.zeros(len(found)), np.zeros(len(found))
        own = self.lexicon.rows.documents[found]
        for (positions, _), idf in self._known:
            chunks += idf * np.isin(found, positions)
            documents += idf * np.isin(own, self.lexicon.rows.documents[positions])
        return float(max(chunks.max(initial=0.0), documents.max(initial=0.0) / 2)) / total


def spellings_in(text: str, term: str, language: str) -> list[str]:
    """The words of a text that `stem` makes `term` of, in lower case without accents, repeats kept."""
    beginning = re.escape(term[: max(2, len(term) - 1)])
    words = re.findall(rf"(?<![^\W\d_]){beginning}[^\W\d_]*", fold(text))
    return [word for word in words if stem(word, language) == term]


def _cost(typed: str, meant: str) -> float:
    """How unlikely it is to type `typed` for `meant`: 0.7 for a swap of neighbours, 0.8 for a letter doubled or not doubled,
    0.9 for a letter too few or too many, 1 for a wrong one, 2 for two edits but for two wrong letters; 9 for these, for more
    edits, and for another beginning."""
    from rapidfuzz.distance import OSA

    if typed[:1] != meant[:1] and typed[:2] != meant[1::-1]:
        return 9.0
    distance = OSA.distance(typed, meant, score_cutoff=2)
    same_letters = sorted(typed) == sorted(meant)
    if distance == 2:
        return 2.0 if same_letters or len(typed) != len(meant) else 9.0
    if distance != 1:
        return 9.0
    if len(typed) == len(meant):
        return 0.7 if same_letters else _WRONG_LETTER
    return 0.8 if _undoubled(typed) == _undoubled(meant) else _OTHER_LENGTH


def _undoubled(word: str) -> str:
    return word[:1] + "".join(letter for before, letter in pairwise(word) if letter != before)
