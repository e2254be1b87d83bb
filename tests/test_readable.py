"""Text as it is read: marks of emphasis, and notes that documents set apart from the text around them."""

from __future__ import annotations

from pathlib import Path

import pytest

from ragcli.generation.units import units_of
from ragcli.loaders.markdown import MarkdownLoader
from ragcli.loaders.markup import RstLoader
from ragcli.text.readable import readable
from tests.helpers.answers import hit_in

LOADERS: dict[str, MarkdownLoader | RstLoader] = {"md": MarkdownLoader(), "rst": RstLoader()}


def shown(text: str, suffix: str, form: str) -> list[str]:
    document = LOADERS[suffix].load(text.encode(), Path(f"d.{suffix}"))
    return [unit.shown for unit in units_of(hit_in(document)) if unit.form == form]


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("_Black_ leaves *blank lines* alone.", "Black leaves blank lines alone."),
        ("Use __at least two__ of **all three** (_never four_).", "Use at least two of all three (never four)."),
        ("Quoted: *“so it is.”* and _why?_", "Quoted: “so it is.” and why?"),
    ],
)
def test_marks_of_emphasis_are_not_read_in_markdown(text: str, read: str) -> None:
    assert readable(text, "markdown") == read


@pytest.mark.parametrize(
    "text",
    [
        "__init__.py calls __main__ and snake_case_name.",
        "`_private_` and `*args*` are code.",
        "Globs such as *.py,*.md and src/*/x stay.",
        "f(*args, **kwargs) is 2 * 3 * 4.",
        "https://example.org/_static_/a_b_c",
    ],
)
def test_names_and_code_with_such_marks_stay_as_they_are(text: str) -> None:
    assert readable(text, "markdown") == text


@pytest.mark.parametrize(
    ("text", "type_", "read"),
    [
        (".. note:: Use it\n   twice.", "rst", "Note: Use it twice."),
        (".. versionadded:: 2.1\n   The option.", "rst", "New in version 2.1: The option."),
        (".. deprecated:: 3.0 Use b.", "rst", "Deprecated since version 3.0: Use b."),
        (".. versionchanged:: 2.1", "rst", "Changed in version 2.1"),
        (".. admonition:: Mind this\n\n   It burns.", "rst", "Mind this: It burns."),
        ('!!! note "Mind this"\n    It burns.', "markdown", "Mind this: It burns."),
        ("!!! warning\n    It burns.", "markdown", "Warning: It burns."),
        (":::tip[Mind this]\nIt burns.\n:::", "markdown", "Mind this: It burns."),
        (":::{seealso}\nThe page.\n:::", "markdown", "See also: The page."),
    ],
)
def test_the_line_that_opens_a_note_is_read_as_words(text: str, type_: str, read: str) -> None:
    assert readable(text, type_) == read


def test_a_note_of_restructuredtext_is_prose_and_its_code_is_code() -> None:
    text = (
        "Keys\n====\n\nKeys are kept for a year.\n\n.. warning:: A lost key is not\n   made again.\n\n"
        ".. note::\n\n   Old keys open nothing. They are kept for the record.\n\n.. code-block:: sh\n\n   key make --new\n"
    )
    sentences = shown(text, "rst", "sentence")
    assert {"Warning: A lost key is not made again.", "Old keys open nothing."} <= set(sentences)
    assert shown(text, "rst", "code") == ["key make --new"]


def test_a_fenced_note_of_markdown_is_prose_with_its_list() -> None:
    text = "# Keys\n\nKeys last a year.\n\n```{warning}\n:class: strong\nA lost key is gone.\n\n- Tell the desk.\n- Ask for another.\n```\n"
    assert "A lost key is gone." in shown(text, "md", "sentence")
    assert "- Tell the desk.\n- Ask for another." in shown(text, "md", "list")
    assert not shown(text, "md", "code")


def test_items_whose_number_is_counted_by_the_reader_are_shown_with_a_dash() -> None:
    assert "- Stop it.\n- Start it." in shown("Steps\n=====\n\n#. Stop it.\n#. Start it.\n", "rst", "list")
