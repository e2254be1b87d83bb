"""EPUB: the XHTML chapters of the package's spine, in reading order."""

from __future__ import annotations

import posixpath
import zipfile
import zlib
from pathlib import Path
from urllib.parse import unquote

from lxml import etree

from ragcli.datatypes import Document
from ragcli.loaders.decoding import clean
from ragcli.loaders.html import add_html, parse_html
from ragcli.loaders.structure import TextBuilder
from ragcli.loaders.zipped import open_zip, unreadable


class EpubLoader:
    """An EPUB 2 or 3 book without digital rights management."""

    def load(self, data: bytes, path: Path) -> Document:
        with open_zip(data) as archive:
            try:
                metadata, chapters = _spine(archive)
                builder = TextBuilder()
                with builder.keep_what_was_read():
                    for chapter in chapters:
                        add_html(builder, parse_html(archive.read(chapter)))
            except (KeyError, IndexError, etree.XMLSyntaxError, zipfile.BadZipFile, zlib.error) as error:
                raise unreadable("EPUB", error) from error
        return builder.document(path, "epub", "", metadata)


def _spine(archive: zipfile.ZipFile) -> tuple[dict[str, str], list[str]]:
    container = _xml(archive.read("META-INF/container.xml"))
    package_path = container.xpath("//*[local-name()='rootfile']/@full-path")[0]
    package = _xml(archive.read(package_path))
    folder = posixpath.dirname(package_path)
    items = {item.get("id"): item.get("href", "") for item in package.xpath("//*[local-name()='manifest']/*")}
    chapters = [
        posixpath.normpath(posixpath.join(folder, unquote(items[ref])))
        for ref in package.xpath("//*[local-name()='spine']/*/@idref")
    ]
    found = {}
    for name, key in (("title", "title"), ("creator", "author"), ("date", "created")):
        texts = package.xpath(f"//*[local-name()='metadata']/*[local-name()='{name}']/text()")
        if texts:
            found[key] = clean(str(texts[0])).strip()
    return found, chapters


def _xml(data: bytes) -> etree._Element:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    return etree.fromstring(data, parser)
