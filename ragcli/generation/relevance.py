"""Whether what a written answer cites speaks of what was asked."""

from __future__ import annotations

from collections.abc import Sequence

from ragcli.results import Citation, Hit
from ragcli.text.analyzer import terms
from ragcli.text.query import content_tokens


def share_cited(question: str, citations: Sequence[Citation], hits: Sequence[Hit]) -> float:
    """Of the question's terms that the hits hold, the share, 0 to 1, that the supported citations hold together with their
    titles and headings; 1 when the hits hold none, as for a question in another language."""
    words = " ".join(content_tokens(question))
    wanted: set[tuple[str, str]] = set()
    held: set[tuple[str, str]] = set()
    for hit in hits:
        passage, language = hit.passage, hit.passage.document.language
        asked = set(terms(words, language))
        text = "\n".join([passage.text, passage.document.title, *passage.headings])
        wanted |= {(language, term) for term in asked & set(terms(text, language))}
    for citation in citations:
        if citation.status != "unsupported":
            language = citation.document.language
            text = "\n".join([citation.quote, citation.document.title, *citation.headings])
            held |= {(language, term) for term in terms(text, language)}
    return len(wanted & held) / len(wanted) if wanted else 1.0
