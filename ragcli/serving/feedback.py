"""What callers thought of answers, and which questions and documents the answers show to be gaps; two files for each index.

`feedback.jsonl` has a line for each rating, and is only appended to. `usage.json` counts what was asked and found. Neither
holds what was asked unless the server was told to keep questions, or a caller sent it with a rating. Texts of documents (the
answer and its quotations) are kept beside such a question alone.
"""

from __future__ import annotations

import json
import logging
import os
import threading
import time
from collections import Counter, OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ragcli.errors import NotFound, RagError
from ragcli.private import make_private_folder, open_private, replace_private
from ragcli.serving.uploads import TooMuch
from ragcli.usecases.feedback import FEEDBACK, MOST_QUESTIONS, USAGE

_REMEMBERED = 500  # answers that can be rated
_LARGEST = 100_000_000  # bytes of feedback
_WRITE_SECONDS = 5.0  # between two times that the counts are written
_LOGGER = logging.getLogger("ragcli.serving")


@dataclass(frozen=True, slots=True)
class Rating:
    """What somebody thought of an answer: `verdict` is "up", "down" or "", `rating` 1 to 5 or None."""

    verdict: str
    rating: int | None
    comment: str
    question: str


class Answers:
    """The newest answers, each under the identity of its request, for those who rate them; for one thread."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[str, str], bytes] = OrderedDict()

    def remember(self, identity: str, by: str, reply: bytes) -> None:
        """`reply` is the document `rag.ask/1` that `by` got."""
        self._kept[identity, by] = reply
        while len(self._kept) > _REMEMBERED:
            self._kept.popitem(last=False)

    def find(self, identity: str, by: str) -> dict[str, Any]:
        """Raises NotFound for an answer that `by` did not get, or got too long ago."""
        try:
            found: dict[str, Any] = json.loads(self._kept[identity, by])
        except KeyError:
            hint = f"the X-Request-Id of one of your last {_REMEMBERED} replies to POST /ask"
            raise NotFound(f"there is no answer {identity[:64]}", hint=hint) from None
        return found


class Feedback:
    """The files in `folder`; `keep_questions` says whether they hold questions. For any number of threads."""

    def __init__(self, folder: Path, *, keep_questions: bool) -> None:
        self._folder = folder
        self._keep = keep_questions
        self._lock = threading.Lock()
        self._since = _now()
        self._asked, self._declined = 0, 0
        self._questions: OrderedDict[str, int] = OrderedDict()
        self._found: Counter[str] = Counter()
        self._changed, self._written = False, time.monotonic()
        self._read()

    def rate(self, by: str, answer: Mapping[str, Any], rating: Rating) -> None:
        """Append what `by` thought of an answer (the document `rag.ask/1`). Raises TooMuch and RagError."""
        question = rating.question or (answer["question"] if self._keep else "")
        closest = [answer["closest"]["citation"]] if answer["closest"] else []
        cited = answer["citations"] or closest
        entry: dict[str, Any] = {
            "time": _now(),
            "by": by,
            "verdict": rating.verdict,
            "rating": rating.rating,
            "comment": rating.comment,
            "outcome": answer["outcome"],
            "documents": list(dict.fromkeys(each["path"] for each in cited)),
        }
        if question:
            entry["question"] = question
            entry["answer"] = answer["answer"]
            entry["places"] = [{"path": c["path"], "page": c["page"], "quote": c["quote"]} for c in cited]
        line = json.dumps(entry, ensure_ascii=True).encode() + b"\n"
        path = self._folder / FEEDBACK
        with self._lock:
            try:
                make_private_folder(self._folder)
                descriptor = open_private(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
                with os.fdopen(descriptor, "ab") as file:
                    if file.tell() + len(line) > _LARGEST:
                        raise TooMuch("there is as much feedback as may be", hint=f"put {path.name} away")
                    file.write(line)
            except OSError as error:
                raise RagError(
                    f"cannot write {path}: {error.strerror or error}", hint="check its permissions"
                ) from error

    def count(self, question: str, outcome: str, paths: Iterable[str]) -> None:
        """An answer was made: for what, how it came out, and from which documents its passages are."""
        with self._lock:
            self._asked += 1
            if outcome != "answered":
                self._declined += 1
                if self._keep:
                    self._questions[question] = self._questions.pop(question, 0) + 1
                    while len(self._questions) > MOST_QUESTIONS:
                        self._questions.popitem(last=False)
            self._found.update(set(paths))
            self._changed = True
            if time.monotonic() - self._written > _WRITE_SECONDS:
                self._write()

    def close(self) -> None:
        """Write the counts."""
        with self._lock:
            if self._changed:
                self._write()

    def _write(self) -> None:
        told = {
            "since": self._since,
            "asked": self._asked,
            "declined": self._declined,
            "questions": dict(self._questions),
            "found": dict(self._found),
        }
        path = self._folder / USAGE
        try:
            make_private_folder(self._folder)
            replace_private(path, json.dumps(told) + "\n")
            self._changed, self._written = False, time.monotonic()
        except OSError as error:
            _LOGGER.warning("%s cannot be written: %s", path, error)

    def _read(self) -> None:
        try:
            told = json.loads((self._folder / USAGE).read_text(encoding="utf-8"))
            self._since, self._asked, self._declined = str(told["since"]), int(told["asked"]), int(told["declined"])
            self._questions = (
                OrderedDict((str(q), int(n)) for q, n in told["questions"].items()) if self._keep else OrderedDict()
            )
            self._found = Counter({str(path): int(n) for path, n in told["found"].items()})
        except FileNotFoundError:
            return
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            _LOGGER.warning("%s is no file of counts and is begun anew: %s", self._folder / USAGE, error)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
