"""What each format keeps, and what it leaves out."""

from __future__ import annotations

import io
import json
import shutil
import zipfile
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path

import docx
import pptx
import pytest
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls

from ragcli.datatypes import Document
from ragcli.errors import LoadError, NotADocument
from ragcli.loaders import load_bytes
from ragcli.loaders.html import HtmlLoader
from ragcli.loaders.pdf import read_pypdf
from ragcli.loaders.pdfium import read_pdfium
from ragcli.loaders.pdftext import lines_of
from ragcli.loaders.reading import Options
from ragcli.text.tables import row_pairs
from tests.conftest import shared_data
from tests.documents import (
    FORMATS,
    make_docx,
    make_eml,
    make_odt,
    make_pdf,
    make_pptx,
    make_xlsx,
    pdf_at,
    pdf_of,
    saved,
    zipped,
)


def load(name: str, data: bytes | str) -> Document:
    return load_bytes(data if isinstance(data, bytes) else data.encode(), Path(name))


def sections(document: Document) -> dict[tuple[str, ...], str]:
    """Heading path → the text below it, for blocks that are no headings."""
    found: dict[tuple[str, ...], str] = {}
    for block in document.blocks:
        if block.kind != "heading":
            text = document.text[block.start : block.end]
            found[block.headings] = f"{found[block.headings]}\n{text}" if block.headings in found else text
    return found


# ---- Word -------------------------------------------------------------------------------------------------------------


def paragraph(xml: str) -> bytes:
    """A Word document with one paragraph of this content."""
    document = docx.Document()
    document.element.body.insert(0, parse_xml(f"<w:p {nsdecls('w')}>{xml}</w:p>"))
    return saved(document)


@pytest.mark.parametrize(
    ("xml", "expected"),
    [
        ("<w:r><w:t>Kept </w:t></w:r><w:ins><w:r><w:t>inserted</w:t></w:r></w:ins>", "Kept inserted"),
        ("<w:r><w:t>Kept</w:t></w:r><w:del><w:r><w:delText> gone</w:delText></w:r></w:del>", "Kept"),
        ("<w:r><w:t>Kept</w:t></w:r><w:r><w:rPr><w:vanish/></w:rPr><w:t> hidden</w:t></w:r>", "Kept"),
        ("<w:sdt><w:sdtContent><w:r><w:t>In a control</w:t></w:r></w:sdtContent></w:sdt>", "In a control"),
        ("<w:r><w:t>one</w:t><w:tab/><w:t>two</w:t><w:br/><w:t>three</w:t></w:r>", "one\ttwo\nthree"),
    ],
    ids=["inserted", "deleted", "hidden", "content control", "tab and break"],
)
def test_word_text_is_what_a_reader_sees(xml: str, expected: str) -> None:
    assert load("a.docx", paragraph(xml)).text == expected


def test_numbers_that_word_prints_are_in_the_text_and_lists_keep_their_level() -> None:
    document = docx.Document()
    for style, text in [
        ("List Number", "First"),
        ("List Number", "Second"),
        ("List Bullet", "Dot"),
        ("List Bullet 2", "Deeper"),
    ]:
        document.add_paragraph(text, style=style)
    loaded = load("a.docx", saved(document))
    assert loaded.text.split("\n\n")[:3] == ["1. First", "2. Second", "- Dot"]
    assert loaded.text.endswith("- Deeper")


def test_footnotes_and_comments_of_word_are_marked() -> None:
    document = docx.Document()
    run = document.add_paragraph("The fee is 400 euros.").runs[0]
    document.add_comment(run, text="Check with finance.", author="Ada")
    assert "[Comment by Ada: Check with finance.]" in load("a.docx", saved(document)).text


def test_a_package_with_a_document_type_definition_is_refused() -> None:
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">]><w:document/>'
    with pytest.raises(LoadError, match="document type definition"):
        load("a.docx", zipped({"word/document.xml": bomb}))


# ---- slides, sheets, OpenDocument -------------------------------------------------------------------------------------


def test_slides_are_pages_and_speaker_notes_are_marked() -> None:
    document = load("a.pptx", make_pptx())
    assert document.text[document.page_starts[1] :].startswith("Leave")
    assert "[Speaker notes: Mention the carry-over.]" in sections(document)[("Leave",)]


def test_a_hidden_slide_is_left_out_and_keeps_its_number() -> None:
    presentation = pptx.Presentation()
    for name in ("One", "Two", "Three"):
        presentation.slides.add_slide(presentation.slide_layouts[5]).shapes.title.text = name
    presentation.slides[1]._element.set("show", "0")
    document = load("a.pptx", saved(presentation))
    assert "Two" not in document.text
    assert document.text[document.page_starts[2] :] == "Three"


def test_a_sheet_is_a_table_with_plain_numbers_and_marked_comments() -> None:
    document = load("a.xlsx", make_xlsx())
    assert "Rate | 0.5 | 3" in document.text
    assert "[Comment on B2: Since 2024]" in document.text
    assert "hidden figures" not in document.text


def test_footnotes_comments_and_repeated_cells_of_opendocument() -> None:
    body = (
        "<text:p>Fee<text:note><text:note-body><text:p>Net.</text:p></text:note-body></text:note></text:p>"
        "<text:p>Term<office:annotation><text:p>Ask Bob.</text:p></office:annotation></text:p>"
        '<table:table><table:table-row><table:table-cell table:number-columns-repeated="3"><text:p>x</text:p></table:table-cell>'
        '<table:table-cell table:number-columns-repeated="16000"/></table:table-row></table:table>'
    )
    assert load("a.odt", make_odt(body)).text == "Fee\n\n[Footnote: Net.]\n\nTerm\n\n[Comment: Ask Bob.]\n\nx | x | x"


# ---- PDF --------------------------------------------------------------------------------------------------------------


def test_running_titles_and_page_numbers_leave_and_the_body_stays() -> None:
    pages = [
        [("Acme annual report", 9), (f"Body of chapter {'abcde'[i]} stands here.", 11), (f"Page {i + 1}", 9)]
        for i in range(5)
    ]
    document = load("a.pdf", pdf_of(pages))
    assert "annual report" not in document.text
    assert "Page 3" not in document.text
    assert document.text.count("Body of chapter") == 5


def test_words_broken_at_the_end_of_a_line_are_joined_but_for_real_hyphens() -> None:
    lines = [("The infor-", 11), ("mation is well-", 11), ("known, as well-known as can be.", 11)]
    assert load("a.pdf", pdf_of([lines])).text == "The information\nis well-known,\nas well-known as can be."


def test_ligatures_are_letters() -> None:
    assert [line.text for line in lines_of([("The ﬁnal eﬀort", 11.0), ("\n", 11.0)])] == ["The final effort"]


def test_larger_lines_are_headings_where_there_is_no_outline() -> None:
    body = [("This is a line of ordinary text in the body of the page.", 11)] * 8
    document = load("a.pdf", pdf_of([[("Travel policy", 20), *body, ("Hotels", 14), *body, ("Trains", 14), *body]]))
    assert document.title == "Travel policy"
    assert {block.headings for block in document.blocks} >= {
        ("Travel policy",),
        ("Travel policy", "Hotels"),
        ("Travel policy", "Trains"),
    }


TABLE = [
    ("Plan", "Price", "Seats"),
    ("Small team", "10 euros", "5"),
    ("Large team", "25 euros", "20"),
    ("Company", "", "any"),
]


def cells_at(rows: Sequence[Sequence[str]], top: float = 700) -> list[tuple[float, float, str]]:
    """The cells of a table with columns of 150 points, row by row."""
    return [(72 + 150 * j, top - 16 * i, cell) for i, row in enumerate(rows) for j, cell in enumerate(row) if cell]


def test_rows_of_a_table_are_a_block_of_rows_with_their_cells_apart() -> None:
    above, below = (72, 730, "The plans are as follows."), (72, 600, "Prices are without tax.")
    document = load("a.pdf", pdf_at(above, *cells_at(TABLE), below))
    [table] = [block for block in document.blocks if block.kind == "table"]
    assert document.text[table.start : table.end].split("\n")[:3] == [
        "Plan | Price | Seats",
        "Small team | 10 euros | 5",
        "Large team | 25 euros | 20",
    ]
    start = document.text.index("Large team")
    pairs = row_pairs(document.text, start, document.text.index("\n", start))
    assert pairs == (("Plan", "Large team"), ("Price", "25 euros"), ("Seats", "20"))
    paragraphs = [document.text[b.start : b.end].strip() for b in document.blocks if b.kind == "paragraph"]
    assert paragraphs == ["The plans are as follows.", "Prices are without tax."]


@pytest.mark.parametrize(
    "rows",
    [
        [("1.", "Open the valve."), ("2.", "Wait a minute."), ("3.", "Close the valve.")],
        [("This is a line of running text on the left", "and this is another one, set on the right.")] * 4,
        [("Name", "Anna"), ("Town", "Bremen")],
    ],
    ids=["a list", "two columns of text", "two rows"],
)
def test_what_is_no_table_is_read_as_before(rows: list[tuple[str, str]]) -> None:
    wide = [(x if x < 100 else 330, y, text) for x, y, text in cells_at(rows)]
    document = load("a.pdf", pdf_at(*wide))
    assert " | " not in document.text
    assert {block.kind for block in document.blocks} == {"paragraph"}


def test_pages_without_text_make_a_document_a_partial_one() -> None:
    document = load("a.pdf", pdf_of([[("Some text on the first page.", 11)], [], []]))
    assert document.partial == "2 of 3 pages have no text (scanned?): 2, 3"


def test_both_readers_of_pdf_find_the_same_text_and_properties() -> None:
    one, other = read_pypdf(make_pdf()), read_pdfium(make_pdf())
    assert [[line.text for line in page.lines] for page in one.pages] == [
        [line.text for line in page.lines] for page in other.pages
    ]
    assert one.outline == other.outline
    assert one.metadata["title"] == other.metadata["title"] == "Guide"


def test_the_second_reader_takes_over_where_the_first_gives_up() -> None:
    """pypdf refuses streams that grow beyond 75 MB; here they are white space before the text."""
    content = zlib.compress(b" " * 80_000_000 + b"BT /F1 12 Tf 72 700 Td (Behind much white space) Tj ET")
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
        b"<</Length %d/Filter/FlateDecode>>stream\n%s\nendstream" % (len(content), content),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    ]
    data, places = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, start=1):
        places.append(len(data))
        data += b"%d 0 obj%s endobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    data += b"xref\n0 6\n0000000000 65535 f \n%strailer<</Size 6/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % (
        table,
        len(data),
    )
    document = load("a.pdf", data)
    assert document.text == "Behind much white space"
    assert document.metadata["reader"] == "pdfium"


@pytest.mark.skipif(shutil.which("tesseract") is None, reason="needs the program tesseract")
def test_pages_without_text_are_recognised_on_request() -> None:
    import pypdfium2

    page = pypdfium2.PdfDocument(pdf_of([[("Employees have 28 days of leave.", 24)]]))[0]
    picture = page.render(scale=3).to_pil()
    scanned = Path("scan.pdf")
    picture.save(scanned)
    with pytest.raises(LoadError, match="scanned"):
        load("scan.pdf", scanned.read_bytes())
    assert "28 days" in load_bytes(scanned.read_bytes(), scanned, Options(ocr="eng")).text


def test_a_picture_says_how_it_could_be_read() -> None:
    with pytest.raises(NotADocument, match="--ocr"):
        load("a.png", b"\x89PNG\r\n\x1a\n" + bytes(40))


# ---- mail, notebooks --------------------------------------------------------------------------------------------------


def test_headers_of_mail_are_metadata_and_its_attachments_sections() -> None:
    document = load("a.eml", make_eml(attachments=[("terms.docx", make_docx()), ("photo.png", b"\x89PNG\r\n\x1a\n")]))
    assert document.title == "Guide"
    assert document.metadata["author"] == "Ada <ada@example.com>"
    assert document.metadata["created"] == "2024-02-02T10:00:00+01:00"
    assert "28 days" in sections(document)[("Attachment: terms.docx", "Guide", "Leave")]
    assert "[Attachment photo.png: unsupported: image (png), --ocr reads it]" in document.text


def test_mails_within_mails_end_somewhere() -> None:
    data = make_eml()
    for _ in range(6):
        data = make_eml(attachments=[("inner.eml", data)])
    assert "files within files more than 3 deep" in load("a.eml", data).text


def test_long_quotations_in_mail_are_collapsed_and_short_ones_stay() -> None:
    quoted = "\n".join(f"> line {i}" for i in range(9))
    text = load("a.eml", f"From: a@b.c\nSubject: Re\n\nAgreed.\n\n{quoted}\n\n> one question\nYes.\n").text
    assert "[9 quoted lines]" in text
    assert "line 4" not in text
    assert "> one question\nYes." in text


def test_a_notebook_keeps_what_code_prints_and_drops_pictures() -> None:
    cell = {
        "cell_type": "code",
        "source": "plot()",
        "outputs": [{"data": {"image/png": "iVBOR" * 99, "text/plain": "<Figure>"}}],
    }
    text = load("a.ipynb", json.dumps({"cells": [cell]})).text
    assert text == "plot()\n\n<Figure>"


# ---- data -------------------------------------------------------------------------------------------------------------


def test_json_on_one_line_becomes_lines_and_laid_out_json_stays_as_it_is() -> None:
    value = {"user": {"name": "Ada", "tags": ["a", "b"]}, "filler": "x " * 300}
    assert load("a.json", json.dumps(value)).text.startswith("user.name: Ada\nuser.tags: a, b\nfiller: x")
    pretty = json.dumps(value, indent=1)
    assert load("a.json", pretty).text == pretty
    assert load("a.json", pretty).has_lines


def test_records_of_json_lines_are_sections_and_broken_lines_are_kept() -> None:
    document = load("a.jsonl", '{"title": "Leave", "text": "28 days"}\n{broken\n{"n": 1}\n')
    assert sections(document) == {
        ("line 1: Leave",): "title: Leave\ntext: 28 days",
        ("line 2",): "{broken",
        ("line 3",): "n: 1",
    }


def test_xml_is_read_without_tags_and_entities_are_not_expanded() -> None:
    document = load("a.xml", '<r><item id="7"><name>Pump</name><note>Use <b>blue</b> oil.</note></item></r>')
    assert document.text == "id: 7\n\nname: Pump\n\nUse blue oil."
    external = '<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]><r>&x;</r>'
    assert "root:" not in load("a.xml", external).text


def test_markup_languages_keep_their_lines_and_find_their_sections() -> None:
    rst = "=====\nGuide\n=====\n\nIntro.\n\nLeave\n-----\n\n28 days.\n\n.. code::\n\n   x = 1\n"
    document = load("a.rst", rst)
    assert document.text == rst
    assert sections(document)[("Guide", "Leave")].startswith("28 days.")
    org = load("a.org", "#+TITLE: Handbook\n* Leave :hr:\n28 days.\n")
    assert (org.title, sections(org)[("Leave",)]) == ("Handbook", "28 days.")


def test_front_matter_is_metadata_and_its_traps_cost_nothing() -> None:
    front = (
        "---\ntitle: Leave policy\nauthors: [Ada, Bob]\ndate: 2024-02-02\ntags:\n  - hr\n  - leave\nlayout: page\n---\n"
    )
    document = load("a.md", front + "\nText.\n")
    assert document.title == "Leave policy"
    assert document.metadata == {"author": "Ada\nBob", "created": "2024-02-02", "tags": "hr\nleave"}
    bomb = "---\ntitle: Bomb\na: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n---\n\nText.\n"
    assert (load("b.md", bomb).title, load("b.md", bomb).metadata) == ("Bomb", {})


def test_encoded_blobs_do_not_fill_the_index() -> None:
    text = load("a.md", f"Before.\n\n![x](data:image/png;base64,{'iVBORw0KGgo' * 900})\n\nforty-two\n").text
    assert len(text) < 100
    assert "forty-two" in text


# ---- code -------------------------------------------------------------------------------------------------------------

SOURCES = {
    "a.py": ("class Pump:\n    # starts it\n    @cached\n    def start(self):\n        return 1\n", ("Pump", "start")),
    "a.js": ("class Pump {\n  start() { return 1; }\n}\nconst stop = () => 2;\n", ("Pump", "start")),
    "a.ts": ("interface Named { name: string }\nexport class Pump {\n  start(): number { return 1; }\n}\n", ("Pump", "start")),
    "a.tsx": ("export function Pump() {\n  return <div>1</div>;\n}\n", ("Pump",)),
    "A.java": ("class Pump {\n  /** starts it */\n  int start() { return 1; }\n}\n", ("Pump", "start")),
    "a.go": ("package p\n\n// Start runs.\nfunc (p *Pump) Start() int { return 1 }\n", ("Start",)),
    "a.rs": ("impl Pump {\n    fn start(&self) -> i32 { 1 }\n}\n", ("Pump", "start")),
    "a.c": ("int *start(struct pump *p) {\n  return 0;\n}\n", ("start",)),
    "a.cpp": ("namespace plant {\nclass Pump {\n  int start() { return 1; }\n};\n}\n", ("plant", "Pump", "start")),
}  # fmt: skip


@pytest.mark.parametrize("name", SOURCES)
def test_functions_and_classes_are_sections_named_by_their_qualified_names(name: str) -> None:
    source, expected = SOURCES[name]
    document = load(name, source)
    assert document.text == source
    assert expected in {block.headings for block in document.blocks}


def test_comments_and_decorators_belong_to_the_definition_below_them() -> None:
    found = sections(load("a.py", SOURCES["a.py"][0]))
    assert found[("Pump", "start")].splitlines()[0] == "# starts it"


def test_places_in_code_are_right_beyond_ascii() -> None:
    source = "# Ümläute 日本語\nx = 'ß'\n\n\ndef größe():\n    return 'ä'\n"
    found = sections(load("a.py", source))
    assert found[("größe",)] == "def größe():\n    return 'ä'"


def test_broken_code_and_unknown_languages_are_still_text() -> None:
    assert "def (" in load("a.py", "def (:\n  x\n").text
    assert load("a.zig", "fn main() void {}\n").blocks[0].kind == "code"


# ---- encodings --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_without_a_mark_is_recognised_also_beyond_latin(encoding: str) -> None:
    text = "Żółć straße 日本語のテキスト Привет мир.\n" * 3
    assert load("a.txt", text.encode(encoding)).text == text


def test_invisible_characters_leave_and_accents_are_composed() -> None:
    assert (
        load("a.txt", "invis\u200bible e\u0301 \u202etxt.exe soft\u00adhyphen").text == "invisible é txt.exe softhyphen"
    )


def test_outlook_messages_are_read() -> None:
    """Nothing that may be installed here writes this format, so real messages are read where they are present."""
    for path in sorted(shared_data("folders", "unstructured_mixed").rglob("*.msg")):
        document = load_bytes(path.read_bytes(), path)
        assert document.type == "msg"
        assert document.metadata["author"]
        assert len(document.text.splitlines()) > 3


def test_terms_of_html_stand_before_what_defines_them() -> None:
    page = (
        b"<body><dl><dt>Fee</dt><dt>Charge:</dt><dd><p>A sum.</p><p>Paid once.</p></dd><dt>Is it due?</dt><dd>Yes.</dd>"
        b"<dt>Plans</dt><dd><ul><li>Basic</li></ul></dd><dt>Code</dt><dd><pre>x = 1</pre></dd><dt>Empty</dt></dl></body>"
    )
    document = HtmlLoader().load(page, Path("a.html"))
    assert [(block.kind, document.text[block.start : block.end]) for block in document.blocks] == [
        ("list", "- Fee, Charge: A sum."),
        ("paragraph", "Paid once."),
        ("list", "- Is it due? Yes."),
        ("list", "- Plans:"),
        ("list", "- Basic"),
        ("list", "- Code:"),
        ("code", "x = 1"),
        ("list", "- Empty:"),
    ]


@pytest.mark.parametrize(
    "contents",
    [
        "<div class='toc'><p><b>Table of Contents</b></p><dl><dt><a href='a.html'>1. Fees</a></dt><dt><a href='b.html'>2. Refunds</a></dt></dl></div>",
        "<div class='toctree-wrapper compound'><ul><li><a href='a.html'>Fees</a></li><li><a href='b.html'>Refunds</a></li></ul></div>",
        "<ul><li><a href='#a'>Fees</a><ul><li><a href='#b'>Refunds</a></li></ul></li><li><a href='#c'>Terms</a></li></ul>",
        "<div class='navheader'>Chapter 1. Money <a href='b.html'>Next</a></div>",
        "<div role='doc-toc'><a href='#a'>Fees</a></div>",
    ],
)
def test_a_table_of_contents_is_left_out_of_a_page_that_says_something(contents: str) -> None:
    page = f"<body><h1>Money<a class='headerlink' href='#x'>¶</a></h1>{contents}<p>The fee is 20 euros.</p></body>"
    assert HtmlLoader().load(page.encode(), Path("a.html")).text == "Money\n\nThe fee is 20 euros."


def test_a_page_of_nothing_but_a_table_of_contents_keeps_it() -> None:
    page = b"<body><h1>Money</h1><div class='toc'><a href='a.html'>Fees</a> <a href='b.html'>Refunds</a></div></body>"
    assert HtmlLoader().load(page, Path("a.html")).text == "Money\n\nFees Refunds"


@pytest.mark.parametrize(
    "kept",
    [
        "<ul><li><a href='#a'>Alpha</a> is the first of the three plans and the cheapest.</li><li><a href='#b'>Beta</a></li><li><a href='#c'>C</a></li></ul>",
        "<ul><li><a href='https://a.example'>Travel</a></li><li><a href='https://b.example'>Leave</a></li><li><a href='https://c.example'>Pay</a></li></ul>",
        "<div class='menu'>Soup of the day 4.50</div>",
        "<ul><li><a href='#a'>One</a></li><li><a href='#b'>Two</a></li></ul>",
    ],
)
def test_lists_that_say_more_than_where_to_look_are_kept(kept: str) -> None:
    without = HtmlLoader().load(b"<body><p>Before.</p></body>", Path("a.html")).text
    assert len(HtmlLoader().load(f"<body><p>Before.</p>{kept}</body>".encode(), Path("a.html")).text) > len(without)


def test_rows_of_html_tables_have_a_cell_for_each_column() -> None:
    page = (
        b"<table><tr><th></th><th colspan='2'>Price 1</th></tr>"
        b"<tr><td rowspan=2>Pro</td><td>20</td><td>25</td></tr><tr><td>30</td><td></td></tr></table>"
    )
    assert HtmlLoader().load(page, Path("a.html")).text.split("\n") == [
        "|  | Price 1 | Price 1 |",
        "--- | --- | ---",
        "Pro | 20 | 25",
        "| Pro | 30 |  |",
    ]
    endless = b"<table><tr><td rowspan=99999>a</td><td colspan=x>b</td></tr><tr><td>c</td></tr></table>"
    assert HtmlLoader().load(endless, Path("a.html")).text == "a | b\na | c"


def titled(text: str) -> list[tuple[str, ...]]:
    """The section paths of the paragraphs and lists of a plain text."""
    document = load_bytes(text.encode(), Path("a.txt"))
    return [block.headings for block in document.blocks if block.kind != "heading"]


def test_titles_of_plain_text_are_headings() -> None:
    text = (
        "Guide\n=====\n\nWords.\n\nInstalling it\n-------------\nWords.\n\nREFUND POLICY\n\nWords.\n\n"
        "ARTICLE 1\n\nTERM\n\nWords.\n\n3. Payment\n\nWords.\n\n   3.1. By card\n\n   Words.\n"
    )
    assert titled(text) == [
        ("Guide",),
        ("Guide", "Installing it"),
        ("Guide", "REFUND POLICY"),
        ("Guide", "ARTICLE 1", "TERM"),
        ("Guide", "ARTICLE 1", "TERM", "3. Payment"),
        ("Guide", "ARTICLE 1", "TERM", "3. Payment", "3.1. By card"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "Words.\n\n-----\n\nMore words.\n",  # a rule
        "Name    Price\n-------------\nPro     20\n",  # the columns of a table
        "1. Wash it\n\n2. Cut it\n\nThen eat.\n",  # a list
        "STOP!\n\nWords.\n",
        "ACME INC\n\nWords.\n\nACME INC\n\nWords.\n\nACME INC\n\nWords.\n",  # a running title
        "2024-01-02 ERROR DISK FULL\n2024-01-03 ERROR DISK FULL\n",
        "Kind regards\n\nANNA",
        "It costs little.\n---\nThe end.\n",
    ],
)
def test_lines_that_only_resemble_titles_are_none(text: str) -> None:
    assert set(titled(text)) == {()}


ARCHIVES = [(name, made) for name, made, _ in FORMATS if made()[:2] == b"PK"]


@pytest.mark.parametrize(("name", "made"), ARCHIVES, ids=[name for name, _ in ARCHIVES])
def test_an_office_file_that_is_cut_off_or_damaged_says_so_in_plain_words(name: str, made: Callable[[], bytes]) -> None:
    whole = made()
    for share in (0.05, 0.5, 0.98):
        with pytest.raises(LoadError, match=r"^cut off: the end of the file is missing"):
            load(name, whole[: int(len(whole) * share)])
    damaged = bytearray(whole)
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        for entry in archive.infolist():
            start = entry.header_offset + 30 + len(entry.filename) + 20
            for place in range(start, min(start + 60, entry.header_offset + 30 + entry.compress_size)):
                damaged[place] ^= 0x55
    with pytest.raises(LoadError, match=r"^(damaged: a part of the file cannot be unpacked|damaged XML)"):
        load(name, bytes(damaged))
