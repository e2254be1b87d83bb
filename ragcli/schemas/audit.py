"""The documents about the audit file: a line of it, its verification, and lines that were looked for."""

from __future__ import annotations

from typing import Annotated, Literal, NotRequired, TypedDict

from ragcli.schemas.fields import says


class AuditIndex(TypedDict):
    """An index, as it was when something was done."""

    path: Annotated[str, says("Where it is.")]
    generation: Annotated[int, says("A number that each commit raises.")]
    fingerprint: Annotated[str, says("A hash of its content and of how it was made.")]


class AuditDocumentName(TypedDict):
    """A document that was shown, cited or removed."""

    id: Annotated[str, says("Its id in the index; empty for one that was removed.")]
    path: Annotated[str, says("Its path, as the index lists it.")]


class AuditEntryDocument(TypedDict):
    """A line of the audit file (`audit.file`)."""

    schema: Literal["rag.audit.entry/1"]
    sequence: Annotated[int, says("The number of the line, from 1, over all files of the chain.")]
    previous: Annotated[
        str, says("The SHA-256 of the line before, without its line break, in hexadecimal digits; random in the first.")
    ]
    time: Annotated[str, says("When it was written, in UTC.")]
    version: Annotated[str, says("The version of rag.")]
    command: Annotated[str, says("What was done: ask, query, chat, ingest, rm, eval, trust, untrust or denied.")]
    uid: Annotated[int, says("The number of the user.")]
    user: Annotated[str, says("The login name of the user; empty when there is none.")]
    index: Annotated[AuditIndex | None, says("The index; null when there was none, or none was needed.")]
    outcome: Annotated[
        str,
        says(
            "What came of it: answered, closest, none (a question); found, none (a search); prompt shown; done, interrupted "
            "(an ingest or a removal); passed, below the gate (an evaluation); trusted, no longer trusted, was not trusted; "
            "ignored or refused (what a project file may not say); failed."
        ),
    ]
    error: Annotated[str, says("The kind of error of what failed, else empty.")]
    milliseconds: Annotated[float, says("How long it took.")]
    counts: Annotated[dict[str, int], says("How many of what, by name, such as hits or added.")]
    documents: Annotated[
        list[AuditDocumentName], says("The documents that were cited, found (a search) or removed; each once.")
    ]
    subjects: Annotated[list[str], says("The file that was trusted or not, or the settings that were denied.")]
    principal: NotRequired[
        Annotated[
            str, says("Whose rights counted (--as), or the tags of nobody with a name; without it, all was seen.")
        ]
    ]
    question_hash: NotRequired[
        Annotated[str, says("HMAC-SHA-256 of the question with the key `audit.key` of the user's state folder.")]
    ]
    question: NotRequired[Annotated[str, says("The question; there with `audit.questions = text` alone.")]]
    after_torn: NotRequired[Annotated[bool, says("True: the line before was left unfinished by a killed process.")]]


class AuditEntriesDocument(TypedDict):
    """Lines of the audit file that were looked for (`rag audit show`, `rag audit find`)."""

    schema: Literal["rag.audit.entries/1"]
    file: Annotated[str, says("The audit file.")]
    entries: Annotated[list[AuditEntryDocument], says("The lines, oldest first.")]


class AuditFinding(TypedDict):
    """Something about a line."""

    file: Annotated[str, says("The name of its file.")]
    line: Annotated[int, says("Its number in that file, from 1.")]
    what: Annotated[str, says("What is the matter with it.")]
    torn: Annotated[bool, says("Whether a killed process left it unfinished, which is no change by somebody.")]


class AuditVerifyDocument(TypedDict):
    """Whether the audit file is as it was written (`rag audit verify`)."""

    schema: Literal["rag.audit.verify/1"]
    file: Annotated[str, says("The audit file.")]
    intact: Annotated[bool, says("Whether no line was changed, moved, taken away or added.")]
    files: Annotated[int, says("How many files the chain has.")]
    lines: Annotated[int, says("How many lines they have.")]
    last: Annotated[str, says("The hash of the last line; empty when there is none.")]
    findings: Annotated[list[AuditFinding], says("What was found, in the order of the lines.")]
