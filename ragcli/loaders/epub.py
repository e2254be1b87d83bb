"""EPUB: the XHTML chapters of the package's spine, in reading order."""

from __future__ import annotations

import posixpath
import zipfile
from pathlib import Path
from urllib.parse import unquote

from lxml import etree

from ragcli.datatypes import Document
from ragcli.errors import LoadError
from ragcli.loaders.html import add_html, parse_html
from ragcli.loaders.structure import TextBuilder, make_document
from ragcli.loaders.zipped import open_zip


class EpubLoader:
    """An EPUB 2 or 3 book without digital rights management."""

    def load(self, data: bytes, path: Path) -> Document:
        with open_zip(data) as archive:
            try:
                title, chapters = _spine(archive)
                builder = TextBuilder()
                for chapter in chapters:
                    add_html(builder, parse_html(archive.read(chapter)))
            except (KeyError, IndexError, etree.XMLSyntaxError, zipfile.BadZipFile) as error:
                raise LoadError(f"not a readable EPUB ({error})") from error
        return make_document(path, "epub", builder.text, builder.blocks, title=title)


def _spine(archive: zipfile.ZipFile) -> tuple[str, list[str]]:
    container = _xml(archive.read("META-INF/container.xml"))
    package_path = container.xpath("//*[local-name()='rootfile']/@full-path")[0]
    package = _xml(archive.read(package_path))
    folder = posixpath.dirname(package_path)
    items = {item.get("id"): item.get("href", "") for item in package.xpath("//*[local-name()='manifest']/*")}
    chapters = [
        posixpath.normpath(posixpath.join(folder, unquote(items[ref])))
        for ref in package.xpath("//*[local-name()='spine']/*/@idref")
    ]
    titles = package.xpath("//*[local-name()='metadata']/*[local-name()='title']/text()")
    return (titles[0] if titles else ""), chapters


def _xml(data: bytes) -> etree._Element:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    return etree.fromstring(data, parser)
