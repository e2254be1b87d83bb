"""The examples for GitHub Actions and pre-commit: their own commands, run."""

from __future__ import annotations

import json
import shlex
import shutil
from pathlib import Path

import pytest
import yaml

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"


@pytest.fixture
def repository(work: Path) -> Path:
    shutil.copytree(EXAMPLES / "documents", work / "docs")
    rows = [json.loads(line) for line in (EXAMPLES / "gold.jsonl").read_text().splitlines()]
    for row in rows:
        for item in row.get("evidence", []):
            item["path"] = item["path"].replace("documents/", "docs/")
    (work / "gold.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return work


def commands(steps: list[str]) -> list[list[str]]:
    return [shlex.split(step)[1:] for step in steps if step.startswith("rag ")]


@pytest.mark.slow
def test_the_github_job_s_commands_pass_and_leave_their_reports(
    rag_with_model, repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", "summary.md")
    job = yaml.safe_load((EXAMPLES / "ci" / "github-actions.yml").read_text())["jobs"]["evaluate"]
    found = commands([step["run"] for step in job["steps"] if "run" in step])
    assert [command[0] for command in found] == ["ingest", "gold", "eval"]
    for command in found:
        if command[0] == "eval":  # the baseline that the comment speaks of
            rag_with_model("eval", "gold.jsonl", "--save-baseline", "baseline.json")
        rag_with_model(*command)
    assert "passed" in Path("summary.md").read_text()
    assert Path("report/junit.xml").exists()
    assert Path("report/rag.html").exists()


def test_the_pre_commit_hooks_refuse_a_quotation_that_vanished(rag, repository: Path) -> None:
    hooks = yaml.safe_load((EXAMPLES / "ci" / "pre-commit-config.yaml").read_text())["repos"][0]["hooks"]
    ingest, lint = commands([hook["entry"] for hook in hooks])
    rag(*ingest)
    rag(*lint, "gold.jsonl")
    handbook = repository / "docs" / "employee-handbook.md"
    handbook.write_text(handbook.read_text().replace("28 days", "30 days"))
    rag(*ingest)
    assert "is not in docs/employee-handbook.md" in rag(*lint, "gold.jsonl", code=1).stdout
