"""What in a question points at something said before it. Rules for English, German, French and Spanish.

A word like "it" points back when nothing in the question itself can be meant: no expletive ("is it possible to …", "is there"),
no noun of an earlier clause ("when a contract ends, does it …"). "This" and "that" do only as pronouns ("does that apply?"),
not before a noun ("this year"), as a conjunction or as a relative pronoun ("the contract that we got").
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from ragcli.text.query import language_of
from ragcli.text.stopwords import small_words

_PRONOUNS = frozenset(
    """it they them he him she mine hers theirs ihn ihm sie dessen deren elle elles il ils cela ça lui él ella ello
    ellos ellas eso esto""".split()
)
_POSSESSIVES = frozenset("its their his her".split())
_AUXILIARIES = frozenset(
    """is are was were be been do does did has have had can could may might must shall should will would ist sind war
    gilt gelten kann muss darf est sont peut doit es son puede debe""".split()
)
_DETERMINERS = frozenset("the a an my our your each every all any some no both several".split())
_PREPOSITIONS = frozenset(
    """about after against as at before besides by despite during except for from in into like of on over since than
    through to under until with within without""".split()
)
_CLAUSE = frozenset(  # what a clause may begin with
    """, . ; : ? ! – — - after although and as because before but if once or so since than that unless until when where
    whether which while who""".split()
)
_BEHIND = frozenset(  # besides small words, what stands behind "this" or "that" as a pronoun
    """affect also always apply begin belong change come concern cost count cover depend differ end even exist expire
    extend go happen help hold include involve last lead make matter mean need only pay really refer remain require
    say seem sound start still stop per take too work""".split()
)
_EXPLETIVE = re.compile(  # an "it" that stands for nothing, or for what follows
    r"""\b(?:is|was|would|will|isn't|wasn't)\s+it\s+(?:be\s+)?(?:\w+ly\s+)?
        (?:possible|necessary|allowed|required|mandatory|ok|okay|safe|legal|better|best|true|worth|enough|common|
           recommended|permitted|forbidden|important|hard|easy|difficult|advisable|acceptable|normal|fine|compulsory|
           obligatory|usual|called)
        \s+(?:to|that|for|if|when|\w+ing)\b
    | \b(?:takes?|took|costs?)\s+(?=(?:\w+\s+){0,3}(?:to|until|till|before)\b)
    | \bwhat\s+time\s+is\s+it\b
    | \b(?:gibt|gab|geht|gäbe)\s+es\b | \bes\s+(?:gibt|gab|geht)\b | \bist\s+es\s+\w+\b
    | \by\s+a-t-il\b | \bil\s+y\s+a\b | \b(?:faut|peut|doit|suffit|s'agit|est)-il\b
    | \bil\s+(?:faut|est\s+possible|suffit|s'agit)\b""",
    re.IGNORECASE | re.VERBOSE,
)
_TOLD = re.compile(  # several words that point back together
    r"""\b(?:what|who|anything|anyone|something|someone|where|how)\s+else\b | \b(?:und|was|wer|wo)\s+sonst\b
    | \bif\s+(?:so|not)\b
    | \b(?:which|that|this|the|another|other|each|first|second|last|next|new|old|\w+er|\w+est)\s+ones?\b
        (?=\W*$|\s+(?:is|are|was|do|does|for|in|of\s+(?:them|these|those)|to|with|should|can|must|will)\b)
    | \bthe\s+(?:same|former|latter)\b (?=\W*$|\s+(?:for|in|on|with|apply|is|are|true)\b)
    | \b(?:from|over|get|go|gets|goes|park|stay|work|live|do|eat|be)\s+there\b
    | (?<!\bare\s)(?<!\bis\s)(?<!\bwere\s)(?<!\bwas\s)\bthere\W*$
    | \b(?:then|afterwards)\W*$
    | \b(?:dort|dazu|davon|dafür|dabei|daran|dagegen|stattdessen)\b""",
    re.IGNORECASE | re.VERBOSE,
)
_WORD = re.compile(r"(?:(?i:qu|lorsqu|puisqu|s)['’])?([^\W\d_]+(?:['’][^\W\d_]+)?|[,.;:?!–—]|(?<=\s)-(?=\s))")
_INVERTED = re.compile(r"(?i)-(?:t-)?(?:il|elle|ils|elles)\b")


def points_back(question: str) -> bool:
    """Whether the question has a word for something that was said before it."""
    inverted = _INVERTED.search(question)
    if inverted:  # "expire-t-il ?" asks about a noun before it
        before = _words(question[: inverted.start()])[:-1]
        return not _EXPLETIVE.search(question) and not any(_is_content(word, "fr") for word in before)
    words = _words(question)
    pronouns = _PRONOUNS
    if language_of(question) == "de" and sum(_is_content(word, "de") for word in words) <= 2:
        pronouns |= {"es"}  # in longer ones it mostly announces what follows
    expletive = _EXPLETIVE.search(question) is not None
    for i, word in enumerate(words):
        following = words[i + 1] if i + 1 < len(words) else ""
        if word in pronouns and not (expletive or _antecedent(words[:i], clause=True)):
            return not (word == "sie" and "Sie" in question)  # the German "you"
        if word in _POSSESSIVES and not _antecedent(words[:i], clause=False):
            return True
        if _is_demonstrative(words, i, following) and not _antecedent(words[:i], clause=True):
            return True
    return _TOLD.search(question) is not None and sum(_is_content(word, "en") for word in words) <= 3


def _words(text: str) -> list[str]:
    """Words and marks in lower case, but for abbreviations: "IT" is not "it"."""
    found = [match.group(1) for match in _WORD.finditer(text)]
    return [word if len(word) > 1 and word.isupper() and not text.isupper() else word.lower() for word in found]


def _is_content(word: str, language: str) -> bool:
    return word.isalpha() and word not in small_words(language) and word not in _AUXILIARIES


def _antecedent(before: Sequence[str], *, clause: bool) -> bool:
    """Whether a word of `before` may be the noun that a pronoun after it stands for: a content word after a determiner, an
    auxiliary or a preposition. With `clause`, a conjunction must stand between: in "does the manager approve it" the manager is
    not meant."""
    leads = (_DETERMINERS | _AUXILIARIES | _PREPOSITIONS | _CLAUSE) - {"who", "which"}
    for i in range(len(before)):
        led = (
            i == 0 or before[i - 1] in leads or (i > 1 and _is_content(before[i - 1], "en") and before[i - 2] in leads)
        )
        if _is_content(before[i], "en") and led and (not clause or any(word in _CLAUSE for word in before[i + 1 :])):
            return True
    return False


def _is_demonstrative(words: Sequence[str], i: int, following: str) -> bool:
    """Whether "this", "that" or "das" at `i` is a pronoun."""
    word, before = words[i], words[i - 1] if i else ""
    if word in ("das", "dies"):
        return not following[:1].isalpha() or (following in small_words("de") and before not in ("", "dass", "und"))
    if word not in ("this", "that", "these", "those"):
        return False
    last = not following[:1].isalpha()
    bare = last or (following in small_words("en") and following != "of") or following in _BEHIND
    if word == "that":
        return (
            last
            or (bare and (before in _AUXILIARIES or before in ("if", "why", "how")))
            or (before in ("after", "before", "for", "about", "by", "like", "besides", "than", "with") and bare)
        )
    return bare
