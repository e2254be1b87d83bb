"""Answers as fields of a JSON object that a schema describes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from ragcli.errors import UsageError

_TYPES: Mapping[str, tuple[type, ...]] = {
    "string": (str,), "integer": (int,), "number": (int, float), "boolean": (bool,), "array": (list,),
}  # fmt: skip
_MOST = 50
TASK = (
    "Reply with one JSON object and nothing else. Its fields: {}. A field is null when the sources do not say it. Copy values "
    "from the sources as they stand there."
)


def checked_schema(schema: Any) -> dict[str, Any]:
    """The JSON schema that a model is held to: an object of at most 50 named fields, each a string, number, integer, boolean
    or list of strings, and each may be null. Raises UsageError when `schema` is none or asks for more than that."""
    properties = schema.get("properties") if isinstance(schema, dict) else None
    if not isinstance(properties, dict) or not properties or schema.get("type", "object") != "object":
        raise UsageError(
            "the schema describes no object with properties", hint='{"properties": {"name": {"type": "string"}}}'
        )
    if len(properties) > _MOST:
        raise UsageError(f"the schema has {len(properties)} fields, more than {_MOST}", hint="ask for fewer at a time")
    fields: dict[str, Any] = {}
    for name, about in properties.items():
        kind = about.get("type", "string") if isinstance(about, dict) else None
        kind = next((k for k in kind if k != "null"), None) if isinstance(kind, list) else kind
        if kind not in _TYPES:
            raise UsageError(
                f"the field {name!r} of the schema is of a type that is not supported",
                hint=f"use {', '.join(_TYPES)} (of strings)",
            )
        own = {"type": "array", "items": {"type": "string"}} if kind == "array" else {"type": kind}
        fields[name] = {"anyOf": [own, {"type": "null"}], "description": str(about.get("description", ""))}
    return {"type": "object", "properties": fields, "required": list(fields), "additionalProperties": False}


def task_of(schema: Mapping[str, Any]) -> str:
    """The instruction that goes with a checked schema."""
    named = []
    for name, about in schema["properties"].items():
        told = f" ({about['description']})" if about["description"] else ""
        named.append(f'"{name}": {about["anyOf"][0]["type"]}{told}')
    return TASK.format("; ".join(named))


def grammar_schema(schema: Mapping[str, Any]) -> str:
    """A checked schema without its descriptions, as JSON."""
    bare = {name: {"anyOf": about["anyOf"]} for name, about in schema["properties"].items()}
    return json.dumps({**schema, "properties": bare})


def parse_fields(text: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    """Every field of the schema with its value in the first JSON object of `text`; None where it is missing or of another
    type, and for all when there is no object."""
    found: Any = None
    begin = text.find("{")
    if begin >= 0:
        try:
            found, _ = json.JSONDecoder().raw_decode(text[begin:])
        except ValueError:
            found = None
    values = found if isinstance(found, dict) else {}
    return {name: _typed(values.get(name), about) for name, about in schema["properties"].items()}


def _typed(value: Any, about: Mapping[str, Any]) -> Any:
    kind: str = about["anyOf"][0]["type"]
    if isinstance(value, bool) and kind != "boolean":
        return None
    if not isinstance(value, _TYPES[kind]):
        return None
    return [str(entry) for entry in value] if isinstance(value, list) else value


def shown(value: Any) -> Iterator[str]:
    """The texts that a source must hold for a value; none for null and for yes or no, which no source says in these words."""
    if value is None or isinstance(value, bool):
        return
    for entry in value if isinstance(value, list) else [value]:
        text = str(entry).strip()
        if text:
            yield text
