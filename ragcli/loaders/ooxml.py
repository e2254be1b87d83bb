"""What the loaders of office formats share: safe XML, and the dates and names that their packages declare."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from typing import Any

from lxml import etree

from ragcli.errors import LoadError
from ragcli.loaders.decoding import clean

_CORE = {"title": "title", "creator": "author", "created": "created", "modified": "modified"}


def parse_xml(data: bytes) -> Any:
    """The root element. Entities stay unexpanded, nothing is fetched; raises LoadError for broken XML and for a document type
    definition, which no office format needs."""
    if b"<!DOCTYPE" in data[:4096]:
        raise LoadError("refused: a document type definition")
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True
    )
    try:
        return etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        raise LoadError(f"damaged XML ({error.msg})") from error


def refuse_type_definitions(archive: zipfile.ZipFile) -> None:
    """Raises LoadError when a part of an OOXML package declares a document type, as only attacks do."""
    for entry in archive.infolist():
        if entry.filename.endswith((".xml", ".rels")):
            with archive.open(entry) as part:
                if b"<!DOCTYPE" in part.read(4096):
                    raise LoadError("refused: a document type definition")


def core_properties(archive: zipfile.ZipFile, name: str = "docProps/core.xml") -> dict[str, str]:
    """title, author, created and modified, as far as a package (or an OpenDocument's meta.xml) declares them."""
    if name not in archive.namelist():
        return {}
    try:
        root = parse_xml(archive.read(name))
    except LoadError:
        return {}
    found = {
        local(element): clean(element.text or "").strip() for element in root.iter() if isinstance(element.tag, str)
    }
    found["created"] = found.get("created") or found.get("creation-date", "")
    found["modified"] = found.get("modified") or found.get("date", "")
    found["creator"] = found.get("initial-creator") or found.get("creator", "")
    return {ours: found[theirs] for theirs, ours in _CORE.items() if found.get(theirs)}


def local(element: Any) -> str:
    """The name of an element without its namespace."""
    tag = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def attribute(element: Any, name: str) -> str:
    """The value of an attribute, whatever its namespace; empty when it is not there."""
    attributes: Mapping[str, str] = element.attrib
    return next((value for key, value in attributes.items() if key.rpartition("}")[2] == name), "")
