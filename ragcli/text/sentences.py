"""Sentence boundaries as character spans. Rules only: no model, no language data beyond a list of abbreviations."""

from __future__ import annotations

import re
from collections.abc import Iterator

_BOUNDARY = re.compile(
    r"""
      (?P<stop>[.!?…]+)(?P<close>["'”’»)\]]*)(?=\s)      # Latin punctuation, then white space
    | (?P<wide>[。！？؟۔]+["”’」』）]*)                      # scripts that need no space after it
    | (?P<blank>\n[ \t]*\n)                               # an empty line ends whatever came before
    """,
    re.VERBOSE,
)
_ABBREVIATIONS = frozenset(
    """mr mrs ms dr prof sr jr st vs etc e.g i.e cf al fig figs eq no nos vol p pp sec art dept inc ltd co corp approx
    est jan feb mar apr jun jul aug sep sept oct nov dec gen col lt sgt capt rev hon gov sen rep u.s u.k a.m p.m ca
    resp ed eds viz""".split()
)
_LAST_WORD = re.compile(r"([\w.]+)$")
_REST_OF_TITLE = re.compile(r"[^“”\n]{1,120}”[)\]]*[.,;:]")
_NEXT_WORD = re.compile(r"\s+[\"'“‘«(\[]*(\S)")


def sentence_spans(text: str, start: int = 0, end: int | None = None) -> list[tuple[int, int]]:
    """Spans [start, end) of the sentences in `text[start:end]`, in order, trimmed of white space, none of them empty.

    Every character that is not white space belongs to exactly one span.
    """
    stop = len(text) if end is None else end
    return [span for raw in _raw_spans(text, start, stop) if (span := trim(text, *raw))]


def trim(text: str, start: int, end: int) -> tuple[int, int] | None:
    """[start, end) without white space at either side, or None when nothing is left."""
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return (start, end) if start < end else None


def _raw_spans(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    begin = start
    for match in _BOUNDARY.finditer(text, start, end):
        if match.group("stop") and not _ends_sentence(text, begin, match, end):
            continue
        yield begin, match.end()
        begin = match.end()
    yield begin, end


def _inside_title(text: str, begin: int, stop: int, end: int) -> bool:
    """Whether a question or exclamation ends inside a quoted title, as in “What is it? How is it made?”)."""
    opened = text.rfind("“", begin, stop)
    return opened >= 0 and text.find("”", opened, stop) < 0 and _REST_OF_TITLE.match(text, stop, end) is not None


def _ends_sentence(text: str, begin: int, match: re.Match[str], end: int) -> bool:
    following = _NEXT_WORD.match(text, match.end(), end)
    if following is None:
        return True
    first = following.group(1)
    if match.start() > begin and text[match.start() - 1].isspace():
        return True  # tokenised text: the stop stands alone, and case may be gone
    if match.group("stop") != ".":
        return not first.islower() and not _inside_title(text, begin, match.end(), end)
    last = _LAST_WORD.search(text, max(begin, match.start() - 24), match.start())
    word = last.group(1) if last else ""
    if word.lower() in _ABBREVIATIONS or (len(word) == 1 and word.isalpha() and word.isupper()):
        return False
    if word.isdigit() and len(word) <= 2 and text[begin : match.start()].strip() == word:
        return False  # "1. First item": the number belongs to what follows
    return not first.islower()
