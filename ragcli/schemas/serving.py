"""The documents of `rag serve` that no command prints. A question is replied to with those of `rag query` and `rag ask`."""

from __future__ import annotations

from typing import Annotated, Literal, NotRequired, TypedDict

from ragcli.schemas.fields import Place, Unread, says
from ragcli.schemas.library import IngestDocument
from ragcli.schemas.search import Citation, Hit, QueryDocument


class Misfit(TypedDict):
    """A part of a request that does not fit."""

    pointer: Annotated[str, says("Where it stands, as a JSON pointer into the body or the name of a parameter.")]
    detail: Annotated[str, says("What is wrong with it.")]


class ProblemDocument(TypedDict):
    """Why a request could not be replied to, as RFC 9457 has it (`rag serve`)."""

    schema: Literal["rag.problem/1"]
    type: Annotated[str, says("The kind of problem, such as urn:ragcli:problem:index-locked.")]
    title: Annotated[str, says("The kind of problem in words.")]
    status: Annotated[int, says("The HTTP status.")]
    detail: Annotated[str, says("What went wrong, and where.")]
    instance: Annotated[str, says("The identity of the request, as the log has it.")]
    hint: NotRequired[Annotated[str, says("What fixes it, where that is known and the caller may know.")]]
    errors: NotRequired[Annotated[list[Misfit], says("The parts of the request that do not fit.")]]


class BatchReply(TypedDict):
    """The reply to one of several questions."""

    found: Annotated[QueryDocument | None, says("What was found; null where there is a problem.")]
    problem: Annotated[ProblemDocument | None, says("Why nothing could be looked for; null where that worked.")]


class QueriesDocument(TypedDict):
    """The replies to several questions (`rag serve`, POST /query/batch)."""

    schema: Literal["rag.queries/1"]
    results: Annotated[list[BatchReply], says("The reply to each question, in the order of the questions.")]


class DocumentFacts(TypedDict):
    """A document of the index."""

    id: Annotated[str, says("Its identity, a hash of its path.")]
    path: Annotated[str, says("The document, as the index lists it.")]
    title: Annotated[str, says("Its title.")]
    type: Annotated[str, says("Its type, such as markdown or pdf.")]
    date: Annotated[str | None, says("Its date as far as it is known: 2024, 2024-03 or 2024-03-15.")]
    language: Annotated[str, says("Its language (ISO 639-1).")]
    pages: Annotated[int | None, says("How many pages it has; null where the format has none.")]
    chunks: Annotated[int, says("How many chunks it was cut into.")]
    metadata: Annotated[dict[str, str], says("What else is known of it; the tags that ingest gave are tag.NAME.")]
    partial: Annotated[str, says("What of it could not be read; empty when everything was.")]
    copies: Annotated[list[str], says("Files with the same content.")]


class DocumentsDocument(TypedDict):
    """Some of the documents of the index, ordered by path (`rag serve`, GET /documents)."""

    schema: Literal["rag.documents/1"]
    documents: Annotated[list[DocumentFacts], says("The documents.")]
    total: Annotated[int, says("How many documents fulfil the conditions.")]
    next_cursor: Annotated[str | None, says("The `cursor` that gives the next ones; null when there are none.")]


class DocumentDocument(TypedDict):
    """A document of the index (`rag serve`, GET /documents/ID)."""

    schema: Literal["rag.document/1"]
    document: Annotated[DocumentFacts, says("The document.")]


class TextDocument(Place):
    """A part of a document (`rag serve`, GET /documents/ID/text)."""

    schema: Literal["rag.text/1"]
    id: Annotated[str, says("The identity of the document.")]
    path: Annotated[str, says("The document.")]
    title: Annotated[str, says("Its title.")]
    headings: Annotated[list[str], says("The section in which the part begins, outermost first.")]
    text: Annotated[str, says("The text, as the index holds it.")]
    next: Annotated[int | None, says("The `start` of what follows; null at the end of what was asked for.")]


class JobProgress(TypedDict):
    """How far an ingest is."""

    done: Annotated[int, says("Files that are done.")]
    of: Annotated[int, says("Files in all; 0 before they are known.")]
    chunks: Annotated[
        int | None, says("Chunks that were embedded so far; null for a key that sees a part of the index.")
    ]
    path: Annotated[str, says("The file at hand.")]
    seconds_left: Annotated[float | None, says("About how long it will take; null as long as that cannot be told.")]


class JobDocument(TypedDict):
    """An ingest that was asked for (`rag serve`, POST /ingest and GET /jobs/ID)."""

    schema: Literal["rag.job/1"]
    id: Annotated[str, says("Its identity.")]
    kind: Annotated[Literal["ingest", "upload"], says("Whether folders are read again, or files were sent.")]
    state: Annotated[
        Literal["queued", "running", "done", "failed", "cancelled", "interrupted"],
        says("Where it is; interrupted: the server ended before it did."),
    ]
    by: Annotated[str, says("The key that asked for it.")]
    files: Annotated[list[str], says("The files and folders; none: all that the index was made from.")]
    created: Annotated[str, says("When it was asked for (ISO 8601, UTC).")]
    began: Annotated[str | None, says("When it began.")]
    ended: Annotated[str | None, says("When it ended.")]
    progress: Annotated[JobProgress, says("How far it is.")]
    refused: Annotated[list[Unread], says("Files that are not in the index after it, and why.")]
    report: Annotated[
        IngestDocument | None,
        says("What it did; null before its end, and for a key that sees a part of the index."),
    ]
    problem: Annotated[str, says("Why it failed or was interrupted; empty when it was not.")]
    hint: Annotated[str, says("What to do about it.")]


class JobsDocument(TypedDict):
    """The ingests that were asked for, the newest first (`rag serve`, GET /jobs)."""

    schema: Literal["rag.jobs/1"]
    jobs: Annotated[list[JobDocument], says("Those of the key; all of them for a key that administers.")]


class Durations(TypedDict):
    """How long something took lately, in milliseconds."""

    count: Annotated[int, says("How many times this is of, at most 1,000.")]
    p50: Annotated[float, says("Half of them were at most this long.")]
    p90: Annotated[float, says("Nine of ten were.")]
    p99: Annotated[float, says("99 of 100 were.")]


class ServerStatsDocument(TypedDict):
    """What a server did since it began (`rag serve`, GET /stats; `rag stats --server`)."""

    schema: Literal["rag.server.stats/1"]
    uptime: Annotated[float, says("Seconds since it began.")]
    statuses: Annotated[dict[str, int], says("Requests by HTTP status.")]
    outcomes: Annotated[dict[str, int], says("Answers by outcome: answered, closest, none.")]
    waiting: Annotated[int, says("Requests that wait.")]
    running: Annotated[int, says("Requests that are worked on.")]
    routes: Annotated[dict[str, Durations], says("How long requests took, by route.")]
    stages: Annotated[dict[str, Durations], says("How long the stages of questions took, in their order.")]


class HealthDocument(TypedDict):
    """Whether the server can reply (`rag serve`, GET /health/ready)."""

    schema: Literal["rag.health/1"]
    status: Annotated[Literal["ok", "draining", "unusable"], says("ok, or why it cannot.")]
    detail: Annotated[str, says("What is wrong; empty when nothing is.")]


class AskEvidenceDocument(TypedDict):
    """The passages for an answer, the first event of its stream (`rag serve`, POST /ask)."""

    schema: Literal["rag.ask.evidence/1"]
    confidence: Annotated[float, says("The probability that they answer the question, 0 to 1.")]
    writing: Annotated[bool, says("Whether an answer will be tried.")]
    hits: Annotated[list[Hit], says("The passages, best first.")]


class AskTailDocument(TypedDict):
    """The beginning of the next sentence, not checked yet (`rag serve`, POST /ask)."""

    schema: Literal["rag.ask.tail/1"]
    text: Annotated[str, says("What is written so far of it; takes the place of what was told before.")]


class AskSentenceDocument(TypedDict):
    """A sentence of an answer that is written and checked (`rag serve`, POST /ask)."""

    schema: Literal["rag.ask.sentence/1"]
    index: Annotated[int, says("Its number, from 0.")]
    lead: Annotated[str, says("What stands before it: nothing, a space, a line break or an empty line.")]
    text: Annotated[str, says("The sentence as it is read.")]
    citations: Annotated[list[int], says("The markers of the citations behind it.")]
    new: Annotated[list[Citation], says("The citations that no sentence before it had.")]


class AskDiscardedDocument(TypedDict):
    """The sentences so far are no part of the answer; others follow (`rag serve`, POST /ask)."""

    schema: Literal["rag.ask.discarded/1"]
    reason: Annotated[str, says("Why, in words.")]
