"""Making and checking gold files: `rag gold lint`, `rag gold add`, `rag gold new`."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ragcli.app.gold_paths import locator, resolver, texts_of
from ragcli.app.history import last
from ragcli.datatypes import Chunk, DocumentRecord
from ragcli.errors import GoldError, IndexUnusable, UsageError
from ragcli.evaluation.gold import GoldQuestion, parse_gold
from ragcli.evaluation.judging import contradictions, groups_of, missing_groups
from ragcli.index.pages import documents
from ragcli.measurements import Problem
from ragcli.text.folding import contains_quote, fold_quote
from ragcli.text.query import content_tokens
from ragcli.text.units import is_heading, unit_spans

if TYPE_CHECKING:
    from ragcli.app.core import App
    from ragcli.schemas.evaluation import GoldEvidence, GoldRow

UNREVIEWED = "unreviewed"
_FEWEST_UNANSWERABLE = 0.1


def lint(app: App, path: Path) -> list[Problem]:
    """Every problem of the file in one pass, by line; what needs the index is left out when there is none."""
    path = app.directory / path
    questions, malformed = parse_gold(path)
    problems = [Problem(line, "error", text) for line, text in malformed]
    if not questions and not problems:
        problems.append(Problem(0, "error", "it holds no questions"))
    problems += _duplicates(questions)
    try:
        problems += _against_index(app, path, questions)
    except IndexUnusable as error:
        problems.append(Problem(0, "warning", f"paths and quotations were not checked: {error.message}"))
    for question in questions:
        problems += [Problem(question.line, "error", text) for text in contradictions(question)]
        problems += [Problem(question.line, "warning", text) for text in _doubts(question)]
    share = sum(not question.answerable for question in questions) / max(1, len(questions))
    if questions and share < _FEWEST_UNANSWERABLE:
        problems.append(
            Problem(0, "warning", f"{share:.0%} of the questions are unanswerable: too few to measure abstention")
        )
    return sorted(problems, key=lambda problem: (problem.line, problem.kind, problem.text))


def _duplicates(questions: Sequence[GoldQuestion]) -> Iterator[Problem]:
    seen: dict[str, int] = {}
    for question in questions:
        key = " ".join(content_tokens(fold_quote(question.question)))
        if key in seen:
            yield Problem(question.line, "error", f"the same question as in line {seen[key]}")
        seen.setdefault(key, question.line)


def _doubts(question: GoldQuestion) -> Iterator[str]:
    if question.answerable and not question.evidence:
        yield "answerable, but without evidence: retrieval is not measured"
    leaked = [answer for answer in question.answers if len(answer) > 2 and contains_quote(question.question, answer)]
    if leaked:
        yield f"the question gives its answer away: “{leaked[0]}”"
    if UNREVIEWED in question.tags:
        yield "proposed by a program and not reviewed"
    if question.must_not and not groups_of(question):
        yield "must_not has no effect without must_groups or must_contain, which say when an answer is right"
    if question.must_groups and not question.answerable:
        yield "must_groups has no effect on a question that is not answerable"


def _against_index(app: App, path: Path, questions: Sequence[GoldQuestion]) -> Iterator[Problem]:
    resolve, locate, read = resolver(app, path), locator(app), texts_of(app)
    for question in questions:
        yield from _unsaid(question, resolve, read)
        for item in question.evidence:
            place = resolve(item.path)
            if place is None:
                yield Problem(
                    question.line, "error", f"{item.path} is not in the index, or several documents have that name"
                )
            elif place and item.quote and locate(place, item.quote) is None:
                yield Problem(question.line, "error", f"“{item.quote[:60]}” is not in {item.path} (any more)")
            elif place and item.quote and contains_quote(item.quote, question.question):
                yield Problem(question.line, "warning", "the question is copied from its evidence")


def _unsaid(
    question: GoldQuestion, resolve: Callable[[str], str | None], read: Callable[[str], tuple[int, str]]
) -> Iterator[Problem]:
    """Groups of `must_groups` that no document of the evidence holds: an answer in the words of the documents cannot either."""
    places = [resolve(item.path) for item in question.evidence]
    if not all(places):  # evidence that may stand in any document, or in none of the index
        return
    text = "\n".join(read(place)[1] for place in dict.fromkeys(places) if place)
    for group in missing_groups(text, question.must_groups) if places else ():
        phrases = " or ".join(f"“{phrase}”" for phrase in group)
        yield Problem(question.line, "warning", f"no document of the evidence says {phrases}")


def add_last(app: App, path: Path, *, good: bool) -> GoldRow:
    """Append the last question to the gold file at `path`, and return the line.

    Good: what was cited is the evidence and what was said the answer; an abstention makes the question unanswerable. Bad: the
    question alone, tagged `bad`, for somebody to fill in.
    """
    path = app.directory / path
    found = last()
    if Path(found.index) != app.index_directory:
        raise UsageError(
            f"the last question was asked of {found.index}", hint=f"rag gold add --last --index {found.index}"
        )
    row: GoldRow = {
        "id": _id(found.question),
        "question": found.question,
        "answerable": not good or found.answered is not False,
    }
    if good:
        if found.answer:
            row["answers"] = [found.answer]
        if row["answerable"]:
            row["evidence"] = [_evidence(app, path, *place) for place in found.places]
    else:
        row["tags"] = ["bad"]
    if path.exists():
        questions, _ = parse_gold(path)
        twin = next((q for q in questions if q.id == row["id"] or q.question == row["question"]), None)
        if twin is not None:
            raise GoldError(f"{path} has this question already, in line {twin.line}", hint=f"edit {path}")
    append(path, [row])
    return row


def _evidence(app: App, gold: Path, path: str, page: int | None, quote: str) -> GoldEvidence:
    written: GoldEvidence = {"path": os.path.relpath(app.project / path, gold.parent)}
    if quote:
        written["quote"] = quote
    if page is not None:
        written["page"] = page
    return written


def append(path: Path, rows: Sequence[GoldRow]) -> None:
    """Add lines to a gold file, which is made if need be. Raises GoldError."""
    try:
        before = path.read_bytes() if path.exists() else b""
        with path.open("a", encoding="utf-8") as file:
            file.write("" if not before or before.endswith(b"\n") else "\n")
            file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    except OSError as error:
        raise GoldError(f"cannot write {path}: {error.strerror}", hint="check its permissions") from error


_FACT = re.compile(r"(?<![\w.,-])(?:\d[\d.,:]*\d|\d)(?:\s?(?:%|€|\$|EUR|USD))?(?![\w])")


def propose(app: App, path: Path, count: int) -> list[GoldRow]:
    """At most `count` questions from the index, spread over its documents, each tagged `unreviewed`.

    Cloze: a sentence with a number left out; the number is the answer. Heading: what a section says. With a language model as
    answer model, it writes the question to a sentence.
    """
    path = app.directory / path
    write = app.write
    proposals: list[list[GoldRow]] = []
    for document in documents(app.reader):
        if document.type not in ("code", "record"):
            chunks = app.reader.document_chunks(document.document_id)
            proposals.append(list(_of_document(app, path, document, chunks, write)))
    chosen: list[GoldRow] = []
    for depth in range(max(map(len, proposals), default=0)):
        chosen += [rows[depth] for rows in proposals if depth < len(rows)]
        if len(chosen) >= count:
            break
    return chosen[:count]


def _of_document(
    app: App, gold: Path, document: DocumentRecord, chunks: Sequence[Chunk], write: Callable[[str], str] | None
) -> Iterator[GoldRow]:
    for chunk in chunks:
        for start, end in unit_spans(chunk.text):
            sentence = chunk.text[start:end]
            facts = _FACT.findall(sentence)
            if (
                len(facts) != 1
                or len(content_tokens(sentence)) < 6
                or is_heading(chunk.text, start, end)
                or "|" in sentence
            ):
                continue
            flat = " ".join(sentence.split())
            question = (
                _written(write, flat) if write else f"Which number is missing: “{flat.replace(facts[0], '___', 1)}”?"
            )
            if question:
                evidence = _evidence(app, gold, document.path, chunk.span.page_start, sentence)
                yield _proposal(question, "written" if write else "cloze", [facts[0]], evidence)
        for headings in dict.fromkeys([chunk.headings, *(section.headings for section in chunk.sections)]):
            if headings and headings[-1] != document.title and len(content_tokens(headings[-1])) > 1:
                evidence = {**_evidence(app, gold, document.path, None, ""), "heading": headings[-1]}
                yield _proposal(f"What is said about {headings[-1]}?", "heading", [], evidence)


def _written(write: Callable[[str], str], sentence: str) -> str:
    reply = write(f"Write one short question that this sentence answers.\n\nSentence: {sentence}")
    return next((line.strip() for line in reply.splitlines() if line.strip().endswith("?")), "")


def _proposal(question: str, kind: str, answers: list[str], evidence: GoldEvidence) -> GoldRow:
    row: GoldRow = {"id": _id(question), "question": question, "answerable": True, "evidence": [evidence]}
    if answers:
        row["answers"] = answers
    row["tags"] = [UNREVIEWED, kind]
    return row


def _id(question: str) -> str:
    return hashlib.sha256(question.encode("utf-8", "surrogatepass")).hexdigest()[:8]
