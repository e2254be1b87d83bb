"""Whether a sentence denies, forbids or advises against what its source does not, or the other way round."""

from __future__ import annotations

import re
from dataclasses import replace

from ragcli.text.figures import Token, read_tokens
from ragcli.text.query import STOP_WORDS
from ragcli.text.verbs import VERBS

_NEGATIONS = frozenset(
    """not no never without neither nor cannot none nobody nothing nicht kein keine keinen keiner nie niemals ohne ne pas
    jamais sans nunca sin""".split()
)
_AGAINST = frozenset(
    "avoid avoids avoided avoiding refrain refrains against instead rather".split()
)  # what follows is advised against
_REFUSED = frozenset(
    "discouraged forbidden prohibited banned disallowed deprecated unsupported unsafe verboten interdit prohibido".split()
)  # what stands before, or follows, is advised against
_JUDGED = frozenset(
    "recommended advised advisable allowed permitted supported suitable safe acceptable encouraged".split()
)
_PIECE = re.compile(
    r"(?<=[.!?;:])\s+|,\s+(?=but\b|not\b|and\b|never\b)|\n(?=\s*(?:[-*•]|\d+[.)])\s)|\n\s*\n|\s+(?=(?:when|if|because|unless|while|although)\b)"
)
_NEAR = 3  # content words that advice reaches


def negation_problems(said: str, quote: str, language: str) -> list[str]:
    """At most one problem: `quote` negates a word that `said` affirms, or `said` one that `quote` affirms.

    A negation reaches the next content word; advice against something (avoid, instead of, is not recommended, is forbidden, …)
    the three content words beside it. A word counts as negated by the other side when it stands in any piece of a sentence
    there that negates.
    """
    mine, theirs = _Polarity(said, language), _Polarity(quote, language)
    if theirs.denied & mine.words - mine.near_denial:
        return ["the source says not"]
    if mine.denied & theirs.words - theirs.near_denial:
        return ["the source does not say not"]
    return []


class _Polarity:
    """The stems of a text: all `words`, those that a negation reaches (`denied`), and all in pieces that negate."""

    def __init__(self, text: str, language: str) -> None:
        self.words: set[str] = set()
        self.denied: set[str] = set()
        self.near_denial: set[str] = set()
        for piece in _PIECE.split(text):
            tokens = [_base(token) for token in read_tokens(piece, language)]
            content = {token.text for token in tokens if not _small(token)}
            reached = _reached(tokens)
            self.words |= content
            self.denied |= reached
            if reached:
                self.near_denial |= content


def _reached(tokens: list[Token]) -> set[str]:
    found: set[str] = set()
    for i, token in enumerate(tokens):
        lower = token.shown.lower().replace("’", "'")
        if lower in _NEGATIONS or lower.endswith("n't"):
            following = [t for t in tokens[i + 1 :] if not _small(t)]
            found.update(t.text for t in following[:1])
            if following and following[0].shown.lower() in _JUDGED:
                found |= _beside(tokens, i)
        elif lower in _AGAINST and (lower not in ("instead", "rather") or _shown(tokens, i + 1) in ("of", "than")):
            found.update(t.text for t in [t for t in tokens[i + 1 :] if not _small(t)][:_NEAR])
        elif lower in _REFUSED:
            found |= _beside(tokens, i)
    return found


def _beside(tokens: list[Token], i: int) -> set[str]:
    before = [t.text for t in tokens[:i] if not _small(t)]
    behind = [t.text for t in tokens[i + 1 :] if not _small(t)]
    return {*before[-_NEAR:], *behind[:_NEAR]}


def _base(token: Token) -> Token:
    """A form of a verb as its base form, so that `fell` is `did not fall` without the negation."""
    base = VERBS.get(token.shown.lower())
    return replace(token, text=base) if base and token.kind == "word" else token


def _small(token: Token) -> bool:
    return token.text in STOP_WORDS or token.shown.lower() in STOP_WORDS | _NEGATIONS


def _shown(tokens: list[Token], i: int) -> str:
    return tokens[i].shown.lower() if i < len(tokens) else ""
