"""Why a question found nothing, where the documents are not to blame."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from difflib import get_close_matches
from typing import TYPE_CHECKING

from ragcli.datatypes import Condition, DocumentRecord, Filter
from ragcli.engine.index import store_of
from ragcli.errors import IndexUnusable, UsageError
from ragcli.index.pages import documents

if TYPE_CHECKING:
    from ragcli.index.protocol import Catalog
    from ragcli.workspace import Workspace

_NAMED = 12  # values in a message


def unfinished_note(workspace: Workspace) -> str:
    """That an ingest is still running, or did not finish, so that what was asked for may be in what it has not read; empty
    otherwise."""
    for name in workspace.collections or ("",):
        written = store_of(workspace.alone(name)).last_write()
        which = f" of {name}" if name else ""
        if written.running:
            return (
                f"an ingest{which} is still running ({written.progress or 'it just began'}): ask again when it is done"
            )
        if written.progress:
            goes_on = f"rag ingest -c {name}" if name else "rag ingest"
            return f"the last ingest{which} stopped after {written.progress}: {goes_on} goes on"
    return ""


def check_empty(workspace: Workspace, catalog: Catalog, *, whole: bool = True) -> None:
    """Raises IndexUnusable when the index holds no documents; unless it is seen as a `whole`, nothing else of it is told."""
    if catalog.page("", 1):
        return
    note = unfinished_note(workspace) if whole else ""
    failed = catalog.failures()
    chosen = f" -c {next(iter(workspace.collections))}" if workspace.collections else ""
    hint = f"rag ls --failed{chosen} says why files could not be read" if failed else f"rag ingest{chosen} PATH"
    where = ", ".join(workspace.collections) or store_of(workspace).address
    raise IndexUnusable(
        f"{'the collections' if len(workspace.collections) > 1 else 'the index'} {where} "
        f"{'hold' if len(workspace.collections) > 1 else 'holds'} no documents",
        hint=note or hint,
    )


def check_filter(catalog: Catalog, where: Filter) -> None:
    """Raises UsageError naming the values that exist when `where` asks for a value, such as type=markdwon, that no document
    has. A path, a pattern and a comparison that nothing fulfils are no mistake: nothing is found by them."""
    for condition, alone in _alone(where):
        if not documents(catalog, alone):
            raise UsageError(
                f"--filter '{condition.key}{condition.operator}{condition.value}': no document is so",
                hint=_values(documents(catalog), condition),
            )


def _alone(where: Filter) -> Iterator[tuple[Condition, Filter]]:
    for type_ in where.types:
        yield Condition("type", "=", type_), Filter(types=(type_,))
    for condition in where.conditions:
        if condition.operator == "=" and condition.key != "path" and not set(condition.value) & set("*?["):
            yield condition, Filter(conditions=(condition,))


def _values(found: list[DocumentRecord], condition: Condition) -> str:
    key = condition.key
    counts = Counter(value for document in found for value in _value(document, key).split("\n") if value)
    if not counts:
        return f"no document has {key}"
    near = get_close_matches(condition.value, counts, n=1)
    if near:
        return f"did you mean --filter '{key}{condition.operator}{near[0]}'?"
    named = ", ".join(f"{value} ({count:,})" for value, count in counts.most_common(_NAMED))
    return f"values of {key}: {named}" + (", and others" if len(counts) > _NAMED else "")


def _value(document: DocumentRecord, key: str) -> str:
    own = {"type": document.type, "title": document.title, "language": document.language, "root": document.root}
    return own.get(key) or document.metadata.get(key, "")
