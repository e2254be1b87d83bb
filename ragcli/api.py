"""The library: one class over an index, for programs, notebooks, servers and tests.

    from ragcli import Rag

    with Rag("handbook/.rag") as rag:
        answer = rag.ask("How long is the notice period?")
        print(answer.text)

What is imported from `ragcli` itself is stable: it changes with a new major version only. Nothing here reads the environment,
configuration files or the history (`Rag.forget` alone clears it), or writes anything but index, caches and `audit_file`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ragcli.cancellation import NEVER, Cancellation
from ragcli.changing import Changing
from ragcli.engine.index import store_of
from ragcli.engine.wiring import Engine
from ragcli.errors import IndexNotFound, UsageError
from ragcli.filters import Where, as_filter
from ragcli.reading import Reading
from ragcli.text.query import checked_question
from ragcli.usecases.auditing import recorded
from ragcli.usecases.collections import joined_workspace
from ragcli.workspace import workspace_of_arguments

if TYPE_CHECKING:
    from ragcli.generation.drafting import Watcher
    from ragcli.index.protocol import Catalog
    from ragcli.measurements import EvalReport
    from ragcli.reports import IndexStats
    from ragcli.results import Answer, QueryResult
    from ragcli.streaming import AnswerEvent
    from ragcli.usecases.collections import Indexes
    from ragcli.usecases.evaluation import EvalOptions
    from ragcli.workspace import Workspace


class Rag(Reading, Changing):
    """An index of documents, or a pack: what it holds can be searched, asked, measured and, but for a pack, changed.

    Any number of threads may use one object. Settings are keyword arguments with the names of `config.example.toml`
    (`[retrieval] k` is `retrieval_k`); `config` names a file of settings that hold where an argument does not. Paths are
    taken from the working directory at the time of the call; documents are listed with paths relative to the folder that
    holds the index.

    Raises IndexNotFound when there is no index at `path`, IndexIncompatible when it was made by another format of the index,
    and SettingsError for an unknown setting or value.

    >>> rag = Rag("handbook/.rag", retrieval_k=3)
    >>> rag.stats().documents
    2
    >>> rag.close()
    """

    _engine: Engine

    def __init__(
        self, path: str | os.PathLike[str] = ".rag", *, config: str | Path | None = None, **settings: object
    ) -> None:
        workspace = workspace_of_arguments(path, config, settings)
        if store_of(workspace).manifest() is None:
            raise IndexNotFound(
                f"no index at {workspace.index_directory}", hint=f"Rag.create({str(path)!r}), or rag ingest PATH"
            )
        self._engine = Engine(workspace)

    @classmethod
    def create(
        cls, path: str | os.PathLike[str] = ".rag", *, config: str | Path | None = None, **settings: object
    ) -> Rag:
        """A new, empty index. The embedding model and the chunker that `settings` name stay with it.

        Raises UsageError when there is an index already, and ModelUnavailable when the model cannot be had.

        >>> with Rag.create("notes/.rag", chunking_max_tokens=120) as rag:
        ...     rag.stats().documents
        0
        """
        workspace = workspace_of_arguments(path, config, settings)
        if store_of(workspace).manifest() is not None:
            raise UsageError(f"there is an index at {workspace.index_directory}", hint=f"Rag({str(path)!r}) opens it")
        from ragcli.usecases.ingestion import create_index

        create_index(workspace)
        return cls(path, config=config, **settings)

    @classmethod
    def open_many(cls, indexes: Indexes, *, config: str | Path | None = None, **settings: object) -> Rag:
        """Several indexes searched as one: the same ranking, with the same scores, as of an index that holds the documents of
        all of them. `indexes` are their paths by name; without names, each is called as the folder that holds it.
        `Hit.collection` and `Citation.collection` are these names, a `document_id` is `NAME/ID`, and `NAME/PATH` is a path in
        one of them. The methods that change an index, and `evaluate`, raise UsageError.

        Raises IndexNotFound when there is no index at one of the paths, IndexIncompatible when they were made with different
        embedding models, and UsageError for two of one name.

        >>> with Rag.open_many({"handbook": "handbook/.rag", "rules": "rules/.rag"}) as rag:
        ...     [(hit.collection, hit.path) for hit in rag.query("notice period", k=2)]
        [('rules', 'trial.md'), ('handbook', 'leave.md')]
        """
        engine = Engine(joined_workspace(indexes, config, settings))
        engine.index.reader  # noqa: B018 - raises where they cannot be searched as one
        return rag_over(engine)

    def as_principal(self, who: str | Collection[str]) -> Rag:
        """The same index as somebody sees it: everything that the methods give is as if the index held only what they may see.
        `who` is a name in the file of the setting `access_grants`, or the access tags that somebody has; `access_untagged` says
        whether documents without tags are seen. What changes the index raises UsageError. Models are shared with this object.

        Raises UsageError for a name that is not there, and when this object is itself somebody's.

        >>> with Rag("handbook/.rag") as rag:
        ...     [document.path for document in rag.as_principal(["board"]).documents()]
        []
        """
        from ragcli.usecases.rights import principal

        if self._engine.principal is not None:
            raise UsageError(f"this index is seen as {self._engine.principal.name}", hint="begin with the whole index")
        return rag_over(self._engine.seen_by(principal(self._engine.workspace, who)))

    @recorded("query")
    def query(
        self, question: str, *, k: int | None = None, where: Where = (), cancel: Cancellation = NEVER
    ) -> QueryResult:
        """The passages that fit a question best, at most `k` (default: the setting `retrieval_k`), best first; iterate over
        them. Scores lie between 0 and 1 and compare passages of one question only.

        `where` is a condition such as "type=pdf" or several that must all hold; see `rag query --help`. Raises UsageError for
        an empty question or an unknown condition, and Cancelled.

        >>> with Rag("handbook/.rag") as rag:
        ...     for hit in rag.query("notice period", k=1, where="type=markdown"):
        ...         print(hit.rank, hit.path, hit.page)
        1 leave.md None
        """
        question = checked_question(question)
        return self._engine.search()(question, k or self._default_k, as_filter(where), cancel)

    @recorded("ask")
    def ask(
        self,
        question: str,
        *,
        k: int | None = None,
        where: Where = (),
        watcher: Watcher | None = None,
        cancel: Cancellation = NEVER,
    ) -> Answer:
        """An answer with citations. `Answer.answered` says whether there is one; otherwise `Answer.closest` is the piece that
        comes closest, if anything does. `watcher` (`ragcli.generation.drafting.Watcher`) is told of each step, in the thread of
        the caller; `ask_stream` gives the same as events. The other arguments and the errors are those of `query`;
        ModelUnavailable is raised as well when a language model is set and cannot be had.

        >>> with Rag("handbook/.rag") as rag:
        ...     answer = rag.ask("How long is the notice period?")
        >>> answer.answered
        True
        >>> answer.text
        'The notice period is three months.'
        >>> answer.citations[0].path
        'leave.md'
        """
        from ragcli.engine.models import check_model
        from ragcli.usecases.freshness import stale

        question = checked_question(question)
        check_model(self._engine.workspace)
        answer = self._engine.answerer().answer(question, k or self._default_k, as_filter(where), watcher, cancel)
        if self._engine.workspace.packed:  # asked without its sources
            return answer
        documents = [citation.document for citation in answer.citations]
        return replace(answer, stale=stale(self._engine.index.catalog, self._engine.workspace.project_of, documents))

    def ask_stream(
        self, question: str, *, k: int | None = None, where: Where = (), cancel: Cancellation | None = None
    ) -> Iterator[AnswerEvent]:
        """`ask`, told while it happens: EvidenceFound, then what is written, and AnswerFinished at the end. The question is
        answered by a thread of its own; leaving the loop early cancels `cancel`. Errors are raised by the iterator.

        >>> with Rag("handbook/.rag") as rag:
        ...     for event in rag.ask_stream("How long is the notice period?"):
        ...         print(type(event).__name__)
        EvidenceFound
        SentenceWritten
        AnswerFinished
        """
        from ragcli.streaming import streamed

        cancel, given = cancel or Cancellation(), as_filter(where)
        return streamed(lambda watcher: self.ask(question, k=k, where=given, watcher=watcher, cancel=cancel), cancel)

    @recorded("eval")
    def evaluate(
        self,
        gold: str | os.PathLike[str],
        *,
        answers: bool = True,
        options: EvalOptions | None = None,
        on_progress: Callable[[str, int, int], None] = lambda _stage, _done, _of: None,
    ) -> EvalReport:
        """Measure the questions of a gold file; `answers` says whether they are also answered. `options`
        (`ragcli.usecases.evaluation.EvalOptions`) take the place of `answers` and say more: baselines, thresholds, tags. Raises
        GoldError for a file that is none. The metrics are described in the README.

        >>> with Rag("handbook/.rag") as rag:
        ...     report = rag.evaluate("gold.jsonl")
        >>> report.metrics["hit@1"]
        1.0
        """
        self._check_one("measured")
        from ragcli.usecases.evaluation import EvalOptions, evaluate_target

        options = options or EvalOptions(answers=answers)
        return evaluate_target(self._engine.measured(), Path(gold), options, on_progress=on_progress)

    def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """Vectors of texts by the embedding model of the index, each of length 1. Raises ModelUnavailable.

        >>> with Rag("handbook/.rag") as rag:
        ...     vectors = rag.embed(["annual leave", "pay"])
        >>> len(vectors)
        2
        """
        return [[float(value) for value in vector] for vector in self._engine.embedding.embed_documents(texts)]

    def stats(self) -> IndexStats:
        """The state of the index, and how many files changed since.

        >>> with Rag("handbook/.rag") as rag:
        ...     rag.stats().types
        {'markdown': 2}
        """
        from ragcli.usecases.status import index_stats

        return index_stats(self._engine.workspace, self._engine.index.catalog, self._engine.threshold)

    def generation(self) -> object:
        """What names the state of the index: it changes with every commit, and is only to be compared. Results that were taken
        between two equal ones are of one state.

        >>> with Rag("handbook/.rag") as rag:
        ...     before = rag.generation()
        ...     rag.generation() == before
        True
        """
        return self._engine.index.catalog.generation()

    @property
    def _workspace(self) -> Workspace:
        return self._engine.workspace

    @property
    def _default_k(self) -> int:
        return self._engine.workspace.settings.retrieval_k

    @property
    def _catalog(self) -> Catalog:
        return self._engine.index.catalog

    def searching(self, mode: str) -> Rag:
        """The same index with another setting `retrieval_mode`; files and models are shared with this object.

        >>> with Rag("handbook/.rag") as rag:
        ...     rag.searching("lexical").query("notice period").hits[0].path
        'leave.md'
        """
        return rag_over(self._engine.searching(mode))

    def close(self) -> None:
        """Close the index's files. Using the object afterwards opens them again."""
        self._engine.close()

    def __enter__(self) -> Rag:
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()

    def __repr__(self) -> str:
        place = self._engine.workspace
        several = {name: str(path) for name, path in place.collections.items()}
        return f"Rag.open_many({several!r})" if several else f"Rag({str(place.index_directory)!r})"


def rag_over(engine: Engine) -> Rag:
    """The library over an engine that is there already, whether or not there is an index yet; for the command line."""
    rag = Rag.__new__(Rag)
    rag._engine = engine
    return rag
