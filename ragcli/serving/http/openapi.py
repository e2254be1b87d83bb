"""The OpenAPI document: requests from their models, replies from the JSON Schemas of `ragcli.schemas`."""

from __future__ import annotations

import re
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from ragcli.schemas import registry
from ragcli.serving.http.problems import MEDIA_TYPE

_PREFIX = "#/components/schemas/"
_ANY_ROUTE = (400, 401, 403, 413, 415, 421, 422, 429, 500, 503, 504)
_SAID = {
    400: "The request cannot be read or contradicts itself.",
    401: "There is no key, or an unknown one.",
    403: "The key or the origin does not allow it.",
    404: "There is no such document, page or line.",
    409: "What is asked for is not as the request takes it to be.",
    413: "The request is too long.",
    415: "The body is of another type.",
    421: "The request is addressed to a name that is not the server's.",
    422: "The request does not have the declared form.",
    429: "The key has made as many requests as it may; `Retry-After` says when it may again.",
    500: "Something is wrong with the server.",
    503: "The index or a model cannot be used now, or too many requests wait.",
    504: "The time for the request has passed.",
}


def replies(
    document: str,
    *more: int,
    stream: bool = False,
    alone: bool = False,
    unready: bool = False,
    status: int = 200,
    picture: bool = False,
) -> dict[int | str, dict[str, Any]]:
    """The replies of a route: `document` (a class of `ragcli.schemas`), and problems with these statuses beside those that any
    route can have. `alone` is for what needs no key and no index, and is `unready` (503) with the same document;
    `status` is that of success; a
    `picture` is sent in the place of a document."""
    content: dict[str, Any] = {"application/json": {"schema": {"$ref": _PREFIX + document}}}
    if status == 204:
        content = {}
    if picture:
        content = {"image/png": {"schema": {"type": "string", "format": "binary"}}}
    if stream:
        content["text/event-stream"] = {"schema": {"type": "string"}}
    found: dict[int | str, dict[str, Any]] = {status: {"description": _named(document, picture), "content": content}}
    if unready:
        found[503] = {"description": "It cannot reply now.", "content": content}
    problem = {MEDIA_TYPE: {"schema": {"$ref": _PREFIX + "ProblemDocument"}}}
    for refused in (403, 421) if alone else sorted({*_ANY_ROUTE, *more}):
        found[refused] = {"description": _SAID[refused], "content": problem}
    return found


def _named(document: str, picture: bool) -> str:
    if picture:
        return "A picture."
    return _about(document) if document else "It is done."


def _about(name: str) -> str:
    """What the document of a class is."""
    declared = next(each for each in registry.documents().values() if each.__name__ == name)
    return re.sub(r" \(.*?\)\.$", ".", registry.about(declared))


def describe(app: FastAPI, version: str) -> dict[str, Any]:
    """The OpenAPI 3.1 document of an application."""
    made = get_openapi(
        title="rag",
        version=version,
        summary="Cited answers from one's own documents.",
        routes=app.routes,
    )
    schemas = made.setdefault("components", {}).setdefault("schemas", {})
    schemas.update(registry.components(_PREFIX + "{name}"))
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    made["components"]["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
    made["security"] = [{"key": []}, {}]
    return made
