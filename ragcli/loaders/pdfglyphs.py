"""Glyphs that a PDF names by their place in TeX's font of symbols, as journals do: "/C0" is the minus sign of "/C00.83"."""

from __future__ import annotations

import re
from typing import Any

# By the table of CMSY10 (Knuth, The METAFONTbook, appendix F).
_PLACES = (
    0,
    1,
    2,
    3,
    4,
    6,
    7,
    14,
    15,
    17,
    20,
    21,
    24,
    25,
    26,
    27,
    28,
    29,
    32,
    33,
    34,
    35,
    36,
    49,
    50,
    112,
    120,
    121,
    122,
    123,
)
_SYMBOLS = dict(zip(_PLACES, "−·×∗÷±∓∘•≡≤≥∼≈⊂⊃≪≫←→↑↓↔∞∈√§†‡¶", strict=True))
_OF_SYMBOLS = re.compile(r"sy", re.IGNORECASE)  # CMSY, MTSY, AdvMacMthSyN
_PLACE = re.compile(r"/C(\d{1,3})")


def glyph_names(page: Any) -> dict[str, str]:
    """What the names of glyphs in the page's fonts of symbols stand for, where that is known."""
    names: dict[str, str] = {}
    for font in page["/Resources"]["/Font"].values():
        described = font.get_object()
        encoding = described.get("/Encoding")
        if not _OF_SYMBOLS.search(str(described.get("/BaseFont", ""))) or not hasattr(encoding, "get"):
            continue
        for name in encoding.get("/Differences", ()):
            place = _PLACE.fullmatch(str(name))
            if place and int(place[1]) in _SYMBOLS:
                names[str(name)] = _SYMBOLS[int(place[1])]
    return names


def with_symbols(text: str, names: dict[str, str]) -> str:
    """The text with signs in the place of the names, of several that fit the longest."""
    for name in sorted(names, key=len, reverse=True):
        text = text.replace(name, names[name])
    return text
