"""From the lines of a PDF's pages to a Document, whatever read them: running titles leave, broken words are joined, headings
come from the outline or, without one, from the sizes in which lines are set."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

from ragcli.datatypes import Document
from ragcli.errors import LoadError
from ragcli.loaders.decoding import clean
from ragcli.loaders.pdfblocks import Bookmark, blocks_of
from ragcli.loaders.pdflines import Line
from ragcli.loaders.pdfrunning import without_running
from ragcli.loaders.structure import make_document

NO_TEXT = "no text (scanned?), --ocr eng reads the pictures of pages"
_LIGATURES = str.maketrans({"ﬀ": "ff", "ﬁ": "fi", "ﬂ": "fl", "ﬃ": "ffi", "ﬄ": "ffl", "ﬅ": "ft", "ﬆ": "st"})
_ENDED = re.compile(r"[.!?:;…。！？][\"'”’)\]]*\s*$")
_GENERATED_TITLE = re.compile(
    r"^(untitled|microsoft (word|powerpoint|excel)|\(?anonymous\)?|\(unspecified\)|slide 1$"
    r"|.*\.(docx?|pptx?|xlsx?|pdf|tex|indd|qxd)$)",
    re.IGNORECASE,
)
_BROKEN = re.compile(r"(\w+)[-‐]\n[ \t]*([a-zß-öø-ÿ]\w*)([^\w\s-]*)[ \t]?")
_HYPHENATED = re.compile(r"\w+-\w+")
_LONG_SENTENCE = 10  # lines
_LARGER = 1.15  # than the body, for a heading
_MAX_HEADING = 150
_MAX_LEVELS = 4
_FEW_BOOKMARKS = 3  # an outline of the title alone says nothing
_DATE = re.compile(r"D:(\d{4})(\d\d)?(\d\d)?(\d\d)?(\d\d)?(\d\d)?")
_MANY_HEADINGS = 0.2  # of all lines
_SENTENCE = re.compile(r"[.,;]$|^[a-zß-öø-ÿ]")


class Note(NamedTuple):
    """A form field or an annotation: what is written for it, and the characters of the text where it stands, without white
    space. A comment is written after the sentence, a field after the line."""

    text: str
    beside: str
    comment: bool


@dataclass(slots=True)
class Page:
    """The lines of a page; `problem` says why there are none, `recognised` that they were read from its picture. `reader` read
    it, where that is not the reader of the document."""

    lines: list[Line]
    problem: str = ""
    recognised: bool = False
    notes: list[Note] = field(default_factory=list)
    reader: str = ""


@dataclass(slots=True)
class Content:
    """What a reader found."""

    pages: list[Page]
    outline: list[Bookmark] = field(default_factory=list)
    metadata: dict[str, str] = field(default_factory=dict)
    reader: str = ""


def lines_of(pieces: Iterable[tuple[str, float]]) -> list[Line]:
    """Pieces of text with their sizes, in reading order, as lines without empty ones at the page's ends."""
    lines: list[Line] = []
    parts, sizes = list[str](), Counter[float]()

    def finish() -> None:
        text = clean("".join(parts)).translate(_LIGATURES).rstrip()
        lines.append(Line(text, sizes.most_common(1)[0][0] if sizes else 0.0))
        parts.clear()
        sizes.clear()

    for text, size in pieces:
        for i, part in enumerate(text.replace("\r\n", "\n").split("\n")):
            if i:
                finish()
            parts.append(part)
            if part.strip():
                sizes[round(size * 2) / 2] += len(part.strip())
    finish()
    while lines and not lines[-1].text.strip():
        lines.pop()
    while lines and not lines[0].text.strip():
        lines.pop(0)
    return lines


def pdf_date(text: str) -> str:
    """`D:20240131120000+01'00'` → `2024-01-31T12:00:00`, shorter when less is given; empty when it is no date."""
    match = _DATE.match(text.strip())
    if not match:
        return ""
    year, month, day, *clock = match.groups()
    date = "-".join(part for part in (year, month, day) if part)
    return f"{date}T{':'.join(part or '00' for part in clock)}" if day and clock[0] else date


def to_document(content: Content, path: Path) -> Document:
    """The Document of the pages. Raises LoadError(NO_TEXT) when no page has any."""
    pages = content.pages
    missing = [number for number, page in enumerate(pages, start=1) if not page.lines and not page.notes]
    if len(missing) == len(pages):
        raise LoadError(NO_TEXT)
    lines = without_running([page.lines for page in pages], content.outline)
    body = _body_size(lines)
    lines = [_with_notes(kept, page.notes) for kept, page in zip(lines, pages, strict=True)]
    texts = _texts(lines)
    hyphenated = {word.lower() for page in texts for word in _HYPHENATED.findall(page)}
    texts = [_joined_words(page, hyphenated) for page in texts]
    text, starts = _join(texts)
    outline = content.outline
    if len(outline) < _FEW_BOOKMARKS:
        outline = _headings_by_size(lines, body) or outline
    title = content.metadata.get("title", "")
    if _GENERATED_TITLE.match(title) or len(title) < 3:
        title = _largest(lines, body)
    metadata = {key: value for key, value in content.metadata.items() if key != "title"}
    metadata |= {"pages": str(len(pages)), "reader": content.reader}
    others = dict.fromkeys(page.reader for page in pages if page.reader not in ("", content.reader))
    metadata["reader"] = ", ".join([content.reader, *others, *["tesseract"] * any(page.recognised for page in pages)])
    document = make_document(
        path,
        "pdf",
        text,
        blocks_of(text, starts, outline, {line.text for page in lines for line in page if line.row}),
        title=title,
        page_starts=tuple(starts),
        metadata=metadata,
    )
    return replace(document, partial=_partial(missing, pages))


def _partial(missing: Sequence[int], pages: Sequence[Page]) -> str:
    if not missing:
        return ""
    damaged = sum(bool(pages[number - 1].problem) for number in missing)
    shown = ", ".join(map(str, missing[:10])) + (", …" if len(missing) > 10 else "")
    kind = "could not be read" if damaged == len(missing) else "have no text (scanned?)"
    return f"{len(missing)} of {len(pages)} pages {kind}: {shown}"


def _with_notes(lines: Sequence[Line], notes: Sequence[Note]) -> list[Line]:
    """The lines with each note after those that it stands beside; at the end of the page where that is not found."""
    after: dict[int, list[Line]] = {}
    keys = ["".join(line.text.split()) for line in lines] if notes else []
    for note in notes:
        at = next((i for i, key in enumerate(keys) if note.beside and note.beside in key), len(lines) - 1)
        if note.comment:
            ends = (i for i in range(at, min(at + _LONG_SENTENCE, len(lines))) if _ends(lines, i))
            at = next(ends, at)
        after.setdefault(at, []).append(Line(note.text, 0.0))
    return [*after.get(-1, []), *(each for i, line in enumerate(lines) for each in (line, *after.get(i, [])))]


def _ends(lines: Sequence[Line], at: int) -> bool:
    """Whether a sentence ends with the line, or the paragraph does."""
    return at + 1 == len(lines) or not lines[at + 1].text.strip() or bool(_ENDED.search(lines[at].text))


def _body_size(pages: Sequence[Sequence[Line]]) -> float:
    """The size in which most of the text is set."""
    sizes = Counter[float]()
    for page in pages:
        for line in page:
            sizes[line.size] += len(line.text)
    return sizes.most_common(1)[0][0] if sizes else 0.0


def _texts(pages: Sequence[Sequence[Line]]) -> list[str]:
    return ["\n".join(line.text for line in page).rstrip() for page in pages]


def _joined_words(text: str, hyphenated: set[str]) -> str:
    """Words that were broken at the end of a line, whole again; the hyphen stays where the document writes it elsewhere."""

    def join(match: re.Match[str]) -> str:
        first, second, after = match.groups()
        whole = (
            f"{first}-{second}" if f"{first}-{second}".lower() in hyphenated or first[-1:].isdigit() else first + second
        )
        return f"{whole}{after}\n"

    return _BROKEN.sub(join, text)


def _join(pages: Sequence[str]) -> tuple[str, list[int]]:
    """The pages with an empty line between them, or one line break where a sentence runs across."""
    parts, starts, length = list[str](), list[int](), 0
    for page in pages:
        if parts and page:
            separator = "\n\n" if not parts[-1] or _ENDED.search(parts[-1][-20:]) else "\n"
            parts.append(separator)
            length += len(separator)
        starts.append(length)
        parts.append(page)
        length += len(page)
    return "".join(parts), starts


def _headings_by_size(pages: Sequence[Sequence[Line]], body: float) -> list[Bookmark]:
    """Short lines that are larger than the body; lines of one size that follow each other are one heading."""
    if not body:
        return []
    found: list[tuple[int, float, str]] = []
    for number, page in enumerate(pages):
        before = None
        for line in page:
            text = line.text.strip()
            large = line.size >= _LARGER * body and 2 < len(text) <= _MAX_HEADING and re.search(r"[^\W\d_]{2}", text)
            if large and before == line.size and len(found[-1][2]) + len(text) <= _MAX_HEADING:
                found[-1] = (number, line.size, f"{found[-1][2]} {text}")
            elif large:
                found.append((number, line.size, text))
            before = line.size if large else None
    found = [entry for entry in found if not _SENTENCE.search(entry[2])]
    if len(found) > _MANY_HEADINGS * sum(len(page) for page in pages):
        return []  # posters and slides: size says nothing there
    levels = {
        size: min(_MAX_LEVELS, i)
        for i, size in enumerate(sorted({size for _, size, _ in found}, reverse=True), start=1)
    }
    return [Bookmark(page, levels[size], text) for page, size, text in found]


def _largest(pages: Sequence[Sequence[Line]], body: float) -> str:
    """The largest line of the first page, with those of its size that follow it; nothing when none is larger than the body."""
    first = next((page for page in pages if page), [])
    size = max((line.size for line in first), default=0.0)
    if not body or size < _LARGER * body:
        return ""
    start = next(i for i, line in enumerate(first) if line.size == size)
    words = []
    for line in first[start:]:
        if line.size != size:
            break
        words.append(line.text.strip())
    title = " ".join(words)
    return title if 3 < len(title) <= _MAX_HEADING else ""
