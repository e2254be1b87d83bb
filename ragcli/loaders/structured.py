"""JSON, JSON Lines and XML. What is laid out for people is kept as it stands; one long line becomes `path: value` lines."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lxml import etree

from ragcli.datatypes import Document
from ragcli.errors import LoadError, NotADocument
from ragcli.loaders.decoding import clean, decode
from ragcli.loaders.limits import spend
from ragcli.loaders.ooxml import attribute, local
from ragcli.loaders.plain import PlainTextLoader
from ragcli.loaders.structure import TextBuilder

_LAID_OUT = 400  # characters a line, on average, of JSON that people can read
_TITLES = ("title", "name", "subject", "heading", "question", "id", "_id")


class JsonLoader:
    """One JSON value. Its lines are those of the file, unless they are too long to be read."""

    def load(self, data: bytes, path: Path) -> Document:
        text = decode(data)
        if len(text) / (text.count("\n") + 1) > _LAID_OUT:
            try:
                value = json.loads(text)
            except (ValueError, RecursionError):
                value = None  # broken or absurdly deep: it is still text
            if isinstance(value, (dict, list)):
                builder = TextBuilder()
                with builder.keep_what_was_read():
                    for item in value if isinstance(value, list) else [value]:
                        builder.add("\n".join(_leaves(item)), "list")
                return builder.document(path, "json", "")
        return PlainTextLoader("json").load(data, path)


class JsonLinesLoader:
    """One record a line; a section each, named by the record's title or id and its line. Broken lines are kept as they are."""

    def load(self, data: bytes, path: Path) -> Document:
        builder = TextBuilder()
        with builder.keep_what_was_read():
            for number, line in enumerate(decode(data).split("\n"), start=1):
                if not line.strip():
                    continue
                try:
                    record = json.loads(line)
                except (ValueError, RecursionError):
                    record = line
                builder.headings.enter(1, _name(record, number))
                builder.add("\n".join(_leaves(record)), "list")
        return builder.document(path, "jsonl", "")


def _name(record: object, number: int) -> str:
    if isinstance(record, dict):
        for key in _TITLES:
            if isinstance(record.get(key), (str, int)) and str(record[key]).strip():
                return f"line {number}: {clean(str(record[key]))[:80]}"
    return f"line {number}"


def _leaves(value: object) -> Iterator[str]:
    """`path: value` of every scalar, depth first, without recursion; a list of scalars is one line."""
    stack: list[tuple[str, object]] = [("", value)]
    while stack:
        name, item = stack.pop()
        if isinstance(item, dict):
            stack.extend((f"{name}.{key}" if name else str(key), inner) for key, inner in reversed(item.items()))
        elif isinstance(item, list) and any(isinstance(inner, (dict, list)) for inner in item):
            stack.extend((name, inner) for inner in reversed(item))
        elif item not in (None, "", []):
            shown = ", ".join(map(_scalar, item)) if isinstance(item, list) else _scalar(item)
            line = clean(f"{name}: {shown}" if name else shown)
            spend(len(line))
            yield line


def _scalar(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


class XmlLoader:
    """The text of the elements, one paragraph for each that holds text; attributes as `name: value`. No entity is expanded and
    nothing is fetched; XML that does not parse is read as text."""

    def load(self, data: bytes, path: Path) -> Document:
        if b"<!ENTITY" in data[:65_536]:
            return PlainTextLoader("xml").load(data, path)
        parser = etree.XMLParser(
            resolve_entities=False,
            no_network=True,
            load_dtd=False,
            huge_tree=False,
            remove_comments=True,
            remove_pis=True,
        )
        try:
            root = etree.fromstring(data, parser)
        except (etree.XMLSyntaxError, ValueError):
            return PlainTextLoader("xml").load(data, path)
        builder = TextBuilder()
        with builder.keep_what_was_read():
            _add_elements(builder, root)
        try:
            return builder.document(path, "xml", _xml_title(root))
        except NotADocument as error:
            raise LoadError("no text") from error


def _add_elements(builder: TextBuilder, root: Any) -> None:
    """Depth first; the parser bounds the depth."""
    for element in root.iter():
        name = local(element)
        if not name:
            continue
        mixed = bool((element.text or "").strip()) or any((child.tail or "").strip() for child in element)
        inside = element.getparent()
        if inside is not None and inside.get("_mixed"):
            element.set("_mixed", "1")
            continue
        lines = [
            f"{key.rpartition('}')[2]}: {value}"
            for key, value in element.attrib.items()
            if key != "_mixed" and value.strip()
        ]
        if mixed:
            element.set("_mixed", "1")
            text = re.sub(r"[ \t]*\n\s*", "\n", clean("".join(element.itertext()))).strip()
            lines.append(text if len(element) else f"{name}: {text}")
        if lines:
            builder.add("\n".join(lines), "list")


def _xml_title(root: Any) -> str:
    for element in root.iter("{*}title", "{*}name"):
        if element.text and element.text.strip():
            return clean(element.text).strip()
    return clean(attribute(root, "title"))
