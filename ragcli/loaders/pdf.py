"""PDF: pypdf reads it; pdfium takes over when pypdf fails, takes too long, or finds nothing that reads like text."""

from __future__ import annotations

import io
import logging
import math
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

from ragcli.datatypes import Document
from ragcli.errors import LoadError
from ragcli.loaders.decoding import clean
from ragcli.loaders.limits import LimitReached, alive, spend
from ragcli.loaders.locked import ENCRYPTED, encrypted, given_passwords
from ragcli.loaders.pdfblocks import Bookmark
from ragcli.loaders.pdfglyphs import glyph_names, with_symbols
from ragcli.loaders.pdftext import NO_TEXT, Content, Page, lines_of, pdf_date, to_document

if TYPE_CHECKING:
    from pypdf import PdfReader

PYPDF_SECONDS = 20.0  # of CPU; 1,072 of 1,100 real files need less than 5
PAGE_SECONDS = 5.0  # of CPU, for one page
_TICK = 0.5  # s of CPU
MAX_PAGES = 5_000
MAX_PAGE_CHARACTERS = 2_000_000


class PdfLoader:
    """A PDF with a text layer. Encryption with an empty password or a given one is opened; any other is reported. Pages without
    text are recognised by Tesseract if `ocr` names its languages, and reported otherwise."""

    def __init__(self, ocr: str = "") -> None:
        self._ocr = ocr

    def load(self, data: bytes, path: Path) -> Document:
        from ragcli.loaders import pdfium

        content, problem = None, None
        for read in (read_pypdf, pdfium.read_pdfium):
            try:
                found = read(data)
            except LoadError as error:
                if error.reason.startswith(ENCRYPTED) or isinstance(error, LimitReached):
                    raise
                problem = problem or error
                continue
            if content is None or _reads_well(found) or _words(found) > _words(content):
                content = found
            if _reads_well(content):
                break
        if content is None:
            raise problem or LoadError(NO_TEXT)
        with suppress(LoadError):  # pdfium opens less of what is damaged than pypdf does
            pdfium.complete(data, content)
        if self._ocr:
            pdfium.recognise_pages(data, content, self._ocr)
        return to_document(content, path)


def _words(content: Content) -> int:
    return sum(len(line.text.split()) for page in content.pages for line in page.lines)


def _reads_well(content: Content) -> bool:
    """Whether there is text, with more than one word to a line, and few characters that could not be mapped."""
    lines = [line.text for page in content.pages for line in page.lines if line.text.strip()]
    words = sum(len(line.split()) for line in lines)
    letters = sum(map(len, lines))
    unmapped = sum(line.count("\ufffd") for line in lines)
    return bool(lines) and (len(lines) < 50 or words > 1.5 * len(lines)) and unmapped < 0.1 * letters


def read_pypdf(data: bytes, seconds: float = PYPDF_SECONDS, page_seconds: float = PAGE_SECONDS) -> Content:
    """The pages as pypdf reads them; a page that takes more than `page_seconds` of CPU time has no lines and a problem. Raises
    LoadError for what it cannot read, or not in `seconds` of CPU time."""
    from pypdf import PdfReader

    logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # damage is reported by the error, once
    clock = _Clock(seconds)
    try:
        with clock.limit(seconds):
            reader = PdfReader(io.BytesIO(data), strict=False)
            if reader.is_encrypted and not any(reader.decrypt(each) for each in ("", *given_passwords())):
                raise encrypted()
            if len(reader.pages) > MAX_PAGES:
                raise LimitReached(f"limit: more than {MAX_PAGES:,} pages")
            found = list(reader.pages)
        pages = [_page_in_time(page, clock, page_seconds) for page in found]
        with clock.limit(seconds):
            return Content(pages, _outline(reader), _metadata(reader), "pypdf")
    except (LoadError, MemoryError):
        raise
    except _TooSlow as error:
        raise LoadError(f"limit: more than {seconds:g} s of CPU time in pypdf") from error
    except Exception as error:  # a damaged file makes pypdf raise errors of every kind
        raise LoadError(f"not a readable PDF ({type(error).__name__}: {str(error)[:200]})") from error


class _TooSlow(BaseException):
    """Not an Exception, because pypdf catches those in places."""


class _Clock:
    """What is left of the CPU time of one file."""

    def __init__(self, seconds: float) -> None:
        self._end = time.process_time() + seconds

    @property
    def over(self) -> bool:
        return time.process_time() >= self._end

    @contextmanager
    def limit(self, seconds: float) -> Iterator[None]:
        """Raises _TooSlow inside after so much CPU time, or when nothing is left. CPU time that is spent counts as progress, so
        that the parser is not killed on a busy machine, where it takes longer. Only a main thread can be interrupted."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        end, running = min(self._end, time.process_time() + seconds), True

        def stop(_signal: int, frame: FrameType | None) -> None:
            # Where Python calls back, as when an object dies, what is raised is lost; the next tick finds pypdf again.
            own = frame is not None and ("pypdf" in frame.f_code.co_filename or frame.f_code.co_filename == __file__)
            if alive() and running and own and time.process_time() >= end:
                raise _TooSlow

        before = signal.signal(signal.SIGPROF, stop)
        signal.setitimer(signal.ITIMER_PROF, _TICK, _TICK)
        try:
            yield
        finally:
            running = False
            signal.setitimer(signal.ITIMER_PROF, 0)
            signal.signal(signal.SIGPROF, before)


def _page_in_time(page: Any, clock: _Clock, seconds: float) -> Page:
    """The page; without lines when it alone takes too long. Raises _TooSlow when the file does."""
    try:
        with clock.limit(seconds):
            return _page(page)
    except _TooSlow:
        if clock.over:
            raise
        return Page([], f"more than {seconds:g} s of CPU time in pypdf")


def _page(page: Any) -> Page:
    """The page's lines with the size in which most of each is set."""
    pieces: list[tuple[str, float]] = []

    def visit(text: str, outer: list[float], matrix: list[float], _font: object, size: float) -> None:
        if text:
            scale = math.hypot(matrix[0], matrix[1]) * math.hypot(outer[0], outer[1])
            sideways = abs(matrix[1]) > abs(matrix[0])  # a stamp in the margin is no heading, whatever its size
            pieces.append((text, 0.0 if sideways else abs(size * scale)))

    try:
        page.extract_text(visitor_text=visit)
    except (MemoryError, RecursionError):
        raise
    except Exception as error:  # one damaged page of many
        spend()
        return Page([], f"{type(error).__name__}")
    characters = sum(len(text) for text, _ in pieces)
    spend(characters)
    if characters > MAX_PAGE_CHARACTERS:
        raise LimitReached(f"limit: a page with more than {MAX_PAGE_CHARACTERS:,} characters")
    if any("/C" in text for text, _ in pieces):
        with suppress(KeyError, TypeError, AttributeError):  # a page without fonts, or with damaged ones
            names = glyph_names(page)
            pieces = [(with_symbols(text, names), size) for text, size in pieces]
    return Page(lines_of(pieces))


def _metadata(reader: PdfReader) -> dict[str, str]:
    try:
        info: dict[str, Any] = dict(reader.metadata or {})
        found = {
            "title": info.get("/Title"),
            "author": info.get("/Author"),
            "created": pdf_date(str(info.get("/CreationDate") or "")),
            "modified": pdf_date(str(info.get("/ModDate") or "")),
        }
    except Exception:
        return {}  # properties are a convenience; broken ones must not cost the text
    return {key: clean(str(value)).strip() for key, value in found.items() if value}


def _outline(reader: PdfReader) -> list[Bookmark]:
    """Every bookmark that points at a page, in reading order."""
    entries: list[Bookmark] = []
    try:
        stack: list[tuple[int, Any]] = [(1, item) for item in reversed(reader.outline)]
        while stack and len(entries) < 5_000:
            level, item = stack.pop()
            if isinstance(item, list):
                stack.extend((level + 1, child) for child in reversed(item))
                continue
            page = reader.get_destination_page_number(item)
            if page is not None and page >= 0 and item.title:
                entries.append(Bookmark(page, level, clean(str(item.title)).strip()))
    except Exception:
        return []  # an outline is a convenience; a broken one must not cost the text
    return sorted(entries, key=lambda entry: entry.page)
