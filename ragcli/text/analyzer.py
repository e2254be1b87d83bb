"""Text → index terms. The same function analyses chunks and questions, so its version is part of an index's identity.

* Words are folded (compatibility forms, case, accents) and stemmed with Snowball's English stemmer when they are plain
  words; anything with a digit or inner punctuation is an identifier and is kept as it is.
* `camelCase`, `snake_case`, `kebab-case`, `dotted.names` and paths yield the whole and each part.
* One-character terms and numbers stay.
* Chinese, Japanese and Thai have no spaces: runs of them become overlapping character bigrams.

It does not drop stop words from documents; see `query_terms` for questions. It does not detect languages.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

import Stemmer

ANALYZER_VERSION = "2"

_NO_SPACES = "\u0e00-\u0e7f\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_RUN = re.compile(rf"[{_NO_SPACES}]+|(?:(?![{_NO_SPACES}])[\w])+(?:[-_./:@'+#](?:(?![{_NO_SPACES}])\w)+)*[+#]*")
_ASCII_RUN = re.compile(r"\w+(?:[-_./:@'+#]\w+)*[+#]*", re.ASCII)
_UNSPACED = re.compile(rf"[{_NO_SPACES}]")
_SEPARATORS = re.compile(r"[-_./:@'+#]+")
_CAMEL = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+|[^\W\dA-Za-z_]+")
_MAX_TERM = 64

STOP_WORDS = frozenset(
    """a about above after again all am an and any are as at be because been before being below between both but by can
    could did do does doing down during each few for from further had has have having he her here hers him his how i if
    in into is it its itself just me more most my myself no nor not now of off on once only or other our ours out over
    own same she should so some such than that the their theirs them then there these they this those through to too
    under until up very was we were what when where which while who whom why will with would you your yours""".split()
)
_POSSESSIVE = re.compile(r"['’]s?$")


@lru_cache(maxsize=1)
def _stemmer() -> Stemmer.Stemmer:
    return Stemmer.Stemmer("english", 0)


@lru_cache(maxsize=65536)
def _stem(word: str) -> str:
    return str(_stemmer().stemWord(word))


def fold(text: str) -> str:
    """Compatibility-normalised, case-folded text without combining accents; the length may change."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return unicodedata.normalize(
        "NFC", "".join(c for c in decomposed if not unicodedata.combining(c) or "\u0e00" <= c <= "\u0e7f")
    )


def terms(text: str) -> list[str]:
    """Index terms of `text` in reading order, repeats kept."""
    return list(_terms(text))


def query_terms(text: str) -> list[str]:
    """Distinct terms of a question in order, without stop words unless it has nothing else."""
    distinct = list(dict.fromkeys(terms(text)))
    content = [term for term in distinct if term not in _STOP_TERMS]
    return content or distinct


def _terms(text: str) -> Iterator[str]:
    if text.isascii():
        for match in _ASCII_RUN.finditer(text):
            yield from _word_terms(match.group())
        return
    for match in _RUN.finditer(unicodedata.normalize("NFKC", text).replace("’", "'")):
        run = match.group()
        if _UNSPACED.match(run):
            yield from _bigrams(fold(run))
        else:
            yield from _word_terms(run)


def _bigrams(run: str) -> Iterator[str]:
    if len(run) == 1:
        yield run
    for i in range(len(run) - 1):
        yield run[i : i + 2]


def _word_terms(run: str) -> Iterator[str]:
    word = _POSSESSIVE.sub("", run) or run
    if word.isalpha() and (word.islower() or word.istitle() or word.isupper()):
        yield _normal(word)
        return
    whole = fold(word)[:_MAX_TERM]
    yield whole
    seen = {whole, _normal(word)}
    for piece in _SEPARATORS.split(word):
        for part in [piece, *_CAMEL.findall(piece)]:
            term = _normal(part) if part else ""
            if term and term not in seen:
                seen.add(term)
                yield term


def _normal(word: str) -> str:
    folded = fold(word)[:_MAX_TERM]
    return _stem(folded) if folded.isalpha() else folded


_STOP_TERMS = STOP_WORDS | {_stem(word) for word in STOP_WORDS}
