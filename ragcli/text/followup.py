"""Follow-up questions → questions that can be understood alone, by rules."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ragcli.text.analyzer import stem
from ragcli.text.query import content_tokens
from ragcli.text.references import points_back

_CONTINUES = re.compile(
    r"^\W*(?:(?:and|or|but|so|also|und|oder|aber|et|ou|mais|y|o|pero)\b[ ,]*)?"
    r"(?:(?:what|how) about|what if|and|or|but|so|also|und was ist mit|was ist mit|wie steht es mit|und|oder|et|qué pasa con|"
    r"y(?! a-t-il))\b"
    r"[ ,]*(?P<rest>.*)$",
    re.IGNORECASE,
)
_ABOUT = re.compile(
    r"(?i)^\W*(?:(?:and|but|so|or|und|et|y)\b[ ,]*)?(?:(?:what|how) about|what if|(?:und )?was ist mit|qué pasa con|et pour)\b"
)
_ASKING = """who whom whose what when where which why how wer wem wen wessen was wann wo wohin welche welcher welches welchem
    welchen wie warum wieso qui quand où que quel quelle quels quelles comment pourquoi combien quién cuándo dónde
    qué cuál cómo cuánto cuántos cuántas""".split()
_FINITE = """is are was were do does did has have had can could may might must shall should will would ist sind gibt gilt
    gelten kann kannst muss darf habe haben hat wird werden est sont puis peut peux doit faut hay es son puedo puede
    debe tengo tiene""".split()
_CLAUSE = re.compile(rf"(?i)(?:^|(?<=[\s'’¿]))(?:{'|'.join([*_ASKING, *_FINITE])})\b")
_FRAGMENT = re.compile(
    r"(?i)^\W*(?:for|in|on|at|with|without|during|after|before|by|from|under|until|to|also|even|only|not|except|unless|if|because|"
    r"für|bei|mit|ohne|während|nach|auch|nur|im|am(?! i\b)|pour|avec|sans|pendant|aussi|dans|para|con|sin|durante|también|en)\b"
)
_NAMED = re.compile(  # a noun of its own behind "is a", "is there", "do we have": "what is a sabbatical"
    r"(?i)\b(?:is|are|was|were|have|has|ist|sind|war|waren|gibt es|est|sont|hay)\s+(?:there\s+)?"
    r"(?:(?:a|an|the|any|my|our|your|some|ein|eine|einen|der|die|das|un|une|le|la|les|el|los|una)\s+)*(?P<noun>[\w'-]+)\W*$"
)
_RELATIONS = frozenset(  # nouns that are of something: alone they ask about what was said
    """allowed alternative alternatives amount amounts benefit benefits cause condition conditions consequence
    consequences cost costs date deadline default difference duration effect example examples exception exceptions
    fee fees fine form forms goal included length limit limits mandatory maximum minimum name number optional option
    options owner paid penalty possible price procedure process purpose rate reason reasons required requirement
    requirements responsible result risk risks rule rules size source status step steps taxed term terms time valid
    value""".split()
)
_ADDED = re.compile(r"(?P<asked>.*\S)\s*\([^()]*\)\s*", re.DOTALL)
_FOCUS = re.compile(r"(?i)\bhow (?:many|much) ([\w-]+)|\bhow (long|often|far|old|large|big|high|tall|soon|fast|deep)\b")
_LED = re.compile(
    r"(?i)^\W*(?P<preposition>for|in|on|at|with|without|during|under|from|für|bei|mit|ohne|pour|para|con)\b"
)


def is_follow_up(question: str) -> bool:
    """Whether the question leans on what was said before: it points back ("does it expire?"), goes on with "and" or "what
    about" without a clause of its own, is only a part of a sentence ("for trainees?"), or asks without naming anything ("how
    long?")."""
    continued = _CONTINUES.match(question)
    if continued:
        rest = continued["rest"]
        if _ABOUT.match(question) or not _CLAUSE.search(rest):
            return True
        question = rest
    if points_back(question) or (_FRAGMENT.match(question) and not _CLAUSE.search(question)):
        return True
    content = content_tokens(question)
    named = _NAMED.search(question)
    alone = named is not None and named["noun"].lower() in content and content[0] not in _RELATIONS
    measures = {match[2].lower() for match in _FOCUS.finditer(question) if match[2]}
    said = [word for word in content if word not in _ASKING and word not in measures]
    return len(said) < 2 and not alone


def _focus(question: str) -> set[str]:
    """What a question asks for and does not speak about: "days" in "how many days of leave"."""
    return {word.lower() for match in _FOCUS.finditer(question) for word in match.groups() if word}


def without_context(question: str) -> str:
    """A condensed question as it was asked: without the words in parentheses that were added at its end."""
    match = _ADDED.fullmatch(question)
    return match["asked"] if match else question


def condense(question: str, before: Sequence[str]) -> str:
    """`question` with what it leaves unsaid from the questions `before` it, oldest first; itself when it stands alone.

    "What about trainees?" and "for trainees?" ask the question before again with their own words added, or in place of those
    that began with the same preposition. What points back gets the words that the question before is about and it lacks, in
    parentheses; what that one asked for ("how long") is not among them. The words of the new question come first.
    """
    if not before or not is_follow_up(question):
        return question
    previous = before[-1].strip()
    continued = _CONTINUES.match(question)
    rest = continued["rest"].strip() if continued else question if _FRAGMENT.match(question) else ""
    if rest and not points_back(rest) and not _CLAUSE.search(rest):
        asked = without_context(previous)
        return f"{_replacing(asked.rstrip('?. '), rest)}{previous[len(asked) :]}"
    known = {stem(token, "en") for token in content_tokens(question)} | _focus(previous)
    missing = [token for token in content_tokens(previous) if stem(token, "en") not in known and token not in known]
    return f"{question.rstrip()} ({' '.join(missing)})" if missing else question


def _replacing(asked: str, rest: str) -> str:
    """`asked` with `rest` behind it, in place of its last words if both begin with the same preposition."""
    led = _LED.match(rest)
    rest = rest[:1].lower() + rest[1:] if led else rest
    last = re.search(rf"(?i)\s{led['preposition']}\s+(?:[^\s,]+\s*){{1,4}}$", asked) if led else None
    return f"{asked[: last.start()] if last else asked} {rest}"
