"""Which documents a question speaks of, where it says so: "documents from 2024", "since March 2024", "in the contracts folder",
"in the PDFs".

A year alone restricts nothing: "Who won in 2023?" may be answered by a document of 2025. Read are only forms that name
documents, folders or kinds of files, and "since" at the end or the beginning of a question.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from ragcli.datatypes import Condition, Filter
from ragcli.text.analyzer import fold
from ragcli.text.dates import FoundDate, PartialDate, find_dates
from ragcli.text.dating import DATED, words_of
from ragcli.text.figures import MONTHS

_KINDS = {
    "PDF files": ("pdf",),
    "mails": ("eml", "msg"),
    "spreadsheets": ("xlsx", "xlsb", "xls", "ods", "csv", "tsv"),
    "Word files": ("docx", "odt", "rtf"),
    "presentations": ("pptx", "odp"),
    "notebooks": ("ipynb",),
}
_KIND_WORDS = (
    ("PDF files", r"pdfs|pdf (?:files|documents)"),
    ("mails", r"e-?mails|mails"),
    ("spreadsheets", r"spreadsheets|excel (?:files|sheets)"),
    ("Word files", r"word (?:files|documents)"),
    ("presentations", r"presentations|slides|powerpoints?(?: files)?"),
    ("notebooks", r"notebooks"),
)
_WITHIN = r"\b(?:in|within|among|from|according to|only in)\s+"
_OF_KIND = [
    (name, re.compile(rf"{_WITHIN}(?:the |our |my |all )?(?:{words})\b", re.IGNORECASE)) for name, words in _KIND_WORDS
]
_FOLDER = re.compile(rf"{_WITHIN}(?:the |our |my )?(?P<name>[\w .-]{{2,60}}?)\s+(?:folder|directory)\b", re.IGNORECASE)
_FOLDER_AFTER = re.compile(rf"{_WITHIN}(?:the )?(?:folder|directory)\s+[\"'“]?(?P<name>[\w./-]{{2,80}})", re.IGNORECASE)
_FOLDER_NAME = re.compile(rf"{_WITHIN}(?:the|our|my)\s+(?P<name>[\w-]+(?: [\w-]+){{0,2}})", re.IGNORECASE)
_DOCUMENTS = re.compile(
    r"\b(?:documents|files|(?P<mail>e-?mails|mails)|letters|messages|reports|minutes|notes|posts|newsletters)\s+"
    r"(?:(?:that|which) (?:are|were) )?"
    r"(?:(?:written|dated|created|made|sent|published|updated|issued|signed)\s+(?P<when>in|on|since|after|before|until)|"
    r"(?P<plain>from|of|dated|since|after|before|until))\s+(?:the )?$",
    re.IGNORECASE,
)
_SINCE = re.compile(r"\bsince\s+(?:the )?$", re.IGNORECASE)
_SINCE_MONTH = re.compile(r"\bsince\s+(?P<month>[A-Za-z]{3,9})\W*$", re.IGNORECASE)
_ASKS = re.compile(
    r"\W*(?:what|which|who|how|any|anything|list|show|tell|has|have|did|was|were|is|are|since)\b", re.IGNORECASE
)
_LASTING = re.compile(r"\bbeen\b", re.IGNORECASE)  # "has been open since 2019" says how long, and not which documents
_OPERATORS = {"since": ">=", "after": ">", "before": "<", "until": "<="}
_SHOWN = {"=": "dated", ">=": "dated since", ">": "dated after", "<": "dated before", "<=": "dated until"}


@dataclass(frozen=True, slots=True)
class Scope:
    """The filter that a question asks for, and in words what it leaves."""

    where: Filter
    shown: str


def names_a_place(question: str) -> bool:
    """Whether the question may name a folder, so that the folders of the index must be known to read it."""
    return any(pattern.search(question) for pattern in (_FOLDER, _FOLDER_AFTER, _FOLDER_NAME))


def read_scope(question: str, folders: Iterable[str], today: date) -> Scope | None:
    """The documents that the question restricts itself to; None when it names none.

    `folders` are those of the index as paths; a folder is named when its own name has the same words, whatever stands between
    them. "since March" without
    a year is the last March that has begun by `today`.
    """
    conditions, times, types = _times(question, today)
    kinds = [name for name, pattern in _OF_KIND if pattern.search(question)]
    types = (*types, *(type_ for name in kinds for type_ in _KINDS[name]))
    places = _places(question, folders)
    if not (conditions or types or places):
        return None
    where = Filter(
        paths=tuple(f"{place}/**" for place in places), types=tuple(dict.fromkeys(types)), conditions=tuple(conditions)
    )
    said = [f"{' and '.join(kinds)}" if kinds else "documents", *times]
    said += [f"in {' and '.join(f'{place}/' for place in places)}"] if places else []
    return Scope(where, " ".join(said))


def _times(question: str, today: date) -> tuple[list[Condition], list[str], tuple[str, ...]]:
    """Conditions on the date, the same in words, and types of documents that are named with them."""
    for found in find_dates(question):
        before = question[: found.start]
        match = _DOCUMENTS.search(before)
        if match:
            operator = _operator(match, question[found.end :])
            return *_condition(operator, found.date), _KINDS["mails"] if match["mail"] else ()
        if _SINCE.search(before) and _asks_since(question, found):
            return *_condition(">=", found.date), ()
    month = _SINCE_MONTH.search(question)
    number = MONTHS.get(fold(month["month"])) if month else None
    if month and number and _ASKS.match(question) and not _LASTING.search(question):
        begun = int(number.removeprefix("month "))
        return *_condition(">=", PartialDate(today.year - (begun > today.month), begun)), ()
    return [], [], ()


def _operator(match: re.Match[str], rest: str) -> str:
    word = (match["when"] or match["plain"]).lower()
    if word == "from" and re.match(r"\s+on(?:wards?)?\b", rest):
        return ">="
    return _OPERATORS.get(word, "=")


def _condition(operator: str, when: PartialDate) -> tuple[list[Condition], list[str]]:
    return [Condition(DATED, operator, when.iso)], [f"{_SHOWN[operator]} {when.shown}"]


def _asks_since(question: str, found: FoundDate) -> bool:
    """Whether "since" and the date stand at the end or the beginning of what is asked, and do not say how long something
    lasts."""
    at_end = not re.search(r"\w", question[found.end :])
    at_start = bool(re.match(r"\W*since\b", question, re.IGNORECASE))
    return (at_end or at_start) and bool(_ASKS.match(question)) and not _LASTING.search(question[: found.start])


def _places(question: str, folders: Iterable[str]) -> list[str]:
    """The folders that the question names, in order of path; of nested ones the outer."""
    named: set[frozenset[str]] = set()
    for pattern in (_FOLDER, _FOLDER_AFTER, _FOLDER_NAME):
        for match in pattern.finditer(question):
            words = match["name"].split()
            most = len(words) if pattern is not _FOLDER_NAME else 3
            named |= {_words(" ".join(words[:count])) for count in range(1, most + 1)}
    found: list[str] = []
    for folder in sorted(folders):
        inside = any(folder.startswith(f"{outer}/") for outer in found)
        own = _words(folder.rsplit("/", 1)[-1])
        if own and own in named and not inside:
            found.append(folder)
    return found


def _words(name: str) -> frozenset[str]:
    return frozenset(fold(word) for word in words_of(f"{name}.x").split())
