"""When a question is in a language that no found passage is in, and nothing in the search reads both."""

from __future__ import annotations

from collections.abc import Sequence

from ragcli.datatypes import Mode
from ragcli.results import Hit
from ragcli.text.stopwords import NAMES

_MULTILINGUAL = "multilingual-e5-small"


def unbridged(language: str, hits: Sequence[Hit], mode: Mode, reads: str) -> tuple[str, ...]:
    """The languages of the passages' documents, when none of them is `language`, that of the question, and no vector bridges
    them: in lexical mode, or when the embedding model reads the language `reads` alone. Empty otherwise, and when the question
    does not show its language ("") or nothing was found. `reads` is "" for a model of many languages and for an unknown one."""
    found = tuple(sorted({hit.passage.document.language for hit in hits}))
    bridged = mode != "lexical" and not reads
    return () if not language or bridged or language in found else found


def language_note(language: str, documents: Sequence[str], mode: Mode, reads: str, model: str) -> str:
    """What to say of documents that `unbridged` names, and what helps."""
    names = " and ".join(name(code) for code in documents)
    said = f"the question is in {name(language)}, what was found is in {names}"
    if mode == "lexical" and not reads:
        return f"{said}, and words alone do not match across languages: leave out --mode lexical, or ask in {names}"
    why = "words alone do not match across languages" if mode == "lexical" else f"{model} reads {name(reads)} only"
    return f"{said}, and {why}: ask in {names}, or rag ingest --rebuild --embedding-model {_MULTILINGUAL}"


def name(code: str) -> str:
    """The English name of a language by its ISO 639-1 code; the code where it is not known."""
    return NAMES.get(code, code)
