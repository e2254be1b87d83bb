"""CSV and TSV: the text is the file, one table whose first row is repeated in the header of every chunk."""

from __future__ import annotations

from pathlib import Path

from ragcli.datatypes import Block, Document
from ragcli.loaders.decoding import decode
from ragcli.loaders.limits import spend
from ragcli.loaders.structure import make_document


class CsvLoader:
    """Rows as they stand in the file, so that a citation names their lines; cells that run over several lines stay so."""

    def load(self, data: bytes, path: Path) -> Document:
        text = decode(data)
        spend(len(text))
        type_ = "tsv" if path.suffix.lower() == ".tsv" else "csv"
        return make_document(path, type_, text, [Block(0, len(text), "table")], has_lines=True)
