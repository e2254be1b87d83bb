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
    from ragcli.usecases.ingestion import IngestRequest
    from ragcli.workspace import Workspace


class Changing(ABC):
    """What `ragcli.api.Rag` changes, whose parts over the index it does not use."""

    _engine: Recording  # for `recorded`
    _ingested: frozenset[str] = frozenset()  # paths that this object was given

    @property
    @abstractmethod
    def _workspace(self) -> Workspace: ...

    @abstractmethod
    def close(self) -> None: ...

    def _check_one(self, done: str) -> None:
        """Raises UsageError where several indexes are searched as one; `done` is what is done one by one."""
        names = self._workspace.collections
        if names:
            raise UsageError(
                f"{', '.join(names)} are searched as one here, and {done} one by one",
                hint="Rag(PATH) opens one of them",
            )

    def _check_changeable(self) -> None:
        """Raises UsageError where the index is seen as somebody, since who does not see all of it cannot know what changes, and
        where there are several, and where there is a pack."""
        self._check_one("changed")
        if self._workspace.packed:
            raise UsageError(
                "the index of a pack is not changed", hint="rag unpack FILE FOLDER makes one that can be changed"
            )
        if self._engine.principal is not None:
            raise UsageError(
                f"who sees the index as {self._engine.principal.name} cannot change it", hint="leave --as out"
            )

    def roots(self) -> list[str]:
        """The files and folders that were ingested, as the index has their paths: relative ones are taken from the folder that
        holds the index. `ingest` without paths reads them again. Raises UsageError where the index is seen as somebody.

        >>> with Rag("handbook/.rag") as rag:
        ...     rag.roots()
        ['.']
        """
        from ragcli.usecases.ingestion import known_roots

        self._check_changeable()
        return known_roots(self._workspace)

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
        anywhere: bool = False,
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

        Without paths, an index is followed only to what lies in its folder, to what this object ingested, and to what the user
        ingested with `rag ingest`: an index made by somebody else can name any file of this machine. `anywhere` follows it to
        all that it names.

        Several threads or processes may ask meanwhile; they see the index as it was until a batch of documents (of a rebuild:
        the whole) is complete. Raises UsageError for a path that does not exist or is not followed, and IndexLocked when
        another one is running.

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
        if not (request.paths or request.extra or anywhere):
            self._check_known(request)
        self._ingested |= {str(self._workspace.directory / path) for path in request.paths}
        return ingest_paths(self._workspace, request, on_progress=on_progress)

    def _check_known(self, request: IngestRequest) -> None:
        """Raises UsageError where the index names files that nobody here ingested (`trust.foreign`)."""
        from ragcli.places import state_directory
        from ragcli.trust.foreign import check_roots
        from ragcli.trust.store import TrustStore
        from ragcli.usecases.ingestion import watched_roots

        place = self._workspace
        store, roots = TrustStore(state_directory()), watched_roots(place, request)
        check_roots(roots, place.index_directory, store, self._ingested)

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

    @recorded("rm")
    def remove_documents(self, *document_ids: str) -> list[str]:
        """As `remove`, by whole identities (`DocumentRecord.document_id`); those that are not there are passed over.

        >>> with Rag("handbook/.rag") as rag:
        ...     rag.remove_documents(*(document.document_id for document in rag.documents("path=pay.md")))
        ['pay.md']
        """
        from ragcli.usecases.library import remove_documents

        self._check_changeable()
        return remove_documents(self._workspace, document_ids)

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
