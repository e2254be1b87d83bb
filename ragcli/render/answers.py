"""Answers → styled lines, and an answer shown while it is written."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from textwrap import dedent

from rich.console import Console
from rich.live import Live
from rich.text import Text

from ragcli.datatypes import DocumentRecord
from ragcli.drafts import Usage
from ragcli.generation.drafting import Watcher
from ragcli.render.inline import inline
from ragcli.render.sanitize import one_line, sanitize
from ragcli.results import Answer, Citation, Closest, Dispute, Hit, QueryResult, Sentence
from ragcli.text.dating import date_of

_STOPPED = {
    "length": "cut at its longest length",
    "time": "stopped at its time limit",
    "interrupted": "interrupted",
    "error": "broken off by an error",
    "refused": "the model found no answer in the sources",
    "repeated": "stopped because the model repeated itself",
}
PlaceOf = Callable[[Hit], Text]


def sentence_text(sentence: Sentence, citations: Sequence[Citation], *, styled: bool) -> Text:
    """The sentence with its markers; one that nothing supports says so."""
    if sentence.code:
        text = Text(sanitize(dedent(sentence.text)))
    else:
        text = Text("\n").join(_read_line(line, styled=styled) for line in sentence.read.split("\n"))
    if sentence.field is not None:
        text = Text.assemble(
            (f"{one_line(sentence.field)}: ", "bold"), text if sentence.text else _unsaid(sentence.value)
        )
    wrong = bool(sentence.text) and all(citations[m - 1].status == "unsupported" for m in sentence.markers)
    for marker in sentence.markers:
        text.append(f" [{marker}]", style="bold red" if wrong else "bold cyan")
    if wrong:
        text.append(" (not supported)", style="red")
    return text


def _read_line(line: str, *, styled: bool) -> Text:
    """A line of a sentence or list, with its indentation."""
    return Text(" " * (len(line) - len(line.lstrip(" ")))).append_text(inline(line.strip(), styled=styled))


def _unsaid(value: object) -> str:
    """A value that no source says in words: yes, no, or nothing."""
    return "-" if value is None else json.dumps(value)


def answer_blocks(answer: Answer, *, styled: bool) -> Iterator[Text]:
    """The answer's paragraphs and items."""
    block = Text()
    for sentence in answer.sentences:
        if ("\n" in sentence.lead or "\n" in sentence.text) and block:
            yield block
            block = Text()
        block.append(" " if block else "").append_text(sentence_text(sentence, answer.citations, styled=styled))
    if block:
        yield block


def status_text(citation: Citation) -> Text:
    """How the sentence stands in the source, where that is not word for word."""
    text = Text()
    if citation.status == "paraphrase":
        judged = citation.judgement
        model = f"; entailed {judged.entailment:.2f} by {one_line(judged.model)}" if judged and judged.decided else ""
        text.append(f"  (paraphrase {citation.score:.2f}{model})", style="yellow")
    elif citation.status in ("misattributed", "unsupported"):
        reason = f": {one_line('; '.join(citation.problems))}" if citation.problems else ""
        text.append(f"  ({citation.status}{reason})", style="red")
    elif citation.status != "exact":
        text.append(f"  ({citation.status})", style="yellow")
    if citation.flags:
        text.append(f"  beware: the source holds {', '.join(citation.flags)}", style="bold yellow")
    return text


def dispute_lines(dispute: Dispute, place: Text, citations: Sequence[Citation]) -> Iterator[Text]:
    """A sentence that speaks against a citation, where it stands and of when both are; only the numbers of two that are cited
    both."""
    own, its = _of(citations[dispute.marker - 1].document), _of(dispute.document)
    if dispute.other is not None:
        pair = f"[{dispute.marker}]{own} and [{dispute.other}]{its}"
        yield Text(f"{pair} contradict each other.", style="bold yellow")
        return
    verb = "takes the place of" if dispute.older else "is contradicted by"
    yield Text(f"[{dispute.marker}]{own} {verb} ", style="bold yellow").append_text(place).append(its, style="yellow")
    yield Text(f"    {one_line(dispute.quote)}")


def _of(document: DocumentRecord) -> str:
    dated = date_of(document)
    return f" (of {dated.date.shown})" if dated else ""


def closest_lines(closest: Closest, place: Text, *, styled: bool) -> Iterator[Text]:
    """What comes closest to an answer, labelled as what it is, and where it stands."""
    yield Text("The documents do not clearly answer this. The closest passage says:", style="bold")
    yield Text()
    yield from sentence_text(closest.sentence, [closest.citation], styled=styled).split("\n")
    yield Text()
    yield Text(f"[{closest.citation.marker}] ", style="bold cyan").append_text(place)


def footer(answer: Answer) -> Text:
    """Confidence, who wrote, how long it took."""
    parts = [
        f"confidence {answer.confidence:.2f}",
        _writer(answer),
    ]
    if answer.usage:
        parts.append(usage_text(answer.usage))
    if answer.stopped != "end":
        parts.append(_STOPPED[answer.stopped])
    if answer.dropped:
        parts.append(f"{answer.dropped} unsupported sentence{'s' if answer.dropped > 1 else ''} left out")
    return Text(" · ".join(parts), style="dim")


def _writer(answer: Answer) -> str:
    if answer.mode == "fallback":
        return f"extractive in place of {one_line(answer.model)}"
    return answer.mode if answer.mode == "extractive" else one_line(answer.model)


def usage_text(usage: Usage) -> str:
    """`812 + 64 tokens (640 reused), first after 1.2 s, 8.1 tokens/s, 0.0004 paid`."""
    told = f"{usage.prompt_tokens:,} + {usage.answer_tokens:,} tokens"
    if usage.reused_tokens:
        told += f" ({usage.reused_tokens:,} reused)"
    writing = (usage.total_ms - usage.first_token_ms) / 1000
    if usage.first_token_ms:
        told += f", first after {usage.first_token_ms / 1000:.1f} s"
    if usage.answer_tokens > 1 and writing > 0.05:
        told += f", {(usage.answer_tokens - 1) / writing:.1f} tokens/s"
    return told + (f", cost {usage.cost:.4f}" if usage.cost is not None else "")


class AnswerStream(Watcher):
    """Shows the ranked evidence, then each sentence as soon as it is verified; on a terminal also what is being written.

    Only what a language model writes is shown so; `shown` says afterwards whether anything was.
    """

    def __init__(self, console: Console, place: PlaceOf) -> None:
        self._console = console
        self._place = place
        self._live: Live | None = None
        self._block = Text()
        self.shown = False

    def evidence(self, result: QueryResult, confidence: float, *, writing: bool) -> None:
        if not writing:
            return
        if self._console.is_terminal:
            for hit in result.hits:
                self._console.print(Text(f"{hit.rank:>2}  ", style="dim").append_text(self._place(hit)))
            self._console.print()
            self._live = Live(console=self._console, refresh_per_second=12, transient=True)
            self._live.start()

    def tail(self, text: str) -> None:
        if self._live is not None:
            self._live.update(self._with_tail(text))

    def sentence(self, sentence: Sentence, citations: Sequence[Citation]) -> None:
        starts_block = "\n" in sentence.lead and bool(self._block)
        text = sentence_text(sentence, citations, styled=self._live is not None)
        if self._live is None:
            lead = ("\n" if starts_block else " ") if self.shown else ""
            self._console.print(Text(lead).append_text(text), end="", soft_wrap=True)
            self._console.file.flush()
            self._block = text
        elif starts_block:
            self._console.print(self._block)
            self._block = text
        else:
            self._block.append(" " if self._block else "").append_text(text)
        self.shown = True
        if self._live is not None:
            self._live.update(self._block)

    def discarded(self, reason: str) -> None:
        """On a terminal the sentences vanish; what went to a file or a pipe already is called back in a line."""
        if self._live is not None:
            self._live.update(Text())
        elif self.shown:
            self._console.print(Text(f"\n({one_line(reason)}; sentences of the documents instead)\n"), soft_wrap=True)
        self._block = Text()
        self.shown = False

    def close(self) -> None:
        """End the display; what is verified stays on the screen."""
        if self._live is not None:
            self._live.stop()
            self._live = None
            if self._block:
                self._console.print(self._block)
        elif self.shown:
            self._console.print()

    def _with_tail(self, text: str) -> Text:
        joined = self._block.copy()
        return joined.append(" " if joined else "").append(one_line(text), style="dim")
