"""The schemas of documents → lines."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from rich.text import Text

from ragcli.schemas.registry import about


def summary_lines(documents: Mapping[str, type]) -> Iterator[Text]:
    """The name of each document, and what it is."""
    width = max(map(len, documents))
    for name, declared in documents.items():
        yield Text.assemble((f"{name:<{width}}", "bold"), f"  {about(declared)}")


def schema_lines(schema: Mapping[str, Any]) -> Iterator[Text]:
    """The schema as indented JSON."""
    yield from map(Text, json.dumps(schema, indent=2).split("\n"))
