"""What a question asks for: words, and operators as search engines have them.

`"exact words"` must stand in a passage as written (case, accents and white space aside), `-word` must not occur in it, and
`prefix*` stands for every word that begins so. Operators need white space or the question's edge before them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from ragcli.errors import UsageError
from ragcli.text.analyzer import tokens

MAX_QUESTION = 8_000

STOP_WORDS = frozenset(
    """a about above after again all am an and any are as at be because been before being below between both but by can
    could did do does doing down during each few for from further had has have having he her here hers him his how i if
    in into is it its itself just many me more most much my myself no nor not now of off on once only or other our ours out over
    own same she should so some such than that the their theirs them then there these they this those through to too
    under until up very was we were what when where which while who whom why will with would you your yours""".split()
)
_PHRASE = re.compile(r'(?<!\S)["“”„]([^"“”„]+)["“”](?=$|[\s.,;:?!)])')
_EXCLUDED = re.compile(r"(?<!\S)-(?=\w{2})([\w]+(?:[-_./]\w+)*)(?!\S)")
_PREFIX = re.compile(r"(?<!\S)(\w{2,})\*(?!\S)")


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


def checked_question(question: str) -> str:
    """The question without white space around it. Raises UsageError when it is empty or too long."""
    question = question.strip()
    if not question:
        raise UsageError("the question is empty", hint='rag ask "your question"')
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


def content_tokens(text: str) -> tuple[str, ...]:
    """Distinct tokens in order, without stop words unless there is nothing else."""
    distinct = list(dict.fromkeys(tokens(text)))
    return tuple([token for token in distinct if token not in STOP_WORDS] or distinct)
