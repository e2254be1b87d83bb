"""Every document that `--json` prints has a schema, and fits it. The runner in conftest.py holds the documents of all other tests
against the schemas too."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from ragcli.generation.store import Stored
from ragcli.render.jsonout import dumps
from ragcli.render.models import pulled_json
from ragcli.schemas import audit, evaluation, library, program, registry, search, serving
from tests.conftest import EXAMPLES, Rag
from tests.schema_check import checked

QUESTION = "How many days of annual leave does an employee have?"
SERVED = {name for name, declared in registry.documents().items() if declared.__module__ == "ragcli.schemas.serving"}
NOT_PRINTED = {
    "run",
    "model",
    "audit.entry",
    "gaps",
    *SERVED,
}  # files, what needs a model to be pulled, and what `rag serve`
# replies: all have tests of their own
COMMANDS = [
    ("plan", ["ingest", "documents", "--dry-run"], 0),
    ("ingest", ["ingest", "documents"], 0),
    ("scan", ["scan", "documents"], None),
    ("ls", ["ls"], 0),
    ("chunks", ["chunks", "documents/onboarding.docx"], 0),
    ("stats", ["stats"], 0),
    ("doctor", ["doctor"], 0),
    ("offline", ["doctor", "--offline"], 0),
    ("plugins", ["plugins"], 0),
    ("config", ["config", "show"], 0),
    ("query", ["query", QUESTION], 0),
    ("ask", ["ask", QUESTION, "--threshold", "0", "--save", "run.json"], 0),
    ("gold.add", ["gold", "add", "added.jsonl", "--last"], 0),
    ("ask", ["ask", "What is the hotel limit?", "--threshold", "1", "--save", "other.json"], 4),
    ("history", ["history"], 0),
    ("get", ["get", "1"], 0),
    ("overview", [], 0),
    ("version", ["--version"], 0),
    ("prompt", ["ask", QUESTION, "--show-prompt"], 0),
    ("diff", ["diff", "run.json", "other.json"], 3),
    ("why", ["why", QUESTION, "--expect", "documents/employee-handbook.md:28 days"], None),
    ("eval", ["eval", "gold.jsonl", "--min", "hit@5=0.1", "--max", "answer_wrong=1", "--save-baseline", "b.json"], 0),
    ("eval", ["eval", "gold.jsonl", "--baseline", "b.json", "--stages", "--no-timing"], None),
    ("tune", ["tune", "gold.jsonl"], 0),
    ("calibrate", ["calibrate", "gold.jsonl"], 0),
    ("compare", ["compare", "a.toml", "b.toml", "--gold", "gold.jsonl"], 0),
    ("gold.lint", ["gold", "lint", "gold.jsonl"], None),
    ("gold.new", ["gold", "new", "new.jsonl", "-n", "5"], 0),
    ("models", ["models", "list"], 0),
    ("error", ["models", "verify", "nobody"], 6),
    ("keys.add", ["keys", "add", "alice", "--rate", "5/minute", "--days", "9"], 0),
    ("keys", ["keys", "ls"], 0),
    ("pack", ["pack", "all.ragpack"], 0),
    ("collections", ["collection", "list"], 0),
    ("rm", ["rm", "documents/customer-faq.html"], 0),
    ("audit.verify", ["audit", "verify"], 0),
    ("audit.entries", ["audit", "show", "--command", "rm"], 0),
    ("forget", ["forget", "--removed", "--names", "--yes"], 0),
]


@pytest.fixture
def examples(rag: Rag, work, write) -> Rag:
    """`rag` beside a copy of the example documents, and as many of their questions as tuning and calibrating need."""
    shutil.copytree(EXAMPLES / "documents", work / "documents")
    rows = (EXAMPLES / "gold.jsonl").read_text().splitlines(keepends=True)
    unanswerable = [row for row in rows if '"answerable": false' in row]
    write("gold.jsonl", "".join([row for row in rows if row not in unanswerable][:22] + unanswerable))
    write("a.toml", '[retrieval]\nmode = "lexical"\n')
    write("b.toml", '[retrieval]\nmode = "hybrid"\n')
    return rag


def test_every_command_prints_documents_that_fit_their_schemas_and_no_schema_is_left_over(
    examples: Rag, work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAGCLI_AUDIT_FILE", str(work / "audit.jsonl"))
    for name, arguments, code in COMMANDS:
        (line,) = examples(*arguments, "--json", code=code).stdout.splitlines()
        assert checked(line)["schema"] == f"rag.{name}/1", arguments
    assert {name for name, _, _ in COMMANDS} | NOT_PRINTED == set(registry.documents())


def test_a_saved_run_fits_its_schema(examples: Rag, work) -> None:
    examples("ingest", "documents/employee-handbook.md")
    examples("ask", QUESTION, "--save", "run.json", "--threshold", "0")
    assert checked((work / "run.json").read_text())["schema"] == "rag.run/1"


def test_a_pulled_model_fits_its_schema() -> None:
    stored = Stored("tiny", "tiny.gguf", "hf:org/repo/tiny.gguf", "0" * 64, 5, (5, 1, 2, 3))
    assert checked(dumps(pulled_json(stored)))["schema"] == "rag.model/1"


def test_each_question_of_a_file_is_one_line_and_so_is_one_that_failed(examples: Rag, write) -> None:
    examples("ingest", "documents/employee-handbook.md")
    write("questions.txt", f"{QUESTION}\nWho is the king of Atlantis?\n")
    for how in ("--json", "--jsonl"):
        lines = examples("ask", "-f", "questions.txt", how).stdout.splitlines()
        assert [checked(line)["question"] for line in lines] == [QUESTION, "Who is the king of Atlantis?"]
    lines = examples("ask", "-f", "questions.txt", "--jsonl", "--model", "none.gguf", code=1).stdout.splitlines()
    failed = [document for line in lines if (document := checked(line))["schema"] == "rag.error/1"]
    assert QUESTION in [document["question"] for document in failed]


GOOD: dict[str, Any] = {"schema": "rag.error/1", "error": "e", "hint": "h", "exit": 1}


@pytest.mark.parametrize(
    "change", [{"extra": 1}, {"exit": "1"}, {"exit": None}, {"question": 3}], ids=["extra", "text", "null", "optional"]
)
def test_a_field_that_is_not_declared_or_has_another_type_fails(change: dict[str, object]) -> None:
    assert checked(json.dumps(GOOD)) == GOOD
    with pytest.raises((AssertionError, jsonschema.ValidationError)):
        checked(json.dumps({**GOOD, **change}))


def test_a_field_that_is_missing_fails() -> None:
    with pytest.raises(jsonschema.ValidationError, match="hint"):
        checked(json.dumps({name: value for name, value in GOOD.items() if name != "hint"}))


def test_the_command_lists_the_schemas_and_prints_one_by_its_name_or_tag(rag: Rag) -> None:
    listed = rag("schema").stdout.splitlines()
    assert [line.split()[0] for line in listed] == list(registry.documents())
    assert "query          The passages that fit a question best (`rag query`)." in listed
    printed = rag("schema", "gold.add").stdout
    assert json.loads(printed) == registry.json_schema("gold.add")
    assert rag("schema", "rag.gold.add/1").stdout == printed


def test_an_unknown_schema_is_a_usage_error_that_names_near_ones(rag: Rag) -> None:
    assert "no document is called 'qurey'; did you mean query? rag schema lists them" in flat(
        rag("schema", "qurey", code=2).stderr
    )
    assert "no document is called 'rag.zzz'; rag schema lists them" in flat(rag("schema", "rag.zzz", code=2).stderr)


def flat(text: str) -> str:
    return " ".join(text.split())


def objects(schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The objects with fields of a schema, by name."""
    yield from ((name, found) for name, found in schema["$defs"].items() if "properties" in found)


@pytest.mark.parametrize("name", registry.documents())
def test_every_object_and_every_field_of_a_schema_is_described(name: str) -> None:
    schema = registry.json_schema(name)
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    silent = [
        f"{where}.{field}"
        for where, found in objects(schema)
        for field, declared in found["properties"].items()
        if field != "schema" and not declared.get("description", "").endswith(".")
    ]
    assert silent == []
    assert [where for where, found in objects(schema) if not found.get("description", "").endswith(".")] == []


def test_names_and_versions_follow_one_pattern() -> None:
    declared = {
        kind
        for module in (search, library, evaluation, program, audit, serving)
        for name, kind in vars(module).items()
        if name.endswith("Document")
    }
    assert set(registry.documents().values()) == declared
    for name, kind in registry.documents().items():
        assert kind.__name__ == "".join(part.title() for part in name.split(".")) + "Document"
        assert registry.tag_of(kind) == f"rag.{name}/1"
