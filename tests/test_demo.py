"""`rag demo`: the example documents, an answer, and what to do next."""

from __future__ import annotations

import json
from pathlib import Path

from tests.conftest import EXAMPLES


def test_the_demo_answers_from_its_documents_and_says_how_to_go_on(rag_with_model, work: Path) -> None:
    shown = rag_with_model("demo").stdout
    assert "Every employee has 28 days of annual leave per calendar year. [1]" in shown
    assert "[1] rag-demo/employee-handbook.md:26" in shown
    assert {path.name for path in (work / "rag-demo").iterdir()} == {
        ".rag",
        *(path.name for path in (EXAMPLES / "documents").iterdir()),
    }
    commands = [line.strip().partition("  ")[0] for line in shown.partition("Next:\n")[2].splitlines()]
    asked = next(command for command in commands if " rag ask " in command)
    assert asked.startswith("cd rag-demo && ")
    question = asked.split('"')[1]
    assert "[1]" in rag_with_model("ask", question, "--index", "rag-demo/.rag").stdout
    again = json.loads(rag_with_model("demo", "--json").stdout)
    assert (again["outcome"], again["citations"][0]["path"]) == ("answered", "rag-demo/employee-handbook.md")


def test_the_demo_takes_no_folder_that_holds_something_else(rag, work: Path) -> None:
    (work / "mine").mkdir()
    (work / "mine" / "notes.txt").write_text("mine")
    assert "mine holds something else already" in rag("demo", "mine", code=2).stderr
    assert "notes.txt is a file" in rag("demo", "mine/notes.txt", code=2).stderr
    assert [path.name for path in (work / "mine").iterdir()] == ["notes.txt"]


def test_the_documents_of_the_demo_are_those_of_the_examples() -> None:
    from ragcli.usecases.demo import example_documents

    assert example_documents() == sorted(path for path in (EXAMPLES / "documents").iterdir())
