"""Holds what commands print with `--json` against the schemas of `ragcli.schemas`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from typing import Any

import msgspec
from jsonschema import Draft202012Validator

from ragcli.schemas.registry import documents, json_schema, tag_of


@cache
def _by_tag() -> dict[str, str]:
    return {tag_of(declared): name for name, declared in documents().items()}


@cache
def _validator(name: str) -> Draft202012Validator:
    return Draft202012Validator(json_schema(name))


def checked(line: str) -> dict[str, Any]:
    """The document in a line, after its schema and its type allowed it; a field that is not declared fails as well."""
    document: dict[str, Any] = json.loads(line)
    name = _by_tag()[document["schema"]]
    _validator(name).validate(document)
    read: object = msgspec.convert(document, documents()[name])  # passes over what is not declared
    assert json.loads(json.dumps(read)) == document, f"fields of {document['schema']} that are not declared"
    return document


def check_output(arguments: Sequence[str], stdout: str) -> None:
    """Check every document that a command printed, one a line, if it was told to print JSON."""
    if "--json" in arguments or "--jsonl" in arguments:
        for line in stdout.splitlines():
            checked(line)
