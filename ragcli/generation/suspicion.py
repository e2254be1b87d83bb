"""What in a retrieved text looks as if it were written for a language model rather than for a reader.

A flag is a warning beside a citation, never a reason to hide the text: the rules are few and honest texts can match them.
"""

from __future__ import annotations

import re

from ragcli.text.folding import fold_quote

_RULES = {
    "instructions to a model": re.compile(
        r"\b(?:ignore|disregard|forget|override)\b.{0,40}\b(?:previous|above|prior|earlier|all|other|these|your)\b.{0,30}"
        r"\b(?:instructions?|prompts?|rules?|sources?|directions?|guidelines?)\b|"
        r"\byou are now\b|\bact as (?:an?|the)\b.{0,20}\b(?:assistant|model|ai|system)\b|"
        r"\b(?:system|developer) (?:prompt|message)\b|"
        r"\b(?:new|updated) instructions?:|\bas an ai (?:language )?model\b|\bdo not (?:tell|inform|mention to) the user\b|"
        r"\b(?:reply|respond|answer) (?:only )?(?:with|exactly)\b.{0,40}[\"':]|"
        r"\b(?:ignoriere|vergiss)\b.{0,40}\banweisungen\b|\bignore[zr]?\b.{0,30}\binstructions\b|\bignora\b.{0,30}\binstrucciones\b"
    ),
    "control tokens of a chat format": re.compile(
        r"<\|[a-z_]+\|>|\[/?inst\]|<<sys>>|</?(?:start|end)_of_turn>|(?m:^ *(?:system|assistant|human) *: )"
    ),
    "a forged citation label": re.compile(r"(?m:^\s*\[\d{1,3}\]\s+\S+\.(?:md|pdf|txt|docx|html)\b)|\[source \d+\]"),
    "a link that carries data away": re.compile(r"!\[[^\]]*\]\(\s*https?://[^)]*[?=]|<img[^>]+src=.?https?://[^>]*\?"),
}
_INVISIBLE = re.compile("[\u200b\u2060-\u2064\u202a-\u202e\u2066-\u2069\U000e0000-\U000e007f]")


def suspicions(text: str) -> tuple[str, ...]:
    """The names of what was noticed in `text`, in a fixed order; empty for most texts."""
    folded = fold_quote(_INVISIBLE.sub("", text))
    lines = text.casefold()
    found = [name for name, rule in _RULES.items() if rule.search(folded) or rule.search(lines)]
    if _INVISIBLE.search(text):
        found.append("invisible characters")
    return tuple(found)
