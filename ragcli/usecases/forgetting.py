"""`rag forget`: documents go, and no file that the program owns says anything of them; that is then looked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ragcli.datatypes import source_id
from ragcli.engine.index import store_of
from ragcli.errors import IndexNotFound, RagError, UsageError
from ragcli.index.pages import every
from ragcli.places import served_state
from ragcli.remains import SHORTEST, Remainder, Traces, search
from ragcli.reports import Forgotten, ForgottenSource
from ragcli.trust.store import TrustStore
from ragcli.usecases.library import meaning, typed_path

if TYPE_CHECKING:
    from ragcli.index.entries import Listing
    from ragcli.index.protocol import Catalog, Store, Writer
    from ragcli.workspace import Workspace

_GLOB = frozenset("*?[")


@dataclass(frozen=True, slots=True)
class ForgetRequest:
    """What to forget: `patterns` as `rag rm` takes them, documents whose text holds `matching` (upper and lower case are alike,
    and so is all white space), or documents with the tag `tag` (name, value). With `removed`, what is not in the index any
    more is no error: traces of it are cleared, and its name is looked for."""

    patterns: Sequence[str] = ()
    matching: str = ""
    tag: tuple[str, str] | None = None
    removed: bool = False


@dataclass(frozen=True, slots=True)
class Kept:
    """The folders beside the index that may say something of a document: of kept drafts, and of the user's state, in which the
    file `last` keeps the last question and `history` those before it."""

    drafts: Path
    state: Path
    last: Path
    history: Path


def to_forget(workspace: Workspace, request: ForgetRequest) -> Forgotten:
    """What `forget` would take out of the index, ordered by path; nothing changes. Raises as it does."""
    store = _existing(workspace)
    with closing(store.catalog()) as catalog:
        sources, unused = _chosen(workspace, catalog, request)
    if unused and not store.unfinished and not request.removed:
        raise _nothing(unused)
    return Forgotten(tuple(sources), _files_kept(workspace, sources), dry_run=True)


def forget(workspace: Workspace, request: ForgetRequest, kept: Kept) -> Forgotten:
    """Take documents with all their copies and remembered failures out of the index, remove every trace of them from the files
    that the program owns, and search these files. All kept drafts and the questions that were asked go as well, since nothing
    tells which documents they rest on. Files on disk stay.

    It may be killed at any moment: done again, it finishes. Raises UsageError when a pattern, a text or a tag means nothing
    that is there (see `ForgetRequest.removed`), IndexNotFound and IndexLocked.
    """
    store = _existing(workspace)
    manifest = store.manifest()
    assert manifest is not None, "the index exists"
    with store.writer(manifest.identity) as writer:
        completed = store.unfinished
        with closing(store.catalog()) as catalog:
            sources, unused = _chosen(workspace, catalog, request)
        if unused and not completed and not request.removed:
            raise _nothing(unused)
        traces = _traces(workspace, writer, request, sources, unused)
        files_kept = _files_kept(workspace, sources)
        cleared = _clear(workspace, kept, sources)
        writer.forget([source.document_id for source in sources])
        warnings = writer.finish()
        for name, count in _clear(workspace, kept, sources).items():  # what somebody asked in the meantime
            cleared[name] += count
        found, searched = _search(store, kept, traces)
        writer.settle()
    return Forgotten(
        tuple(sources),
        files_kept,
        completed=completed,
        cleared=cleared,
        searched=searched,
        found=tuple((str(entry.place), entry.kind, entry.count) for entry in found),
        warnings=tuple(warnings),
    )


def _existing(workspace: Workspace) -> Store:
    store = store_of(workspace)
    if store.manifest() is None:
        raise IndexNotFound(f"no index at {store.address}", hint="rag ingest PATH")
    return store


def _nothing(unused: Sequence[str]) -> UsageError:
    return UsageError(
        f"nothing in the index is called, holds or is tagged {unused[0]!r}",
        hint="rag ls lists what it holds; if it was removed before: rag forget PATH --removed",
    )


def _chosen(workspace: Workspace, catalog: Catalog, request: ForgetRequest) -> tuple[list[ForgottenSource], list[str]]:
    """What is meant, copies with their documents, ordered by path; and those patterns, texts and tags that mean nothing."""
    found: dict[str, ForgottenSource] = {}
    used: set[str] = set()
    meant = {pattern: meaning(workspace, [pattern]) for pattern in request.patterns}
    for entry in every(catalog.page):
        wanted = set(_meanings(catalog, request, meant, entry))
        if wanted:
            used |= wanted
            document = entry.document
            for source in (entry.source, *entry.copies):
                kind, chunks = ("document", document.chunks) if source is entry.source else ("copy", 0)
                found[source.document_id] = ForgottenSource(
                    source.document_id, kind, source.path, source.content_hash, chunks
                )
    for failure in catalog.failures(skipped=True):
        named = {pattern for pattern in request.patterns if meant[pattern](failure.path, "")}
        if named:
            used |= named
            identity = source_id(failure.path)
            found.setdefault(identity, ForgottenSource(identity, "failure", failure.path))
    asked = [*request.patterns, *([request.matching] if request.matching else []), *_shown_tag(request)]
    return sorted(found.values(), key=lambda source: source.path), [text for text in asked if text not in used]


def _shown_tag(request: ForgetRequest) -> list[str]:
    return ["=".join(request.tag)] if request.tag else []


def _meanings(
    catalog: Catalog, request: ForgetRequest, meant: Mapping[str, Callable[[str, str], bool]], entry: Listing
) -> Iterator[str]:
    """Which of what is asked for means this document or one of its copies."""
    for pattern in request.patterns:
        if any(meant[pattern](one.path, one.root) for one in (entry.source, *entry.copies)):
            yield pattern
    if request.tag and entry.document.metadata.get(f"tag.{request.tag[0]}") == request.tag[1]:
        yield from _shown_tag(request)
    if request.matching:
        chunks = catalog.document_chunks(entry.document_id)
        text = "".join(chunk.text + chunk.tail for chunk in chunks)
        if _even(request.matching) in _even(f"{entry.document.title}\n{text}"):
            yield request.matching


def _even(text: str) -> str:
    return " ".join(text.casefold().split())


def _traces(
    workspace: Workspace,
    writer: Writer,
    request: ForgetRequest,
    sources: Sequence[ForgottenSource],
    unused: Sequence[str],
) -> Traces:
    paths = [typed_path(workspace, pattern) for pattern in request.patterns if pattern in unused]
    gone = [path for path in paths if not _GLOB & set(path)]
    traces = writer.traces([source.document_id for source in sources], [*gone, *map(source_id, gone)])
    if request.matching in unused and len(request.matching.encode()) >= SHORTEST:
        return replace(traces, words=traces.words | {request.matching})
    return traces


def _files_kept(workspace: Workspace, sources: Sequence[ForgottenSource]) -> int:
    return sum((workspace.project / source.path).is_file() for source in sources)


def _clear(workspace: Workspace, kept: Kept, sources: Sequence[ForgottenSource]) -> dict[str, int]:
    """Delete all drafts and the questions that were asked, and forget that these files were given to ingest; counts of each."""
    for file in _files_in(served_state(workspace.index_directory, kept.state)):
        file.unlink(missing_ok=True)
    last = kept.last.is_file() or kept.history.is_file()
    for file in [*kept.state.glob(f"{kept.last.name}*"), *kept.state.glob(f"{kept.history.name}*")]:
        file.unlink(missing_ok=True)
    drafts = _files_in(kept.drafts)
    for file in drafts:
        file.unlink(missing_ok=True)
    roots = [workspace.project / source.path for source in sources]
    dropped = TrustStore(kept.state).drop_roots(workspace.index_directory, roots) if sources else 0
    return {"drafts": len(drafts), "last_answer": int(last), "roots": dropped}


def _files_in(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _search(store: Store, kept: Kept, traces: Traces) -> tuple[list[Remainder], dict[str, int]]:
    """What is left in the files of the index, of the drafts and of the state; in the state, which holds paths of other files
    and no texts, names alone are looked for."""
    own, state = [*store.files(), *_files_in(kept.drafts)], _files_in(kept.state)
    try:
        found, read = search(own, traces)
        named, read_of_state = search(state, Traces(names=traces.names))
    except OSError as error:
        raise RagError(
            f"cannot read {error.filename}, so it was not searched: {error.strerror}",
            hint="check its permissions, and: rag forget --removed",
        ) from error
    return [*found, *named], {
        "files": len(own) + len(state),
        "bytes": read + read_of_state,
        "words": len(traces.words),
        "names": len(traces.names),
        "vectors": len(traces.vectors),
    }
