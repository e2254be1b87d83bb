"""Whether a quotation bears a sentence out, by rules that can be read and repeated."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ragcli.generation.fragments import fragment_problem
from ragcli.generation.negation import negation_problems
from ragcli.generation.roles import role_problems
from ragcli.results import CitationStatus, Judgement
from ragcli.text.analyzer import terms, unspaced
from ragcli.text.clauses import clauses
from ragcli.text.figures import Token, canonical_word, misplaced, read_tokens
from ragcli.text.folding import fold_quote
from ragcli.text.query import STOP_WORDS

PARAPHRASE = 0.6  # share of a sentence's terms that its source must hold, those of the question not counted
_AT_LEAST = 0.4  # the same, with those of the question
_DECORATION = re.compile(r"^\s*(?:[-*•+–>]\s+|\d{1,3}[.)]\s+|#{1,6}\s+)+|[*_`]{1,3}(?=\S)|(?<=\S)[*_`]{1,3}")
_NUMBER = re.compile(r"\s*(\d{1,3})[.)]\s+")
_CUT_BEFORE = re.compile(r"\d[.,:–-]$|(?:^|[^\w])[-−]$")
_CUT_AFTER = re.compile(r"[.,:–-]\d")
_EDGE = r"(?<![\w]){}(?![\w])"


@dataclass(frozen=True, slots=True)
class Support:
    """How a sentence stands in a quotation; see `ragcli.results.Citation`. `open` says that the verdict rests on words and
    roles alone, so that an entailment model may decide otherwise: the sentence is no copy, no figure, name, negation or
    number of an item speaks against it, and it begins with no word that may be a name which the source does not hold."""

    status: CitationStatus
    score: float
    problems: tuple[str, ...] = ()
    open: bool = False
    judgement: Judgement | None = None

    @property
    def holds(self) -> bool:
        return self.status != "unsupported"


def judge(
    sentence: str, quote: str, *, around: str = "", language: str = "en", question: str = "", context: str = ""
) -> Support:
    """How `sentence` stands in `quote`; `around` is the text that the quotation stands in, with its headings; `question` is
    what the sentence answers; `context` says which document and section it is: title, file name, headings.

    A paraphrase holds at least 60 % of the sentence's terms in the quotation, every figure in it and in its place, every
    name in it or around it and none in another's place, negates what the quotation negates, advises against nothing else,
    and has the same ones doing the same things (see `roles`). Words of the question are given: the 60 % are of the
    sentence's other terms, and 40 % of all its terms must stand there; a figure of the question need not when `context` has
    it. Part of a sentence that does not fit the question is unsupported although it stands there; see `fragments`.
    """
    said = undecorated(sentence)
    if not said:
        return Support("unsupported", 0.0, ("nothing is said",))
    renumbered = _renumbered(sentence, said, quote)
    if renumbered:
        return Support("unsupported", 1.0, (renumbered,))
    copied = _copied(sentence.strip(), said, quote)
    if copied is not None:
        problem = fragment_problem(said, quote, context, question, language) if question else ""
        return Support("unsupported", 1.0, (problem,)) if problem else Support(copied, 1.0)
    return _paraphrase(said, quote, around, language, question, context)


def _copied(as_written: str, said: str, quote: str) -> CitationStatus | None:
    if as_written == quote or stands_in(as_written, quote) or stands_in(said, quote):
        return "exact"
    folded = fold_quote(quote)
    if any(stands_in(fold_quote(text).rstrip(".!?;:,"), folded) for text in (as_written, said)):
        return "normalised"
    return None


def _paraphrase(said: str, quote: str, around: str, language: str, question: str, context: str) -> Support:
    ours, theirs = read_tokens(said, language), read_tokens(quote, language)
    asked, known = read_tokens(question, language), read_tokens(context, language)
    given = {token.text for token in asked} & {token.text for token in known}
    alone, score = _shared(said, ours, quote, theirs, language, {token.text for token in asked})
    nearby = read_tokens(f"{around}\n{context}", language)
    problems = [
        *_figures(ours, theirs, given),
        *_names(ours, theirs, nearby, language),
        *negation_problems(said, quote, language),
    ]
    undecided = not problems and not _begins_with_name(said, ours, {token.text for token in [*theirs, *nearby]})
    if not problems:
        problems = role_problems(said, quote, [t.text for t in known], [t.text for t in nearby], language)
    if not problems and (score < PARAPHRASE or alone < _AT_LEAST):
        problems.append(f"{min(score, alone):.0%} of its words are in the source")
    return Support("unsupported" if problems else "paraphrase", round(alone, 4), tuple(problems), undecided)


def _shared(
    said: str, ours: list[Token], quote: str, theirs: list[Token], language: str, given: set[str]
) -> tuple[float, float]:
    """The share of the sentence's terms that the quotation holds, and the same without those of the question (when the
    sentence has no others, the first share)."""
    if unspaced(said):
        mine, there = set(terms(said, language)), set(terms(quote, language))
    else:
        mine, there = {token.text for token in ours} - STOP_WORDS, {token.text for token in theirs}
    new = mine - given or mine
    return (len(mine & there) / len(mine), len(new & there) / len(new)) if mine else (0.0, 0.0)


def undecorated(sentence: str) -> str:
    """`sentence` without list markers and emphasis."""
    return " ".join(_DECORATION.sub("", sentence).split())


def _renumbered(sentence: str, said: str, quote: str) -> str:
    """What is wrong when the sentence is an item of the source under another number; empty when nothing is."""
    own = _NUMBER.match(sentence)
    there = re.search(rf"(?<!\w)(\d{{1,3}})[.)] {re.escape(fold_quote(said))}", fold_quote(quote)) if own else None
    return _difference(own[1], there[1]) if own and there and own[1] != there[1] else ""


def stands_in(text: str, source: str) -> bool:
    """Whether `text`, which is not empty, stands in `source` and does not begin or end in the middle of a word or number."""
    return bool(text) and any(_whole(match, source) for match in re.finditer(_EDGE.format(re.escape(text)), source))


def _whole(match: re.Match[str], source: str) -> bool:
    """Whether a number at either edge of the match is all of a number: not the end of 1.5, of -5, or of 3-5."""
    first, last = match.group()[0], match.group()[-1]
    if first.isdigit() and _CUT_BEFORE.search(source[: match.start()][-2:]):
        return False
    return not (last.isdigit() and _CUT_AFTER.match(source, match.end()))


def _figures(ours: list[Token], theirs: list[Token], given: set[str]) -> list[str]:
    """A figure that is given may be missing from the quotation; it may not stand where the quotation has another one."""
    wrong = misplaced(ours, theirs, "figure")
    return [_difference(shown, instead) for shown, instead in wrong if instead or canonical_word(shown) not in given]


def _names(ours: list[Token], theirs: list[Token], around: list[Token], language: str) -> list[str]:
    """Sentence beginnings of the source count as places of names: `read_tokens` cannot tell them from other words."""
    capitals = [Token(t.text, t.shown, "name" if t.shown[:1].isupper() else t.kind) for t in theirs]
    there = [
        token if token.kind != "name" or token.text not in STOP_WORDS else theirs[i] for i, token in enumerate(capitals)
    ]
    wrong = misplaced(ours, there, "name")
    if not wrong:
        return []
    nearby = {"x", *(token.text for token in [*around, *theirs])}
    return [
        _difference(shown, instead)
        for shown, instead in wrong
        if instead or not nearby.issuperset(token.text for token in read_tokens(f"x {shown}", language))
    ]


def _begins_with_name(said: str, ours: list[Token], held: set[str]) -> bool:
    """Whether the first word may be a name that is not in `held`, though a capital there tells nothing: it stands before a
    name, or is all of a subject and no plural."""
    first = ours[0] if ours else Token("", "", "word")
    if not first.shown[:1].isupper() or first.text in held or first.text in STOP_WORDS:
        return False
    alone = not first.shown.endswith("s") and any(clause.subject == (first.text,) for clause in clauses(said)[:1])
    return alone or (len(ours) > 1 and ours[1].kind == "name")


def _difference(shown: str, instead: str) -> str:
    return f"{shown} stands where the source has {instead}" if instead else f"{shown} is not in the source"
