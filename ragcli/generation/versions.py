"""Documents that are versions of one another: by their names, by what they say of each other, and by their dates."""

from __future__ import annotations

import re
from functools import cached_property
from typing import NamedTuple

from ragcli.datatypes import DocumentRecord
from ragcli.generation.conflicts import Facts, contradict, facts_of
from ragcli.results import Hit
from ragcli.text.analyzer import terms
from ragcli.text.dates import find_dates
from ragcli.text.dating import Dated, date_of, words_of
from ragcli.text.figures import read_tokens
from ragcli.text.folding import contains_words
from ragcli.text.query import STOP_WORDS
from ragcli.text.units import unit_spans

_VERSION = re.compile(r"\b(?:version|ver|v|revision|rev|r|issue|edition)[ .]{0,2}(\d+(?:\.\d+)*)\b", re.IGNORECASE)
_STATUS = frozenset(
    """draft final copy new old current latest previous archive archived superseded obsolete outdated withdrawn amendment
    amended amend update updated addendum version revision rev replaces entwurf neu alt archiv veraltet""".split()
)
_RETIRED_NAME = re.compile(
    r"\b(?:old|archived?|superseded|obsolete|outdated|withdrawn|veraltet|archiv)\b", re.IGNORECASE
)
_RETIRED_TEXT = re.compile(
    r"\bthis (?:\w+ ){1,3}(?:is|was|has been) (?:superseded|replaced|withdrawn|archived)\b|\bsuperseded by\b|"
    r"\bthis (?:\w+ ){1,3}(?:is no longer|no longer) (?:valid|in force|in effect|applies|maintained)\b",
    re.IGNORECASE,
)
_REPLACING = re.compile(
    r"\b(?:supersed(?:es|ing)|replac(?:es|ing)|(?:is|are) replaced by|ersetzt|remplace|reemplaza|"
    r"no longer|not any ?more|instead of|used to be|up from|down from|changes? from|raised from|lowered from)\b",
    re.IGNORECASE,
)
_NAMED = re.compile(r"\b(?:supersed(?:es|ing)|replac(?:es|ing)|ersetzt|remplace|reemplaza)\b", re.IGNORECASE)
_FORMER = re.compile(
    r"\b(?:instead of|used to be|up from|down from|raised from|lowered from|changes? from)\b", re.IGNORECASE
)
_QUOTED = re.compile(r'["“”„«]([^"“”„«»]{15,300})["“”»]')
_AROUND, _AFTER, _FIGURE_AFTER = 300, 120, 40  # characters beside such words in which it stands what is replaced
_NAMES_ENOUGH = 0.6  # of the words of a document's name or title, for a sentence to name it


class Named(NamedTuple):
    """What the name of a document says: its `folder` and `words` without dates and marks of a version; the `version` as
    numbers, () without one; whether it is marked as `retired`; whether it is `daily`, one of a series of records, each with
    its day."""

    folder: tuple[str, ...]
    words: frozenset[str]
    version: tuple[int, ...]
    retired: bool
    daily: bool


def named(document: DocumentRecord) -> Named:
    """What path and title say of the version."""
    *folders, name = document.path.split("/")
    spoken = words_of(name)
    version = _VERSION.search(spoken) or _VERSION.search(document.title)
    parts = [words_of(f"{folder}.x") for folder in folders]
    retired = any(_RETIRED_NAME.search(text) for text in (*parts, spoken, document.title))
    return Named(
        tuple(folder for folder, part in zip(folders, parts, strict=True) if plain_words(part) or not _marks(part)),
        plain_words(spoken),
        tuple(int(part) for part in version[1].split(".")) if version else (),
        retired,
        any(found.date.day for found in find_dates(spoken)),
    )


def _marks(folder: str) -> bool:
    """Whether the name of a folder says of when its documents are, or that they are old."""
    return bool(find_dates(folder) or _VERSION.search(folder) or _STATUS.intersection(folder.lower().split()))


def plain_words(text: str) -> frozenset[str]:
    """The stems of a name or title, without dates, numbers of versions, and words such as "draft" and "old"."""
    for found in reversed(find_dates(text)):
        text = f"{text[: found.start]} {text[found.end :]}"
    stems = terms(_VERSION.sub(" ", text))
    return frozenset(stem for stem in stems if stem not in _STATUS and stem not in STOP_WORDS and len(stem) > 1)


class Version:
    """A passage as one version of what it says; everything is worked out once, when it is first asked for. `opening` is the
    beginning of its document, where that is at hand."""

    def __init__(self, hit: Hit, opening: str = "") -> None:
        self.hit = hit
        self.document = hit.passage.document
        self._opening = opening

    @cached_property
    def date(self) -> Dated | None:
        """The date of the document."""
        return date_of(self.document, self._opening)

    @cached_property
    def named(self) -> Named:
        return named(self.document)

    @cached_property
    def retired(self) -> bool:
        """Whether name, title or passage say that the document does not apply any more."""
        return self.named.retired or bool(_RETIRED_TEXT.search(self.hit.passage.text))

    @cached_property
    def changes(self) -> tuple[re.Match[str], ...]:
        """Where the passage says that something is no longer as it was."""
        return () if self.retired else tuple(_REPLACING.finditer(self.hit.passage.text))

    @cached_property
    def figures(self) -> frozenset[str]:
        tokens = read_tokens(self.hit.passage.text, self.document.language)
        return frozenset(token.text for token in tokens if token.kind == "figure")

    @cached_property
    def former_figures(self) -> frozenset[str]:
        """The figures that the passage says are no longer right: 5000 of "$7,500 instead of $5,000"."""
        found = set[str]()
        for match in self.changes:
            if _FORMER.match(match.group()):
                after = read_tokens(self.hit.passage.text[match.end() : match.end() + _FIGURE_AFTER])
                found.update(next(([t.text] for t in after if t.kind == "figure"), []))
        return frozenset(found)

    @property
    def changed(self) -> list[tuple[int, int]]:
        """The sentences that speak of a change, as places in the passage."""
        places = [match.start() for match in self.changes]
        spans = unit_spans(self.hit.passage.text) if places else []
        return [(start, end) for start, end in spans if any(start <= place < end for place in places)]

    @cached_property
    def facts(self) -> list[Facts]:
        return facts_of(self.hit.passage.text, self.document.language)

    def same_name(self, other: Version) -> bool:
        """Whether the names are those of versions of one document: `leave.docx`, `leave-2026-07.docx`,
        `archive/leave-v1.docx`."""
        own, its = self.named, other.named
        return bool(own.words) and own.words == its.words and own.folder == its.folder

    def newer(self, other: Version) -> bool | None:
        """Whether this is the newer document: by a mark such as "archived" on one of them, then by their dates, then by the
        numbers of their versions; None when nothing says so. Dates out of the properties of files are compared with such
        only."""
        if self.retired != other.retired:
            return other.retired
        if self.date and other.date and self.date.stated == other.date.stated:
            if other.date.date.before(self.date.date):
                return True
            if self.date.date.before(other.date.date):
                return False
        if self.named.version != other.named.version and self.same_name(other):
            return self.named.version > other.named.version
        return None

    def says_it_replaces(self, other: Version) -> bool:
        """Whether the passage says that it replaces what stands in the other document: it names that document, quotes a
        sentence of the passage that is replaced, or gives a former figure that the passage has ("$7,500 instead of
        $5,000")."""
        text = self.hit.passage.text
        for match in self.changes:
            around = text[max(0, match.start() - _AROUND) : match.end() + _AROUND]
            if any(contains_words(other.hit.passage.text, quoted) for quoted in _QUOTED.findall(around)):
                return True
            after = text[match.end() : match.end() + _AFTER]
            if _NAMED.match(match.group()) and _names(after, other):
                return True
        return not self.former_figures.isdisjoint(other.figures)

    def contradicts(self, other: Version) -> bool:
        """Whether a sentence of one passage says nearly what one of the other says, with other figures."""
        return any(contradict(own, its) for own in self.facts for its in other.facts)


def _names(text: str, other: Version) -> bool:
    said = plain_words(text)
    return any(
        len(words) > 1 and len(words & said) >= _NAMES_ENOUGH * len(words)
        for words in (plain_words(other.document.title), other.named.words)
    )
