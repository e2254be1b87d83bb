"""Access rights of an index: the tags that an ingest gives, and what somebody may see."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

from ragcli.access import Principal, Rules, principal_named, principal_of
from ragcli.engine.index import store_of
from ragcli.errors import IndexUnusable
from ragcli.index.pages import every
from ragcli.metadata import AccessTags, access_of

if TYPE_CHECKING:
    from ragcli.index.protocol import Store
    from ragcli.ingest import Options
    from ragcli.workspace import Workspace


def principal(workspace: Workspace, who: str | Collection[str]) -> Principal:
    """Who has this name in the file that `access.grants` names, or has these tags. Raises UsageError and SettingsError."""
    settings = workspace.settings
    untagged = settings.access_untagged == "everyone"
    if not isinstance(who, str):
        return principal_of(who, untagged=untagged)
    grants = workspace.directory / settings.access_grants if settings.access_grants else None
    return principal_named(who, grants, untagged=untagged, fix="RAGCLI_ACCESS_GRANTS=grants.toml, or access.grants")


def options_with_access(workspace: Workspace, options: Options, *, rebuild: bool) -> Options:
    """The options of an ingest with the rules of access that are set, if any. A rebuild keeps the tags of what was there."""
    rules = workspace.settings.access_rules
    options = replace(options, rules=Rules(rules) if rules else None)
    if not rebuild:
        return options
    try:
        return replace(options, access_before=_tags_in(store_of(workspace)))
    except IndexUnusable as problem:
        workspace.note(f"{problem.message}; access tags that --access gave are lost, and must be given again")
        return options


def _tags_in(store: Store) -> dict[str, AccessTags]:
    """The access tags of documents and copies that have some, by id."""
    if store.manifest() is None:
        return {}
    with closing(store.catalog()) as catalog:
        found = ((entry, access_of(entry.document.metadata)) for entry in every(catalog.page))
        return {
            source.document_id: access
            for entry, access in found
            if access.tags
            for source in (entry.source, *entry.copies)
        }
