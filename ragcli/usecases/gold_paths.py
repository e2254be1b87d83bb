"""How what a gold file names meets the index: paths and quotations."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ragcli.errors import GoldError
from ragcli.evaluation.gold import GoldQuestion
from ragcli.index.pages import every
from ragcli.sources.scanning import stored_path

if TYPE_CHECKING:
    from ragcli.index.protocol import Catalog

_SHOWN = 5  # of the paths that the index does not hold


def resolver(catalog: Catalog, project: Path, gold: Path) -> Callable[[str], str | None]:
    """A gold path → the path in the index: beside the file `gold`, as it stands, or below a folder that was ingested.

    A name that several documents could mean resolves to none of them; an empty path, which means any document, to itself.
    """
    by_name: dict[str, set[str]] = {}
    for source in (source for entry in every(catalog.page) for source in (entry.source, *entry.copies)):
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


def check_paths(catalog: Catalog, project: Path, gold: Path, questions: Sequence[GoldQuestion]) -> None:
    """Raise GoldError, with paths of the index that look alike, when it has none of the documents that questions name."""
    resolve = resolver(catalog, project, gold)
    named = list(dict.fromkeys(e.path for question in questions for e in question.evidence if e.path))
    if not named or any(resolve(path) is not None for path in named):
        return
    import difflib

    known = sorted({file.path for entry in every(catalog.page) for file in (entry.source, *entry.copies)})
    by_name = {path.rsplit("/", 1)[-1]: path for path in reversed(known)}
    lines = []
    for path in named[:_SHOWN]:
        near = difflib.get_close_matches(path, known, 1) or difflib.get_close_matches(
            path.rsplit("/", 1)[-1], list(by_name), 1
        )
        lines.append(f"{path} (did you mean {by_name.get(near[0], near[0])}?)" if near else path)
    more = [f"and {len(named) - _SHOWN} more"] if len(named) > _SHOWN else []
    raise GoldError(
        f"the index holds none of the documents that {gold} names:\n  " + "\n  ".join([*lines, *more]),
        hint="rag ls lists what the index holds; a path is relative to the gold file, or as rag ls shows it",
    )


def texts_of(catalog: Catalog) -> Callable[[str], tuple[int, str]]:
    """Path of the index → offset and text of the document from its first passage to its last; (0, "") for a path that is not
    in the index. Texts are read once."""
    texts: dict[str, tuple[int, str]] = {}

    def read(path: str) -> tuple[int, str]:
        if path not in texts:
            document = catalog.find([path]).get(path)
            chunks = catalog.document_chunks(document.document_id) if document else []
            texts[path] = (chunks[0].span.start if chunks else 0, "".join(chunk.text + chunk.tail for chunk in chunks))
        return texts[path]

    return read


def locator(catalog: Catalog) -> Callable[[str, str], tuple[int, int] | None]:
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
