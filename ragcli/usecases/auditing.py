"""Recording what the methods of `Rag` do: who asked, what was found, how many; see `ragcli.audit.trail`.

What the methods return is imported only where it is recorded: each command imports this module."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Concatenate, ParamSpec, Protocol, TypeAlias, TypeVar, cast

if TYPE_CHECKING:
    from ragcli.access import Principal
    from ragcli.audit.trail import Entry, Trail
    from ragcli.measurements import EvalReport
    from ragcli.reports import Forgotten, IngestReport
    from ragcli.results import Answer, QueryResult

P = ParamSpec("P")
R = TypeVar("R")
Result: TypeAlias = "Answer | QueryResult | IngestReport | EvalReport | Forgotten | list[str]"
_ASKING = ("ask", "query")


class Recording(Protocol):
    """What has a `trail` where an audit file is set, and knows which index it works on."""

    @property
    def trail(self) -> Trail | None: ...

    @property
    def principal(self) -> Principal | None: ...

    @property
    def index_facts(self) -> Callable[[], Mapping[str, object]]: ...


class Owner(Protocol):
    """Whose methods are recorded."""

    @property
    def _engine(self) -> Recording: ...


O = TypeVar("O", bound=Owner)  # noqa: E741


def recorded(command: str) -> Callable[[Callable[Concatenate[O, P], R]], Callable[Concatenate[O, P], R]]:
    """A method that records each of its calls as `command` where an audit file is set, and is unchanged elsewhere. The first
    argument of "ask" and "query" is the question."""

    def decorate(method: Callable[Concatenate[O, P], R]) -> Callable[Concatenate[O, P], R]:
        @functools.wraps(method)
        def run(owner: O, /, *arguments: P.args, **named: P.kwargs) -> R:
            trail = owner._engine.trail
            if trail is None:
                return method(owner, *arguments, **named)
            asked = (arguments[0] if arguments else named.get("question")) if command in _ASKING else None
            name = trail.command if command == "ask" else command
            facts, whose = owner._engine.index_facts, owner._engine.principal
            question = None if asked is None else str(asked)
            with trail.recording(name, facts, question, principal=whose.name if whose else "") as entry:
                result = method(owner, *arguments, **named)
                describe(entry, cast("Result", result))
            return result

        return run

    return decorate


def describe(entry: Entry, result: Result) -> None:
    """Say in `entry` what a use case returned: its outcome, its numbers, and the documents that were shown."""
    from ragcli.measurements import EvalReport
    from ragcli.reports import Forgotten, IngestReport
    from ragcli.results import Answer, QueryResult

    if isinstance(result, Answer):
        entry.outcome = result.outcome
        entry.counts = {"hits": len(result.hits), "citations": len(result.citations)}
        closest = [result.closest.citation] if result.closest else []
        entry.cites([citation.document for citation in (result.citations or closest)])
    elif isinstance(result, QueryResult):
        entry.outcome = "found" if result.hits else "none"
        entry.counts = {"hits": len(result.hits)}
        entry.cites([hit.passage.document for hit in result.hits])
    elif isinstance(result, IngestReport):
        entry.outcome = "interrupted" if result.interrupted else "done"
        names = ("added", "updated", "unchanged", "removed", "missing", "copies", "documents", "chunks")
        entry.counts = {**{name: getattr(result, name) for name in names}, "failed": len(result.failed)}
    elif isinstance(result, EvalReport):
        entry.outcome = "passed" if result.passed else "below the gate"
        entry.counts = {"questions": result.questions, "answered": result.answered, "abstained": result.abstained}
    elif isinstance(result, Forgotten):
        entry.outcome = "dry run" if result.dry_run else "left" if result.found else "forgotten"
        entry.counts = {"forgotten": len(result.sources), "found": len(result.found)}
        entry.documents = [{"id": source.document_id, "path": ""} for source in result.sources]
    else:
        entry.counts = {"removed": len(result)}
        entry.documents = [{"id": "", "path": str(path)} for path in result]
