"""The part of the library that changes an index: documents come, go and are forgotten."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ragcli.errors import UsageError
from ragcli.usecases.auditing import recorded

if TYPE_CHECKING:
    from ragcli.datatypes import SourceFile
    from ragcli.ingest import Progress
    from ragcli.reports import Forgotten, IngestReport
    from ragcli.sources.scanning import Rules
    from ragcli.usecases.auditing import Recording
    from ragcli.workspace import Workspace


class Changing(ABC):
    """What `ragcli.api.Rag` changes, whose parts over the index it does not use."""

    _engine: Recording  # for `recorded`

    @property
    @abstractmethod
    def _workspace(self) -> Workspace: ...

    @abstractmethod
    def close(self) -> None: ...

    def _check_changeable(self) -> None:
        """Raises UsageError where the index is seen as somebody: who does not see all of it cannot know what changes."""
        if self._engine.principal is not None:
            raise UsageError(
                f"who sees the index as {self._engine.principal.name} cannot change it", hint="leave --as out"
            )

    @recorded("ingest")
    def ingest(  # noqa: PLR0913  # keyword arguments, each a choice of its own
        self,
        *paths: str | os.PathLike[str],
        prune: bool = False,
        rebuild: bool = False,
        tags: Mapping[str, str] | None = None,
        access: Collection[str] | None = None,
        retry: bool = False,
        rules: Rules | None = None,
        extra: Sequence[tuple[SourceFile, Callable[[], int]]] = (),
        passwords: Sequence[str] = (),
        on_progress: Callable[[Progress], object] = lambda _: None,
    ) -> IngestReport:
        """Bring the index up to date with files and folders, or with everything ingested before when none is named.

        Unchanged files are left alone, unreadable ones are told in the report. `prune` takes documents out whose files are
        gone, `rebuild` makes a new index that takes the place of the old one at the end, `tags` mark everything that is seen,
        `retry` reads files again that could not be read before. `access` are access tags for everything that is seen, in the
        place of those given before (None: these stay), beside those of the setting `access_rules`. `rules`
        (`ragcli.sources.scanning.Rules`; default: as set by `ingest_…`) decide what is left out of a folder. `extra` are
        sources that are no files, each with a function that opens it and returns the file descriptor. `passwords` are tried on
        encrypted files, also on those that could not be read before, and are kept nowhere.

        Several threads or processes may ask meanwhile; they see the index as it was until a batch of documents (of a rebuild:
        the whole) is complete. Raises UsageError for a path that does not exist, and IndexLocked when another one is running.

        >>> with Rag("handbook/.rag") as rag:
        ...     report = rag.ingest("handbook")
        >>> (report.added, report.unchanged, report.failed)
        (0, 2, ())
        """
        from ragcli.access import checked_tags
        from ragcli.ingest import Options
        from ragcli.usecases.ingestion import IngestRequest, ingest_paths, rules_of

        self._check_changeable()
        tagged = None if access is None else checked_tags(access, "access")

        request = IngestRequest(
            paths=[Path(path) for path in paths],
            extra=extra,
            rules=rules or rules_of(self._workspace.settings),
            options=Options(prune=prune, tags=dict(tags or {}), retry=retry, access=tagged),
            rebuild=rebuild,
            passwords=passwords,
        )
        return ingest_paths(self._workspace, request, on_progress=on_progress)

    @recorded("rm")
    def remove(self, *patterns: str) -> list[str]:
        """Take documents out of the index, by path or by a pattern such as `drafts/*.md`; returns their paths, sorted. Files
        stay on disk. Raises UsageError when a pattern means nothing that is there.

        >>> with Rag("handbook/.rag") as rag:
        ...     rag.remove("pay.md")
        ['pay.md']
        """
        from ragcli.usecases.library import remove

        self._check_changeable()
        return remove(self._workspace, patterns)

    @recorded("forget")
    def forget(
        self,
        *patterns: str,
        matching: str = "",
        tag: tuple[str, str] | None = None,
        removed: bool = False,
        dry_run: bool = False,
    ) -> Forgotten:
        """As `remove`, and no file that the program owns says anything of the documents any more, which is then looked for:
        `Forgotten.found` lists what is left. The documents are named by `patterns`, by a text that they hold (`matching`; upper
        and lower case are alike), or by a tag (name and value), one of the three; all copies of their content go as well. With
        `removed`, what is not in the index any more is no error, and traces of earlier removals go too. With `dry_run`, nothing
        changes.

        All kept drafts of answers and the questions asked on the command line go as well, since nothing tells what they
        rest on. No other thread may use this object meanwhile. Killed at any moment, it is finished by the same call. Raises
        UsageError when nothing is meant, and IndexLocked.

        >>> with Rag("handbook/.rag") as rag:
        ...     report = rag.forget("pay.md")
        >>> [source.path for source in report.sources], report.found
        (['pay.md'], ())
        """
        self._check_changeable()
        from ragcli.places import answer_cache, history_file, last_result, state_directory
        from ragcli.usecases.forgetting import ForgetRequest, Kept, forget, to_forget

        if sum((bool(patterns), bool(matching), tag is not None)) != 1 and not (removed and not (matching or tag)):
            raise UsageError(
                "what is to be forgotten is named by paths, by a text or by a tag, by one of the three",
                hint="rag forget PATH, or --matching TEXT, or --tag NAME=VALUE",
            )
        request = ForgetRequest(patterns, matching, tag, removed)
        if dry_run:
            return to_forget(self._workspace, request)
        self.close()
        return forget(self._workspace, request, Kept(answer_cache(), state_directory(), last_result(), history_file()))
