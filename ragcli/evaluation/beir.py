"""Collections in the layout of BEIR (Thakur et al., NeurIPS 2021): `corpus.jsonl`, `queries.jsonl` and judgements in
`qrels/test.tsv`, `qrels.tsv` or another file given by its split."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ragcli.errors import GoldError
from ragcli.evaluation.gold import Evidence, GoldQuestion
from ragcli.files import regular

CORPUS = "corpus.jsonl"


@dataclass(frozen=True, slots=True)
class CorpusEntry:
    """One document of a collection. `raw` is its line, whose hash tells whether it changed."""

    id: str
    title: str
    text: str
    raw: bytes


def is_collection(path: Path) -> bool:
    return (path / CORPUS).is_file() and (path / "queries.jsonl").is_file()


def read_corpus(folder: Path) -> Iterator[CorpusEntry]:
    """The documents in order. Raises GoldError at the first line that is not one."""
    for number, line in _lines(folder / CORPUS):
        row = _object(line, folder / CORPUS, number)
        yield CorpusEntry(str(row["_id"]), str(row.get("title") or ""), str(row.get("text") or ""), line)


def read_questions(folder: Path, split: str = "test") -> list[GoldQuestion]:
    """The judged queries of a split, in the order of `queries.jsonl`; a query without a relevant document is left out."""
    judgements = _read_qrels(_qrels_file(folder, split))
    questions = []
    for number, line in _lines(folder / "queries.jsonl"):
        row = _object(line, folder / "queries.jsonl", number)
        grades = judgements.get(str(row["_id"]), {})
        if grades:
            questions.append(
                GoldQuestion(
                    id=str(row["_id"]),
                    question=str(row["text"]),
                    answerable=True,
                    evidence=tuple(Evidence(document) for document in grades),
                    grades=tuple(grades.values()),
                    line=number,
                )
            )
    if not questions:
        raise GoldError(f"{folder} has no judged queries for the split {split!r}", hint="choose another with --split")
    return questions


def _qrels_file(folder: Path, split: str) -> Path:
    candidates = [folder / "qrels" / f"{split}.tsv", folder / f"qrels.{split}.tsv"]
    candidates += [folder / "qrels.tsv"] if split == "test" else []
    for candidate in candidates:
        if candidate.is_file():
            return candidate
    raise GoldError(
        f"no judgements for the split {split!r} in {folder}", hint=f"expected one of: {', '.join(map(str, candidates))}"
    )


def _read_qrels(path: Path) -> dict[str, dict[str, float]]:
    judgements: dict[str, dict[str, float]] = {}
    for number, line in _lines(path):
        parts = line.decode("utf-8", errors="replace").rstrip("\r\n").split("\t")
        if number == 1 and parts[0].lower() in ("query-id", "query_id", "qid"):
            continue
        try:
            query, document, grade = parts[0], parts[1], float(parts[2])
        except (IndexError, ValueError) as error:
            raise GoldError(
                f"{path}, line {number}: expected query-id, corpus-id, score", hint=f"edit {path}"
            ) from error
        if grade > 0:
            judgements.setdefault(query, {})[document] = grade
    return judgements


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    try:
        with open(path, "rb", opener=regular) as file:
            for number, line in enumerate(file, start=1):
                if line.strip():
                    yield number, line
    except OSError as error:
        raise GoldError(f"cannot read {path}: {error.strerror}", hint="rag eval FOLDER needs a BEIR folder") from error


def _object(line: bytes, path: Path, number: int) -> dict[str, Any]:
    try:
        row = json.loads(line)
        if isinstance(row, dict) and "_id" in row:
            return row
    except (ValueError, RecursionError):
        pass
    raise GoldError(f"{path}, line {number}: not a JSON object with an _id", hint=f"edit {path}")
