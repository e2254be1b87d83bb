"""What was asked before, and parts of documents, as text, Markdown, HTML and JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from html import escape
from typing import TYPE_CHECKING, Protocol

from rich.text import Text

from ragcli.render.jsonout import span_fields
from ragcli.render.sanitize import one_line, sanitize
from ragcli.text.counting import counted

if TYPE_CHECKING:
    from ragcli.datatypes import DocumentRecord
    from ragcli.results import Passage
    from ragcli.schemas.library import GetDocument
    from ragcli.schemas.search import HistoryDocument

_MARKS = "\\`*_[]<>#|"


class Place(Protocol):
    """A citation of a kept answer, or a passage of a query."""

    @property
    def number(self) -> int: ...
    @property
    def path(self) -> str: ...
    @property
    def page(self) -> int | None: ...
    @property
    def line(self) -> int | None: ...
    @property
    def quote(self) -> str: ...


class Kept(Protocol):
    """A question of the history."""

    @property
    def number(self) -> int: ...
    @property
    def asked(self) -> str: ...
    @property
    def question(self) -> str: ...
    @property
    def index(self) -> str: ...
    @property
    def answered(self) -> bool | None: ...
    @property
    def text(self) -> str: ...
    @property
    def model(self) -> str: ...
    @property
    def shown(self) -> Sequence[Place]: ...


def history_lines(entries: Sequence[Kept]) -> Iterator[Text | str]:
    """Two lines a question: what was asked when, and the beginning of the answer."""
    width = max((len(str(entry.number)) for entry in entries), default=1)
    for entry in entries:
        yield Text.assemble(
            (f"{entry.number:>{width}}  ", "bold"),
            (entry.asked[:16].replace("T", " ") + "  ", "dim"),
            one_line(entry.question),
        )
        yield Text(f"{'':{width}}  {_outcome(entry)}", style="dim")
    if not entries:
        yield "Nothing of this was asked yet."


def _outcome(entry: Kept) -> str:
    if entry.answered is None:
        return counted(len(entry.shown), "passage")
    if not entry.answered:
        return f"not answered; closest: {_short(entry.text)}" if entry.text else "not in the documents"
    return _short(entry.text)


def _short(text: str) -> str:
    flat = one_line(" ".join(text.split()))
    return flat if len(flat) <= 160 else flat[:159].rsplit(" ", 1)[0] + " …"


def cleared_line(count: int) -> str:
    """That the history is gone."""
    return f"forgot {counted(count, 'question')}"


def history_json(entries: Sequence[Kept]) -> HistoryDocument:
    """The same as `rag history --json` prints it."""
    return {
        "schema": "rag.history/1",
        "questions": [
            {
                "number": entry.number,
                "asked": entry.asked,
                "question": entry.question,
                "index": entry.index,
                "answered": entry.answered,
                "text": entry.text,
                "places": [
                    {"number": p.number, "path": p.path, "page": p.page, "line": p.line, "quote": p.quote}
                    for p in entry.shown
                ],
            }
            for entry in entries
        ],
    }


def place_of(place: Place) -> str:
    """`path:line`, or the path and its page."""
    if place.page is not None:
        return f"{place.path}, page {place.page}"
    return f"{place.path}:{place.line}" if place.line is not None else place.path


def markdown_lines(entry: Kept) -> Iterator[Text]:
    """A kept answer with its citations as Markdown, in which nothing of a document is markup."""
    yield Text(f"# {_plain(entry.question)}")
    yield Text()
    for line in _answer(entry).split("\n"):
        yield Text(_plain(line, marks=False))
    yield Text()
    for place in entry.shown:
        yield Text(f"{place.number}. {_plain(place_of(place))}")
        yield from (Text(f"   > {_plain(line)}") for line in place.quote.strip().split("\n"))
        yield Text()
    yield Text(f"_{_plain(_source(entry))}_")


def _answer(entry: Kept) -> str:
    if entry.answered is None:
        return "The passages that fit best:"
    if entry.answered:
        return entry.text
    if entry.text:
        return f"The documents do not clearly answer this. The closest passage says:\n\n{entry.text}"
    return "Not in the documents."


def _source(entry: Kept) -> str:
    who = f", answered by {entry.model}" if entry.model else ""
    return f"Asked on {entry.asked[:16].replace('T', ' ')} of {entry.index}{who}"


def _plain(text: str, *, marks: bool = True) -> str:
    """Sanitised, with what Markdown would read as markup escaped; without `marks`, brackets stay, as around numbers."""
    special = _MARKS if marks else _MARKS.replace("[", "").replace("]", "")
    indent = len(text) - len(text.lstrip(" "))
    return " " * indent + "".join(f"\\{c}" if c in special else c for c in one_line(text.strip()))


_STYLE = """:root { color-scheme: light dark; } body { font: 16px/1.5 system-ui, sans-serif; max-width: 44rem;
margin: 2rem auto; padding: 0 1rem; overflow-wrap: anywhere; } h1 { font-size: 1.4rem; } .answer { white-space: pre-wrap; }
blockquote { margin: .3rem 0 1rem; padding-left: .8rem; border-left: 3px solid #8aa; white-space: pre-wrap; }
footer { color: #778; font-size: .85rem; }"""


def html_page(entry: Kept) -> str:
    """A kept answer with its citations as a page of its own, without scripts, links and pictures."""
    places = "\n".join(
        f'<li value="{place.number}"><strong>{_escaped(place_of(place))}</strong>'
        f"<blockquote>{_escaped(place.quote.strip(), lines=True)}</blockquote></li>"
        for place in entry.shown
    )
    return (
        f'<!doctype html>\n<html><head><meta charset="utf-8"><title>{_escaped(entry.question)}</title>\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{_STYLE}</style></head><body>\n'
        f'<h1>{_escaped(entry.question)}</h1>\n<p class="answer">{_escaped(_answer(entry), lines=True)}</p>\n'
        f"<ol>\n{places}\n</ol>\n<footer>{_escaped(_source(entry))}</footer>\n</body></html>\n"
    )


def _escaped(text: str, *, lines: bool = False) -> str:
    return escape(sanitize(text) if lines else one_line(text))


def passage_lines(passage: Passage) -> Iterator[Text]:
    """The text alone, line by line, so that it can be piped."""
    yield from (Text(line) for line in sanitize(passage.text).rstrip("\n").split("\n"))


def passage_json(passage: Passage, shown: Callable[[DocumentRecord], str]) -> GetDocument:
    """The same as `rag get --json` prints it."""
    document = passage.document
    return {
        "schema": "rag.get/1",
        "path": shown(document),
        "title": document.title,
        "type": document.type,
        **span_fields(passage.span),
        "headings": list(passage.headings),
        "text": passage.text,
    }
