"""What a PDF says outside of its running text, and pages that one reader cannot read in time."""

from __future__ import annotations

import io
from pathlib import Path

from pypdf import PdfReader, PdfWriter
from pypdf.annotations import FreeText, Highlight, Text
from pypdf.generic import (
    ArrayObject,
    DecodedStreamObject,
    DictionaryObject,
    FloatObject,
    NameObject,
    NumberObject,
    TextStringObject,
)
from reportlab.pdfgen.canvas import Canvas

from ragcli.datatypes import Document
from ragcli.loaders.limits import Limits, budget
from ragcli.loaders.pdf import read_pypdf
from ragcli.loaders.pdfblocks import Bookmark
from ragcli.loaders.pdfium import complete
from ragcli.loaders.pdflines import Line
from ragcli.loaders.pdfrunning import without_running
from ragcli.loaders.pdftext import Content, Page
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


TOGETHER = [
    Line("Thefeeforeachyearistwentyeurosandhastobepaid", 12.0),
    Line("onthefirstofJanuaryofthefollowingyear.", 12.0),
]


def test_a_page_whose_words_the_first_reader_runs_together_is_read_by_the_other() -> None:
    apart = [
        "The fee for each year is twenty euros and has to be paid",
        "on the first of January of the following year.",
    ]
    content = Content([Page(list(TOGETHER))], reader="pypdf")
    complete(pdf_of([[(line, 12) for line in apart]]), content)
    assert ([line.text for line in content.pages[0].lines], content.pages[0].reader) == (apart, "pdfium")


def test_a_page_that_no_reader_can_take_apart_stays_as_it_was_read() -> None:
    content = Content([Page(list(TOGETHER))], reader="pypdf")
    complete(pdf_of([[(line.text, 12) for line in TOGETHER]]), content)
    assert (content.pages[0].lines, content.pages[0].reader) == (TOGETHER, "")


def test_titles_of_sections_at_the_edge_of_a_page_are_no_text_where_the_section_begins_elsewhere() -> None:
    outline = [Bookmark(0, 1, "Fees and refunds"), Bookmark(1, 2, "How is a refund paid?"), Bookmark(3, 1, "Terms")]
    pages = [
        ["1 Fees and refunds", "The fee is due."],
        [
            "CHAPTER 1. FEES AND REF… 1.1. HOW IS A REFUND PAID?",
            "The fee is high.",
            "1.1 How is a refund paid?",
            "By card.",
        ],
        ["Chapter 1. Fees and refunds", "Fees rise."],
        ["2 Terms", "Terms are long."],
        ["Fees and refunds are different things", "Terms", "End."],
    ]
    kept = without_running([[Line(text, 11.0) for text in page] for page in pages], outline)
    assert [[line.text for line in page] for page in kept] == [pages[0], pages[1][1:], pages[2][1:], pages[3], pages[4]]


def test_a_title_that_begins_a_section_once_more_is_kept_at_the_top_of_its_page() -> None:
    outline = [
        Bookmark(0, 1, "Pumps"),
        Bookmark(0, 2, "Overview"),
        Bookmark(1, 1, "Valves"),
        Bookmark(2, 2, "Overview"),
    ]
    pages = [["Pumps", "Overview", "A pump pumps."], ["Valves", "A valve shuts."], ["Overview", "Valves are many."]]
    kept = without_running([[Line(text, 11.0) for text in page] for page in pages], outline)
    assert [[line.text for line in page] for page in kept] == pages


def test_the_titles_of_an_outline_are_headings_and_no_part_of_the_paragraphs_below() -> None:
    buffer = io.BytesIO()
    canvas = Canvas(buffer)
    for title, said in (("What's due?", "The fee is due."), ("Refunds", "They are paid."), ("Terms", "They are long.")):
        canvas.bookmarkPage(title)
        canvas.addOutlineEntry(title, title)
        canvas.drawString(72, 720, "1.2 " + title.replace("'", "\u2019"))
        canvas.drawString(72, 700, said)
        canvas.showPage()
    canvas.save()
    document = load(buffer.getvalue())
    assert [(block.kind, document.text[block.start : block.end], block.headings) for block in document.blocks[:2]] == [
        ("heading", "1.2 What\u2019s due?", ("What's due?",)),
        ("paragraph", "The fee is due.", ("What's due?",)),
    ]


def test_signs_of_a_font_of_symbols_are_read_as_what_they_are() -> None:
    writer = PdfWriter(clone_from=io.BytesIO(pdf_of([[("Loss of 0.83", 12)]])))
    page = writer.pages[0]
    fonts = page["/Resources"]["/Font"]  # type: ignore[index]
    names = ArrayObject([NumberObject(1), NameObject("/C15"), NumberObject(3), NameObject("/C0")])
    encoding = DictionaryObject({NameObject("/Type"): NameObject("/Encoding"), NameObject("/Differences"): names})
    fonts[NameObject("/Symbols")] = DictionaryObject(
        {
            NameObject("/Type"): NameObject("/Font"),
            NameObject("/Subtype"): NameObject("/Type1"),
            NameObject("/BaseFont"): NameObject("/ABCDEF+AdvMacMthSyN"),
            NameObject("/Encoding"): encoding,
        }
    )
    (font,) = (name for name in fonts if name != "/Symbols")
    drawn = DecodedStreamObject()
    drawn.set_data(
        f"BT {font} 12 Tf 72 700 Td (Change of the year: ) Tj /Symbols 12 Tf (\\003) Tj {font} 12 Tf (0.8276 and ) Tj "
        "/Symbols 12 Tf (\\001) Tj ET".encode()
    )
    page[NameObject("/Contents")] = writer._add_object(drawn)
    buffer = io.BytesIO()
    writer.write(buffer)
    assert load(buffer.getvalue()).text.split() == ["Change", "of", "the", "year:", "−0.8276", "and", "•"]
