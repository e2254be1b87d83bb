"""What small models write besides an answer: the same again, and pieces of their prompt."""

from __future__ import annotations

import re

from ragcli.prompts import Prompt
from ragcli.text.folding import fold_quote

_LONG, _LONGEST, _ROUNDS = 12, 400, 3  # a loop: so many characters, so often in a row
_SHORT_ROUNDS = 10  # of fewer characters
_TIMES = 3  # how often a sentence may come before that is a loop
_ALIKE, _LONG_SENTENCE = 0.75, 8  # share of the words of two sentences, and the fewest words, to be the same again
_SHARE = 0.8  # of the words of a sentence that stand in one run in the prompt's instructions
_LABEL = re.compile(r"\s*(?:answer|question|sources?|quellen?|antwort|frage)\s*:?\s*", re.IGNORECASE)
_WORD = re.compile(r"\w+")


def loops(text: str) -> bool:
    """Whether `text` ends with the same 12 to 400 characters three times in a row, or with fewer ten times."""
    for size in range(1, min(_LONGEST, len(text) // _ROUNDS) + 1):
        rounds = _ROUNDS if size >= _LONG else _SHORT_ROUNDS
        part = text[-size:]
        if text.endswith(part * rounds) and any(map(str.isalnum, part)):
            return True
    return False


class Sieve:
    """Says of each sentence of a draft whether it belongs to an answer, and counts those that do not.

    Left out are: a sentence that was written before (case, white space and punctuation aside; one of eight words and more also
    when three quarters of the words of both are the same, and all figures), a line with the prompt's fence
    word, the first line of a source (its title and headings), the question, and a copy of the instructions, which is a sentence
    most of whose words stand there in this order.
    """

    def __init__(self, question: str, prompt: Prompt, fence: str, titles: frozenset[str]) -> None:
        self._fence = fence
        self._titles = {_plain(title) for title in titles}
        self._question = _plain(question)
        told = prompt.system + "\n" + prompt.user[prompt.user.rfind(fence) :] if fence else prompt.system
        self._given = _plain(told).split()
        self._times: dict[str, int] = {}
        self.repeated = 0
        self.copied = 0

    @property
    def looping(self) -> bool:
        """Whether some sentence was written three times."""
        return max(self._times.values(), default=0) >= _TIMES

    def keeps(self, sentence: str) -> bool:
        plain = _plain(sentence)
        if (
            (self._fence and self._fence in sentence.lower())
            or plain in self._titles
            or self._instructs(sentence, plain)
        ):
            self.copied += 1
            return False
        first = next((before for before in self._times if _much_alike(before, plain)), plain)
        self._times[first] = self._times.get(first, 0) + 1
        self.repeated += self._times[first] > 1
        return self._times[first] == 1

    def _instructs(self, sentence: str, plain: str) -> bool:
        if plain == self._question or _LABEL.fullmatch(sentence) or sentence.lstrip().startswith("#"):
            return True
        words = plain.split()
        return len(words) >= 4 and _longest_run(words, self._given) >= _SHARE * len(words)

    @property
    def notes(self) -> list[str]:
        told = [(self.repeated, "that said the same again"), (self.copied, "copied from the prompt")]
        return [f"left out: {count} sentence{'s' * (count > 1)} {what}" for count, what in told if count]


def _much_alike(one: str, other: str) -> bool:
    if one == other:
        return True
    words, others = set(one.split()), set(other.split())
    figures = {word for word in words if any(map(str.isdigit, word))} ^ {
        word for word in others if any(map(str.isdigit, word))
    }
    return (
        not figures
        and min(len(words), len(others)) >= _LONG_SENTENCE
        and len(words & others) >= _ALIKE * len(words | others)
    )


def _plain(text: str) -> str:
    return " ".join(_WORD.findall(fold_quote(text).lower()))


def _longest_run(words: list[str], there: list[str]) -> int:
    """The most words in a row of `words` that stand so in `there`."""
    best = 0
    lengths = [0] * (len(there) + 1)
    for word in words:
        lengths = [0, *(lengths[i] + 1 if other == word else 0 for i, other in enumerate(there))]
        best = max(best, *lengths)
    return best
