"""Whether a quotation bears a sentence out, by rules that can be read and repeated."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ragcli.results import CitationStatus
from ragcli.text.analyzer import terms, unspaced
from ragcli.text.figures import Token, misplaced, read_tokens
from ragcli.text.folding import fold_quote
from ragcli.text.query import STOP_WORDS

PARAPHRASE = 0.6  # share of a sentence's terms that its source must hold
_DECORATION = re.compile(r"^\s*(?:[-*•+–>]\s+|\d{1,3}[.)]\s+|#{1,6}\s+)+|[*_`]{1,3}(?=\S)|(?<=\S)[*_`]{1,3}")
_NUMBER = re.compile(r"\s*(\d{1,3})[.)]\s+")
_CUT_BEFORE = re.compile(r"\d[.,:–-]$|(?:^|[^\w])[-−]$")
_CUT_AFTER = re.compile(r"[.,:–-]\d")
_EDGE = r"(?<![\w]){}(?![\w])"
_NEGATIONS = frozenset(
    """not no never without neither nor cannot none nicht kein keine keinen keiner nie niemals ohne ne pas jamais sans
    nunca sin""".split()
)


@dataclass(frozen=True, slots=True)
class Support:
    """How a sentence stands in a quotation; see `ragcli.results.Citation`."""

    status: CitationStatus
    score: float
    problems: tuple[str, ...] = ()

    @property
    def holds(self) -> bool:
        return self.status != "unsupported"


def judge(sentence: str, quote: str, *, around: str = "", language: str = "en") -> Support:
    """How `sentence` stands in `quote`; `around` is the text that the quotation stands in, with its headings.

    A paraphrase holds at least 60 % of the sentence's terms in the quotation, every figure in it and in its place, every name
    in it or around it and none in another's place, and negates what the quotation negates.
    """
    said = undecorated(sentence)
    if not said:
        return Support("unsupported", 0.0, ("nothing is said",))
    as_written = sentence.strip()
    renumbered = _renumbered(sentence, said, quote)
    if renumbered:
        return Support("unsupported", 1.0, (renumbered,))
    if as_written == quote or stands_in(as_written, quote) or stands_in(said, quote):
        return Support("exact", 1.0)
    folded = fold_quote(quote)
    if any(stands_in(fold_quote(text).rstrip(".!?;:,"), folded) for text in (as_written, said)):
        return Support("normalised", 1.0)
    ours, theirs = read_tokens(said, language), read_tokens(quote, language)
    score = _shared(said, ours, quote, theirs, language)
    problems = [*_figures(ours, theirs), *_names(ours, theirs, around, language), *_negations(ours, theirs)]
    if score < PARAPHRASE:
        problems.append(f"{score:.0%} of its words are in the source")
    return Support("unsupported" if problems else "paraphrase", round(score, 4), tuple(problems))


def _shared(said: str, ours: list[Token], quote: str, theirs: list[Token], language: str) -> float:
    if unspaced(said):
        mine, there = set(terms(said, language)), set(terms(quote, language))
    else:
        mine, there = {token.text for token in ours} - STOP_WORDS, {token.text for token in theirs}
    return len(mine & there) / len(mine) if mine else 0.0


def undecorated(sentence: str) -> str:
    """`sentence` without list markers and emphasis."""
    return " ".join(_DECORATION.sub("", sentence).split())


def _renumbered(sentence: str, said: str, quote: str) -> str:
    """What is wrong when the sentence is an item of the source under another number; empty when nothing is."""
    own = _NUMBER.match(sentence)
    there = re.search(rf"(?<!\w)(\d{{1,3}})[.)] {re.escape(fold_quote(said))}", fold_quote(quote)) if own else None
    return _told(own[1], there[1]) if own and there and own[1] != there[1] else ""


def stands_in(text: str, source: str) -> bool:
    """Whether `text` stands in `source` and does not begin or end in the middle of a word or number."""
    return any(_whole(match, source) for match in re.finditer(_EDGE.format(re.escape(text)), source))


def _whole(match: re.Match[str], source: str) -> bool:
    """Whether a number at either edge of the match is all of a number: not the end of 1.5, of -5, or of 3-5."""
    first, last = match.group()[0], match.group()[-1]
    if first.isdigit() and _CUT_BEFORE.search(source[: match.start()][-2:]):
        return False
    return not (last.isdigit() and _CUT_AFTER.match(source, match.end()))


def _figures(ours: list[Token], theirs: list[Token]) -> list[str]:
    return [_told(shown, instead) for shown, instead in misplaced(ours, theirs, "figure")]


def _names(ours: list[Token], theirs: list[Token], around: str, language: str) -> list[str]:
    """Sentence beginnings of the source count as places of names: `read_tokens` cannot tell them from other words."""
    capitals = [Token(t.text, t.shown, "name" if t.shown[:1].isupper() else t.kind) for t in theirs]
    there = [
        token if token.kind != "name" or token.text not in STOP_WORDS else theirs[i] for i, token in enumerate(capitals)
    ]
    wrong = misplaced(ours, there, "name")
    if not wrong:
        return []
    nearby = {"x", *(token.text for token in [*read_tokens(around, language), *theirs])}
    return [
        _told(shown, instead)
        for shown, instead in wrong
        if instead or not nearby.issuperset(token.text for token in read_tokens(f"x {shown}", language))
    ]


def _told(shown: str, instead: str) -> str:
    return f"{shown} stands where the source has {instead}" if instead else f"{shown} is not in the source"


def _negations(ours: list[Token], theirs: list[Token]) -> list[str]:
    mine, quoted = _negated(ours), _negated(theirs)
    said, there = {token.text for token in ours}, {token.text for token in theirs}
    if not mine and quoted & said:
        return ["the source says not"]
    return ["the source does not say not"] if not quoted and mine & there else []


def _negated(tokens: list[Token]) -> set[str]:
    """What follows a negation: the next token that is no stop word."""
    found: set[str] = set()
    for i, token in enumerate(tokens):
        contracted = token.shown.lower().replace("’", "'").endswith("n't")
        if token.shown.lower() in _NEGATIONS or contracted:
            following = [
                t.text for t in tokens[i + 1 : i + 5] if t.text not in STOP_WORDS and t.shown.lower() not in _NEGATIONS
            ]
            found |= set(following[:1])
    return found
