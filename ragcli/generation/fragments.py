"""Parts of sentences: words that stand in the source, but in a sentence that answers another question."""

from __future__ import annotations

import re

from ragcli.text.analyzer import terms
from ragcli.text.clauses import clauses
from ragcli.text.query import content_tokens

_PERIODS = "second minute hour day night week month quarter year"
_PER = re.compile(rf"\b(?:a|an|per|each|every)\s+(?:calendar\s+)?({'|'.join(_PERIODS.split())})\b", re.IGNORECASE)
_LEAST = 1 / 3  # share of the question's terms that the whole sentence and its headings must hold
_SHORTER = 2  # terms that a part must lack of its sentence


def fragment_problem(said: str, quote: str, context: str, question: str, language: str) -> str:
    """Why `said`, which stands in `quote`, does not answer `question`; empty when it may.

    Only a part of a sentence without a verb of its own is looked at, and only in English. It does not fit when it counts by
    another period than the question (`20 days a year` for days a week), or when the sentence around it and `context` hold
    less than a third of the question's terms.
    """
    whole = terms(quote, language)
    if language != "en" or len(whole) - len(terms(said, language)) < _SHORTER or clauses(said):
        return ""
    asked, told = _periods(question), _periods(said)
    if asked and told and not asked & told:
        return f"it counts by the {min(told)}; the question asks by the {min(asked)}"
    wanted = set(terms(" ".join(content_tokens(question)), language))
    held = wanted & {*whole, *terms(context, language)}
    if wanted and len(held) < _LEAST * len(wanted):
        return "the sentence that it stands in is about something else"
    return ""


def _periods(text: str) -> set[str]:
    return {match[1].lower() for match in _PER.finditer(text)}
