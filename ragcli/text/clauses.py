"""English sentences → clauses: who does what to whom, as far as rules can read it.

There is no parser here. A clause is what stands between two boundaries (punctuation, `when`, `if`, `because`, …); its verb is
the one behind an auxiliary (`is booked`, `must report`), or else the first word that is one of `verbs.VERBS` or is followed
as only a verb is (`supersedes the`). What stands before it is the subject, what stands behind it the rest; behind `by`,
after a passive verb, the agent. A clause in which no verb is found is left out, so its roles are not judged.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ragcli.text.analyzer import fold, stem
from ragcli.text.figures import canonical_word
from ragcli.text.query import STOP_WORDS
from ragcli.text.verbs import BASES, VERBS

_WORD = re.compile(r"\d+(?:[.,:]\d+)*|[^\W\d_]+(?:[-'’][^\W\d_]+)*|[.,;:!?()\n]")
_BE = frozenset("is are was were be been being am".split())
_AUXILIARIES = _BE | frozenset(
    "has have had do does did can could may might must shall should will would cannot get gets got".split()
)
_CONTRACTED = re.compile(r"(?:n['’]t|['’](?:ll|re|ve|d))$")
_BOUNDARIES = frozenset(
    """. , ; : ! ? ( ) when whenever if unless because since although though while whereas that which who whom whose
    where until before after so than and but or""".split()
)
_ADVERBS = frozenset(
    "not never always also only then still usually normally generally again first now once just".split()
)
_DETERMINERS = frozenset(
    "the a an this that these those its their our your his her my every each any some no all both few many several".split()
)
_PREPOSITIONS = frozenset(
    "of in on at for with from into within without by about over under between through during per as against via".split()
)
_SMALL = frozenset("per within every each".split())  # say nothing of who does what
_MEASURES = frozenset(
    "days hours weeks months years times minutes seconds euros cents percent metres meters litres kilometres points".split()
)
_AFTER_VERB = _DETERMINERS | {"to", "us", "them", "him", "it"}


@dataclass(frozen=True, slots=True)
class Clause:
    """A verb (its base form; `be` when there is no other) and the content words around it, as stems in order.

    `subject` is what stands before the verb, `head` the last word of its first phrase (of `the use of a car`, `use`). After a
    passive verb `agent` is what follows `by`; `rest` is everything else behind the verb.
    """

    verb: str
    passive: bool
    subject: tuple[str, ...]
    head: str
    rest: tuple[str, ...]
    agent: tuple[str, ...] = ()
    text: str = ""  # the words of the clause as written, spaces between them


def clauses(text: str) -> list[Clause]:
    """The clauses of an English text, in order; a clause that begins with its verb has no subject."""
    words = [match.group() for match in _WORD.finditer(text)]
    found: list[Clause] = []
    for part in _parts(words):
        clause = _clause(part)
        if clause is not None:
            found.append(clause)
    return found


def _parts(words: Sequence[str]) -> list[list[str]]:
    """The words between boundaries; lists of nouns (`A, B and C are`) stay together because a part without a verb is joined
    to the one after it, unless a sentence ends between them."""
    parts: list[list[str]] = [[]]
    for word in words:
        lower = word.lower()
        if lower in _BOUNDARIES or word == "\n":
            ends = word in ".!?;:"
            loose = lower in (",", "and", "or", "\n")
            if parts[-1] and (ends or not loose or _verb_at(parts[-1]) is not None):
                if lower != "\n":
                    parts.append([])
            elif word == "," and parts[-1]:
                parts[-1].append(word)
        else:
            parts[-1].append(word)
    return [part for part in parts if part]


def _verb_at(part: Sequence[str]) -> tuple[int, int, bool] | None:
    """(where the verb group begins, where its main verb is, whether it is passive)."""
    first, second = [*(word.lower() for word in part[:2]), "", ""][:2]
    if first in BASES and second in _DETERMINERS:
        return 0, 0, False  # an instruction: Tell your team lead
    for i, word in enumerate(part):
        lower = word.lower()
        if lower in _AUXILIARIES or _CONTRACTED.search(lower):
            return _group(part, i)
    if first in VERBS and part[0].endswith("s") and part[0].islower() and second not in BASES:
        return 0, 0, False  # goes on after `and`: needs the consent
    for i in range(len(part)):
        if i and _stands_as_verb(part, i):
            lower, following = part[i].lower(), part[i + 1 : i + 2]
            return i, i, following == ["by"] and VERBS.get(lower, lower) != lower and not lower.endswith("s")
    return (0, 0, False) if first in BASES and len(part) > 1 else None


def _group(part: Sequence[str], begin: int) -> tuple[int, int, bool]:
    i, be = begin, False
    while i < len(part):
        lower = part[i].lower()
        be = lower in _BE if lower in _AUXILIARIES else be
        if lower not in _AUXILIARIES and not _CONTRACTED.search(lower) and not _is_adverb(lower):
            break
        i += 1
    if i < len(part) and part[i].lower() in VERBS:
        word = part[i].lower()
        return begin, i, be and not word.endswith("ing") and VERBS[word] != word
    if i < len(part) and be and re.search(r"(?:ed|en)$", part[i].lower()):
        return begin, i, True
    if i < len(part) and not be and part[begin].lower() not in ("has", "have", "had"):
        return begin, i, False
    return begin, begin, False


def _is_adverb(lower: str) -> bool:
    return lower in _ADVERBS or (lower.endswith("ly") and len(lower) > 4)


def _stands_as_verb(part: Sequence[str], i: int) -> bool:
    lower, before = part[i].lower(), part[i - 1].lower()
    following = part[i + 1].lower() if i + 1 < len(part) else ""
    counted = before[0].isdigit() and following not in _AFTER_VERB
    if before in _DETERMINERS or before in _PREPOSITIONS or counted or lower in STOP_WORDS:
        return False
    if lower in VERBS:
        return not following or following not in VERBS or following in STOP_WORDS
    inflected = lower.endswith(("s", "ed")) and not lower.endswith(("ss", "us")) and len(lower) > 4
    return inflected and lower not in _MEASURES and following in _AFTER_VERB and before not in STOP_WORDS


def _clause(part: Sequence[str]) -> Clause | None:
    place = _verb_at(part)
    if place is None:
        return None
    begin, main, passive = place
    word = part[main].lower()
    verb = "be" if word in _BE else VERBS.get(word) or stem(fold(word), "en")
    behind = [*part[main + 1 :]]
    by = _agent_at(behind) if passive else None
    agent = _first_phrase(behind[by:]) if by is not None else ()
    rest = _content(behind if by is None else behind[: by - 1])
    front = _without_fronted(part[:begin])
    return Clause(verb, passive, _content(front), _head(front), rest, agent, " ".join(part))


def _agent_at(behind: Sequence[str]) -> int | None:
    """Where the agent begins: behind `by`, unless a figure follows (`by 31 March`)."""
    places = (i + 1 for i, word in enumerate(behind[:-1]) if word.lower() == "by" and not behind[i + 1][0].isdigit())
    return next(places, None)


def _without_fronted(words: Sequence[str]) -> Sequence[str]:
    """The words before a verb without what stands in front of a comma there: `Within two hours, devices`."""
    fronted = bool(words) and (words[0].lower() in _PREPOSITIONS or words[0][0].isdigit()) and "," in words
    return words[len(words) - list(words)[::-1].index(",") :] if fronted else words


def _first_phrase(words: Sequence[str]) -> tuple[str, ...]:
    end = next((i for i, word in enumerate(words) if i and word.lower() in _PREPOSITIONS), len(words))
    return _content(words[:end])


def _head(words: Sequence[str]) -> str:
    """The last content word of the first noun phrase."""
    kept = list(words)
    if kept and kept[0].lower() in _PREPOSITIONS:  # "In the office staff work": no telling where the subject begins
        return ""
    end = next((i for i, word in enumerate(kept) if i and word.lower() in _PREPOSITIONS), len(kept))
    content = _content(kept[:end])
    return content[-1] if content else ""


def _content(words: Sequence[str]) -> tuple[str, ...]:
    return tuple(
        canonical_word(word)
        for word in words
        if word != "," and fold(word) not in STOP_WORDS | _SMALL and not _is_adverb(word.lower())
    )
