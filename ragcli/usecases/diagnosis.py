"""`rag why`: which stage lost a document (or a quotation of it) on the way from the folder to the answer."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from ragcli.datatypes import Chunk, DocumentRecord, Filter
from ragcli.engine.scoping import ONLY
from ragcli.index.pages import every
from ragcli.measurements import Diagnosis, Finding
from ragcli.sources.scanning import Found, left_out, scan, stored_path
from ragcli.text.counting import counted
from ragcli.text.folding import contains_quote, fold_quote
from ragcli.tracing import Trace
from ragcli.trust.foreign import is_known

if TYPE_CHECKING:
    from ragcli.engine.pipeline import Measured, Pipeline
    from ragcli.index.protocol import Catalog
    from ragcli.settings import Settings
    from ragcli.workspace import Workspace

State = Literal["ok", "lost", "note"]
Say = Callable[[str, State, str], bool]
_FAR = 1_000  # how deep the legs are searched for the expected passage


def diagnose(
    measured: Measured, question: str, path: str, quote: str = "", *, ingested: Sequence[str] = ()
) -> Diagnosis:
    """Follow the document at `path` (as in the index, or as a file) and the chunks that hold `quote` through every stage. Where
    only a part of the index is seen, files are not looked at: a document that may not be seen is as one that is not there.
    Folders that the index names are looked into where they lie beside it or are `ingested` by the user."""
    workspace, catalog, pipeline = measured.workspace, measured.index.catalog, measured.pipeline
    findings: list[Finding] = []

    def done(stage: str, state: State, text: str) -> bool:
        findings.append(Finding(stage, state, text))
        return state == "lost"

    def result() -> Diagnosis:
        return Diagnosis(question, path, quote, tuple(findings))

    document = _document(workspace, catalog, path)
    if document is None:
        unseen = "no document of that name may be seen, if there is one" if measured.restricted else ""
        done("ingest", "lost", unseen or _why_not_ingested(workspace, catalog, path, ingested))
        return result()
    done("ingest", "ok", f"indexed with {counted(document.chunks, 'chunk')}")
    chunks = catalog.document_chunks(document.document_id)
    if quote:
        wanted, state, text = _holding(chunks, quote)
        if done("chunking", state, text):
            return result()
    else:
        wanted = chunks
    _retrieval(pipeline, workspace.settings, question, wanted, done)
    return result()


def split_expected(workspace: Workspace, catalog: Catalog, expected: str) -> tuple[str, str]:
    """`PATH[:QUOTE]` as path and quotation: the longest beginning that names a document or a file, since a path may hold
    colons; else what stands before the first colon."""
    ends = [len(expected), *(i for i in range(len(expected) - 1, 0, -1) if expected[i] == ":")]
    for end in ends:
        path = expected[:end]
        if _document(workspace, catalog, path) is not None or (workspace.directory / path).is_file():
            return path, expected[end + 1 :].strip()
    path, _, quote = expected.partition(":")
    return path, quote.strip()


def _document(workspace: Workspace, catalog: Catalog, path: str) -> DocumentRecord | None:
    absolute = stored_path(Path(os.path.abspath(workspace.directory / path)), workspace.project)
    found = catalog.find([path, absolute])
    if found:
        return found.get(path) or found[absolute]
    ending = [entry.document for entry in every(catalog.page) if entry.document.path.endswith("/" + path)]
    return ending[0] if len(ending) == 1 else None


def _why_not_ingested(workspace: Workspace, catalog: Catalog, path: str, ingested: Sequence[str]) -> str:
    file = workspace.directory / path
    stored = stored_path(Path(os.path.abspath(file)), workspace.project)
    failure = next((f for f in catalog.failures(skipped=True) if f.path in (path, stored)), None)
    if failure is not None:
        return f"{'not a document' if failure.skipped else 'could not be read'}: {failure.reason}"
    if not file.exists():
        return "there is no such file, and no document of that name in the index"
    roots = catalog.roots()
    for root in roots:
        if not is_known(workspace.project / root, workspace.index_directory, ingested):
            continue
        reason = left_out(Path(os.path.abspath(file)), workspace.project / root)
        if reason:
            return f"ignored by ingest: {reason}"
        for entry in scan(workspace.project / root, workspace.project, workspace.index_directory):
            if not isinstance(entry, Found) and (
                entry.path == stored or stored.startswith(entry.path.rstrip("/") + "/")
            ):
                return f"ignored by ingest: {entry.reason}"
            if isinstance(entry, Found) and entry.source.path == stored:
                return "new since the last ingest; rag ingest reads it"
    return f"outside of what was ingested ({', '.join(roots) or 'nothing'}); rag ingest {path} adds it"


def _holding(chunks: Sequence[Chunk], quote: str) -> tuple[Sequence[Chunk], State, str]:
    whole = [chunk for chunk in chunks if contains_quote(chunk.text, quote)]
    if whole:
        return whole, "ok", f"the quotation is in chunk {whole[0].ordinal + 1} of {len(chunks)}"
    text = "".join(chunk.text + chunk.tail for chunk in chunks)
    if not contains_quote(text, quote):
        return [], "lost", "the quotation is not in the text that was read from the file"
    parts = [chunk for chunk in chunks if _shares(chunk.text, quote)]
    return parts, "note", f"the quotation is split across {len(parts)} chunks"


def _shares(text: str, quote: str) -> bool:
    """Whether the chunk holds the beginning or the end of the quotation, or lies within it."""
    folded, wanted = fold_quote(text), fold_quote(quote)
    return folded in wanted or any(
        wanted[:n] == folded[-n:] or wanted[-n:] == folded[:n] for n in range(12, len(wanted))
    )


def _retrieval(pipeline: Pipeline, settings: Settings, question: str, wanted: Sequence[Chunk], say: Say) -> None:
    """Ranks in each leg, in the fused ranking, after selection and stitching, and in the answer."""
    ids = {chunk.chunk_id for chunk in wanted}
    depth = settings.retrieval_depth
    ranks = []
    for mode in ("lexical", "dense"):
        if settings.retrieval_mode in (mode, "hybrid"):
            rank = _rank(pipeline, question, ids, _FAR, mode=mode, depth=_FAR, reranker=None)
            near = rank is not None and rank <= depth
            text = f"rank {rank}" if rank else f"not among the first {_FAR:,}"
            say(mode, "ok" if near else "note", text if near else f"{text}; {depth} candidates are looked at")
            ranks.append(near)
    if not any(ranks):
        say(
            "candidates",
            "lost",
            f"no leg has it among its first {depth}: other words, synonyms, or a larger retrieval.depth",
        )
        return
    place = _rank(pipeline, question, ids, depth, reranker=None)
    if say("fusion", "ok" if place else "lost", f"chunk rank {place}" if place else f"fused out of the first {depth}"):
        return
    if settings.retrieval_rerank:
        place = _rank(pipeline, question, ids, depth)
        if say("rerank", "ok" if place else "lost", f"chunk rank {place}" if place else "reranked out"):
            return
    _hits_and_answer(pipeline, settings.retrieval_k, question, wanted[0].document_id, ids, place, say)


def _rank(pipeline: Pipeline, question: str, ids: set[str], limit: int, **changes: object) -> int | None:
    retriever = pipeline.retriever(**changes)
    ranking = retriever.rank(retriever.understand(question).text, limit, Filter(), Trace())
    return next((rank for rank, entry in enumerate(ranking, 1) if entry.chunk.chunk_id in ids), None)


def _hits_and_answer(
    pipeline: Pipeline, k: int, question: str, document_id: str, ids: set[str], place: int | None, say: Say
) -> None:
    result = pipeline.search()(question, k, Filter())
    only = [note for note in result.notes if note.startswith(ONLY)]
    hit = next((h for h in result.hits if ids & set(h.passage.chunk_ids)), None)
    if hit is None:
        hit = next((h for h in result.hits if any(p.document.document_id == document_id for p in h.also_at)), None)
        if hit is None:
            more = pipeline.retriever().retrieve(question, 100)
            rank = next((h.rank for h in more.hits if ids & set(h.passage.chunk_ids)), None)
            hint = f"-k {rank} shows it" if rank else "more than 100 passages are before it"
            over = f"over the budget of {k} passages (chunk rank {place}): {hint}"
            say("hits", "lost", only[0] if only else over)
            return
        say("hits", "ok", f"hit {hit.rank} says nearly the same and stands for it")
    else:
        say("hits", "ok", f"hit {hit.rank} of {len(result.hits)}")
    answer = pipeline.answerer().answer(question, k, Filter())
    if not answer.answered:
        say("answer", "lost", f"retrieved, but the answer abstained with confidence {answer.confidence:.2f}")
    elif any(ids & set(answer.hits[citation.hit_rank - 1].passage.chunk_ids) for citation in answer.citations):
        say("answer", "ok", "retrieved and cited")
    elif any(dispute.older and dispute.document.document_id == document_id for dispute in answer.disputes):
        say("answer", "lost", "retrieved, but a newer version takes its place")
    else:
        say("answer", "lost", "retrieved, but not cited by the answer")
