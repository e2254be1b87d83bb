"""What the tools do: arguments that fit their schema → calls of `Rag` → the structured result."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ragcli.errors import RagError, UsageError
from ragcli.serving.mcp import declarations, texts
from ragcli.serving.mcp.asking import ask
from ragcli.serving.mcp.declarations import MAX_READ, PAGE, Declaration
from ragcli.serving.mcp.library import WORDS, Library
from ragcli.serving.mcp.parts import Arguments, Call, Result, path, place, placed, present, warnings
from ragcli.serving.mcp.refs import digest, next_ref, parsed, passage_ref

if TYPE_CHECKING:
    from ragcli.datatypes import DocumentRecord
    from ragcli.results import Passage
    from ragcli.schemas import search as documents

QUESTION_SECONDS = 25.0  # clients give up on a call after 30 to 60 seconds
INGEST_SECONDS = 20.0  # for which a call waits before it says that the job is running
_AROUND = 1_500  # characters before and after a passage that reading around it gives
_LINES = 100


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool: `run` gives the structured result, `text` says it in words."""

    declaration: Declaration
    run: Callable[[Library, Arguments, Call], Result]
    text: Callable[[Mapping[str, Any]], str]
    seconds: float | None = None  # after which a call is ended


def search(library: Library, arguments: Arguments, call: Call) -> Result:
    from ragcli.render import jsonout

    rag = library.rag(WORDS if arguments.get("mode") == "words" else "")
    where, limit = arguments.get("filter", ()), arguments.get("limit", 5)
    found = rag.query(arguments["query"], k=limit, where=where, cancel=call.cancel)
    passages = [_passage(jsonout.hit(hit, path), hit.passage) for hit in found.hits]
    room = arguments.get("max_chars", 4_000) - sum(
        len(texts.heading(i, entry)) + 3 for i, entry in enumerate(passages, start=1)
    )
    shown = texts.shared_out([entry["text"] for entry in passages], room)
    truncated = shown != [entry["text"] for entry in passages]
    passages = [{**entry, "text": text} for entry, text in zip(passages, shown, strict=True)]
    return {"passages": passages, "notes": list(found.notes), "truncated": truncated}


def _passage(hit: documents.Hit, passage: Passage) -> Result:
    entry = {
        "ref": passage_ref(passage.document, passage.span, passage.text),
        "path": hit["path"],
        "title": hit["title"],
        **place(hit),
        "headings": hit["headings"],
        "text": hit["text"],
        "score": min(1.0, max(0.0, hit["score"])),
        "date": hit["date"],
        "also_at": [place["path"] for place in hit["also_at"]],
        "warnings": warnings(hit["text"]),
    }
    return present(entry, "headings")


def read(library: Library, arguments: Arguments, call: Call) -> Result:
    rag, notes = library.rag(), list[str]()
    _one_of(arguments, "ref", "document")
    if "ref" in arguments:
        ref = parsed(arguments["ref"])
        whole = rag.read(ref.document)
        start, end = ref.start, whole.span.end
        if ref.end is not None:
            there = rag.read(ref.document, start=ref.start, end=ref.end)
            if ref.digest is not None and digest(there.text) != ref.digest:
                notes.append("the document has changed since this passage was found; this is what stands there now")
            start, end = _around(whole, ref.start, ref.end)
    elif "page" in arguments:
        whole = rag.read(arguments["document"], page=arguments["page"])
        start, end = whole.span.start, whole.span.end
    elif "line_from" in arguments:
        first = arguments["line_from"]
        whole = rag.read(arguments["document"], lines=(first, arguments.get("line_to", first + _LINES - 1)))
        start, end = whole.span.start, whole.span.end
    else:
        whole = rag.read(arguments["document"])
        start, end = whole.span.start, whole.span.end
    document = whole.document
    part = rag.read(document.document_id, start=start, end=min(end, start + MAX_READ))
    if not part.text:
        notes.append("nothing stands there: the document ends before it")
    if document.partial:
        notes.append(f"the document was read in part only: {document.partial}")
    total = whole.span.end if "ref" in arguments else rag.read(document.document_id).span.end
    return present(
        {
            "id": document.document_id,
            "path": document.path,
            "title": document.title,
            "headings": list(part.headings),
            "text": part.text,
            **placed(part),
            "next": next_ref(document, part.span.end) if part.span.end < total else None,
            "notes": notes,
            "warnings": warnings(part.text),
        },
        "headings notes",
    )


def _around(whole: Passage, start: int, end: int) -> tuple[int, int]:
    """The passage with what stands before and after it, from the beginning of a line to the end of one."""
    text, offset = whole.text, whole.span.start
    low = max(0, start - offset - _AROUND)
    first = text.rfind("\n", 0, low) + 1 if low else 0
    if low - first > _AROUND:
        first = low  # lines as long as paragraphs: begin within one
    last = text.find("\n", min(end - offset + _AROUND, len(text)))
    return first + offset, (last if last >= 0 else len(text)) + offset


def list_documents(library: Library, arguments: Arguments, call: Call) -> Result:
    where = [
        f"{condition}{arguments[name]}"
        for name, condition in (
            ("folder", "path="),
            ("type", "type="),
            ("tag", "tag."),
            ("modified_after", "modified>"),
        )
        if name in arguments
    ]
    found = library.rag().documents(where)
    rest = [entry for entry in found if entry.path > arguments.get("cursor", "")]
    page = rest[:PAGE]
    return present(
        {
            "documents": [_listed(entry) for entry in page],
            "total": len(found),
            "next_cursor": page[-1].path if len(rest) > PAGE else None,
        },
        "documents",
    )


def _listed(document: DocumentRecord) -> Result:
    return present(
        {
            "id": document.document_id,
            "path": document.path,
            "title": document.title,
            "type": document.type,
            "chunks": document.chunks,
            "modified": document.metadata.get("modified"),
        }
    )


def ingest(library: Library, arguments: Arguments, call: Call) -> Result:
    if "job" in arguments:
        job = library.jobs.find(arguments["job"])
    else:
        paths = library.allowed(arguments.get("paths", ()))
        library.remember(paths)
        job = library.jobs.start(library.changed_by(), paths, arguments.get("tags", {}))
    job.wait(INGEST_SECONDS)
    return job.state()


TOOLS: Sequence[Tool] = (
    Tool(declarations.SEARCH, search, texts.search, QUESTION_SECONDS),
    Tool(declarations.READ, read, texts.read),
    Tool(declarations.ASK, ask, texts.ask, QUESTION_SECONDS),
    Tool(declarations.LIST_DOCUMENTS, list_documents, texts.list_documents),
    Tool(declarations.INGEST, ingest, texts.ingest),
)


def offered(library: Library) -> dict[str, Tool]:
    """Name → tool; those that change the index only where a folder may be ingested."""
    return {tool.declaration.name: tool for tool in TOOLS if tool.declaration.read_only or library.folders}


def checked(tool: Tool, arguments: Arguments) -> Arguments:
    """The arguments. Raises UsageError naming every one that does not fit the tool's schema."""
    from jsonschema import Draft202012Validator

    problems = [
        f"{'.'.join(str(step) for step in problem.absolute_path) or 'arguments'}: {problem.message}"
        for problem in Draft202012Validator(dict(tool.declaration.input)).iter_errors(arguments)
    ]
    if problems:
        known = ", ".join(tool.declaration.input["properties"])
        raise UsageError("; ".join(sorted(problems))[:1_000], hint=f"arguments of {tool.declaration.name}: {known}")
    return arguments


def said(problem: RagError) -> str:
    """An error in words, with what to do about it."""
    return problem.message + (f"\nWhat to do: {problem.hint}" if problem.hint else "")


def _one_of(arguments: Arguments, *names: str) -> None:
    if sum(name in arguments for name in names) != 1:
        raise UsageError(f"give one of {' and '.join(names)}", hint="`search` and `list_documents` give both")
