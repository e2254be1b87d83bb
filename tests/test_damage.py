"""Damaged files of an index: found, or harmless, and never answered from."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from ragcli.app.ingestion import IngestRequest
from tests.helpers.damage import answers_of, damages, is_error, outcome
from tests.helpers.indexes import app_of


def write_documents(write: Callable[[str, str], Path], extra: str = "") -> None:
    for i in range(24):
        write(
            f"docs/{i:02}.md",
            f"# Topic {i}\n\nThe topic {i} costs {i * 7} euros. It is paid in month {i % 5}. An uncommon word{i} follows.\n\n"
            f"## Parking\n\nEngineers of group {i} park at the bicycle shed {i % 7}. {extra}\n",
        )
    write("docs/leave.md", "# Leave\n\nEngineers have 28 days of annual leave, paid by the company. Standby is paid.\n")
    write("docs/copy.md", "# Leave\n\nEngineers have 28 days of annual leave, paid by the company. Standby is paid.\n")


@pytest.fixture
def states(work: Path, write: Callable[[str, str], Path]) -> tuple[Path, Path, Path]:
    """An index, an earlier state of it, and another index, each a folder `.rag`."""
    app = app_of(work)
    write_documents(write)
    app.ingest(IngestRequest([work / "docs"]))
    shutil.copytree(work / ".rag", work / "older" / ".rag")
    write_documents(write, "The gate opens at six.")
    app.ingest(IngestRequest([work / "docs"]))
    write("docs/gate.txt", "The gate closes at nine.")
    (work / "docs" / "03.md").unlink()
    app.ingest(IngestRequest([work / "docs"]))
    app.close()
    shutil.copytree(work / "docs", work / "other" / "docs")
    other = app_of(work / "other")
    (work / "other" / "docs" / "00.md").write_text("# Topic 0\n\nThe topic 0 costs 99 euros.\n")
    other.ingest(IngestRequest([work / "other" / "docs"]))
    other.close()
    return work / ".rag", work / "older" / ".rag", work / "other" / ".rag"


@pytest.mark.parametrize("count", [60, pytest.param(300, marks=pytest.mark.slow)])
def test_every_single_corruption_is_found_by_doctor_or_harmless_and_none_is_answered_from(
    states: tuple[Path, Path, Path], work: Path, count: int
) -> None:
    index, older, other = states
    sound = app_of(work)
    expected = answers_of(sound)
    sound.close()
    assert not any(is_error(answer) for answer in expected)
    shutil.copytree(index, work / "kept")
    outcomes = {}
    for damage in damages(index, count, seed=count):
        shutil.rmtree(index)
        shutil.copytree(work / "kept", index)
        if damage.apply(index, older, other):
            outcomes[damage] = outcome(index, expected)
    bad = {damage: told for damage, told in outcomes.items() if told not in ("found", "harmless")}
    assert not bad, "\n".join(f"{damage}: {told}" for damage, told in bad.items())
    assert Counter(outcomes.values())["found"] > count / 3
