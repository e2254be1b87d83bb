"""Every document by its name, and its JSON Schema."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Any, get_args, get_type_hints

from msgspec import json

from ragcli.schemas import audit, evaluation, library, program, search, serving

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def documents() -> dict[str, type]:
    """Name → class, in alphabetical order. The name is that of `schema` without its prefix and version: `rag.gold.add/1` is
    the document `gold.add`."""
    found = {
        tag_of(declared).removeprefix("rag.").partition("/")[0]: declared
        for module in (search, library, evaluation, program, audit, serving)
        for name, declared in vars(module).items()
        if name.endswith("Document") and isinstance(declared, type) and declared.__module__ == module.__name__
    }
    return dict(sorted(found.items()))


def tag_of(document: type) -> str:
    """What stands in the field `schema` of a document, such as `rag.query/1`."""
    return str(get_args(get_type_hints(document)["schema"])[0])


def about(document: type) -> str:
    """The first sentence of its docstring: what it is."""
    return " ".join((document.__doc__ or "").partition("\n\n")[0].split())


def json_schema(name: str) -> dict[str, Any]:
    """The JSON Schema (2020-12) of a document, by its name or by what its field `schema` holds. Fields that it does not declare
    are allowed, because later releases may add some. Raises KeyError."""
    known = documents()
    by_tag = {tag_of(declared): declared for declared in known.values()}
    return {"$schema": DIALECT, **json.schema(by_tag.get(name) or known[name])}


def components(template: str) -> dict[str, Any]:
    """The JSON Schemas of all documents and of their parts, by the name of the class; they refer to each other by `template`,
    in which `{name}` stands for it."""
    _, found = json.schema_components(documents().values(), ref_template=template)
    return found


def nearest(name: str) -> list[str]:
    """At most three names that are written like `name`, the nearest first."""
    return get_close_matches(name.removeprefix("rag."), documents(), n=3)
