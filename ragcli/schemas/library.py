"""The documents of the commands that look after documents and the index."""

from __future__ import annotations

from typing import Annotated, Any, Literal, NotRequired, TypedDict

from ragcli.schemas.fields import Place, Unread, says


class IngestDocument(TypedDict):
    """What an ingest did (`rag ingest`)."""

    schema: Literal["rag.ingest/1"]
    added: Annotated[int, says("Documents that are new.")]
    updated: Annotated[int, says("Documents that changed.")]
    unchanged: Annotated[int, says("Documents that did not.")]
    removed: Annotated[int, says("Documents taken out of the index.")]
    missing: Annotated[int, says("Documents whose files are gone and that were kept; `--prune` removes them.")]
    failed: Annotated[list[Unread], says("Files that could not be read.")]
    skipped: Annotated[dict[str, int], says("How many files are no documents, by reason.")]
    chunks_added: Annotated[int, says("Chunks that were added.")]
    chunks_embedded: Annotated[int, says("Chunks that were embedded; the vectors of texts that are known are kept.")]
    documents: Annotated[int, says("Documents in the index now.")]
    chunks: Annotated[int, says("Chunks in the index now.")]
    seconds: Annotated[float, says("How long it took.")]
    interrupted: Annotated[bool, says("Whether it was stopped; the next ingest goes on.")]
    warnings: Annotated[list[str], says("What went wrong without harm to the index.")]
    copies: Annotated[int, says("New files whose content was indexed already.")]
    partial: Annotated[list[Unread], says("Documents of which something could not be read.")]
    redacted: Annotated[dict[str, int], says("Placeholders in what was added or updated, by kind.")]


class NamedIndex(TypedDict):
    """A collection."""

    name: Annotated[str, says("Its name.")]
    index: Annotated[str, says("The directory of its index.")]
    documents: Annotated[int, says("Documents in it, without copies.")]
    chunks: Annotated[int, says("Chunks in it.")]
    roots: Annotated[list[str], says("The files and folders that it was made of, as its index has them.")]
    problem: Annotated[str | None, says("Why it cannot be read; null where it can.")]


class CollectionsDocument(TypedDict):
    """The collections of the user (`rag collection list`, `rag collection remove`)."""

    schema: Literal["rag.collections/1"]
    collections: Annotated[list[NamedIndex], says("The collections, ordered by name.")]


class PackDocument(TypedDict):
    """A pack that was made of an index, or an index that was made of a pack (`rag pack`, `rag unpack`)."""

    schema: Literal["rag.pack/1"]
    pack: Annotated[str, says("The pack.")]
    index: Annotated[str, says("The directory of the index.")]
    bytes: Annotated[int, says("The size of the pack.")]
    sha256: Annotated[str, says("SHA-256 of the pack without its last 64 bytes, which are these digits.")]
    documents: Annotated[int, says("Documents in it, without copies.")]
    fingerprint: Annotated[str, says("What the index holds and is made with; equal for equal content.")]


class ScannedValue(TypedDict):
    """A key, a token, a password or an item of personal data."""

    path: Annotated[str, says("The file.")]
    kind: Annotated[str, says("token, private-key, jwt, password, email, phone, iban, card or ssn.")]
    line: Annotated[int | None, says("Its line in the file, from 1; null where the format has none.")]
    page: Annotated[int | None, says("Its page, from 1; null where the format has none.")]
    place: Annotated[str, says("title, or a key of the metadata; empty for the text.")]


class ScanDocument(TypedDict):
    """Where files hold keys, tokens and personal data, which are not repeated here (`rag scan`)."""

    schema: Literal["rag.scan/1"]
    files: Annotated[int, says("How many files were read.")]
    counts: Annotated[dict[str, int], says("How many values were found, by kind.")]
    found: Annotated[list[ScannedValue], says("Each of them, in the order of paths and places.")]
    failed: Annotated[list[Unread], says("Files that could not be read.")]


class PlannedSource(TypedDict):
    """What an ingest would do with a source."""

    path: Annotated[str, says("The source.")]
    action: Annotated[str, says("add, update, unchanged, skip, fail, remove or keep.")]
    detail: Annotated[str, says("Its type, or the reason.")]


class PlanDocument(TypedDict):
    """What an ingest would do (`rag ingest --dry-run`)."""

    schema: Literal["rag.plan/1"]
    files: Annotated[list[PlannedSource], says("The sources.")]


class ListedSource(TypedDict):
    """A document, a copy of one, or something that was not indexed."""

    path: Annotated[str, says("The source.")]
    state: Annotated[str, says("ok, changed (since ingest), gone, partial, failed, skipped or copy.")]
    type: Annotated[str, says("The type of the document; empty for what was not indexed.")]
    title: Annotated[str, says("Its title; empty for what was not indexed.")]
    chunks: Annotated[int, says("How many chunks it was cut into.")]
    metadata: Annotated[dict[str, str], says("What else is known of it.")]
    reason: Annotated[str, says("Why it is partial, failed, skipped or a copy; empty otherwise.")]


class LsDocument(TypedDict):
    """The documents of the index, and what could not be read (`rag ls`)."""

    schema: Literal["rag.ls/1"]
    documents: Annotated[list[ListedSource], says("The sources that fit the patterns.")]


class DeclinedQuestion(TypedDict):
    """A question that was not answered."""

    question: Annotated[str, says("The question.")]
    count: Annotated[int, says("How many times it was asked.")]


class GapsDocument(TypedDict):
    """What the answers of a server show to be missing (`rag stats --gaps`)."""

    schema: Literal["rag.gaps/1"]
    since: Annotated[str, says("When it began to count (ISO 8601, UTC).")]
    asked: Annotated[int, says("Answers that were made; replies that were kept are not counted.")]
    declined: Annotated[int, says("How many of them were none, or the closest passage alone.")]
    questions: Annotated[list[DeclinedQuestion], says("Those that were declined, if the server keeps questions.")]
    documents: Annotated[list[str], says("Documents of which no passage was found, at most 200.")]
    never_found: Annotated[int, says("How many such documents there are.")]


class RmDocument(TypedDict):
    """What was taken out of the index (`rag rm`)."""

    schema: Literal["rag.rm/1"]
    removed: Annotated[list[str], says("The paths of the documents.")]
    count: Annotated[int, says("How many they are.")]


class ForgottenSource(TypedDict):
    """A document, a copy of one, or a file that could not be read."""

    document_id: Annotated[str, says("A hash of its path.")]
    kind: Annotated[str, says("document, copy or failure.")]
    content_hash: Annotated[str, says("A hash of its content; empty for a failure.")]
    chunks: Annotated[int, says("How many chunks it had; a copy has none of its own.")]
    path: NotRequired[Annotated[str, says("The source, where `--names` asks for it.")]]


class Left(TypedDict):
    """What a file still holds of what was to be forgotten."""

    file: Annotated[str, says("The file, one of the program's own.")]
    kind: Annotated[str, says("word, name or vector.")]
    count: Annotated[int, says("How many different ones.")]


class ForgetDocument(TypedDict):
    """What was forgotten, and what a search of all files of the program found of it (`rag forget`)."""

    schema: Literal["rag.forget/1"]
    index: Annotated[str, says("The folder of the index.")]
    dry_run: Annotated[bool, says("Whether this is only what would be forgotten.")]
    completed: Annotated[bool, says("Whether an earlier removal was interrupted, and is finished now.")]
    sources: Annotated[list[ForgottenSource], says("What was taken out of the index.")]
    files_kept: Annotated[int, says("How many of their files are still on disk.")]
    cleared: Annotated[dict[str, int], says("What went besides the index: drafts, last_answer and roots.")]
    searched: Annotated[
        dict[str, int], says("Files and bytes that were searched, and the words, names and vectors looked for.")
    ]
    found: Annotated[list[Left], says("What is left; empty when nothing is.")]
    warnings: Annotated[list[str], says("What went wrong with the copy in Chroma.")]


class CutChunk(Place):
    """A chunk of a file."""

    ordinal: Annotated[int, says("Its number in the file, from 0.")]
    tokens: Annotated[int, says("The embedding model's tokens of header and text.")]
    headings: Annotated[list[str], says("The section path, outermost first.")]
    header: Annotated[str, says("What is indexed with the text: title and section path.")]
    text: Annotated[str, says("The text.")]


class ChunksDocument(TypedDict):
    """How a file is read and cut (`rag chunks`)."""

    schema: Literal["rag.chunks/1"]
    path: Annotated[str, says("The file.")]
    type: Annotated[str, says("Its type, such as markdown or pdf.")]
    title: Annotated[str, says("Its title.")]
    metadata: Annotated[dict[str, str], says("What else is known of it.")]
    partial: Annotated[str, says("What of it could not be read; empty when everything was.")]
    chunks: Annotated[list[CutChunk], says("The chunks, in the order of the text.")]


class Engine(TypedDict):
    """Who finds the nearest vectors."""

    setting: Annotated[str, says("`retrieval.engine`: exact or chroma.")]
    answers: Annotated[str, says("Who answers now: exact while the Chroma collection cannot be used.")]
    copy: Annotated[
        str,
        says(
            "Whether the Chroma collection holds all of the index: complete, behind, missing, unkept (`ingest.chroma` is "
            "false), off (no chromadb), or unused (--as)."
        ),
    ]


class StatsDocument(TypedDict):
    """What the index holds, how large it is, and whether the files changed since (`rag stats`)."""

    schema: Literal["rag.stats/1"]
    index: Annotated[str, says("The folder of the index.")]
    documents: Annotated[int, says("Documents.")]
    chunks: Annotated[int, says("Chunks.")]
    types: Annotated[dict[str, int], says("Documents by type.")]
    disk: Annotated[dict[str, int], says("Bytes by part of the index, and in all as `total`.")]
    embedder: Annotated[dict[str, Any], says("The embedding model: its name, dimension, weights and how it is used.")]
    chunker: Annotated[dict[str, Any], says("How documents were cut: the strategy and its parameters.")]
    analyzer: Annotated[str, says("The version of the word index.")]
    format: Annotated[int, says("The version of the index's files.")]
    generation: Annotated[int, says("A number that each commit raises.")]
    created: Annotated[str, says("When the index was made (ISO 8601).")]
    updated: Annotated[str, says("When it was last written to (ISO 8601).")]
    truncated_chunks: Annotated[int, says("Chunks that are longer than the embedding model reads.")]
    failed: Annotated[list[Unread], says("Files that could not be read.")]
    freshness: Annotated[dict[str, int], says("Files by what became of them since: unchanged, changed, gone.")]
    chroma: Annotated[dict[str, Any], says("The state of the copy in Chroma.")]
    sentences: Annotated[bool, says("Whether it has vectors of sentences.")]
    fingerprint: Annotated[str, says("A hash of its content and of how it was made.")]
    threshold: Annotated[float, says("The confidence from which on a question is answered.")]
    partial: Annotated[list[Unread], says("Documents of which something could not be read.")]
    copies: Annotated[int, says("Files whose content another file has as well.")]
    engine: Annotated[Engine, says("Who finds the nearest vectors.")]
    redacted: Annotated[dict[str, int], says("Placeholders in its documents, by kind.")]


class DoctorDocument(TypedDict):
    """The contradictions in an index (`rag doctor`)."""

    schema: Literal["rag.doctor/1"]
    sound: Annotated[bool, says("Whether there are none.")]
    problems: Annotated[list[str], says("Each contradiction in words.")]
    engine: Annotated[Engine, says("Who finds the nearest vectors.")]


class GetDocument(Place):
    """A document of the index, or a part of it (`rag get`)."""

    schema: Literal["rag.get/1"]
    path: Annotated[str, says("The document.")]
    title: Annotated[str, says("Its title.")]
    type: Annotated[str, says("Its type, such as markdown or pdf.")]
    headings: Annotated[list[str], says("The titles of the sections that the part begins in, outermost first.")]
    text: Annotated[str, says("The text.")]
