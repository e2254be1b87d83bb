"""An answer that announces a list or code is shown with it."""

from __future__ import annotations

import pytest

from ragcli.generation.announced import completed
from ragcli.generation.units import LONGEST, Unit, units_of
from tests.helpers.answers import hit_in, loaded


def unit(text: str, beginning: str, suffix: str = "md") -> Unit:
    """The shortest sentence or paragraph of a document that begins so."""
    found = [
        u
        for u in units_of(hit_in(loaded(text, suffix)))
        if u.shown.startswith(beginning) and u.form in ("sentence", "paragraph")
    ]
    return min(found, key=lambda u: len(u.shown))


PLACES = "# Files\n\nIt is looked for in the following places, in this order. The first one is used.\n\n* /etc/a.conf\n* ~/a.conf\n"


def test_a_list_that_a_sentence_further_above_announces_is_shown() -> None:
    paragraph = unit(PLACES, "It is looked for in the following places")
    answer = completed(paragraph)
    assert answer.shown == "It is looked for in the following places, in this order.\n* /etc/a.conf\n* ~/a.conf"
    assert PLACES[slice(*answer.spans[-1])] == "* /etc/a.conf\n* ~/a.conf"
    assert answer.form == "run"


def test_code_below_a_directive_is_shown_whole() -> None:
    text = "Programs\n========\n\nA program is set up by a section. An example is as below.\n\n.. code-block:: ini\n\n   [program:a]\n   command=a\n"
    assert "command=a" in completed(unit(text, "An example is as below", "rst")).shown


@pytest.mark.parametrize(
    "text",
    [
        "# A\n\nThe following is known. One. Two. Three sentences stand between.\n\n* one\n* two\n",
        "# A\n\nThe following is known. It is cold.\n\n# B\n\n* one\n* two\n",
        "# A\n\nIt is known to be cold. It is.\n\n* one\n* two\n",
        "# A\n\nThe following is known. It is cold.\n\nIt snows in winter, which is no list.\n",
        "# A\n\nThe temperature is below the mean of ten years. It is cold.\n\n* one\n* two\n",
    ],
)
def test_what_is_announced_elsewhere_or_not_at_all_changes_nothing(text: str) -> None:
    paragraph = unit(text, text[5:20])
    assert completed(paragraph) is paragraph


def test_as_many_items_are_shown_as_an_answer_has_room_for() -> None:
    items = "".join(f"* item number {n} of a list that is far too long to be shown whole\n" for n in range(30))
    answer = completed(unit(f"# A\n\nThe following things count. All are needed.\n\n{items}", "The following"))
    assert len(answer.shown) <= LONGEST + len("\n… (30 more)")
    assert answer.shown.endswith(" more)")


def test_code_that_is_longer_than_an_answer_is_left_out() -> None:
    code = "".join(f"    line {n} of code that is far too long\n" for n in range(40))
    paragraph = unit(f"# A\n\nThe following is run. It takes a while.\n\n```\n{code}```\n", "The following")
    assert completed(paragraph) is paragraph
