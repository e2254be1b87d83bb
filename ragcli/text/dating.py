"""When a document is of: what it says of itself, what it is called, and only then what its file declares.

In this order, the first that gives a date decides:

1. its first lines: "Effective 1 July 2026", "in force from …"; the latest entry of a revision history; "Version of …",
   "Last updated …", "Stand: …"; the one line that is a date;
2. the date that its own text declares: front matter of Markdown, meta elements of a page, the header of a mail;
3. its title, then the name of its file, then the folders that it lies in;
4. the properties of an office file or a PDF, which say when the file was made and not when the text was written.

The time at which a file was last written is never used: copying a folder changes it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Literal, NamedTuple

from ragcli.datatypes import Document, DocumentRecord
from ragcli.text.dates import FoundDate, PartialDate, find_dates, parse_iso

DatedBy = Literal["text", "metadata", "title", "name", "folder", "properties"]
DATED, DATED_BY = "dated", "dated_by"  # keys of a document's metadata: the date in ISO 8601, and where it was found
_OPENING = 1_500  # characters from the top in which a document says when it is of
_NEAR = 40  # characters between such words and the date
_HISTORY = 800  # characters of a revision history
_EXPORTED = frozenset("pdf docx pptx xlsx xlsb xls ods odt odp rtf".split())  # whose properties belong to the file
_NEVER_SET = re.compile(  # what libraries and programs write when nobody sets a date
    r"1601-|1970-01-01|1980-01-01|2000-01-01T00:00:00|2006-09-16T00:00:00|2013-01-27T09:14:16|2013-12-23T23:15:00"
)
_IN_FORCE = re.compile(
    r"\b(?:effective|in (?:force|effect)|valid|appl(?:y|ies)|(?:comes?|came|enters?|entered) into (?:force|effect)|"
    r"g[üu]ltig|in kraft|en vigueur|vigente|v[áa]lido)\b",
    re.IGNORECASE,
)
_STATED = re.compile(
    r"^\W*(?:as of|as at|version|revision|rev|edition|issued?|published|adopted|approved|dated?|datum|fecha|stand|fassung|"
    r"last (?:updated|modified|revised|changed|reviewed)|updated|revised|zuletzt (?:ge[äa]ndert|aktualisiert)|mis [àa] jour)\b",
    re.IGNORECASE | re.MULTILINE,
)
_REVISIONS = re.compile(
    r"\b(?:(?:revision|change|version|document) history|major ?revisions|[äa]nderungshistorie)\b", re.IGNORECASE
)
_UNTIL = re.compile(r"\b(?:until|till|through|before|bis|jusqu)\b", re.IGNORECASE)
_PLACE = re.compile(r"\W*(?:[^\W\d_]+,? )?(?:(?:on )?the |den |le |el )?", re.IGNORECASE)
_COMPACT = re.compile(r"(?<!\d)((?:19|20)\d\d)(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])(?!\d)")
_IDENTIFIER = re.compile(r"\b(?:cve|iso|rfc|din|en|iec|nist|ieee)[ :-]?(?:\d+[ :-])?\d{4}\b(?:-\d{3,})?", re.IGNORECASE)
_BY_DATE = re.compile(r"(?:^|/)((?:19|20)\d\d)(?:/(0[1-9]|1[0-2])(?:/(0[1-9]|[12]\d|3[01]))?)?(?=/)")


class Dated(NamedTuple):
    """The date of a document and where it was found; `stated` says that the document itself, its name or its place names
    it."""

    date: PartialDate
    by: DatedBy

    @property
    def stated(self) -> bool:
        return self.by != "properties"


def dated(document: Document) -> Document:
    """The document with its date in its metadata; to be called before the time of the file is added to that."""
    found = dated_metadata(document.type, document.text, document.metadata)
    return replace(document, metadata={**document.metadata, **found})


def dated_metadata(type_: str, text: str, metadata: Mapping[str, str]) -> dict[str, str]:
    """What is kept of a document's date in its metadata: by 1, 2 and 4 of the order above. `metadata` is what its content
    declares; what a title or a path says is read where it is needed, because both can change."""
    found = dated_opening(text[:_OPENING]) or _declared(type_, metadata, ("modified", "created"))
    return {DATED: found.date.iso, DATED_BY: found.by} if found else {}


def date_of(document: DocumentRecord, opening: str = "") -> Dated | None:
    """The date of a document in an index; `opening` is its beginning, where that is at hand. A document that was ingested
    before dates were kept is dated by what else is known of it."""
    return date_from(document.path, document.title, document.type, document.metadata, opening)


def date_from(path: str, title: str, type_: str, metadata: Mapping[str, str], opening: str = "") -> Dated | None:
    """`date_of`, from the parts of a document."""
    date, by = parse_iso(metadata.get(DATED, "")), metadata.get(DATED_BY, "")
    kept = Dated(date, by) if date and by in ("text", "metadata", "properties") else None  # type: ignore[arg-type]
    if kept is None:
        # What is kept as `modified` may be the time of the file, so that only `created` can be relied on.
        kept = (dated_opening(opening[:_OPENING]) if opening else None) or _declared(type_, metadata, ("created",))
    if kept and kept.stated:
        return kept
    return _named(path, title) or kept


def dated_opening(text: str) -> Dated | None:
    """The date that the first lines of a document give it."""
    found = next(_by_words(text, find_dates(text)), None)
    return Dated(found, "text") if found else None


def _by_words(text: str, dates: list[FoundDate]) -> Iterator[PartialDate]:
    exact = [entry for entry in dates if entry.date.month]
    yield from _after(_IN_FORCE, text, exact)
    for match in _REVISIONS.finditer(text):
        listed = [entry.date for entry in exact if match.end() <= entry.start < match.end() + _HISTORY]
        if listed:
            yield max(listed, key=PartialDate.days)
    yield from _after(_STATED, text, dates)
    alone = {entry.date for entry in exact if _alone(text, entry)}
    if len(alone) == 1:  # several are the entries of a chronicle
        yield alone.pop()


def _alone(text: str, entry: FoundDate) -> bool:
    """Whether the line is a date, perhaps with a place before it."""
    start = text.rfind("\n", 0, entry.start) + 1
    end = text.find("\n", entry.end)
    rest = text[entry.end : end if end >= 0 else len(text)]
    return bool(_PLACE.fullmatch(text[start : entry.start])) and not re.search(r"\w", rest)


def _after(words: re.Pattern[str], text: str, dates: list[FoundDate]) -> Iterator[PartialDate]:
    """The first date that follows the words in the same sentence, unless it is said to be the end of something."""
    for match in words.finditer(text):
        entry = next((d for d in dates if match.end() <= d.start <= match.end() + _NEAR), None)
        between = text[match.end() : entry.start] if entry else ""
        if entry and not _UNTIL.search(between) and not re.search(r"[.!?;]\s|\n\s*\n", between):
            yield entry.date


def _declared(type_: str, metadata: Mapping[str, str], keys: tuple[str, ...]) -> Dated | None:
    for key in keys:
        value = metadata.get(key, "")
        date = None if _NEVER_SET.match(value) else parse_iso(value) or _single(value)
        if date:
            return Dated(date, "properties" if type_ in _EXPORTED else "metadata")
    return None


def _single(text: str) -> PartialDate | None:
    """The date of a short text that holds one."""
    found = find_dates(text) if len(text) < 60 else []
    return found[0].date if len(found) == 1 else None


def _named(path: str, title: str) -> Dated | None:
    folder, _, name = path.rpartition("/")
    date = _last_date(title)
    if date:
        return Dated(date, "title")
    date = _last_date(words_of(name))
    if date:
        return Dated(date, "name")
    nested = list(_BY_DATE.finditer(f"{folder}/"))
    if nested:
        return Dated(PartialDate(*(int(part) if part else None for part in nested[-1].groups())), "folder")  # type: ignore[arg-type]
    return None


def _last_date(text: str) -> PartialDate | None:
    """The most exact date of a title, the last one of these; identifiers such as CVE-2023-1234 are none."""
    found = find_dates(_IDENTIFIER.sub(" ", text))
    return max(enumerate(found), key=lambda entry: (len(entry[1].date.iso), entry[0]))[1].date if found else None


def words_of(name: str) -> str:
    """The name of a file as it is read: without suffix, `_` and `-` as spaces but between the parts of a date."""
    stem = re.sub(r"\.[A-Za-z][A-Za-z0-9]{0,9}$", "", name)
    stem = _COMPACT.sub(r" \1-\2-\3 ", stem)
    stem = re.sub(r"(?<!\d)((?:19|20)\d\d)[_ .-](\d\d?)[_ .-](\d\d?)(?!\d)", r" \1-\2-\3 ", stem)
    stem = re.sub(r"(?<!\d)((?:19|20)\d\d)[_ .-](0[1-9]|1[0-2])(?![_ .-]?\d)", r" \1-\2 ", stem)
    stem = re.sub(r"(?<!\d)(\d\d?)[_ -](\d\d?)[_ -]((?:19|20)\d\d)(?!\d)", r" \1.\2.\3 ", stem)
    return " ".join(re.sub(r"(?<!\d)[-_.+]|[-_.+](?!\d)|_", " ", stem).split())
