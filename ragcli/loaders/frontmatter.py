"""The front matter of a Markdown page: what it says of the page, in YAML. A page without any is read without its library."""

from __future__ import annotations

import re
from typing import Any

import yaml

_TITLE = re.compile(r"^title:[ \t]*(.+)$", re.MULTILINE)
_FRONT_KEYS = {
    "title": "title", "author": "author", "authors": "author", "date": "created", "created": "created", "updated": "modified",
    "modified": "modified", "lastmod": "modified", "description": "description", "summary": "description", "tags": "tags",
    "keywords": "tags",
}  # fmt: skip


class _NoAliases(yaml.SafeLoader):  # type: ignore[misc]
    """YAML without anchors and aliases, which can make a small text a large value."""

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError("an alias")
        return super().compose_node(parent, index)


def declared(front: str) -> dict[str, str]:
    """What front matter says of the page; a title at least where it is no valid YAML."""
    try:
        values = yaml.load(front, Loader=_NoAliases)
    except (yaml.YAMLError, ValueError, RecursionError):
        values = None
    if not isinstance(values, dict):
        title = _TITLE.search(front)
        return {"title": title.group(1).strip(" \t\"'")} if title else {}
    found: dict[str, str] = {}
    for name, value in values.items():
        key = _FRONT_KEYS.get(str(name).lower())
        if key and value not in (None, "", []):
            found.setdefault(key, "\n".join(map(str, value)) if isinstance(value, list) else str(value))
    return found
