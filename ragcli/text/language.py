"""Which language a text is in, offline: py3langid's n-gram model (Lui & Baldwin, ACL 2012), limited to the languages that
the analyzer treats differently. Plainly English text is recognised without loading the model (130 MB, 0.6 s)."""

from __future__ import annotations

from functools import cache
from typing import Any

from ragcli.datatypes import DEFAULT_LANGUAGE
from ragcli.errors import RagError
from ragcli.text.analyzer import STEMMERS, tokens
from ragcli.text.query import STOP_WORDS

_SAMPLE = 2_000  # characters
_FEWEST_LETTERS = 24
_PLAINLY = 0.2  # share of English stop words; English prose has about 0.4, German at most 0.14
_CODE, _CODE_SHARE = "{}()[];=<>_|", 0.04  # source code, whose words are English; prose has less than 0.01
_SURE = 0.03  # least lead in log probability, a character; prose leads by 0.1 and more, cipher and test data by 0.02
_UNSTEMMED = ("bg", "cs", "fa", "he", "ja", "ko", "pl", "sk", "th", "uk", "ur", "vi", "zh")


@cache
def _identifier() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    try:
        identifier = LanguageIdentifier.from_model_file(MODEL_FILE)  # unpacks into a temporary file
    except OSError as error:
        raise RagError(
            f"cannot unpack the language model: no space left for a temporary file ({error})",
            hint="free 100 MB in the temporary folder, or set TMPDIR to another one",
        ) from error
    known = set(identifier.labels)
    identifier.set_languages([language for language in (*STEMMERS, *_UNSTEMMED) if language in known])
    return identifier


def detect_language(text: str) -> str:
    """ISO 639-1 code. Source code, texts with few letters, and what is like no language count as the default."""
    sample = text[:_SAMPLE]
    if sum(character.isalpha() for character in sample) < _FEWEST_LETTERS:
        return DEFAULT_LANGUAGE
    if sum(sample.count(mark) for mark in _CODE) >= _CODE_SHARE * len(sample):
        return DEFAULT_LANGUAGE
    words = list(tokens(sample))
    if sample.isascii() and sum(word in STOP_WORDS for word in words) >= _PLAINLY * len(words):
        return "en"
    (best, score), (_, second) = _identifier().rank(sample)[:2]
    return str(best) if score - second >= _SURE * len(sample) else DEFAULT_LANGUAGE
