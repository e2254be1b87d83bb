"""What kind of answer a question asks for. Rules over its first words and its verbs; English, German, French and Spanish."""

from __future__ import annotations

import re
from typing import Literal

QuestionKind = Literal["fact", "comparison", "procedure", "why"]
KINDS: tuple[QuestionKind, ...] = ("fact", "comparison", "procedure", "why")
Expected = Literal["number", "date", "person", "place", "any"]

_COMPARISON = re.compile(
    r"\b(differences?|differ|compared?|comparison|versus|vs\.?|better|worse|unterschied\w*|vergleich\w*|"
    r"différences?|comparer|diferencias?|comparar)\b",
    re.IGNORECASE,
)
_WHY = re.compile(
    r"^\W*(why|how come|for what reason|what (?:is|was|were|are) the (?:reasons?|causes?)|what (?:caused|causes)|warum|"
    r"weshalb|wieso|pourquoi|por qué)\b",
    re.IGNORECASE,
)
_PROCEDURE = re.compile(
    r"^\W*(how (?:do|can|should|must|would) (?:i|we|you|one|someone|an?\b|the\b|employees?|users?)|how to\b|"
    r"(?:what|which) (?:are the )?steps\b|wie (?:kann|muss|soll|beantrage|mache|installiere)\b|comment (?:faire|puis-je)\b|"
    r"cómo (?:puedo|se)\b)",
    re.IGNORECASE,
)
_NUMBER = re.compile(
    r"\b(how (?:many|much|long|old|often|far|large|big|high|tall|deep|fast|heavy|wide)|what (?:percentage|percent|"
    r"proportion|share|number|amount|age|price|fee|rate|limit|size|distance|population)|wie ?viele?|wie (?:lange|hoch|oft|alt)|"
    r"combien|cuánt[oa]s?)\b",
    re.IGNORECASE,
)
_DATE = re.compile(
    r"\b(when|(?:what|which|in what|in which|on what|by what) (?:year|date|day|month|century|decade|time)|until when|"
    r"wann|quand|cuándo)\b",
    re.IGNORECASE,
)
_PERSON = re.compile(r"^\W*(?:\w+ ){0,2}(who|whom|whose|wer|wem|wen|wessen|qui|quién(?:es)?)\b", re.IGNORECASE)
_PLACE = re.compile(
    r"\b(where|(?:what|which|in what|in which) (?:city|country|state|place|town|region|building|room)|wo|wohin|où|dónde)\b",
    re.IGNORECASE,
)

QUESTION_WORDS = frozenset(
    """who whom whose when where what which how why many much
    wer wem wen wessen wann wo wohin was welche welcher welches welchen wie warum wieso viele viel
    qui quand où que quel quelle quels quelles comment pourquoi combien
    quién quiénes cuándo dónde qué cuál cuáles cómo cuánto cuánta cuántos cuántas""".split()
)


def question_kind(question: str) -> QuestionKind:
    """A comparison of things, the steps of a procedure, reasons, or a fact (everything else)."""
    if _COMPARISON.search(question):
        return "comparison"
    if _WHY.search(question):
        return "why"
    return "procedure" if _PROCEDURE.search(question) else "fact"


def expected_answer(question: str) -> Expected:
    """What the words that answer the question look like."""
    for kind, pattern in (("number", _NUMBER), ("date", _DATE), ("person", _PERSON), ("place", _PLACE)):
        if pattern.search(question):
            return kind  # type: ignore[return-value]
    return "any"
