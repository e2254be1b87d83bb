"""PDF through pdfium, which is quick and forgiving; and pictures of pages for Tesseract."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from ragcli.errors import LoadError
from ragcli.loaders.decoding import clean
from ragcli.loaders.limits import LimitReached, spend
from ragcli.loaders.locked import encrypted, given_passwords
from ragcli.loaders.ocr import recognise
from ragcli.loaders.pdfblocks import Bookmark
from ragcli.loaders.pdflines import Line, better_apart, run_together
from ragcli.loaders.pdfnotes import notes_of
from ragcli.loaders.pdftables import MAX_PIECES, Box, find_tables, marked, row_texts
from ragcli.loaders.pdftext import Content, Page, lines_of, pdf_date

_PASSWORD = 4  # FPDF_ERR_PASSWORD
_DPI = 300
_HYPHEN = re.compile("\ufffe(?=\\w)")  # what pdfium writes where a word goes on in the next line, which it joins
MAX_PAGES = 5_000


def read_pdfium(data: bytes) -> Content:
    """The pages as pdfium reads them. Raises LoadError for what it cannot open."""
    document = _open(data)
    try:
        if len(document) > MAX_PAGES:
            raise LimitReached(f"limit: more than {MAX_PAGES:,} pages")
        pages = [_page(document, number) for number in range(len(document))]
        return Content(pages, _outline(document), _metadata(document), "pdfium")
    finally:
        document.close()


def complete(data: bytes, content: Content) -> None:
    """Add to the pages of `content`, whichever reader that is from, what needs places: lines that make up a row of a table are
    joined, form fields and annotations noted. A page that the reader could not read, or whose words it ran together, is read
    here. Raises LoadError for what pdfium cannot open."""
    document = _open(data)
    try:
        for number, page in enumerate(content.pages[: len(document)]):
            if content.reader != "pdfium" and (page.problem or run_together(page.lines)):
                read = _page(document, number)
                better = better_apart(page.lines, read.lines) if page.lines else bool(read.lines)
                content.pages[number] = replace(read, reader="pdfium") if better else page
            _complete_page(document, number, content.pages[number])
            spend()
    finally:
        document.close()


def _complete_page(document: Any, number: int, page: Page) -> None:
    import pypdfium2

    try:
        pdf_page = document[number]
        text_page = pdf_page.get_textpage()
        boxes = [Box(*text_page.get_rect(i)) for i in range(min(text_page.count_rects(), MAX_PIECES + 1))]
        page.notes = notes_of(document, pdf_page, boxes, lambda box: clean(str(text_page.get_text_bounded(*box))))
        if page.lines:
            tables = row_texts(find_tables(boxes), lambda box: clean(str(text_page.get_text_bounded(*box))))
            page.lines = marked(page.lines, tables)
    except pypdfium2.PdfiumError:
        return


def recognise_pages(data: bytes, content: Content, languages: str) -> None:
    """Fill the pages of `content` that have no text with what Tesseract sees."""
    if all(page.lines for page in content.pages):
        return
    document = _open(data)
    try:
        for number, page in enumerate(content.pages):
            if not page.lines and number < len(document):
                picture = document[number].render(scale=_DPI / 72, grayscale=True, rev_byteorder=True)
                header = f"P5\n{picture.width} {picture.height}\n255\n".encode()
                rows = bytes(picture.buffer)
                if picture.stride != picture.width:
                    rows = b"".join(
                        rows[y * picture.stride : y * picture.stride + picture.width] for y in range(picture.height)
                    )
                text = recognise(header + rows, languages)
                content.pages[number] = Page([Line(line, 0.0) for line in text.split("\n")], recognised=bool(text))
    finally:
        document.close()


def _open(data: bytes) -> Any:
    import pypdfium2
    from pypdfium2 import raw

    for password in (None, *given_passwords()):
        try:
            document = pypdfium2.PdfDocument(data, password=password)
            document.init_forms()
            return document
        except pypdfium2.PdfiumError as error:
            if raw.FPDF_GetLastError() != _PASSWORD:
                raise LoadError(f"not a readable PDF ({error})") from error
    raise encrypted()


def _page(document: Any, number: int) -> Page:
    import pypdfium2
    from pypdfium2 import raw

    try:
        text_page = document[number].get_textpage()
        text = text_page.get_text_range()
    except pypdfium2.PdfiumError as error:
        spend()
        return Page([], str(error))
    spend(len(text))
    sizes: list[tuple[str, float]] = []
    index = 0
    for line in text.split("\r\n"):
        middle = index + len(line) // 2  # one look for each line: most lines are set in one size
        sizes.append((line + "\n", float(raw.FPDFText_GetFontSize(text_page.raw, middle)) if line else 0.0))
        index += len(line) + 2
    return Page(lines_of([(_HYPHEN.sub("-\n", part).replace("\ufffe", "-"), size) for part, size in sizes]))


def _metadata(document: Any) -> dict[str, str]:
    found = {
        "title": document.get_metadata_value("Title"),
        "author": document.get_metadata_value("Author"),
        "created": pdf_date(document.get_metadata_value("CreationDate")),
        "modified": pdf_date(document.get_metadata_value("ModDate")),
    }
    return {key: clean(value).strip() for key, value in found.items() if value.strip()}


def _outline(document: Any) -> list[Bookmark]:
    entries: list[Bookmark] = []
    for item in document.get_toc(max_depth=10):
        destination = item.get_dest()
        page = destination.get_index() if destination is not None else None
        title = clean(item.get_title()).strip()
        if page is not None and title and len(entries) < 5_000:
            entries.append(Bookmark(page, item.level + 1, title))
    return sorted(entries, key=lambda entry: entry.page)
