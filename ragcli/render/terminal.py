"""Reports → text for people. Colour, wrapping and links on a terminal; plain unwrapped lines in a pipe."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, TextIO

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from ragcli.datatypes import DocumentRecord
from ragcli.render import library
from ragcli.render.excerpt import best_window, matches
from ragcli.render.passages import EXCERPT, context, marked, place_text, trace_lines
from ragcli.render.sanitize import one_line, sanitize

if TYPE_CHECKING:
    from ragcli.datatypes import Chunk, Document, Span
    from ragcli.errors import RagError
    from ragcli.measurements import Diagnosis, EvalReport, Problem
    from ragcli.prompts import Prompt
    from ragcli.render.answers import AnswerStream
    from ragcli.reports import EngineState, IndexStats, IngestReport, Listed, Planned
    from ragcli.results import Answer, Citation, Hit, QueryResult

Shown = Callable[[DocumentRecord], str]
_INDENT = (0, 0, 0, 4)
_REPEATED = 200  # characters of a copied quotation that is not shown again below its citation


class _Console(Console):
    """A console whose reader may leave: that is told to the caller, who ends the process."""

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError from None


class TerminalRenderer:
    """Writes to one stream; nothing else in the program prints results."""

    def __init__(
        self,
        stream: TextIO,
        shown: Shown = lambda document: document.path,
        address: Callable[[DocumentRecord, Span], str] = lambda document, span: "",
    ) -> None:
        self._console = _Console(file=stream, highlight=False, markup=False, emoji=False)
        self._wrap = self._console.is_terminal
        self._shown = shown
        self._address = address

    def _line(self, text: Text | str = "", *, indent: bool = False) -> None:
        body = Text(text) if isinstance(text, str) else text
        if self._wrap:
            self._console.print(Padding(body, _INDENT) if indent else body)
        else:
            prefix = Text("    ") if indent else Text()
            lines = body.split("\n")
            self._console.print(Text("\n").join(prefix + line for line in lines), soft_wrap=True)

    def query(self, result: QueryResult, *, explain: bool) -> None:
        """Hits, best first, each with its place and an excerpt."""
        if not result.hits:
            self._line("Nothing found.")
        for hit in result.hits:
            if hit is not result.hits[0]:
                self._line()
            self._hit(hit, result.asked, explain=explain)
        if explain and result.trace.stages:
            self._line()
            self._line(Text(str(result.trace), style="dim"))

    def _hit(self, hit: Hit, question: str, *, explain: bool) -> None:
        head = Text(f"{hit.rank:>2}  ", style="bold")
        head.append_text(self._place(hit.passage.document, hit.passage.span, hit.passage.headings))
        head.append(f"  {hit.score:.3f}", style="dim")
        self._line(head)
        self._line(self._excerpt(hit, question), indent=True)
        if hit.also_at:
            others = ", ".join(dict.fromkeys(one_line(self._shown(place.document)) for place in hit.also_at))
            self._line(
                Text(
                    f"{len(hit.also_at)} more that say{'s' * (len(hit.also_at) == 1)} nearly the same: {others}",
                    style="dim",
                ),
                indent=True,
            )
        if explain:
            for text in trace_lines(hit.trace):
                self._line(Text(text, style="dim"), indent=True)

    def _place(self, document: DocumentRecord, span: Span, headings: Sequence[str]) -> Text:
        """`path:line`, or the path and a page, then the collection and the section path."""
        address = self._address(document, span) if self._wrap else ""
        return place_text(one_line(self._shown(document)), address, span, headings, document.collection)

    def _excerpt(self, hit: Hit, question: str) -> Text:
        passage, language = hit.passage.text, hit.passage.document.language
        start, end = best_window(passage, question, EXCERPT, language)
        found = matches(passage[start:end], question, language)
        return marked(passage, start, end, found, code=hit.passage.document.type == "code")

    def answer(self, answer: Answer, *, streamed: bool = False) -> None:
        """The answer with its markers (unless it was shown already), what contradicts it, then the evidence; or that there is
        none, then the nearest passages."""
        from ragcli.render.answers import answer_blocks, dispute_lines, footer

        if not answer.answered:
            self._unanswered(answer, streamed=streamed)
            return
        if not streamed:
            for block in answer_blocks(answer, styled=self._wrap):
                self._line(block)
        for dispute in answer.disputes:
            if dispute.other is not None and dispute.other < dispute.marker:
                continue
            self._line()
            place = self._place(dispute.document, dispute.span, dispute.headings)
            self._lines(dispute_lines(dispute, place, answer.citations))
        by_rank = {hit.rank: hit for hit in answer.hits}
        for citation in answer.citations:
            self._line()
            self._citation(citation, by_rank[citation.hit_rank])
        self._line()
        self._line(footer(answer))

    def _unanswered(self, answer: Answer, *, streamed: bool) -> None:
        """What comes closest, or the nearest passages."""
        from ragcli.render.answers import closest_lines

        if streamed:
            self._line("Nothing of this stands in the passages that were found.")
        if answer.closest is not None:
            citation = answer.closest.citation
            place = self._place(citation.document, citation.span, citation.headings)
            self._lines(closest_lines(answer.closest, place, styled=self._wrap))
            return
        self._line(Text("Not in the documents.", style="bold"))
        if answer.hits:
            self._line("The nearest passages:")
        for hit in answer.hits[:3]:
            self._line()
            self._hit(hit, answer.understood.text or answer.question, explain=False)

    def streaming(self) -> AnswerStream:
        """A watcher that shows an answer while it is written, to this stream."""
        from ragcli.render.answers import AnswerStream

        return AnswerStream(
            self._console, lambda hit: self._place(hit.passage.document, hit.passage.span, hit.passage.headings)
        )

    def sources(self, answer: Answer) -> None:
        """The citations of an answer, or the passages nearest to its question."""
        by_rank = {hit.rank: hit for hit in answer.hits}
        for citation in answer.citations:
            self._citation(citation, by_rank[citation.hit_rank])
        for hit in () if answer.citations else answer.hits[:3]:
            self._hit(hit, answer.understood.text or answer.question, explain=False)

    def prompt(self, prompt: Prompt) -> None:
        """What a language model would be asked, as it would be sent."""
        self._lines(sanitize(f"{prompt.system}\n\n{prompt.user}").split("\n"), wrap=False)

    def context(self, prompt: Prompt) -> None:
        """The sources alone."""
        for source in prompt.sources:
            head = Text(f"[{source.number}] ", style="bold cyan")
            passage = source.hit.passage
            self._line(head.append_text(self._place(passage.document, passage.span, passage.headings)))
            self._lines(sanitize(source.text).split("\n"), wrap=False)

    def _citation(self, citation: Citation, hit: Hit) -> None:
        from ragcli.render.answers import status_text

        head = Text(f"[{citation.marker}] ", style="bold cyan")
        head.append_text(self._place(citation.document, citation.span, citation.headings))
        self._line(head.append_text(status_text(citation)))
        if citation.status == "exact" and citation.span.end - citation.span.start > _REPEATED:
            return  # the answer shows it already
        passage, base = hit.whole.text, hit.whole.span.start
        start, end = citation.span.start - base, citation.span.end - base
        before, after = context(passage, start, end)
        self._line(
            marked(passage, before, after, [(start - before, end - before)], code=citation.document.type == "code"),
            indent=True,
        )

    def _lines(self, lines: Iterable[Text | str], *, wrap: bool = True) -> None:
        """One line each; without `wrap`, a long line is left to the terminal, so that what is copied from it is whole."""
        for line in lines:
            if wrap:
                self._line(line)
            else:
                self._console.print(line, soft_wrap=True)

    def lines(self, lines: Iterable[Text]) -> None:
        """Lines that are made elsewhere, as they are."""
        self._lines(lines, wrap=False)

    def wrapped(self, lines: Iterable[Text | str]) -> None:
        """Lines that are made elsewhere, folded at the width of the terminal."""
        self._lines(lines)

    def ingest(self, report: IngestReport) -> None:
        """See `ragcli.render.library`."""
        self._lines(library.ingest_lines(report))

    def plan(self, planned: Sequence[Planned]) -> None:
        """See `ragcli.render.library`."""
        self._lines(library.plan_lines(planned), wrap=False)

    def documents(self, entries: Sequence[Listed]) -> None:
        """See `ragcli.render.library`."""
        self._lines(library.document_lines(entries), wrap=False)

    def chunks(self, document: Document, chunks: Sequence[Chunk]) -> None:
        """See `ragcli.render.library`."""
        self._lines(library.chunk_lines(document, chunks))

    def removed(self, paths: Sequence[str]) -> None:
        """What was taken out of the index."""
        for path in paths:
            self._line(f"removed {one_line(path)}")

    def stats(self, report: IndexStats) -> None:
        """The state of the index as a table, then the files that were not read."""
        rows = library.stats_rows(report)
        table = Table.grid(padding=(0, 2))
        table.add_column(style="bold", no_wrap=True)
        table.add_column(overflow="fold")
        for name, value in rows.items():
            table.add_row(name, sanitize(value))
        self._print_table(table, rows)
        self._lines(library.failure_lines(report))

    def _print_table(self, table: Table, rows: Mapping[str, str]) -> None:
        if self._wrap:
            self._console.print(table)
        else:
            for name, value in rows.items():
                self._line(f"{name}\t{sanitize(value)}")

    def evaluation(self, report: EvalReport, *, worst: int, verbose: bool) -> None:
        """See `ragcli.render.evaluation`."""
        from ragcli.render.evaluation import detailed_lines, evaluation_lines

        self._lines((detailed_lines if verbose else evaluation_lines)(report, worst=worst))

    def problems(self, gold: str, problems: Sequence[Problem]) -> None:
        """See `ragcli.render.evaluation`."""
        from ragcli.render.evaluation import problem_lines

        self._lines(problem_lines(gold, problems))

    def heading(self, text: str) -> None:
        """A line that begins something, with an empty one before and after it."""
        self._lines(["", Text(f"## {one_line(text)}", style="bold"), ""])

    def plain(self, text: str) -> None:
        """One line."""
        self._line(one_line(text))

    def paths(self, paths: Iterable[str]) -> None:
        """One a line, as they are."""
        self._lines((one_line(path) for path in paths), wrap=False)

    def diagnosis(self, found: Diagnosis) -> None:
        """See `ragcli.render.evaluation`."""
        from ragcli.render.evaluation import diagnosis_lines

        self._lines(diagnosis_lines(found))

    def settings(self, rows: Sequence[tuple[str, str, str]]) -> None:
        """Every setting: name, value and where it comes from."""
        table = Table.grid(padding=(0, 2))
        for name, value, source in rows:
            table.add_row(Text(sanitize(name), style="bold"), sanitize(value), Text(sanitize(source), style="dim"))
        if self._wrap:
            self._console.print(table)
        self._lines([] if self._wrap else ["\t".join(sanitize(part) for part in row) for row in rows])

    def check(self, problems: Sequence[str], engine: EngineState) -> None:
        """The contradictions found in an index, or that there are none, and which engine answers."""
        self._lines(Text.assemble(("problem  ", "red"), sanitize(problem)) for problem in problems)
        self._lines([*([] if problems else ["The index is sound."]), f"Dense search: {library.engine_line(engine)}."])

    def error(self, problem: RagError) -> None:
        """What is wrong, and the way out."""
        self._line(Text.assemble(("error: ", "bold red"), sanitize(problem.message)))
        self._lines([Text.assemble(("  fix: ", "bold"), sanitize(problem.hint))] if problem.hint else [])

    def note(self, text: str) -> None:
        """A remark that is not part of the result."""
        self._line(Text(sanitize(text), style="dim"))
