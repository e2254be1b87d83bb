"""Which options of a command are shown together in its help."""

from __future__ import annotations

_PANELS = {
    "Which documents": "filters infer index collection fresh require_fresh",
    "Which files": "prune include exclude no_ignore hidden follow_symlinks cross_device dry_run watch retry_failed tag",
    "Web pages and standard input": "name url sitemap allow_private",
    "What is read": "ocr secrets pii",
    "How documents are cut and embedded": "rebuild embedding_model chunker max_tokens sentences trust_code",
    "Search": """k mode fusion weight exact per_document mmr rerank max_seconds synonyms decompose expand hyde prefer engine
        min_score""",
    "Answer": "model threshold verify judge context_tokens schema show_prompt context_only cache",
    "Many questions": "file jsonl out",
    "Which questions": "split exclude_tag max_characters answers",
    "Gate": "minimum maximum baseline save_baseline tolerance significance",
    "Reports": "junit html markdown timing stages worst",
}
_PANEL_OF = {name: panel for panel, names in _PANELS.items() for name in names.split()}


def panel_of(parameter: str) -> str:
    """The heading under which a parameter is listed in the help of a command with many."""
    return _PANEL_OF.get(parameter, "Options")
