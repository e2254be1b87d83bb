"""What a PDF says outside of its running text, and pages that one reader cannot read in time."""

from __future__ import annotations

import io
from pathlib import Path

from pypdf import PdfReader, PdfWriter
from pypdf.annotations import FreeText, Highlight, Text
from pypdf.generic import ArrayObject, DecodedStreamObject, FloatObject, NameObject, NumberObject, TextStringObject
from reportlab.pdfgen.canvas import Canvas

from ragcli.datatypes import Document
from ragcli.loaders.limits import Limits, budget
from ragcli.loaders.pdf import read_pypdf
from ragcli.loaders.pdfium import complete
from ragcli.loaders.reading import load_bytes
from tests.documents import pdf_of


def load(data: bytes) -> Document:
    return load_bytes(data, Path("form.pdf"))


def form(*, labels: bool = True) -> bytes:
    buffer = io.BytesIO()
    canvas = Canvas(buffer)
    if labels:
        for height, label in (
            (720, "Name"),
            (690, "Country"),
            (660, "Full time"),
            (630, "Part time"),
            (600, "Password"),
        ):
            canvas.drawString(72, height, label)
    fields = canvas.acroForm
    fields.textfield(name="applicant", value="Ada Lovelace", x=200, y=715, width=200, height=18)
    fields.choice(name="country", tooltip="Country of birth", value="Norway", options=["Norway", "Chad"], x=200, y=685)
    fields.checkbox(name="full", checked=True, x=200, y=655)
    fields.checkbox(name="part", checked=False, x=200, y=625)
    fields.textfield(name="pin", value="s3cret", fieldFlags="password", x=200, y=595, width=200, height=18)
    canvas.showPage()
    canvas.drawString(72, 720, "The second page.")
    canvas.save()
    return buffer.getvalue()


def test_filled_fields_of_a_form_stand_beside_their_labels() -> None:
    lines = load(form()).text.split("\n")
    assert lines[lines.index("Name") + 1] == "[Field applicant: Ada Lovelace]"
    assert lines[lines.index("Country") + 1] == "[Field Country of birth: Norway]"
    assert lines[lines.index("Full time") + 1] == "[Field full: yes]"
    assert lines[lines.index("Part time") + 1] == "Password"
    assert not any("s3cret" in line for line in lines)


def test_a_page_that_holds_only_fields_is_read_and_cited_by_its_number() -> None:
    document = load(form(labels=False))
    assert document.partial == ""
    first = document.text[: document.page_starts[1]]
    assert "Ada Lovelace" in first
    assert document.text[document.page_starts[1] :] == "The second page."


def annotated() -> bytes:
    lines = ["The tenant pays the rent", "on the first of the month.", "Pets are not allowed."]
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(pdf_of([[(line, 12) for line in lines], [("Page two.", 12)]]))))
    note = Text(rect=(300, 775, 320, 795), text="Is this\nagreed?")
    note[NameObject("/T")] = TextStringObject("Ann")
    quads = ArrayObject([FloatObject(each) for each in (72, 773, 250, 773, 72, 759, 250, 759)])
    mark = Highlight(rect=(72, 759, 250, 773), quad_points=quads)
    hidden = FreeText(text="not shown", rect=(72, 500, 200, 520))
    hidden[NameObject("/F")] = NumberObject(2)
    for annotation in (note, mark, hidden, FreeText(text="Approved by the board", rect=(72, 400, 200, 420))):
        writer.add_annotation(0, annotation)
    writer.add_annotation(1, Text(rect=(300, 775, 320, 795), text="Last page"))
    buffer = io.BytesIO()
    writer.write(buffer)
    return buffer.getvalue()


def test_comments_and_highlights_follow_the_sentence_that_they_stand_at() -> None:
    document = load(annotated())
    assert document.text.split("\n")[:6] == [
        "The tenant pays the rent",
        "on the first of the month.",
        "[Note by Ann: Is this agreed?]",
        "[Highlight: “on the first of the month.”]",
        "Pets are not allowed.",
        "[Note: Approved by the board]",
    ]
    assert document.text[document.page_starts[1] :] == "Page two.\n[Note: Last page]"


def slow_pdf() -> bytes:
    """The first of two pages has so many operators that pypdf needs seconds for it."""
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(pdf_of([[("First page.", 12)], [("Second page.", 12)]]))))
    content = DecodedStreamObject()
    content.set_data(b"BT /F1 12 Tf 72 720 Td (First page.) Tj ET\n" + b"q 1 0 0 1 0 0 cm Q\n" * 100_000)
    writer.pages[0][NameObject("/Contents")] = writer._add_object(content)
    buffer = io.BytesIO()
    writer.write(buffer)
    return buffer.getvalue()


def test_a_page_that_takes_too_long_is_read_by_the_other_reader_and_the_rest_by_the_first() -> None:
    data, beats = slow_pdf(), list[str]()
    with budget(Limits(), len(data), lambda: beats.append("alive")):
        content = read_pypdf(data, page_seconds=0.6)
    assert content.pages[0].problem.startswith("more than 0.6 s of CPU time")
    assert [line.text for line in content.pages[1].lines] == ["Second page."]
    assert beats, "a parser that works is not idle"
    complete(data, content)
    assert [(page.lines[0].text, page.reader) for page in content.pages] == [
        ("First page.", "pdfium"),
        ("Second page.", ""),
    ]
