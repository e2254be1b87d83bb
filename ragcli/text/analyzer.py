"""Text → index terms. The same function analyses chunks and questions, so its version is part of an index's identity.

* Words are folded (compatibility forms, case, accents) and stemmed with the Snowball stemmer of the text's language when
  they are plain words; anything with a digit or inner punctuation is an identifier and is kept as it is.
* `camelCase`, `snake_case`, `kebab-case`, `dotted.names` and paths yield the whole and each part.
* One-character terms and numbers stay, and so do stop words; see `ragcli.text.query` for what questions make of them.
* Chinese, Japanese and Thai have no spaces: runs of them become overlapping character bigrams.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

import Stemmer

from ragcli.datatypes import DEFAULT_LANGUAGE

ANALYZER_VERSION = "3"

# ISO 639-1 → Snowball algorithm
STEMMERS = {
    "ar": "arabic", "ca": "catalan", "da": "danish", "de": "german", "el": "greek", "en": "english", "es": "spanish",
    "eu": "basque", "fi": "finnish", "fr": "french", "ga": "irish", "hi": "hindi", "hu": "hungarian", "hy": "armenian",
    "id": "indonesian", "it": "italian", "lt": "lithuanian", "ne": "nepali", "nl": "dutch", "no": "norwegian",
    "pt": "portuguese", "ro": "romanian", "ru": "russian", "sr": "serbian", "sv": "swedish", "ta": "tamil",
    "tr": "turkish", "yi": "yiddish",
}  # fmt: skip

_NO_SPACES = "\u0e00-\u0e7f\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_RUN = re.compile(rf"[{_NO_SPACES}]+|(?:(?![{_NO_SPACES}])[\w])+(?:[-_./:@'+#](?:(?![{_NO_SPACES}])\w)+)*[+#]*")
_ASCII_RUN = re.compile(r"\w+(?:[-_./:@'+#]\w+)*[+#]*", re.ASCII)
_UNSPACED = re.compile(rf"[{_NO_SPACES}]")
_SEPARATORS = re.compile(r"[-_./:@'+#]+")
_CAMEL = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+|[^\W\dA-Za-z_]+")
_MAX_TERM = 64
_POSSESSIVE = re.compile(r"['’]s?$")


@lru_cache(maxsize=len(STEMMERS))
def _stemmer(language: str) -> Stemmer.Stemmer:
    return Stemmer.Stemmer(STEMMERS[language], 0)


@lru_cache(maxsize=65536)
def _stem(word: str, language: str) -> str:
    return str(_stemmer(language).stemWord(word))


def fold(text: str) -> str:
    """Compatibility-normalised, case-folded text without combining accents; the length may change."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return unicodedata.normalize(
        "NFC", "".join(c for c in decomposed if not unicodedata.combining(c) or "\u0e00" <= c <= "\u0e7f")
    )


def unspaced(text: str) -> bool:
    """Whether some of `text` is in a script that puts no spaces between words."""
    return _UNSPACED.search(text) is not None


def terms(text: str, language: str = DEFAULT_LANGUAGE) -> list[str]:
    """Index terms of `text` in reading order, repeats kept. A `language` without a stemmer leaves words unstemmed."""
    return [stem(token, language) for token in tokens(text)]


def stem(token: str, language: str) -> str:
    """The index term of a token."""
    return _stem(token, language) if token.isalpha() and language in STEMMERS else token


def tokens(text: str) -> Iterator[str]:
    """Folded words, identifiers and their parts, before stemming."""
    if text.isascii():
        for match in _ASCII_RUN.finditer(text):
            yield from _word_tokens(match.group())
        return
    for match in _RUN.finditer(unicodedata.normalize("NFKC", text).replace("’", "'")):
        run = match.group()
        if _UNSPACED.match(run):
            yield from _bigrams(fold(run))
        else:
            yield from _word_tokens(run)


def _bigrams(run: str) -> Iterator[str]:
    if len(run) == 1:
        yield run
    for i in range(len(run) - 1):
        yield run[i : i + 2]


def _word_tokens(run: str) -> Iterator[str]:
    word = _POSSESSIVE.sub("", run) or run
    whole = fold(word)[:_MAX_TERM]
    yield whole
    if word.isalpha() and (word.islower() or word.istitle() or word.isupper()):
        return
    seen = {whole}
    for piece in _SEPARATORS.split(word):
        for part in [piece, *_CAMEL.findall(piece)]:
            token = fold(part)[:_MAX_TERM]
            if token and token not in seen:
                seen.add(token)
                yield token
