"""What a client is told of the tools: names, descriptions, JSON Schemas of what goes in and comes out, and hints.

The descriptions are what a model reads to decide which tool to call. Some clients cut them at 1,024 characters.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Schema = Mapping[str, Any]

MAX_READ = 8_000  # characters that `read` gives at once
PAGE = 50  # documents that `list_documents` gives at once


@dataclass(frozen=True, slots=True)
class Declaration:
    """One tool. `read_only` is the hint of that name in the protocol; no tool deletes anything or reaches the network."""

    name: str
    title: str
    description: str
    input: Schema
    output: Schema
    read_only: bool = True


def _object(required: str, /, **properties: Schema) -> Schema:
    return {
        "type": "object",
        "properties": properties,
        "required": required.split(),
        "additionalProperties": False,
    }


def _list(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def _described(kind: Schema, description: str) -> Schema:
    return {**kind, "description": description}


TEXT: Schema = {"type": "string"}
NUMBER: Schema = {"type": "integer"}
FLAG: Schema = {"type": "boolean"}
SHARE: Schema = {"type": "number", "minimum": 0, "maximum": 1}
TEXTS: Schema = _list(TEXT)
FILTER: Schema = {
    "type": "array",
    "items": {"type": "string", "maxLength": 200},
    "maxItems": 20,
    "description": "Conditions on documents, all of which must hold, such as path=contracts/**, type=pdf, "
    "modified>=2024-01-31, author=NAME, tag.NAME=VALUE.",
}
_PLACE: Mapping[str, Schema] = {"page": NUMBER, "line_from": NUMBER, "line_to": NUMBER}

SEARCH = Declaration(
    "search",
    "Search the documents",
    "Find the passages of the user's own documents that fit a question or keywords best. Use it before answering anything "
    'that these documents may settle; ask one thing per call. "Words in quotes" must stand so in each passage, -word in '
    "none. Returns ranked passages with path, page or lines, headings and a `ref`; an empty list means that nothing fits, "
    "which is an answer. To read on around a passage, call `read` with its `ref`.",
    _object(
        "query",
        query=_described({**TEXT, "minLength": 1, "maxLength": 2000}, "A question or keywords."),
        limit={**NUMBER, "minimum": 1, "maximum": 20, "default": 5, "description": "How many passages at most."},
        filter=FILTER,
        mode={
            "enum": ["auto", "words"],
            "default": "auto",
            "description": "auto: by words and by meaning; words: by words alone, for names, codes and error messages.",
        },
        max_chars={
            **NUMBER,
            "minimum": 500,
            "maximum": 12000,
            "default": 4000,
            "description": "Characters of the whole reply; longer passages are cut.",
        },
    ),
    _object(
        "passages notes truncated",
        passages=_list(
            _object(
                "ref path title headings text score",
                ref=TEXT,
                path=TEXT,
                title=TEXT,
                **_PLACE,
                headings=TEXTS,
                text=TEXT,
                score=SHARE,
                date=TEXT,
                also_at=TEXTS,
                warnings=TEXTS,
            )
        ),
        notes=TEXTS,
        truncated=FLAG,
    ),
)

READ = Declaration(
    "read",
    "Read a document",
    "Read more of one document: what stands around a `ref` from `search` or `ask`, or a page, or a range of lines, or the "
    f"beginning. Gives at most {MAX_READ:,} characters; `next` is the `ref` that continues.",
    _object(
        "",
        ref=_described(TEXT, "From `search`, `ask`, or `next` of the call before."),
        document=_described(TEXT, "Instead of `ref`: a path or an id, as `list_documents` gives them."),
        page=_described({**NUMBER, "minimum": 1}, "With `document`: the page to read."),
        line_from=_described({**NUMBER, "minimum": 1}, "With `document`: the first line to read."),
        line_to=_described({**NUMBER, "minimum": 1}, "The last line to read [default: 100 lines]."),
    ),
    _object(
        "id path title headings text notes",
        id=TEXT,
        path=TEXT,
        title=TEXT,
        headings=TEXTS,
        text=TEXT,
        **_PLACE,
        next=TEXT,
        notes=TEXTS,
        warnings=TEXTS,
    ),
)

ASK = Declaration(
    "ask",
    "Ask the documents",
    "Answer a question from the documents with checked citations, or say that they do not hold the answer. Slower than "
    "`search`; use it when the user wants the answer itself. Quote its citations by path and page or line, and do not repeat "
    "a sentence whose citation has the status `unsupported`.",
    _object(
        "question",
        question=_described({**TEXT, "minLength": 1, "maxLength": 2000}, "One question, as a whole sentence."),
        filter=FILTER,
    ),
    _object(
        "answered outcome confidence citations disputes notes",
        answered=FLAG,
        outcome={"enum": ["answered", "closest", "none"]},
        confidence=SHARE,
        answer=TEXT,
        closest=TEXT,
        citations=_list(
            _object("n ref path quote status", n=NUMBER, ref=TEXT, path=TEXT, **_PLACE, quote=TEXT, status=TEXT)
        ),
        disputes=_list(_object("n path quote older", n=NUMBER, path=TEXT, **_PLACE, quote=TEXT, older=FLAG)),
        notes=TEXTS,
    ),
)

LIST_DOCUMENTS = Declaration(
    "list_documents",
    "List the documents",
    f"List documents by folder, type, tag or date, with their ids and titles; {PAGE} at once, `next_cursor` continues. Not "
    "for finding content: use `search`.",
    _object(
        "",
        folder=_described(TEXT, "Only below this folder, or a pattern such as reports/**/*.pdf."),
        type=_described(TEXT, "Only of this type, such as pdf or markdown."),
        tag=_described({**TEXT, "pattern": "^[^=]+=.+$"}, "Only with this tag, as NAME=VALUE."),
        modified_after=_described(TEXT, "Only files written after this date, as 2024-01-31."),
        cursor=_described(TEXT, "`next_cursor` of the call before."),
    ),
    _object(
        "documents total",
        documents=_list(
            _object(
                "id path title type chunks", id=TEXT, path=TEXT, title=TEXT, type=TEXT, chunks=NUMBER, modified=TEXT
            )
        ),
        total=_described(NUMBER, "Documents that fulfil the conditions."),
        next_cursor=TEXT,
    ),
)

INGEST = Declaration(
    "ingest",
    "Take in documents",
    "Index files and folders that the user has allowed, or bring what is indexed up to date (no `paths`). Only what is new or "
    "changed is read. Returns a job; while its state is `running`, call again with `job` to follow it.",
    _object(
        "",
        paths=_described({**TEXTS, "maxItems": 100}, "Files or folders below the allowed ones."),
        tags=_described({"type": "object", "additionalProperties": TEXT}, "Marks for these documents: NAME: VALUE."),
        job=_described(TEXT, "Instead of `paths`: the job to follow."),
    ),
    _object(
        "job state done of failed",
        job=TEXT,
        state={"enum": ["running", "done", "failed"]},
        done=_described(NUMBER, "Files looked at so far."),
        of=_described(NUMBER, "Files that there are, as far as is known."),
        added=NUMBER,
        updated=NUMBER,
        failed=_list(_object("path reason", path=TEXT, reason=TEXT)),
        error=TEXT,
    ),
    read_only=False,
)

READING = (SEARCH, READ, ASK, LIST_DOCUMENTS)
