"""Gold files of other tools → rows with our field names.

Read are JSON lines, a JSON array (or an object with one under `queries`, `tests`, `data`, `samples` or `goldens`), CSV, and
promptfoo's YAML. A row is told by its fields, not by its file:

    ours, plain pairs      question, answer
    ragas                  user_input, reference, reference_contexts; question, ground_truth, ground_truth_contexts
    deepeval               input, expected_output, context, source_file (also in camelCase)
    promptfoo              vars.query (or the only variable), assert[].value of contains, contains-all, equals, similar
    qmd, ragtune, ragbench query, expected_files; query, relevant_docs; expected_answer, must_contain

Contexts become quotations that may stand in any document. promptfoo's not-contains and not-contains-any become `must_not`. In
CSV, ";" separates the entries of a list, and "|" the alternatives of a group of `must_groups`.
"""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ragcli.errors import GoldError
from ragcli.files import read_text

Row = tuple[int, Any]

_QUESTION = ("question", "query", "user_input", "input", "text")
_ANSWER = ("answers", "answer", "ground_truth", "reference", "expected_output", "expectedOutput", "expected_answer")
_CONTEXTS = ("reference_contexts", "ground_truth_contexts", "context")
_RELEVANT = ("relevant", "files", "relevant_docs", "expected_files", "source_file", "sourceFile")
_OURS = ("evidence", "answerable", "must_contain", "must_groups", "must_not", "max_characters", "tags")
_MAX_NODES = 1_000_000  # of a YAML file
_LISTS = ("queries", "tests", "data", "samples", "goldens")


def read_rows(path: Path) -> Iterator[Row]:
    """(line, row) in order; the row is a ValueError where a line cannot be read. Lines of JSON arrays count elements."""
    try:
        text = read_text(path, encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise GoldError(f"cannot read the gold file {path}: {reason}", hint="rag eval GOLD.jsonl") from error
    match path.suffix.lower():
        case ".csv" | ".tsv":
            rows = _csv(text, "\t" if path.suffix.lower() == ".tsv" else ",")
        case ".yaml" | ".yml":
            rows = _yaml(text, path)
        case _:
            rows = _json(text)
    for number, row in rows:
        yield number, _normalised(row) if isinstance(row, dict) else row


def _json(text: str) -> Iterator[Row]:
    if text.lstrip()[:1] in ("[", "{"):
        try:
            whole = json.loads(text)
        except (ValueError, RecursionError):
            whole = None
        if isinstance(whole, dict):
            whole = next((whole[key] for key in _LISTS if isinstance(whole.get(key), list)), None)
        if isinstance(whole, list):
            yield from enumerate(whole, start=1)
            return
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            try:
                yield number, json.loads(line)
            except (ValueError, RecursionError) as error:
                yield number, ValueError(f"not JSON: {error}")


def _csv(text: str, delimiter: str) -> Iterator[Row]:
    reader = csv.DictReader(io.StringIO(text), delimiter=delimiter)
    for row in reader:
        filled: dict[str, Any] = {key: value for key, value in row.items() if key and value not in (None, "")}
        for key in ("answers", "must_contain", "must_not", "must_groups", "tags", *_RELEVANT, *_CONTEXTS):
            if key in filled:
                filled[key] = _parts(filled[key], ";")
        if "must_groups" in filled:
            filled["must_groups"] = [_parts(group, "|") for group in filled["must_groups"]]
        if str(filled.get("max_characters", "")).isdecimal():
            filled["max_characters"] = int(filled["max_characters"])
        if "answerable" in filled:
            filled["answerable"] = str(filled["answerable"]).strip().lower() in ("true", "1", "yes")
        if "path" in filled:
            page = str(filled.pop("page", ""))
            evidence = {"path": filled.pop("path"), "quote": filled.pop("quote", "")}
            filled["evidence"] = [evidence | ({"page": int(page)} if page.isdigit() else {})]
        yield reader.line_num, filled


def _parts(cell: object, separator: str) -> list[str]:
    return [part.strip() for part in str(cell).split(separator) if part.strip()]


def _yaml(text: str, path: Path) -> Iterator[Row]:
    import yaml

    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        if node is not None and _size(node, {}) > _MAX_NODES:
            raise GoldError(f"{path}: its aliases stand for more than {_MAX_NODES:,} values", hint=f"edit {path}")
        content = yaml.safe_load(text)
    except RecursionError as error:
        raise GoldError(f"{path} is nested too deeply", hint=f"edit {path}") from error
    except (yaml.YAMLError, ValueError) as error:
        raise GoldError(f"{path} is not valid YAML: {error}", hint=f"edit {path}") from error
    tests = content.get("tests") if isinstance(content, dict) else content
    yield from enumerate(tests if isinstance(tests, list) else [], start=1)


def _size(node: Any, known: dict[int, float]) -> float:
    """Values in a YAML node, those of an alias as often as it is used; infinite for one that holds itself."""
    if id(node) not in known:
        known[id(node)] = math.inf
        inside = node.value if isinstance(node.value, list) else []
        pairs = [entry if isinstance(entry, tuple) else (entry,) for entry in inside]
        known[id(node)] = 1 + sum(_size(entry, known) for pair in pairs for entry in pair)
    return known[id(node)]


def _normalised(row: dict[str, Any]) -> dict[str, Any]:
    if isinstance(row.get("vars"), dict):
        row = _of_promptfoo(row)
    found: dict[str, Any] = {key: row[key] for key in _OURS if row.get(key) is not None}
    found["id"] = row.get("id", row.get("_id"))
    if found["id"] is None:
        del found["id"]
    found["question"] = next((row[key] for key in _QUESTION if row.get(key) is not None), None)
    answers: Any = next((row[key] for key in _ANSWER if row.get(key)), [])
    found["answers"] = answers if isinstance(answers, list) else [answers]
    relevant: Any = next((row[key] for key in _RELEVANT if row.get(key)), [])
    found["relevant"] = relevant if isinstance(relevant, list) else [relevant]
    if not found.get("evidence") and not found["relevant"]:
        contexts: Any = next((row[key] for key in _CONTEXTS if row.get(key)), [])
        quotes = contexts if isinstance(contexts, list) else [contexts]
        found["evidence"] = [{"path": "", "quote": quote} for quote in quotes]
    return found


def _of_promptfoo(row: dict[str, Any]) -> dict[str, Any]:
    variables = row["vars"]
    question = next((variables[key] for key in _QUESTION if key in variables), None)
    if question is None and len(variables) == 1:
        question = next(iter(variables.values()))
    found: dict[str, Any] = {"question": question, "id": row.get("description")}
    found |= {"answers": [], "must_contain": [], "must_not": []}
    if isinstance(variables.get("context"), (str, list)):
        found["context"] = variables["context"]
    for check in row.get("assert") or []:
        value, kind = check.get("value"), str(check.get("type", "")).replace("icontains", "contains")
        values = [str(entry) for entry in (value if isinstance(value, list) else [value]) if entry is not None]
        if kind in ("equals", "similar"):
            found["answers"] += values
        elif kind in ("contains", "contains-all", "contains-any"):
            found["answers" if kind == "contains-any" else "must_contain"] += values
        elif kind in ("not-contains", "not-contains-any"):
            found["must_not"] += values
    return found
