"""Single corruptions of the files of an index, and what became of them."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ragcli.api import rag_over
from ragcli.datatypes import Filter
from ragcli.engine.wiring import Engine
from ragcli.errors import RagError
from tests.helpers.indexes import engine_of

PAGE = 4096  # bytes of a page of SQLite
PROBES = (
    "What does the topic 3 cost?", "annual leave of engineers", "par*", "Who pays the fees of month 2?", "standby",
    '"paid in month"', "bicycle shed", "uncommon word 17",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Damage:
    """One corruption: which file, and what is done to it."""

    file: str
    kind: str
    seed: int

    def apply(self, index: Path, older: Path, other: Path) -> bool:
        """Do it to the index; whether that changed the file. `older` is an earlier state of the index, `other` another index."""
        path, chance = index / self.file, random.Random(self.seed)
        before = path.read_bytes()
        if self.kind in ("older", "swapped"):
            path.unlink()
            source = (older if self.kind == "older" else other) / self.file
            if source.exists():
                shutil.copy(source, path)
        else:
            path.write_bytes(damaged(before, self.kind, chance))
        return not path.exists() or path.read_bytes() != before


def damaged(content: bytes, kind: str, chance: random.Random) -> bytes:
    """The content with one bit flipped, cut off somewhere, or with a page of zeros."""
    changed = bytearray(content)
    if not changed:
        return b"\1"
    match kind:
        case "flipped":
            changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
        case "cut":
            del changed[chance.randrange(len(changed)) :]
        case _:
            start = chance.randrange((len(changed) - 1) // PAGE + 1) * PAGE
            changed[start : start + PAGE] = bytes(len(changed[start : start + PAGE]))
    return bytes(changed)


def damages(index: Path, count: int, seed: int) -> list[Damage]:
    """`count` corruptions: of every file the same few, and the rest of the catalog, half of them flipped bits."""
    chance = random.Random(seed)
    files = sorted(str(path.relative_to(index)) for path in index.rglob("*") if path.is_file() and path.name != "lock")
    chosen = [Damage(file, kind, chance.randrange(1 << 30)) for file in files for kind in ("older", "swapped")]
    while len(chosen) < count:
        file = "catalog.sqlite3" if chance.random() < 0.6 else chance.choice(files)
        kind = chance.choice(["flipped", "flipped", "flipped", "cut", "zeros"])
        chosen.append(Damage(file, kind, chance.randrange(1 << 30)))
    return chosen[:count]


def answers_of(engine: Engine, questions: Sequence[str] = PROBES) -> list[str]:
    """What each question gives, as text that is equal when all of it is; of an error its class."""

    library = rag_over(engine)

    def told(ask: Callable[..., object], *arguments: object) -> str:
        try:
            return repr(ask(*arguments))
        except RagError as error:
            return f"{type(error).__name__}: {error.message}"

    def hits(question: str, where: Filter) -> object:
        result = library.query(question, where=where)
        return result.asked, result.hits

    def answer(question: str) -> object:
        given = library.ask(question)
        return given.outcome, given.sentences, given.citations

    told_of = [told(hits, question, Filter()) for question in questions]
    told_of.append(told(hits, "topic", Filter(paths=("0*.md",))))
    return [*told_of, *(told(answer, question) for question in questions[:2])]


def is_error(answer: str) -> bool:
    """Whether this is an error, so that the command would not have ended with exit code 0."""
    return answer.startswith(("Index", "RagError", "CopyFailed"))


def found_by_doctor(engine: Engine) -> bool:
    """Whether `rag doctor` would say something."""
    try:
        return bool(engine.index.reader.check())
    except RagError:
        return True


def outcome(index: Path, expected: list[str]) -> str:
    """ "found", "harmless", or what is wrong with how the index at hand answers."""
    engine = engine_of(index.parent)
    try:
        answers = answers_of(engine)
    finally:
        engine.close()
    wrong = [one for one, wanted in zip(answers, expected, strict=True) if one != wanted and not is_error(one)]
    if wrong:
        return f"wrong: {wrong[0][:300]}"
    doctor = engine_of(index.parent)
    try:
        seen = found_by_doctor(doctor)
    finally:
        doctor.close()
    if seen:
        return "found"
    return "harmless" if answers == expected else f"unnoticed: {next(a for a in answers if is_error(a))[:300]}"
