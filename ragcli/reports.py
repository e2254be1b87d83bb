"""What commands return: data that `render` turns into text or JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Failure:
    """A file that was not indexed and the reason. `skipped`: it was no document, which is no fault."""

    path: str
    reason: str
    skipped: bool = False


@dataclass(frozen=True, slots=True)
class Planned:
    """What an ingest would do with a source: add, update, unchanged, skip, fail, remove or keep. `detail` is its type, or the
    reason."""

    path: str
    action: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Listed:
    """A document, a copy of one, or something that was not indexed. `state`: ok, changed (since ingest), gone, partial, failed,
    skipped or copy; `reason` says why for the last four."""

    path: str
    state: str
    type: str = ""
    title: str = ""
    chunks: int = 0
    metadata: Mapping[str, str] = field(default_factory=dict)
    reason: str = ""


@dataclass(frozen=True, slots=True)
class IngestReport:
    """What an ingest did. `skipped` counts files that were not documents, by reason; `partial` lists documents of which
    something could not be read; `copies` counts new files whose content was indexed already; `redacted` counts the placeholders
    in documents that were added or updated, by kind."""

    added: int
    updated: int
    unchanged: int
    removed: int
    missing: int
    failed: tuple[Failure, ...]
    skipped: Mapping[str, int]
    chunks_added: int
    chunks_embedded: int
    documents: int
    chunks: int
    seconds: float
    interrupted: bool = False
    warnings: tuple[str, ...] = ()
    copies: int = 0
    partial: tuple[Failure, ...] = ()
    redacted: Mapping[str, int] = field(default_factory=dict)


JobState = Literal["queued", "running", "done", "failed", "cancelled", "interrupted"]
JobKind = Literal["ingest", "upload"]


@dataclass(slots=True)
class Job:
    """One ingest: who asked for it (`by`, the name of a key), for which files and folders, and what became of it. `report` is
    the document of `rag ingest --json`; `problem` says in words why it failed, `hint` what to do about it. `version` grows with
    each change, for whoever follows it."""

    id: str
    kind: JobKind
    by: str
    files: list[str]
    created: str
    state: JobState = "queued"
    began: str = ""
    ended: str = ""
    done: int = 0
    of: int = 0
    chunks: int = 0
    path: str = ""
    left: float | None = None
    report: dict[str, Any] | None = None
    refused: list[dict[str, str]] = field(default_factory=list)
    problem: str = ""
    hint: str = ""
    version: int = 0

    @property
    def over(self) -> bool:
        """Whether nothing of it will change any more."""
        return self.state not in ("queued", "running")


@dataclass(frozen=True, slots=True)
class Durations:
    """Percentiles of `count` times, in milliseconds."""

    count: int
    p50: float
    p90: float
    p99: float


@dataclass(frozen=True, slots=True)
class ServerStats:
    """What a server did since it began, `uptime` seconds ago: requests by status, answers by outcome, how many wait and run,
    and how long routes and stages took lately."""

    uptime: float
    statuses: Mapping[str, int]
    outcomes: Mapping[str, int]
    waiting: int
    running: int
    routes: Mapping[str, Durations]
    stages: Mapping[str, Durations]


@dataclass(frozen=True, slots=True)
class Gaps:
    """What the answers of a server since a time show to be missing: how many were `asked`, how many `declined` (closest
    passages are), the questions of these with their numbers as far as they were kept, and documents of which no passage was
    found, the first ones of `never` in all."""

    since: str
    asked: int
    declined: int
    questions: tuple[tuple[str, int], ...]
    documents: tuple[str, ...]
    never: int


@dataclass(frozen=True, slots=True)
class EngineState:
    """Who finds the nearest vectors: `setting` is what the settings ask for, `answers` what answers now ("exact" or "chroma").
    They differ while the Chroma collection cannot be used. `copy` says whether that collection holds what the catalog does:
    "complete", "behind" (of an older generation), "missing" (none that can be used), "unkept" (`ingest.chroma` is false),
    "off" (chromadb is not installed) or "unused" (where access rights count)."""

    setting: str
    answers: str
    copy: str


@dataclass(frozen=True, slots=True)
class IndexStats:
    """The state of an index.

    `threshold` is the confidence below which answers abstain, `disk` maps each part to bytes, `freshness` counts files that
    changed or vanished since, `redacted` counts placeholders by kind. Of an index that is seen as somebody, documents and what
    is counted of them are those that they may see; `generation` is 0, `created` and `updated` are empty, and so is `disk`.
    """

    path: str
    documents: int
    chunks: int
    types: Mapping[str, int]
    disk: Mapping[str, int]
    embedder: Mapping[str, object]
    chunker: Mapping[str, object]
    analyzer: str
    format: int
    generation: int
    created: str
    updated: str
    truncated_chunks: int
    failed: tuple[Failure, ...]
    freshness: Mapping[str, int]
    chroma: Mapping[str, object]
    engine: EngineState
    sentences: bool
    fingerprint: str
    threshold: float
    partial: tuple[Failure, ...] = ()
    copies: int = 0
    redacted: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Scanned:
    """Something that `rag scan` found: a value of `kind` on a `line` of the file (where the format has lines) or a `page`, or
    in what `place` names: the title, or a key of the metadata."""

    path: str
    kind: str
    line: int | None
    page: int | None
    place: str


@dataclass(frozen=True, slots=True)
class ScanReport:
    """What `rag scan` found in so many `files`, in the order of paths and places, and the files that could not be read."""

    files: int
    found: tuple[Scanned, ...]
    failed: tuple[Failure, ...]


@dataclass(frozen=True, slots=True)
class ForgottenSource:
    """A document, a copy of one, or a file that could not be read (`kind`: document, copy or failure). `document_id` is a hash
    of its path, `content_hash` one of its content, empty for a failure; a copy has no chunks of its own."""

    document_id: str
    kind: str
    path: str
    content_hash: str = ""
    chunks: int = 0


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What was forgotten, and what is left of it. `completed`: an earlier removal was interrupted, and is finished now.
    `cleared` counts what went besides the index (drafts, last_answer, roots), `files_kept` the files on disk that are still
    there. `searched` counts files and bytes, and the words, names and vectors that were looked for; `found` lists (file, kind
    of trace, how many of them) and is empty when nothing is left. `warnings` are about the copy in Chroma."""

    sources: tuple[ForgottenSource, ...]
    files_kept: int
    dry_run: bool = False
    completed: bool = False
    cleared: Mapping[str, int] = field(default_factory=dict)
    searched: Mapping[str, int] = field(default_factory=dict)
    found: tuple[tuple[str, str, int], ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ListedPlugin:
    """An installed plug-in: the `group` and `name` of its entry point, and why it is not used, empty when it is."""

    group: str
    name: str
    distribution: str
    version: str
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Difference:
    """Something that two runs do not share; `before` or `after` is empty where it is only in one of them."""

    kind: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Calibration:
    """A threshold, and how well it separates on the half of the questions that did not choose it. `parts` and `fingerprint` say
    for which index.

    A confidence with log-odds z becomes σ(`slope`·z + `intercept`), fitted on the one half; `error_before` and `error_after`
    are the calibration errors on the other. The threshold is one of the new confidence.
    """

    threshold: float
    questions: int
    answered_of_answerable: float
    abstained_of_unanswerable: float
    auroc: float
    parts: str
    fingerprint: str
    slope: float = 1.0
    intercept: float = 0.0
    error_before: float = 0.0
    error_after: float = 0.0


@dataclass(frozen=True, slots=True)
class Overview:
    """What is in the folder `directory`: the `index` in force with its counts and what was ingested (`roots`), or, without one,
    how many `files` of each suffix an ingest would look at; `complete` is false where counting them was given up."""

    directory: str
    index: str = ""
    documents: int = 0
    chunks: int = 0
    roots: tuple[str, ...] = ()
    files: Mapping[str, int] = field(default_factory=dict)
    complete: bool = True
