"""How what a gold file names meets the index: paths and quotations."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from ragcli.sources.scanning import stored_path

if TYPE_CHECKING:
    from ragcli.index.contents import CatalogReader


def resolver(catalog: CatalogReader, project: Path, gold: Path) -> Callable[[str], str | None]:
    """A gold path → the path in the index: beside the file `gold`, as it stands, or below a folder that was ingested.

    A name that several documents could mean resolves to none of them; an empty path, which means any document, to itself.
    """
    by_name: dict[str, set[str]] = {}
    for source in catalog.files():
        names = {source.path}
        if source.path.startswith(source.root + "/"):
            names.add(source.path[len(source.root) + 1 :])
        for name in names:
            by_name.setdefault(name, set()).add(source.path)

    def resolve(path: str) -> str | None:
        if not path:
            return ""
        beside = stored_path(Path(os.path.abspath(gold.parent / path)), project)
        return next((min(by_name[name]) for name in (beside, path) if len(by_name.get(name, ())) == 1), None)

    return resolve


def texts_of(catalog: CatalogReader) -> Callable[[str], tuple[int, str]]:
    """Path of the index → offset and text of the document from its first passage to its last; (0, "") for a path that is not
    in the index. Texts are read once."""
    ids = {path: document.document_id for document in catalog.documents() for path in (document.path, *document.copies)}
    texts: dict[str, tuple[int, str]] = {}

    def read(path: str) -> tuple[int, str]:
        if path not in texts:
            chunks = catalog.document_chunks(ids[path]) if path in ids else []
            texts[path] = (chunks[0].span.start if chunks else 0, "".join(chunk.text + chunk.tail for chunk in chunks))
        return texts[path]

    return read


def locator(catalog: CatalogReader) -> Callable[[str, str], tuple[int, int] | None]:
    """(path of the index, quotation) → its first place in the document, white space, case and typography aside."""
    read = texts_of(catalog)

    def locate(path: str, quote: str) -> tuple[int, int] | None:
        start, text = read(path)
        words = [
            re.sub(r"['’‘\"“”–—-]", lambda _: r"['’‘\"“”–—-]", re.escape(w).replace(r"\-", "-")) for w in quote.split()
        ]
        match = re.search(r"\s+".join(words), text, re.IGNORECASE) if words else None
        return (start + match.start(), start + match.end()) if match else None

    return locate
