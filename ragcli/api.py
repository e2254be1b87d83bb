"""The library: one class over an index, for programs, notebooks, servers and tests.

    from ragcli import Rag

    with Rag("handbook/.rag") as rag:
        answer = rag.ask("How long is the notice period?")
        print(answer.text)

What is imported from `ragcli` itself is stable: it changes with a new major version only. Nothing here reads the
environment, configuration files or the history of the command line, or writes anything but the index and the caches of
models.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, TypeAlias

from ragcli.app import App
from ragcli.cancellation import NEVER, Cancellation
from ragcli.datatypes import Filter
from ragcli.errors import IndexNotFound, SettingsError, UsageError
from ragcli.settings import from_arguments
from ragcli.streaming import AnswerEvent, streamed

if TYPE_CHECKING:
    from ragcli.ingest import Progress
    from ragcli.measurements import EvalReport
    from ragcli.reports import IndexStats, IngestReport
    from ragcli.results import Answer, QueryResult

Where: TypeAlias = "Filter | str | Sequence[str]"


class Rag:
    """An index of documents: what it holds can be searched, asked, measured and changed.

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

    def __init__(
        self, path: str | os.PathLike[str] = ".rag", *, config: str | Path | None = None, **settings: object
    ) -> None:
        self._app = _app(path, config, settings)
        if self._app.existing_manifest() is None:
            raise IndexNotFound(
                f"no index at {self._app.index_directory}", hint=f"Rag.create({str(path)!r}), or rag ingest PATH"
            )

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
        app = _app(path, config, settings)
        if app.existing_manifest() is not None:
            raise UsageError(f"there is an index at {app.index_directory}", hint=f"Rag({str(path)!r}) opens it")
        from ragcli.app.ingestion import create_index

        create_index(app)
        return cls(path, config=config, **settings)

    def ingest(
        self,
        *paths: str | os.PathLike[str],
        prune: bool = False,
        rebuild: bool = False,
        tags: Mapping[str, str] | None = None,
        on_progress: Callable[[Progress], object] = lambda _: None,
    ) -> IngestReport:
        """Bring the index up to date with files and folders, or with everything ingested before when none is named.

        Unchanged files are left alone, unreadable ones are told in the report. `prune` takes documents out whose files are
        gone, `rebuild` makes a new index that takes the place of the old one at the end, `tags` mark everything that is seen.
        Several threads or processes may ask meanwhile; they see the index as it was until a batch of documents (of a rebuild:
        the whole) is complete. Raises UsageError for a path that does not exist, and IndexLocked when another one is running.

        >>> with Rag("handbook/.rag") as rag:
        ...     report = rag.ingest("handbook")
        >>> (report.added, report.unchanged, report.failed)
        (0, 2, ())
        """
        from ragcli.app.ingestion import IngestRequest
        from ragcli.ingest import Options

        request = IngestRequest(
            paths=[Path(path) for path in paths],
            options=Options(prune=prune, tags=dict(tags or {})),
            rebuild=rebuild,
        )

        def told(progress: Progress) -> None:
            on_progress(progress)

        return self._app.ingest(request, on_progress=told)

    def remove(self, *patterns: str) -> list[str]:
        """Take documents out of the index, by path or by a pattern such as `drafts/*.md`; returns their paths, sorted. Files
        stay on disk. Raises UsageError when a pattern means nothing that is there.

        >>> with Rag("handbook/.rag") as rag:
        ...     rag.remove("pay.md")
        ['pay.md']
        """
        from ragcli.app.library import remove

        return remove(self._app, patterns)

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
        return self._app.query(question, where=_filter(where), k=k, cancel=cancel)

    def ask(self, question: str, *, k: int | None = None, where: Where = (), cancel: Cancellation = NEVER) -> Answer:
        """An answer with citations. `Answer.answered` says whether there is one; otherwise `Answer.closest` is the piece that
        comes closest, if anything does. Arguments and errors as of `query`; ModelUnavailable when a language model is set and
        cannot be had.

        >>> with Rag("handbook/.rag") as rag:
        ...     answer = rag.ask("How long is the notice period?")
        >>> answer.answered
        True
        >>> answer.text
        'The notice period is three months.'
        >>> answer.citations[0].path
        'leave.md'
        """
        return self._app.ask(question, where=_filter(where), k=k, cancel=cancel)

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
        return streamed(self._app, question, _filter(where), k, cancel or Cancellation())

    def evaluate(
        self,
        gold: str | os.PathLike[str],
        *,
        answers: bool = True,
        on_progress: Callable[[str, int, int], None] = lambda _stage, _done, _of: None,
    ) -> EvalReport:
        """Measure the questions of a gold file; `answers` says whether they are also answered. Raises GoldError for a file that
        is none. The metrics are described in the README.

        >>> with Rag("handbook/.rag") as rag:
        ...     report = rag.evaluate("gold.jsonl")
        >>> report.metrics["hit@1"]
        1.0
        """
        from ragcli.app.evaluation import EvalOptions

        return self._app.evaluate(Path(gold), EvalOptions(answers=answers), on_progress=on_progress)

    def stats(self) -> IndexStats:
        """The state of the index, and how many files changed since.

        >>> with Rag("handbook/.rag") as rag:
        ...     rag.stats().types
        {'markdown': 2}
        """
        return self._app.stats()

    def close(self) -> None:
        """Close the index's files. Using the object afterwards opens them again."""
        self._app.close()

    def __enter__(self) -> Rag:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Rag({str(self._app.index_directory)!r})"


def _app(path: str | os.PathLike[str], config: str | Path | None, settings: Mapping[str, object]) -> App:
    if "index" in settings:
        raise SettingsError("index is no setting of Rag: the first argument is the path", hint="Rag('PATH/.rag')")
    resolved = from_arguments(
        {**settings, "index": os.fspath(path)}, config=Path(config) if config is not None else None
    )
    return App(resolved, Path.cwd(), logging.getLogger("ragcli").info)


def _filter(where: Where) -> Filter:
    if isinstance(where, Filter):
        return where
    texts = [where] if isinstance(where, str) else list(where)
    if not texts:
        return Filter()
    from ragcli.index.conditions import parse_filter

    return parse_filter(texts)
