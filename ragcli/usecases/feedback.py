"""What a server keeps of how its answers were received: gold questions out of ratings, and the gaps that it shows."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ragcli.errors import GoldError, NotFound, RagError
from ragcli.index.pages import every
from ragcli.reports import Gaps
from ragcli.usecases.gold import add_question

if TYPE_CHECKING:
    from ragcli.index.protocol import Catalog
    from ragcli.schemas.evaluation import GoldRow

FEEDBACK = "feedback.jsonl"
USAGE = "usage.json"
MOST_QUESTIONS = 1_000  # that were declined and are kept
_MOST_LISTED = 200


@dataclass(frozen=True, slots=True)
class Rated:
    """A question that somebody rated: `good` says as what, None where that is in between."""

    question: str
    good: bool | None
    outcome: str
    answer: str | None
    places: tuple[tuple[str, int | None, str], ...]


def ratings(folder: Path) -> Iterator[Rated]:
    """The ratings in the state `folder` of a server that name their question, oldest first. Raises NotFound when there is no
    feedback, RagError when it cannot be read; a line that was cut off by a crash is passed over."""
    path = folder / FEEDBACK
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        raise NotFound(
            "nobody rated an answer of rag serve yet", hint="rag serve, and Good or Bad below an answer of its page"
        ) from None
    except (OSError, ValueError) as error:
        raise RagError(f"cannot read {path}: {error}", hint="check its permissions") from error
    for line in lines:
        try:
            entry = json.loads(line)
            if entry.get("question"):
                yield _rated(entry)
        except (ValueError, KeyError, TypeError, AttributeError):
            continue


def _rated(entry: dict[str, Any]) -> Rated:
    rating = entry["rating"]
    good = {"up": True, "down": False}.get(entry["verdict"])
    if good is None and rating is not None:
        good = None if rating == 3 else rating > 3
    places = tuple((str(p["path"]), p["page"], str(p["quote"])) for p in entry["places"])
    return Rated(str(entry["question"]), good, str(entry["outcome"]), entry["answer"], places)


def add_rated(folder: Path, gold: Path, project: Path) -> tuple[list[GoldRow], int]:
    """Append the rated questions of a server to a gold file, the last rating of each; returns the rows, and how many questions
    were in the file already. See `add_question` for what becomes of good and bad ones."""
    newest = {each.question: each for each in ratings(folder) if each.good is not None}
    rows, known = [], 0
    for each in newest.values():
        try:
            rows.append(
                add_question(
                    gold,
                    project,
                    each.question,
                    good=bool(each.good),
                    abstained=each.outcome != "answered",
                    answer=each.answer,
                    places=each.places,
                )
            )
        except GoldError:
            known += 1
    return rows, known


def gaps(folder: Path, catalog: Catalog) -> Gaps:
    """What the answers of a server show to be missing. Raises NotFound when no server counted anything for this index."""
    path = folder / USAGE
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        found, questions = set(told["found"]), dict(told["questions"])
        since, asked, declined = str(told["since"]), int(told["asked"]), int(told["declined"])
    except FileNotFoundError:
        raise NotFound("no server answered from this index yet", hint="rag serve") from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RagError(f"cannot read {path}: {error}", hint=f"rm {path}, and begin anew") from error
    never = sorted(entry.document.path for entry in every(catalog.page) if entry.document.path not in found)
    ordered: Sequence[tuple[str, int]] = sorted(questions.items(), key=lambda item: (-item[1], item[0]))
    return Gaps(since, asked, declined, tuple(ordered[:_MOST_LISTED]), tuple(never[:_MOST_LISTED]), len(never))
