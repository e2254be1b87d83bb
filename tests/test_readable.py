"""Text as it is read: marks of emphasis, and notes that documents set apart from the text around them."""

from __future__ import annotations

from pathlib import Path

import pytest

from ragcli.generation.units import units_of
from ragcli.loaders.formats import detect
from ragcli.text.readable import readable
from tests.helpers.answers import hit_in, loaded


def shown(text: str, suffix: str, form: str) -> list[str]:
    return [unit.shown for unit in units_of(hit_in(loaded(text, suffix))) if unit.form == form]


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("_Black_ leaves *blank lines* alone.", "Black leaves blank lines alone."),
        ("Use __at least two__ of **all three** (_never four_).", "Use at least two of all three (never four)."),
        ("***Changed:*** the **`path` option** is new.", "Changed: the `path` option is new."),
        (
            "See the [guide](../guide.md#set) and the [form](../form.docx).",
            "See the guide and the form (../form.docx).",
        ),
        ('![Setup](a.png){ loading=lazy role="img" } comes first.', "Setup comes first."),
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
        (".. admonition:: Mind this\n   :class: note\n\n   It burns.", "rst", "Mind this: It burns."),
        (".. versionadded:: 2.1\n   The option.", "rst", "New in version 2.1: The option."),
        (".. deprecated:: 3.0 Use b.", "rst", "Deprecated since version 3.0: Use b."),
        (".. versionchanged:: 2.1", "rst", "Changed in version 2.1"),
        (".. admonition:: Mind this\n\n   It burns.", "rst", "Mind this: It burns."),
        ('!!! note "Mind this"\n    It burns.', "markdown", "Mind this: It burns."),
        ("!!! warning\n    It burns.", "markdown", "Warning: It burns."),
        ("??? example\n    It burns.", "markdown", "Example: It burns."),
        ('!!! tip inline end ""\n    It burns.', "markdown", "It burns."),
        ("!!! never do this again", "markdown", "!!! never do this again"),
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


def test_code_that_the_text_of_a_note_announces_is_code() -> None:
    text = "Keys\n====\n\nKeys are kept.\n\n.. note:: They are made by hand::\n\n      key make\n\n      key keep the new one of them\n"
    assert shown(text, "rst", "code") == ["Note: They are made by hand:\nkey make\n\nkey keep the new one of them"]


def test_code_that_reads_as_prose_is_code_below_its_directive_also_in_the_text_of_another() -> None:
    text = (
        "Keys\n====\n\n.. confval:: keys\n\n   **Format**\n\n   Set the number of keys:\n\n   .. code-block:: python\n\n"
        "      keys = 3\n\n   Then start it again.\n\n.. code-block:: sh\n\n   stop now or later\n   start now\n"
    )
    assert shown(text, "rst", "code") == ["Set the number of keys:\nkeys = 3", "stop now or later\nstart now"]
    assert "Then start it again." in shown(text, "rst", "sentence")


def test_the_text_below_a_directive_that_has_no_argument_is_prose() -> None:
    text = "Words\n=====\n\n.. glossary::\n\n   Every key is a word of the desk.\n"
    assert shown(text, "rst", "sentence") == ["Every key is a word of the desk."]


def test_a_fenced_note_of_markdown_is_prose_with_its_list() -> None:
    text = "# Keys\n\nKeys last a year.\n\n```{warning}\n:class: strong\nA lost key is gone.\n\n- Tell the desk.\n- Ask for another.\n```\n"
    assert "A lost key is gone." in shown(text, "md", "sentence")
    assert "- Tell the desk.\n- Ask for another." in shown(text, "md", "list")
    assert not shown(text, "md", "code")


def test_items_whose_number_is_counted_by_the_reader_are_shown_with_a_dash() -> None:
    assert "- Stop it.\n- Start it." in shown("Steps\n=====\n\n#. Stop it.\n#. Start it.\n", "rst", "list")


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("A *Borg archive* is **one** backup (``borg create``).", "A Borg archive is one backup (`borg create`)."),
        ("Use :class:`~scrapy.http.Request` or :meth:`!close`.", "Use Request or close."),
        ("Install `Anaconda`_, Miniconda_ or `uv <https://x.org>`__.", "Install Anaconda, Miniconda or uv."),
        ("See the ``#part``\\ s of a page.", "See the `#part`s of a page."),
        ("Run it with the command::", "Run it with the command:"),
        (":param str item: the item\n:raises KeyError: without it", "item: the item raises KeyError: without it"),
        (".. method:: close(reason)\n   :async:\n   Is called at the end.", "close(reason): Is called at the end."),
        ("``__init__`` and *args, **kwargs and 2.0.0b4_x", "`__init__` and *args, **kwargs and 2.0.0b4_x"),
    ],
)
def test_marks_of_restructuredtext_are_not_read(text: str, read: str) -> None:
    assert readable(text, "rst") == read


def test_directives_targets_and_comments_of_restructuredtext_are_no_answer() -> None:
    text = (
        "Limits\n======\n\n.. module:: limits\n   :synopsis: Limits of requests\n\n.. This part is\n   not finished.\n\n"
        ".. raw:: html\n\n   <script>var open = 1;</script>\n\nAt most ten requests are sent at once. See the `guide`_.\n\n"
        ".. _guide: https://example.org/guide\n.. _desk: https://example.org/desk\n"
    )
    units = units_of(hit_in(loaded(text, "rst")))
    assert {unit.shown for unit in units} == {
        "At most ten requests are sent at once.",
        "See the guide.",
        "At most ten requests are sent at once. See the guide.",
    }


def test_a_paragraph_below_the_list_inside_an_item_has_its_own_line() -> None:
    text = "Set\n===\n\n* It obeys:\n\n  * ``a_proxy``\n  * ``b_proxy``\n\n  Both may be\n  empty.\n\n* It logs.\n"
    assert "* It obeys:\n  * `a_proxy`\n  * `b_proxy`\n  Both may be empty.\n* It logs." in shown(text, "rst", "list")


@pytest.mark.parametrize(("name", "type_"), [("usage.rst.inc", "rst"), ("a.md.in", "markdown"), ("a.inc", "text")])
def test_a_part_or_a_template_of_a_file_is_read_as_its_name_says_before_that(name: str, type_: str) -> None:
    assert detect(b"Usage\n=====\n\nIt is used.\n", Path(name)) == type_


TABS = """# Install

=== "Windows"

    === "Installer"
        1. Fetch the file:

            - for 64 bits

        2. Run it.

    === "Command line"

        ```sh
        get tool

        tool --version
        ```

!!! note
    Reports are made. Leave them out:

    ```
    .report*
    ```

Then begin the work.
"""


def test_tabs_and_notes_of_markdown_hold_lists_code_and_prose() -> None:
    assert "Installer:\n1. Fetch the file:\n  - for 64 bits\n2. Run it." in shown(TABS, "md", "list")
    code = shown(TABS, "md", "code")
    assert "Command line:\n```sh\nget tool\n\ntool --version\n```" in code
    assert "Leave them out:\n```\n.report*\n```" in code
    assert {"Note: Reports are made.", "Then begin the work."} <= set(shown(TABS, "md", "sentence"))


def test_indented_code_is_one_piece_beyond_empty_lines_and_keeps_its_indentation() -> None:
    text = "Run\n===\n\nWrite this::\n\n    class A:\n\n        def f(self):\n            pass\n\nIt runs.\n"
    assert shown(text, "rst", "code") == ["Write this:\nclass A:\n\n    def f(self):\n        pass"]
