"""What a question asks for: words, and operators as search engines have them.

`"exact words"` must stand in a passage as written (case, accents and white space aside), `-word` must not occur in it, and
`prefix*` stands for every word that begins so. Operators need white space or the question's edge before them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from ragcli.errors import UsageError
from ragcli.text.analyzer import fold, tokens
from ragcli.text.stopwords import question_language, stop_words, without_contractions

MAX_QUESTION = 8_000

STOP_WORDS = stop_words("en")
_PHRASE = re.compile(r'(?<!\S)["“”„]([^"“”„]+)["“”](?=$|[\s.,;:?!)])')
_EXCLUDED = re.compile(r"(?<!\S)-(?=\w{2})([\w]+(?:[-_./]\w+)*)(?!\S)")
_PREFIX = re.compile(r"(?<!\S)(\w{2,})\*(?!\S)")
_RUN = re.compile(rf"{_PHRASE.pattern}|{_EXCLUDED.pattern}|{_PREFIX.pattern}|(?P<run>\S+)")
_PLAIN = re.compile(r"""[("'“„¿¡\[]*[^\W\d_]+(?:-[^\W\d_]+)*[)\]"'”?!,;:.…]*""")  # and not an identifier
_LETTERS = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True, slots=True)
class Query:
    """A parsed question.

    `text` is what remains without operators: what is embedded. `tokens` are its distinct words in order, unstemmed, without
    stop words unless there is nothing else. `prefixes` are folded; `phrases` and `excluded` are as written. `synonyms` maps
    a token to others that count as the same word; `related` are tokens that are searched as well, with less weight.
    """

    text: str
    tokens: tuple[str, ...]
    prefixes: tuple[str, ...] = ()
    phrases: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()
    synonyms: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    related: tuple[str, ...] = ()


def plain_words(question: str) -> list[str]:
    """The words of a question as they are written, repeats kept, in order: runs of letters that are no part of an identifier,
    of a phrase in quotation marks, or of another operator."""
    runs = [match["run"] for match in _RUN.finditer(question) if match["run"]]
    return [word for run in runs if _PLAIN.fullmatch(run) for word in _LETTERS.findall(run)]


def replaced(question: str, words: Mapping[str, str]) -> str:
    """The question with `words[word]` in place of each of its `plain_words` that `words` names, folded. A word that began with
    a capital letter still does."""

    def other(match: re.Match[str]) -> str:
        word = match.group()
        instead = words.get(fold(word), word)
        return instead[:1].upper() + instead[1:] if word[:1].isupper() else instead

    def run(match: re.Match[str]) -> str:
        plain = match["run"] and _PLAIN.fullmatch(match["run"])
        return _LETTERS.sub(other, match.group()) if plain else match.group()

    return _RUN.sub(run, question)


def checked_question(question: str) -> str:
    """The question without white space around it. Raises UsageError when it is empty or too long."""
    question = question.strip()
    if not question:
        raise UsageError("the question is empty", hint="say what to look for, such as: rag ask what is the hotel limit")
    if len(question) > MAX_QUESTION:
        raise UsageError(
            f"the question has {len(question):,} characters, more than {MAX_QUESTION:,}",
            hint="ask about one thing at a time",
        )
    return question


def parse_query(question: str) -> Query:
    """The question's words and operators. A question of nothing but exclusions has no words and finds nothing."""
    phrases = tuple(match.group(1).strip() for match in _PHRASE.finditer(question) if any(tokens(match.group(1))))
    rest = _PHRASE.sub(lambda match: f" {match.group(1)} ", question)
    excluded = tuple(match.group(1) for match in _EXCLUDED.finditer(rest))
    rest = _EXCLUDED.sub(" ", rest)
    prefixes = tuple(token for match in _PREFIX.finditer(rest) for token in tokens(match.group(1)))
    plain = _PREFIX.sub(" ", rest)
    text = " ".join(_PREFIX.sub(r"\1", rest).split())
    return Query(text, content_tokens(plain), tuple(dict.fromkeys(prefixes)), phrases, excluded)


def language_of(question: str) -> str:
    """ISO 639-1 code of the language that a question shows by its words; "" when it does not show one."""
    return question_language(question, tuple(tokens(question)))


def content_tokens(text: str) -> tuple[str, ...]:
    """Distinct tokens of a question in order, without the stop words of its language unless there is nothing else."""
    distinct = list(dict.fromkeys(tokens(without_contractions(text))))
    known = stop_words(question_language(text, distinct))
    return tuple([token for token in distinct if token not in known] or distinct)
