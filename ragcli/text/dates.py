"""Dates in text, as exact as they are written: a year, a month of a year, or a day."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import date
from typing import NamedTuple

from ragcli.text.analyzer import fold
from ragcli.text.figures import MONTHS

_NAMES = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"
)  # fmt: skip


class PartialDate(NamedTuple):
    """A date of the precision that is known: `month` and `day` are None where they are not."""

    year: int
    month: int | None = None
    day: int | None = None

    @property
    def iso(self) -> str:
        """`2024`, `2024-03` or `2024-03-15`, after ISO 8601."""
        return "-".join(f"{part:02d}" for part in self if part is not None)

    @property
    def shown(self) -> str:
        """`2024`, `March 2024` or `15 March 2024`."""
        month = f"{_NAMES[self.month - 1]} " if self.month else ""
        return f"{self.day} {month}{self.year}" if self.day else f"{month}{self.year}"

    def before(self, other: PartialDate) -> bool:
        """Whether it is certainly earlier: 2023 is before March 2024, but 2024 is neither before nor after March 2024."""
        for own, its in zip(self, other, strict=True):
            if own is None or its is None:
                return False
            if own != its:
                return own < its
        return False

    def days(self) -> int:
        """The day as a number, counted from the year 1; the middle of its month or year where no day is known."""
        return date(self.year, self.month or 7, self.day or (15 if self.month else 1)).toordinal()


class FoundDate(NamedTuple):
    """A date and where it stands: characters [start, end) of the text."""

    start: int
    end: int
    date: PartialDate


_WORD = r"(?P<month>[^\W\d_]{3,10})"
_YEAR = r"(?P<year>(?:19|20)\d\d)"
_NO_MORE = r"(?![\d/]|[-.]\d)"


def find_dates(text: str) -> list[FoundDate]:
    """The dates in `text` in order of place, none inside another. Years are those from 1900 to 2099.

    Read are ISO dates, dates with the name of a month (English, German, French, Spanish), 15.3.2024 (day first), 3/15/2024
    and 15/3/2024 (a year alone where both orders are possible), and years.
    """
    found: list[FoundDate] = []
    for pattern, read in _PATTERNS:
        for match in pattern.finditer(text):
            read_as = read(match)
            if read_as and not any(entry.start < match.end() and match.start() < entry.end for entry in found):
                found.append(FoundDate(match.start(), match.end(), read_as))
    return sorted(found)


def parse_iso(text: str) -> PartialDate | None:
    """The date that begins `text` as ISO 8601 writes it: `2024`, `2024-03`, `2024-03-15T09:12`; None where there is none."""
    match = re.match(r"(\d{4})(?:-(\d\d)(?:-(\d\d))?)?(?!\d)", text)
    return _date(match[1], match[2], match[3]) if match else None


def _date(year: str, month: str | int | None = None, day: str | None = None) -> PartialDate | None:
    """None for what is on no calendar, such as 31 February."""
    try:
        date(int(year), int(month or 1), int(day or 1))
    except ValueError:
        return None
    return PartialDate(int(year), int(month) if month else None, int(day) if day else None)


def _named(match: re.Match[str]) -> PartialDate | None:
    month = MONTHS.get(fold(match["month"]))
    return _date(match["year"], month.removeprefix("month "), match.groupdict().get("day")) if month else None


def _numbered(match: re.Match[str]) -> PartialDate | None:
    return _date(match["year"], match["month"], match.groupdict().get("day"))


def _slashed(match: re.Match[str]) -> PartialDate | None:
    first, second = int(match["first"]), int(match["second"])
    if first > 12 >= second:
        return _date(match["year"], second, match["first"])
    if second > 12 >= first:
        return _date(match["year"], first, match["second"])
    return _date(match["year"], first, match["first"]) if first == second else _date(match["year"])


def _patterns() -> Iterator[tuple[re.Pattern[str], Callable[[re.Match[str]], PartialDate | None]]]:
    """The more exact form before the less exact one."""
    yield re.compile(rf"(?<![\d.-]){_YEAR}([-/.])(?P<month>\d\d?)\2(?P<day>\d\d?){_NO_MORE}"), _numbered
    yield re.compile(rf"(?<![\d.,])(?P<day>\d\d?)(?:st|nd|rd|th|er|\.)?[ \u00a0](?:of |de )?{_WORD}\.?,?[ \u00a0]"
                     rf"(?:de )?{_YEAR}(?!\d)"), _named  # fmt: skip
    yield re.compile(rf"\b{_WORD}\.?[ \u00a0](?P<day>\d\d?)(?:st|nd|rd|th)?,?[ \u00a0]{_YEAR}(?!\d)"), _named
    yield re.compile(rf"(?<![\d.])(?P<day>\d\d?)\.[ ]?(?P<month>\d\d?)\.[ ]?{_YEAR}(?!\d|[.]\d)"), _numbered
    yield re.compile(rf"(?<![\d/])(?P<first>\d\d?)/(?P<second>\d\d?)/{_YEAR}{_NO_MORE}"), _slashed
    yield re.compile(rf"\b{_WORD}\.?,?[ \u00a0](?:de )?{_YEAR}(?!\d)"), _named
    yield re.compile(rf"(?<![\d.-]){_YEAR}-(?P<month>0[1-9]|1[0-2]){_NO_MORE}"), _numbered
    yield re.compile(rf"(?<![\w.,$€£/-]){_YEAR}(?![\w/]|[-.,]\d)"), lambda match: _date(match["year"])


_PATTERNS = tuple(_patterns())
