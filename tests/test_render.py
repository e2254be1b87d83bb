"""Nothing untrusted reaches a terminal as it is, and what is shown is the right part."""

from __future__ import annotations

import io
import random
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragcli.datatypes import DocumentRecord, Span
from ragcli.errors import RagError
from ragcli.render.excerpt import best_window, matches
from ragcli.render.sanitize import one_line, sanitize
from ragcli.render.terminal import TerminalRenderer
from ragcli.reports import EngineState
from ragcli.results import Answer, Citation, Hit, Passage, QueryResult, Sentence
from ragcli.scores import ScoreTrace

PAYLOADS = [
    "\x1b]52;c;ZXZpbA==\x07", "\x1b]0;title\x07", "\x1b]8;;http://x\x1b\\link", "\x1b[2J\x1b[1;1H", "\x1b[6n", "\x1bc", "\x9b31m",
    "\x90q\x9c", "\r overwritten", "\b\b\b", "\u202eabc\u202c", "\u2066x\u2069", "\U000e0041\U000e0042", "\u200b", "\x00", "[bold]x[/]",
    "[/nothing]", "\ud800", "\x1b", "\x9d52;c;x\x9c",
]  # fmt: skip


def dangerous(text: str) -> list[str]:
    return [
        c for c in text if c not in "\n\t" and unicodedata.category(c) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
    ]


@pytest.mark.parametrize("payload", PAYLOADS)
def test_every_payload_is_defused(payload: str) -> None:
    assert dangerous(sanitize(f"before {payload} after")) == []
    assert "\n" not in one_line(f"a\n{payload}\nb")


@given(st.text())
def test_sanitising_leaves_nothing_dangerous_and_ordinary_text_alone(text: str) -> None:
    assert dangerous(sanitize(text)) == []
    if not dangerous(text):
        assert sanitize(text) == text


def hostile_hit(payload: str) -> Hit:
    record = DocumentRecord("d", f"p{payload}.md", "", "markdown", payload, 1, True)
    text = f"annual {payload} leave"
    passage = Passage(record, ("c",), text, Span(0, len(text), None, None, 1, 1), (payload,))
    return Hit(passage, 1.0, 1, ScoreTrace("convex", (), 1.0))


def everything_printed(payload: str, *, terminal: bool, monkeypatch: pytest.MonkeyPatch) -> str:
    stream = io.StringIO()
    monkeypatch.setattr(stream, "isatty", lambda: terminal, raising=False)
    renderer = TerminalRenderer(stream)
    hit = hostile_hit(payload)
    renderer.query(QueryResult("annual leave", "hybrid", (hit,)), explain=True)
    record = hit.passage.document
    citation = Citation(1, 1, record, Span(0, 6, None, None, 1, 1), (payload,), "annual", "exact")
    for answered in (True, False):
        renderer.answer(
            Answer("q", answered, (Sentence(payload, (1,)),), (citation,), (hit,), 0.5, "extractive", payload)
        )
    renderer.error(RagError(payload, hint=payload))
    renderer.note(payload)
    renderer.check([payload], EngineState(payload, payload, "missing"))
    renderer.settings([(payload, payload, payload)])
    return stream.getvalue()


def test_a_thousand_random_payloads_through_every_printing_path(monkeypatch: pytest.MonkeyPatch) -> None:
    chance = random.Random(9)
    for _ in range(1000):
        payload = "".join(chance.choice(PAYLOADS) for _ in range(3))
        assert dangerous(everything_printed(payload, terminal=False, monkeypatch=monkeypatch)) == []


def test_on_a_terminal_only_colours_are_written(monkeypatch: pytest.MonkeyPatch) -> None:
    import re

    monkeypatch.setenv("TERM", "xterm-256color")
    for payload in PAYLOADS:
        shown = everything_printed(payload, terminal=True, monkeypatch=monkeypatch)
        assert dangerous(re.sub(r"\x1b\[[\d;]*m", "", shown)) == []


def test_no_color_is_honoured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[3" not in everything_printed("x", terminal=True, monkeypatch=monkeypatch)


def test_the_window_shows_the_sentences_with_the_question_s_words() -> None:
    text = "Nothing to see here at all. " * 20 + "Annual leave is 28 days. " + "More of the same again. " * 20
    start, end = best_window(text, "annual leave", 80, "en")
    assert "Annual leave is 28 days." in text[start:end]
    assert end - start <= 80


def test_words_are_marked_by_their_stem() -> None:
    text = "Employees leaving early"
    assert [text[a:b] for a, b in matches(text, "employee leaves", "en")] == ["Employees", "leaving"]
