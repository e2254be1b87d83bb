"""A conversation over one index: condensed questions, one loaded model, a record that can be saved."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from ragcli.cancellation import NEVER, Cancellation
from ragcli.errors import ModelUnavailable, RagError
from ragcli.text.figures import read_tokens
from ragcli.text.followup import condense, is_follow_up

if TYPE_CHECKING:
    from ragcli.datatypes import Filter
    from ragcli.generation.drafting import Watcher
    from ragcli.protocols import Write
    from ragcli.results import Answer, Citation

_REWRITE = (
    "Rewrite the last question so that it can be understood without the questions before it. Keep its meaning, its language "
    "and all names and numbers. Reply with the question only.\n\n{}\nLast question: {}\nRewritten:"
)
_REMEMBERED = 4  # questions


@dataclass(frozen=True, slots=True)
class Turn:
    """What was asked, as what it was searched (in full, misspelt words repaired), and the answer."""

    question: str
    asked: str
    answer: Answer


class Ask(Protocol):
    """Answers one question that can be understood alone; see `ragcli.Rag.ask`."""

    def __call__(self, question: str, *, where: Filter, watcher: Watcher | None, cancel: Cancellation) -> Answer: ...


@dataclass(slots=True)
class Conversation:
    """Questions that may lean on those before them. `answer_to` answers each; `language_model` gives what completes follow-up
    questions, None for rules alone, and is asked for it only where there is one to complete."""

    answer_to: Ask
    language_model: Callable[[], Write | None]
    where: Filter
    turns: list[Turn] = field(default_factory=list)

    def ask(self, question: str, asked: str, watcher: Watcher | None = None, cancel: Cancellation = NEVER) -> Turn:
        """Answer `question` as `asked`, its standalone form. Raises what `answer_to` raises; a turn that failed is not kept."""
        answer = self.answer_to(asked, where=self.where, watcher=watcher, cancel=cancel)
        turn = Turn(question, answer.understood.text or asked, answer)
        self.turns.append(turn)
        return turn

    def standalone(self, question: str) -> str:
        """The question as it can be understood alone: by the language model if one is configured and keeps to the words of the
        conversation, otherwise by rules."""
        before = [turn.asked for turn in self.turns[-_REMEMBERED:]]
        ruled = condense(question, before)
        if not before or not is_follow_up(question):
            return ruled
        try:
            write = self.language_model()
            written = write(_REWRITE.format("\n".join(f"Question: {q}" for q in before), question)) if write else ""
        except ModelUnavailable:
            return ruled
        return _acceptable(written, [*before, question]) or ruled

    def save(self, path: Path) -> None:
        """Write the conversation as Markdown. Raises RagError; never replaces a file."""
        lines: list[str] = []
        for turn in self.turns:
            lines += [f"## {turn.question}", ""]
            lines += [_said(turn.answer), ""]
            lines += [
                f"[{c.marker}] {c.document.path}{_where(c.span.line_start, c.span.page_start)}: {' '.join(c.quote.split())}"
                for c in _cited(turn.answer)
            ]
            lines.append("")
        try:
            with path.open("x", encoding="utf-8") as stream:
                stream.write("\n".join(lines))
        except OSError as error:
            raise RagError(f"cannot write {path}: {error.strerror}", hint="give another name") from error


def _acceptable(written: str, said: list[str]) -> str:
    """A model's rewriting, unless it is no single question or brings in names or figures that nobody said."""
    line = written.strip().strip('"').strip()
    known = {token.text for text in said for token in read_tokens(text)}
    new = [t for t in read_tokens(f"x {line}") if t.kind != "word" and t.text not in known]
    return line if line and "\n" not in line and len(line) < 500 and not new else ""


def _cited(answer: Answer) -> Sequence[Citation]:
    if answer.answered:
        return answer.citations
    return [answer.closest.citation] if answer.closest else []


def _said(answer: Answer) -> str:
    if answer.answered:
        return _marked(answer)
    if answer.closest:
        return (
            f"The documents do not clearly answer this. The closest passage says:\n\n{answer.closest.sentence.read} [1]"
        )
    return "Not in the documents."


def _marked(answer: Answer) -> str:
    return "".join(s.lead + s.read + "".join(f" [{marker}]" for marker in s.markers) for s in answer.sentences).strip()


def _where(line: int | None, page: int | None) -> str:
    return f" p. {page}" if page is not None else f":{line}" if line is not None else ""
