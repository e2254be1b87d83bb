"""Finding a quotation in a source that differs only in white space, case or typography."""

from __future__ import annotations

import re
import unicodedata

from ragcli.text.analyzer import fold

_SPACE = re.compile(r"\s+")
_TYPOGRAPHY = str.maketrans(
    {"“": '"', "”": '"', "„": '"', "‘": "'", "’": "'", "–": "-", "—": "-", "‑": "-", "\u00ad": None}
)


def fold_quote(text: str) -> str:
    """`text` with runs of white space as one space, quotation marks and dashes in ASCII, case and width folded."""
    return _SPACE.sub(" ", unicodedata.normalize("NFKC", text).translate(_TYPOGRAPHY)).strip().casefold()


def contains_quote(source: str, quote: str) -> bool:
    """Whether `quote`, which must not be blank, occurs in `source` after folding both."""
    folded = fold_quote(quote)
    return bool(folded) and folded in fold_quote(source)


def contains_words(source: str, phrase: str) -> bool:
    """Whether `phrase` stands in `source` between word boundaries, case, accents, typography and white space aside."""
    pattern = r"\s+".join(re.escape(part) for part in fold(fold_quote(phrase)).split())
    return bool(pattern) and re.search(rf"(?<!\w){pattern}(?!\w)", fold(fold_quote(source))) is not None
