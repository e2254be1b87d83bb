"""Small documents in every format, made by the libraries that people use. Each has the title or name Guide, an introduction, and a
section Leave that grants 28 days."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Sequence
from email.message import EmailMessage

import docx
import pptx
import xlsxwriter
from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas

MARKDOWN = b"# Guide\n\nIntro text.\n\n## Leave\n\nEmployees have 28 days.\n\n- one\n- two\n"


def make_html() -> bytes:
    return (
        b"<html><head><title>Guide</title><script>evil()</script><style>p{}</style></head><body><nav>menu</nav><h1>Guide</h1>"
        b"<p>Intro text.</p><p hidden>secret</p><h2>Leave</h2><p>Employees have <b>28 days</b>.</p><!-- comment --></body></html>"
    )


def make_pdf() -> bytes:
    buffer = io.BytesIO()
    canvas = Canvas(buffer, pagesize=A4)
    canvas.setTitle("Guide")
    canvas.drawString(72, 700, "Intro text.")
    canvas.bookmarkPage("one")
    canvas.addOutlineEntry("Start", "one")
    canvas.showPage()
    canvas.bookmarkPage("two")
    canvas.addOutlineEntry("Leave", "two")
    canvas.drawString(72, 700, "Leave")
    canvas.drawString(72, 680, "Employees have 28 days.")
    canvas.save()
    return buffer.getvalue()


def pdf_of(pages: Sequence[Sequence[tuple[str, float]]]) -> bytes:
    """Pages of lines with their sizes, from the top; without an outline."""
    buffer = io.BytesIO()
    canvas = Canvas(buffer, pagesize=A4, invariant=True)
    for page in pages:
        height = 780.0
        for text, size in page:
            canvas.setFont("Helvetica", size)
            canvas.drawString(72, height, text)
            height -= 1.5 * size
        canvas.showPage()
    canvas.save()
    return buffer.getvalue()


def pdf_at(*texts: tuple[float, float, str]) -> bytes:
    """One page with texts at places (points from the left and from the bottom), drawn in this order."""
    buffer = io.BytesIO()
    canvas = Canvas(buffer, pagesize=A4, invariant=True)
    canvas.setFont("Helvetica", 11)
    for left, bottom, text in texts:
        canvas.drawString(left, bottom, text)
    canvas.save()
    return buffer.getvalue()


def make_docx() -> bytes:
    document = docx.Document()
    document.add_heading("Guide", 0)
    document.add_paragraph("Intro text.")
    document.add_heading("Leave", 1)
    document.add_paragraph("Employees have 28 days.")
    return saved(document)


def saved(document: object) -> bytes:
    """What `document.save` writes."""
    buffer = io.BytesIO()
    document.save(buffer)  # type: ignore[attr-defined]
    return buffer.getvalue()


def make_pptx() -> bytes:
    presentation = pptx.Presentation()
    for title, text in (("Guide", "Intro text."), ("Leave", "Employees have 28 days.")):
        slide = presentation.slides.add_slide(presentation.slide_layouts[1])
        slide.shapes.title.text = title
        slide.placeholders[1].text = text
    slide.notes_slide.notes_text_frame.text = "Mention the carry-over."
    return saved(presentation)


def make_xlsx() -> bytes:
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True}) as workbook:
        sheet = workbook.add_worksheet("Leave")
        sheet.write_row(0, 0, ["Guide", "Intro text."])
        sheet.write_row(1, 0, ["Employees", "28 days"])
        sheet.write_comment(1, 1, "Since 2024")
        sheet.write_row(2, 0, ["Rate", 0.5, 3])
        hidden = workbook.add_worksheet("Secret")
        hidden.write(0, 0, "hidden figures")
        hidden.hide()
    return buffer.getvalue()


def make_epub() -> bytes:
    return zipped({
        "mimetype": "application/epub+zip",
        "META-INF/container.xml": '<container><rootfiles><rootfile full-path="O/c.opf"/></rootfiles></container>',
        "O/c.opf": '<package xmlns:dc="http://purl.org/dc/elements/1.1/"><metadata><dc:title>Guide</dc:title>'
        "<dc:creator>Ada</dc:creator></metadata>"
        '<manifest><item id="a" href="a.xhtml"/><item id="b" href="b.xhtml"/></manifest>'
        '<spine><itemref idref="a"/><itemref idref="b"/></spine></package>',
        "O/a.xhtml": "<html><body><h1>Guide</h1><p>Intro text.</p></body></html>",
        "O/b.xhtml": "<html><body><h2>Leave</h2><p>Employees have 28 days.</p></body></html>",
    })  # fmt: skip


_ODF = (
    'xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" '
    'xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" xmlns:meta="urn:oasis:names:tc:opendocument:xmlns:meta:1.0" '
    'xmlns:dc="http://purl.org/dc/elements/1.1/"'
)


def make_odt(body: str = "") -> bytes:
    content = body or (
        '<text:h text:outline-level="1">Guide</text:h><text:p>Intro text.</text:p>'
        '<text:h text:outline-level="2">Leave</text:h><text:p>Employees have<text:s/>28 days.</text:p>'
    )
    return zipped({
        "mimetype": "application/vnd.oasis.opendocument.text",
        "content.xml": f"<office:document-content {_ODF}><office:body><office:text>{content}</office:text></office:body>"
        "</office:document-content>",
        "meta.xml": f"<office:document-meta {_ODF}><office:meta><dc:title>Guide</dc:title></office:meta></office:document-meta>",
    })  # fmt: skip


def zipped(parts: dict[str, str | bytes]) -> bytes:
    """An archive of these parts."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def make_eml(*, html: str = "", attachments: Sequence[tuple[str, bytes]] = ()) -> bytes:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "Ada <ada@example.com>", "bob@example.com", "Guide"
    message["Date"] = "Fri, 02 Feb 2024 10:00:00 +0100"
    message.set_content("Intro text.\n\nLeave\n\nEmployees have 28 days.\n")
    if html:
        message.set_content(html, subtype="html")
    for name, data in attachments:
        message.add_attachment(data, maintype="application", subtype="octet-stream", filename=name)
    return message.as_bytes()


def make_notebook() -> bytes:
    cells = [
        {"cell_type": "markdown", "source": ["# Guide\n", "Intro text."]},
        {"cell_type": "markdown", "source": "## Leave\n\nEmployees have 28 days."},
        {
            "cell_type": "code",
            "source": "print(7 * 4)",
            "outputs": [
                {"output_type": "stream", "text": ["28\n"]},
                {"output_type": "display_data", "data": {"image/png": "iVBORw0KGgo=" * 50}},
            ],
        },
    ]
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}).encode()


FORMATS: list[tuple[str, Callable[[], bytes], str]] = [
    ("guide.md", lambda: MARKDOWN, "markdown"),
    ("guide.html", make_html, "html"),
    ("guide.pdf", make_pdf, "pdf"),
    ("guide.docx", make_docx, "docx"),
    ("guide.pptx", make_pptx, "pptx"),
    ("guide.xlsx", make_xlsx, "xlsx"),
    ("guide.epub", make_epub, "epub"),
    ("guide.odt", make_odt, "odt"),
    ("guide.eml", make_eml, "eml"),
    ("guide.ipynb", make_notebook, "ipynb"),
    ("guide.rtf", lambda: rb"{\rtf1\ansi{\info{\title Guide}}Intro text.\par Leave\par Employees have 28 days.\par}", "rtf"),
    ("guide.rst", lambda: b"Guide\n=====\n\nIntro text.\n\nLeave\n-----\n\nEmployees have 28 days.\n", "rst"),
    ("guide.org", lambda: b"* Guide\nIntro text.\n** Leave\nEmployees have 28 days.\n", "org"),
    ("guide.adoc", lambda: b"= Guide\n\nIntro text.\n\n== Leave\n\nEmployees have 28 days.\n", "asciidoc"),
    ("guide.csv", lambda: b"Guide,Intro text.\nLeave,Employees have 28 days.\n", "csv"),
    ("guide.json", lambda: b'{"Guide": "Intro text.", "Leave": "Employees have 28 days."}', "json"),
    ("guide.jsonl", lambda: b'{"title": "Guide", "text": "Intro text."}\n{"title": "Leave", "text": "Employees have 28 days."}\n',
     "jsonl"),
    ("guide.xml", lambda: b"<guide><title>Guide</title><p>Intro text.</p><leave>Employees have <b>28 days</b>.</leave></guide>", "xml"),
    ("guide.txt", lambda: b"Guide\n\nIntro text.\n\nLeave\n\nEmployees have 28 days.\n", "text"),
    ("guide.py", lambda: b"# Guide: Intro text.\n\n\ndef leave():\n    return 'Employees have 28 days.'\n", "code"),
]  # fmt: skip
