"""Lines about documents: what an ingest did or would do, what the index holds, and how a file is cut."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from rich.text import Text

from ragcli.render.sanitize import one_line, sanitize
from ragcli.text.counting import counted

if TYPE_CHECKING:
    from ragcli.datatypes import Chunk, Document
    from ragcli.reports import EngineState, Forgotten, Gaps, IndexStats, IngestReport, Listed, Planned, ScanReport

_LISTED = 20  # of one kind, in a summary
_STATES = {"ok": "green", "changed": "yellow", "gone": "yellow", "partial": "yellow", "failed": "red"}
_ACTIONS = {"add": "green", "update": "cyan", "fail": "red", "remove": "red"}
_KINDS = {
    "document": ("document", "documents"),
    "copy": ("copy", "copies"),
    "failure": ("file that could not be read", "files that could not be read"),
}
_SHADES = ("", "on grey15")


def forgotten_lines(report: Forgotten, *, names: bool) -> Iterator[str]:
    """What was forgotten or would be, what else went, and what the search found."""
    kinds = Counter(source.kind for source in report.sources)
    chunks = sum(source.chunks for source in report.sources)
    told = (
        ", ".join(counted(kinds[kind], *_KINDS[kind]) for kind in _KINDS if kinds[kind])
        or "nothing that the index holds"
    )
    yield f"{'would forget' if report.dry_run else 'forgot'} {told} ({counted(chunks, 'chunk')})"
    for source in report.sources:
        shown = f"  {one_line(source.path)}" if names else ""
        yield f"  {source.kind:8}  {source.document_id}  {source.content_hash[:16]}{shown}"
    if report.dry_run:
        return
    if report.completed:
        yield "an earlier removal was interrupted; it is finished now"
    cleared, searched = report.cleared, report.searched
    last = " and the questions that were asked" if cleared["last_answer"] else ""
    yield f"cleared {counted(cleared['drafts'], 'kept draft')}{last}"
    yield (
        f"searched {counted(searched['files'], 'file')} ({counted(searched['bytes'], 'byte')}) for "
        f"{counted(searched['words'], 'word')}, {counted(searched['names'], 'name')} and "
        f"{counted(searched['vectors'], 'vector')}: {'traces' if report.found else 'nothing'} found"
    )
    for file, kind, count in report.found:
        yield f"found  {counted(count, kind)} in {one_line(file)}"


def ingest_lines(report: IngestReport) -> Iterator[Text | str]:
    """One summary line, then everything that did not go well."""
    parts = [f"{report.added:,} added", f"{report.updated:,} updated", f"{report.unchanged:,} unchanged"]
    if report.copies:
        parts.append(counted(report.copies, "copy", "copies"))
    parts += [
        f"{count:,} {name}" for count, name in ((report.removed, "removed"), (len(report.failed), "failed")) if count
    ]
    state = "Interrupted: " if report.interrupted else ""
    yield (
        f"{state}{', '.join(parts)}; the index holds {counted(report.documents, 'document')} in "
        f"{counted(report.chunks, 'chunk')} "
        f"({report.chunks_embedded:,} embedded, {report.seconds:.1f} s)"
    )
    for kind, style, failures in (("failed", "red", report.failed), ("partial", "yellow", report.partial)):
        for failure in failures[:_LISTED]:
            yield Text.assemble((f"{kind}  ", style), one_line(failure.path), f": {one_line(failure.reason)}")
        if len(failures) > _LISTED:
            yield f"and {len(failures) - _LISTED:,} more {kind}; rag ls --failed lists all"
    yield from _left_out(report)
    if report.missing:
        yield f"{counted(report.missing, 'indexed file')} no longer exist{'s' * (report.missing == 1)}; " + (
            f"rag ingest --prune removes {'it' if report.missing == 1 else 'them'}"
        )
    for warning in report.warnings:
        yield Text.assemble(("warning  ", "yellow"), one_line(warning))
    if report.interrupted and not report.warnings:
        yield "What was finished is kept; run the same command again to go on."


def _left_out(report: IngestReport) -> Iterator[Text | str]:
    """What was hidden in documents, and which files are none."""
    if report.redacted:
        yield f"redacted: {_counts(report.redacted)} (rag scan says where)"
    if report.skipped:
        counts = ", ".join(f"{count:,} {sanitize(reason)}" for reason, count in report.skipped.items())
        yield Text(f"skipped: {counts}", style="dim")


def scan_lines(report: ScanReport) -> Iterator[Text | str]:
    """A line for each value, with its place but without itself; then the sums and what could not be read."""
    for entry in report.found:
        where = f":{entry.line}" if entry.line else f", page {entry.page}" if entry.page else ""
        within = f"  ({one_line(entry.place)})" if entry.place else ""
        yield Text.assemble((f"{entry.kind:<12}", "yellow"), f"{one_line(entry.path)}{where}{within}")
    for failure in report.failed:
        yield Text.assemble(("failed      ", "red"), one_line(failure.path), f": {one_line(failure.reason)}")
    counts = Counter(entry.kind for entry in report.found)
    yield f"{counted(report.files, 'file')} read: {_counts(counts) or 'no keys, tokens or personal data found'}"


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count:,} {kind}" for kind, count in sorted(counts.items()))


def plan_lines(planned: Sequence[Planned]) -> Iterator[Text | str]:
    """What would happen to each file, and the sums; unchanged files are only counted."""
    for entry in planned:
        if entry.action != "unchanged":
            detail = f"  ({one_line(entry.detail)})" if entry.detail else ""
            yield Text.assemble(
                (f"{entry.action:<7} ", _ACTIONS.get(entry.action, "dim")), one_line(entry.path), (detail, "dim")
            )
    counts = Counter(entry.action for entry in planned)
    yield ", ".join(f"{count:,} {action}" for action, count in sorted(counts.items())) or "nothing to do"


def document_lines(entries: Sequence[Listed]) -> Iterator[Text | str]:
    """A header, then one line a document: state, type, chunks, path, and why where something is amiss."""
    width = max((len(entry.type) for entry in entries), default=0)
    width = max(width, len("type"))
    if entries:
        yield Text(f"{'state':<8}{'type':<{width}}  {'chunks':>6}  path", style="bold")
    for entry in entries:
        line = Text.assemble(
            (f"{entry.state:<8}", _STATES.get(entry.state, "dim")),
            f"{sanitize(entry.type):<{width}}  {entry.chunks or '-':>6}  {one_line(entry.path)}",
        )
        if entry.reason:
            line.append(f"  {one_line(entry.reason)}", style="dim")
        yield line
    counts = Counter(entry.state for entry in entries)
    summary = ", ".join(f"{count:,} {state}" for state, count in sorted(counts.items()))
    yield Text(summary or "nothing", style="dim")


def chunk_lines(document: Document, chunks: Sequence[Chunk]) -> Iterator[Text | str]:
    """The title and what is known of the file, then each chunk; neighbours differ in shade on a terminal."""
    yield Text(one_line(document.title), style="bold")
    known = {key: value for key, value in document.metadata.items() if key != "headings"}
    yield Text(
        "  ".join(f"{key}: {one_line(value)}" for key, value in {"type": document.type, **known}.items()), style="dim"
    )
    if document.partial:
        yield Text(f"partial: {one_line(document.partial)}", style="yellow")
    for chunk in chunks:
        span = chunk.span
        places = [("page", span.page_start, span.page_end), ("line", span.line_start, span.line_end)]
        place = ", ".join(
            f"{unit} {first}" if first == last else f"{unit}s {first}-{last}"
            for unit, first, last in [*places, ("character", span.start, span.end)]
            if first is not None
        )
        yield ""
        yield Text.assemble(
            (f"#{chunk.ordinal + 1}", "bold cyan"),
            f"  {counted(chunk.tokens, 'token')}  {place}  ",
            (one_line(chunk.header), "dim"),
        )
        yield Text(sanitize(chunk.text), style=_SHADES[chunk.ordinal % 2])
    yield ""
    tokens = [chunk.tokens for chunk in chunks]
    yield f"{counted(len(chunks), 'chunk')}, {counted(sum(tokens), 'token')}" + (
        f", {min(tokens)} to {max(tokens)} each" if tokens else ""
    )


def gap_lines(report: Gaps) -> Iterator[str]:
    """What the answers of a server show to be missing."""
    share = f", {report.declined / report.asked:.0%}" if report.asked else ""
    yield f"{counted(report.asked, 'answer')} since {report.since}; {report.declined:,} declined{share}"
    for question, count in report.questions:
        yield f"{count:,} ×  {one_line(question)}"
    if report.declined and not report.questions:
        yield "the questions were not kept: serve.keep_questions"
    yield f"{counted(report.never, 'document')} of which no passage was found"
    for path in report.documents:
        yield f"  {one_line(path)}"
    if report.never > len(report.documents):
        yield f"  and {report.never - len(report.documents):,} more"


def stats_rows(report: IndexStats) -> dict[str, str]:
    """The state of an index: name → value."""
    rows = {
        "index": report.path,
        "documents": f"{report.documents:,}  "
        + ", ".join(f"{n:,} {name}" for name, n in report.types.items())
        + (f"; and {counted(report.copies, 'copy', 'copies')}" if report.copies else ""),
        "chunks": f"{report.chunks:,}"
        + (f"  {report.truncated_chunks:,} longer than the model reads" if report.truncated_chunks else ""),
        **({"disk": f"{_bytes(sum(report.disk.values()))}  {_disk(report.disk)}"} if report.disk else {}),
        "embedding model": f"{report.embedder['name']}, {report.embedder['dimension']} dimensions",
        "chunker": ", ".join(f"{key} {value}" for key, value in report.chunker.items()),
        "sentences": "with vectors of their own" if report.sentences else "without vectors of their own",
        "fingerprint": report.fingerprint,
        "abstains below": f"{report.threshold:g}",
        "format": f"{report.format}, analyzer {report.analyzer}"
        + (f", generation {report.generation}" if report.created else ""),
        **({"created": f"{report.created}, last changed {report.updated}"} if report.created else {}),
        "files since ingest": ", ".join(f"{n:,} {name}" for name, n in report.freshness.items()),
        "dense search": engine_line(report.engine),
    }
    if report.redacted:
        rows["redacted"] = _counts(report.redacted)
    if report.partial:
        rows["partial"] = f"{counted(len(report.partial), 'file')} could be read in part only:"
    if report.failed:
        rows["failed"] = f"{counted(len(report.failed), 'file')} could not be read:"
    return rows


def failure_lines(report: IndexStats) -> Iterator[str]:
    """The files that were not read, or only in part."""
    amiss = [*report.failed, *report.partial]
    for failure in amiss[:_LISTED]:
        yield f"  {one_line(failure.path)}: {one_line(failure.reason)}"
    if len(amiss) > _LISTED:
        yield f"  and {len(amiss) - _LISTED:,} more; rag ls --failed lists all"


def _disk(parts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {_bytes(n)}" for name, n in parts.items())


def _bytes(count: int) -> str:
    size, units = float(count), ["B", "kB", "MB", "GB", "TB"]
    while size >= 1000 and len(units) > 1:
        size, units = size / 1000, units[1:]
    return f"{size:.0f} {units[0]}" if units[0] == "B" else f"{size:.1f} {units[0]}"


_COPIES = {
    "complete": "the Chroma collection is complete",
    "behind": "the Chroma collection is behind; the next rag ingest brings it up to date",
    "unused": "all that may be seen is compared",
    "missing": "no complete Chroma collection; the next rag ingest makes it",
    "unkept": "no Chroma collection is kept, since ingest.chroma is false",
    "off": "no Chroma collection, since chromadb is not installed",
}


def engine_line(state: EngineState) -> str:
    """Which engine answers, and how complete the Chroma collection is."""
    asked = "" if state.answers == state.setting else f" instead of {state.setting}"
    return one_line(f"{state.answers}{asked}; {_COPIES[state.copy]}")


def step_lines(steps: Sequence[tuple[str, str]]) -> list[Text]:
    """Commands that one may go on with, each with what it does."""
    width = max(len(command) for command, _ in steps)
    lines = [Text.assemble((f"  {one_line(command):<{width}}", "bold"), f"  {does}") for command, does in steps]
    return [Text(""), Text("Next:"), *lines]
