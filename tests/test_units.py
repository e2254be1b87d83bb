"""What an answer may consist of: units of documents at several sizes, understood with what governs them."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from ragcli.chunking.structure import structure
from ragcli.datatypes import Block, Extent
from ragcli.embedding.hashing import HashingEmbedder
from ragcli.generation.choosing import choice_of
from ragcli.generation.citations import Citer
from ragcli.generation.features import NAMES
from ragcli.generation.pieces import claim_of
from ragcli.generation.scored import Scored
from ragcli.generation.units import LONGEST, Unit, units_of
from ragcli.generation.weights import shipped
from ragcli.loaders.markdown import MarkdownLoader
from ragcli.loaders.structure import make_document
from ragcli.results import Hit
from ragcli.text.items import item_spans, nested_spans
from ragcli.text.layout import parts_of
from ragcli.text.readable import readable
from tests.helpers.answers import chooser, hit_in, loaded


class Read(NamedTuple):
    """A document's text and the units of it when all of it is one hit."""

    text: str
    units: list[Unit]

    def shown(self, form: str) -> list[str]:
        return [unit.shown for unit in self.units if unit.form == form]


def hit_of(text: str, suffix: str = "md", first: int = 0, last: int | None = None) -> Hit:
    """The chunks first to last of a document as a hit, with the rest of the document as its surroundings."""
    return hit_in(loaded(text, suffix), first, last)


def read(text: str, suffix: str = "md") -> Read:
    return Read(text, units_of(hit_of(text, suffix)))


def test_a_list_comes_with_what_leads_in_to_it() -> None:
    found = read(
        "# Imports\n\nImports are grouped. They come in this order:\n\n* standard library\n* third party\n* our own\n"
    )
    assert "They come in this order:\n* standard library\n* third party\n* our own" in found.shown("list")
    assert "They come in this order:\n* third party" in found.shown("item")
    assert "They come in this order:" not in found.shown("sentence"), "a lead-in is no answer by itself"


@pytest.mark.parametrize("suffix", ["md", "txt", "rst"])
@pytest.mark.parametrize(
    "lead",
    ["You need the following documents", "The plan covers these items.", "There are three ways to pay.", "Never bring"],
)
def test_a_sentence_without_a_colon_leads_in_to_the_list_below_it(lead: str, suffix: str) -> None:
    found = read(f"It is cold here. {lead}\n\n- one thing\n- another thing\n", suffix)
    assert f"{lead}\n- another thing" in found.shown("item")
    assert f"{lead}\n- one thing\n- another thing" in found.shown("list")


def test_a_sentence_that_does_not_point_at_a_list_does_not_lead_in_to_it() -> None:
    found = read("We travel a lot in summer.\n\n- one thing\n- another thing\n")
    assert found.shown("item") == ["- one thing", "- another thing"]
    back = read("But these uses seem to preclude that.\n\n- one thing\n- another thing\n")
    assert back.shown("item") == ["- one thing", "- another thing"]
    far = read("# A\n\nYou need the following documents\n\n# B\n\n- one thing\n- another thing\n")
    assert far.shown("item") == ["- one thing", "- another thing"]


def test_the_line_of_a_section_s_own_title_leads_in_to_nothing() -> None:
    found = read("# Fees\n\nFees\n\n- one thing\n- another thing\n")
    assert found.shown("item") == ["- one thing", "- another thing"]
    joined = read(
        "All of this is new and was written for people who travel far\nThings to bring\n- one thing\n- another thing\n",
        "txt",
    )
    assert "Things to bring\n- one thing" in joined.shown("item")


def test_a_sentence_that_says_nothing_without_its_list_is_no_answer() -> None:
    found = read("It is cold here. You need the following documents.\n\n- one thing\n- another thing\n")
    assert found.shown("sentence") == ["It is cold here."]


def test_items_below_a_line_of_their_paragraph_are_a_list_in_plain_text() -> None:
    found = read("You need these papers\n- a passport\n- a visa that\n  is valid\n", "txt")
    assert "You need these papers\n- a visa that is valid" in found.shown("item")
    wrapped = read("Call the office in room\n12. It is open from nine\nto five.\n", "txt")
    assert wrapped.shown("item") == []


@pytest.mark.parametrize(
    ("suffix", "text"),
    [
        ("html", "<p>Words.</p><dl><dt>Deductible</dt><dd>What you pay first.</dd><dt>Copay</dt><dd><p>A fixed sum.</p></dd></dl>"),
        ("md", "Words.\n\nDeductible\n: What you pay\n  first.\n\nCopay\n: A fixed sum.\n"),
        ("md", "Words.\n\nDeductible\n: What you pay first.\nCopay\n: A fixed sum.\n"),
        ("rst", "Words.\n\nDeductible\n    What you pay\n    first.\n\nCopay\n    A fixed sum.\n"),
        ("rst", "Words.\n\n:Deductible: What you pay first.\n:Copay: A fixed sum.\n"),
    ],
)  # fmt: skip
def test_a_term_is_read_with_its_definition(suffix: str, text: str) -> None:
    items = [shown.removeprefix("- ") for shown in read(text, suffix).shown("item")]
    assert items == ["Deductible: What you pay first.", "Copay: A fixed sum."]


HTML_TABLE = """# Plans

Prices of a month.

<table class="plans">
  <thead><tr><th>Plan</th><th>Price</th></tr></thead>
  <tr>
    <td>Free</td>
    <td>0 &euro;</td>

  </tr>
  <tr><td><b>Pro</b></td><td>20 &euro;</td></tr>
</table>

All of them end with the month.
"""


def test_rows_of_an_html_table_in_markdown_name_their_columns() -> None:
    found = read(HTML_TABLE)
    assert found.shown("row") == ["Plan: Free; Price: 0 €", "Plan: Pro; Price: 20 €"]
    assert found.shown("sentence") == ["Prices of a month.", "All of them end with the month."]
    pro = next(unit for unit in found.units if unit.form == "row" and "Pro" in unit.shown)
    assert HTML_TABLE[pro.start : pro.end] == "<tr><td><b>Pro</b></td><td>20 &euro;</td></tr>"


def test_an_html_table_is_cut_between_its_rows_and_keeps_its_columns() -> None:
    rows = "\n".join(f"<tr>\n<td>city{i}</td>\n<td>{1000 + i}</td>\n</tr>" for i in range(200))
    text = f"# Cities\n\n<table>\n<tr><th>name</th><th>people</th></tr>\n{rows}\n</table>\n"
    chunks = structure(HashingEmbedder(), 200).split(MarkdownLoader().load(text.encode(), Path("a.md")))
    assert all(chunk.text.startswith("<tr>") for chunk in chunks[1:])
    later = [unit for unit in units_of(hit_of(text, "md", first=1)) if unit.form == "row"]
    assert later[0].row == (("name", later[0].row[0][1]), ("people", later[0].row[1][1]))


def test_what_a_heading_or_label_forbids_is_not_read_without_it() -> None:
    found = read("# Passwords\n\nNot OK:\n\n* sharing a password\n* writing it down\n")
    assert all("Not OK:" in shown for form in ("item", "list") for shown in found.shown(form))
    labelled = read("# Passwords\n\n**Never do this**\n\n* share a password\n* write it down\n")
    assert all("Never do this" in shown for shown in labelled.shown("item"))


def test_a_question_is_read_with_its_answer_and_is_none_itself() -> None:
    found = read(
        "21. Is it thread-safe?\n\n    Yes. Every call may run beside any other.\n\n22. Is it fast?\n\n    It is.\n",
        "txt",
    )
    assert not any(unit.shown.endswith("?") for unit in found.units if unit.form in ("sentence", "item", "paragraph"))
    assert "Yes. Every call may run beside any other." in found.shown("paragraph")
    [answer] = [unit for unit in found.units if unit.form == "sentence" and unit.shown.startswith("Every call")]
    assert answer.lead == "21. Is it thread-safe?"


def test_items_of_an_item_are_read_with_its_head() -> None:
    text = (
        "# Rules\n\na. Visitors are welcome from nine to five on every working day of the week, and are met at the door.\n\n"
        "a. The following activities are prohibited inside the secure areas of the building at all times:\n\n"
        "    i. Photography of any kind.\n\n    i. Smoking, eating, or drinking.\n\n"
    )
    found = read(text)
    head = "a. The following activities are prohibited inside the secure areas of the building at all times:"
    assert f"{head}\n  i. Photography of any kind.\n  i. Smoking, eating, or drinking." in found.shown("item")


def test_a_long_list_is_cut_and_says_how_much_is_left() -> None:
    items = "\n".join(f"* item number {i} of a list that is far too long to be shown whole" for i in range(30))
    [shown] = read(f"# All\n\nThese count:\n\n{items}\n").shown("list")
    assert shown.startswith("These count:\n* item number 0")
    assert len(shown) <= LONGEST + 20
    assert shown.endswith("more)")
    left = int(shown.rpartition("(")[2].split()[0])
    assert shown.count("item number") + left == 30


def test_code_comes_with_the_sentence_above_it() -> None:
    found = read("# Run\n\nForward the port with:\n\n```sh\nssh -L 9090:127.0.0.1:8384 host\n```\n")
    assert any("Forward the port with:" in s and "ssh -L 9090" in s for s in found.shown("code"))


def test_wrapped_and_quoted_lines_are_joined_and_tags_are_left_out() -> None:
    found = read('# T\n\n> The provider owns all\n> feedback that is <span class="key">given</span>.\n')
    assert found.shown("sentence") == ["The provider owns all feedback that is given."]
    assert readable("Hello <username>, write to <a@b.org>.") == "Hello <username>, write to <a@b.org>."
    assert readable("see :ref:`the page <page-ref>` and ``x``", "rst") == "see the page and `x`"


def test_headings_rules_and_front_matter_answer_nothing() -> None:
    text = (
        "---\ntitle: Bread\ndate: 2021-03-21\n---\n\n# Bread\n\n## Dough\n\n---\n\nKnead the dough for ten minutes.\n"
    )
    shown = [unit.shown for unit in read(text).units]
    assert shown == ["Knead the dough for ten minutes."]


def test_a_short_section_does_not_end_with_what_leads_in_to_the_next_thing() -> None:
    found = read(
        "# Groups\n\n**staff**\n\nMay change local files.\n\n**users**\n\nWhat follows:\n\n## More\n\nNothing.\n"
    )
    assert not any(shown.endswith(("users", "What follows:")) for shown in found.shown("run"))
    assert any(shown.startswith("staff\nMay change") for shown in found.shown("run") + found.shown("paragraph"))


def test_lines_about_a_document_at_its_top_answer_nothing() -> None:
    found = read("Triggers\n========\n\nStatus: draft\nURL: https://example.org/x\n\nA trigger is an event.\n", "txt")
    assert not any("Status: draft" in unit.shown for unit in found.units)


def test_a_row_names_its_columns_wherever_its_table_was_cut() -> None:
    rows = "\n".join(f"city{i},{1000 + i},north" for i in range(200))
    hit = hit_of(f"name,people,side\n{rows}\n", "csv", first=1)
    later = [unit for unit in units_of(hit) if unit.form == "row"]
    assert ("name", "city199") in [pair for unit in later for pair in unit.row]
    assert not any(unit.shown == "name; people; side" for unit in later)


@pytest.mark.parametrize(
    ("suffix", "text", "expected"),
    [
        ("html", "<table><tr><td>Region</td><td>2022</td><td>2023</td></tr><tr><td>North</td><td>4</td><td>5</td></tr></table>",
         "Region: North; 2022: 4; 2023: 5"),
        ("html", "<table><tr><th>Rate 1</th><th>Rate 2</th></tr><tr><td>4</td><td>5</td></tr></table>", "Rate 1: 4; Rate 2: 5"),
        ("html", "<table><tr><th></th><th>Price</th></tr><tr><td>Pro</td><td>20</td></tr></table>", "Pro; Price: 20"),
        ("csv", "Region,Q1 2023,Q2 2023\nNorth,4,5\n", "Region: North; Q1 2023: 4; Q2 2023: 5"),
        ("csv", "1998,12\n1999,14\n", "1998; 12"),
    ],
)  # fmt: skip
def test_the_names_of_columns_are_told_from_a_first_row_of_data(suffix: str, text: str, expected: str) -> None:
    assert read(text, suffix).shown("row")[0] == expected


def test_a_row_of_a_sheet_keeps_its_columns_where_its_last_cells_are_empty() -> None:
    document = make_document(
        Path("a.xlsx"), "xlsx", "Option | Added | Removed\n--clobber | 7.1\n", [Block(0, 40, "table")]
    )
    assert [unit.shown for unit in units_of(hit_in(document))] == ["Option: --clobber; Added: 7.1"]


def test_indented_text_in_restructuredtext_is_no_code_unless_announced() -> None:
    found = read(
        "Title\n=====\n\nTo start, run::\n\n    tool --start now\n\n- one thing\n\n  with more to say about it\n", "rst"
    )
    assert any("tool --start now" in shown for shown in found.shown("code"))
    assert any("with more to say" in shown for shown in found.shown("item") + found.shown("list"))


@pytest.mark.parametrize("suffix", ["md", "rst", "txt"])
def test_every_unit_is_copied_from_its_places(suffix: str) -> None:
    text = (
        "Title\n=====\n\nSome words here. More of them:\n\n- one of these\n- two of these\n\nThe end of it is here.\n"
    )
    hit = hit_of(text, suffix)
    for unit in units_of(hit):
        place = text[unit.start : unit.end]
        words = unit.shown.replace("… (", " ").split()
        assert [word for word in words if word not in place] == []
        claim = claim_of(unit, [hit])
        assert claim.text in text


def test_items_are_found_by_their_marks() -> None:
    text = "- a\n  - b\n  - c\n- d\n"
    assert [text[s:e] for s, e in item_spans(text, 0, len(text))] == ["- a\n  - b\n  - c", "- d"]
    assert [text[s:e].strip() for s, e in nested_spans(text, 0, 15)] == ["- b", "- c"]
    assert item_spans("no list", 0, 7) == [(0, 7)]


def test_without_known_blocks_the_text_is_cut_at_empty_lines() -> None:
    text = "# Head\n\nWords.\n\n- item\n- other\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n```\ncode\n```\n"
    kinds = [part.kind for part in parts_of(text, 0, (), "markdown")]
    assert kinds == ["heading", "paragraph", "list", "table", "code"]
    known = parts_of(text, 10, (Extent(18, 24, "paragraph"),), "markdown")
    assert [text[part.start : part.end] for part in known] == ["Words."]


def test_rows_of_a_grid_table_are_read_across_their_lines() -> None:
    grid = (
        "Title\n=====\n\n+-------+----------+\n| Use   | Tool     |\n+=======+==========+\n| VPN   | OpenSSL, |\n| keys  | OpenVPN  |\n"
        "+-------+----------+\n| Mail  | PGP      |\n+-------+----------+\n"
    )
    for suffix in ("rst", "md", "txt"):
        assert read(grid, suffix).shown("row") == ["Use: VPN keys; Tool: OpenSSL, OpenVPN", "Use: Mail; Tool: PGP"]


@pytest.mark.parametrize(
    "text",
    [
        "# Passwords\n\n## What you must never do\n\n* share one with a colleague\n* write one down on paper\n",
        "# Passwords\n\n**Never do this**\n\nShare one with a colleague. Write one down on paper.\n",
        "# Passwords\n\nYou must never:\n\n* in the office:\n    * share one with a colleague\n    * write one down on paper\n",
    ],
)
def test_no_piece_of_what_is_forbidden_is_shown_without_saying_so(text: str) -> None:
    hit = hit_of(text)
    told = [claim_of(unit, [hit]) for unit in units_of(hit) if "colleague" in unit.shown or "paper" in unit.shown]
    assert told
    assert all("never" in claim.shown.lower() for claim in told)


@pytest.mark.parametrize("suffix", ["txt", "md"])
def test_a_short_line_by_itself_governs_what_follows_until_the_next_one(suffix: str) -> None:
    text = (
        "Allowed\n\nYou may share a calendar.\n\nNot OK\n\nPasswords are shared with a colleague.\n\n"
        "Notes lie on a desk.\n\n- doors are left open\n- a badge is lent\n\nContact\n\nWrite to the office.\n"
    )
    hit = hit_of(text, suffix)
    leads = {unit.shown: unit.lead for unit in units_of(hit) if unit.form in ("sentence", "item")}
    assert leads == {
        "You may share a calendar.": "Allowed",
        "Passwords are shared with a colleague.": "Not OK",
        "Notes lie on a desk.": "Not OK",
        "- doors are left open": "Not OK",
        "- a badge is lent": "Not OK",
        "Write to the office.": "Contact",
    }
    told = [claim_of(unit, [hit]).shown for unit in units_of(hit) if unit.shown == "- a badge is lent"]
    assert told == ["Not OK:\n- a badge is lent"]
    noted = read("Note\n\nIt is new this year.\n\nIt is blue and red.\n", suffix)
    assert [unit.lead for unit in noted.units if unit.form == "sentence"] == ["Note", ""]


def test_a_row_without_names_of_columns_is_read_by_its_cells() -> None:
    hit = hit_of("1998,12\n1999,14\n2000,15\n", "csv")
    row = next(unit for unit in units_of(hit) if unit.form == "row" and "1999" in unit.shown)
    sentence = Citer([hit]).add(claim_of(row, [hit]))
    assert sentence is not None
    assert sentence.read == "1999; 14"


@pytest.mark.parametrize(
    "contents",
    [
        "1 Scope ........ 3\n1.1 Terms ........ 4\n2 Fees ........ 9",
        "1. Scope . . . . . . 3\n2. Fees . . . . . . iv",
        "1 Scope . . . . . . | 3\n2 Fees . . . . | 4",
        "1 Scope 3\n1.1 Terms used here 4\n2 Fees and refunds 9",
        "- [Scope](#scope)\n- [Fees and refunds](#fees)",
    ],
)
def test_entries_of_a_table_of_contents_answer_nothing(contents: str) -> None:
    said = read(f"# Rules\n\n{contents}\n\n## Fees\n\nThe fee is twenty euros.\n")
    assert {unit.shown for unit in said.units} == {"The fee is twenty euros."}


@pytest.mark.parametrize(
    "said",
    [
        "- Berlin 2\n- Paris 4\n- Rome 1",
        "- [Travel](travel.md)\n- [Leave](leave.md)",
        "1. Basic plan 10\n2. Pro plan 20\n3. Team plan 30",
    ],
)
def test_lines_that_only_resemble_entries_are_read(said: str) -> None:
    assert read(f"# Rules\n\n{said}\n").units


def test_an_item_that_leads_in_to_code_is_read_with_it() -> None:
    page = "<ul><li>To find packages:<pre>apt-cache search word</pre></li><li>To see one:<pre>apt-cache show name</pre></li></ul>"
    shown = [unit.shown for unit in read(page, "html").units]
    assert "- To find packages:\napt-cache search word" in shown
    assert "- To find packages:" not in shown


def test_a_run_of_blocks_begins_with_what_leads_in_to_it() -> None:
    said = read(
        "# Update\n\nSome words about it.\n\nTo update, run:\n\n```\nrag update\n```\n\nThen answer what is asked.\n"
    )
    assert "To update, run:\n```\nrag update\n```\nThen answer what is asked." in said.shown("run")


@pytest.mark.parametrize(("between", "first"), [("", "Open"), ("\n\n## Later" + "\n\nMuch is said here." * 9, "Turn")])
def test_neighbours_are_shown_in_the_order_of_the_text_and_others_the_best_first(between: str, first: str) -> None:
    said = read(f"# Doors\n\nOpen it with care.{between}\n\nTurn the key at once.\n")
    one, other = (next(unit for unit in said.units if unit.shown.startswith(words)) for words in ("Open", "Turn"))
    scored = Scored((other, one), np.array([2.0, 1.9]), np.zeros((2, len(NAMES))), NAMES)
    chosen = choice_of(shipped(), scored, LONGEST)
    assert len(chosen.units) == 2
    assert chosen.units[0].shown.startswith(first)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("**Never** share it, see the [manual](docs/a.md) first.", "Never share it, see the manual (docs/a.md) first."),
        ("Read [the terms](#terms) at [https://a.example](https://a.example).", "Read the terms at https://a.example."),
        (
            "Pass `**a` and `**b`, or 2**3 and 4**5, to `__init__`.",
            "Pass `**a` and `**b`, or 2**3 and 4**5, to `__init__`.",
        ),
        ("> [!NOTE]\n> It is read at once.", "Note: It is read at once."),
        ("The plan ![of the house](a.png) has two floors.", "The plan of the house has two floors."),
    ],
)
def test_markdown_is_read_without_its_marks(written: str, said: str) -> None:
    assert read(f"# Title\n\n{written}\n").shown("sentence") == [said]


def test_cells_of_markdown_are_read_without_its_marks() -> None:
    said = read("| Option | Values |\n|---|---|\n| **mode** | `a` \\| `b` |\n")
    assert said.shown("row") == ["Option: mode; Values: `a` | `b`"]


def test_a_year_as_a_title_makes_no_entry_of_what_has_no_letters() -> None:
    hit = hit_of("# 2023\n\n## 2024\n\n| Quarter | Sales |\n|---|---|\n|  | 1,200 |\n\nThe fee is due.\n")
    found = chooser().scored("How many sales in 2024?", [hit]).units
    assert any("1,200" in unit.shown for unit in found)


def test_an_entry_that_names_the_section_of_a_hit_is_not_chosen() -> None:
    contents = hit_of("# Guide\n\nCan I sell it?\n\nHow is it made, and what does it cost to make one of them?\n")
    section = hit_of("# Can I sell it?\n\nGo ahead. You need no permission.\n\nCan I sell it\n")
    shown = [unit.shown for unit in chooser().scored("Can I sell it?", [contents, section]).units]
    assert "Go ahead. You need no permission." in shown
    assert "Can I sell it" not in shown
