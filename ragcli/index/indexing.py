"""What every store indexes of a chunk, and what becomes of a document under another source: with these rules an index answers
the same whatever store it lies in."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import replace

from ragcli.datatypes import Chunk, Document, DocumentRecord, SourceFile, chunk_id
from ragcli.text.analyzer import terms

HEADER_WEIGHT = 2  # of a term of the title or the section path, against one of the text


def text_hash(chunk: Chunk) -> bytes:
    """The key of a chunk's embedding: SHA-256 of what is embedded."""
    return hashlib.sha256(chunk.searchable_text.encode("utf-8", errors="surrogatepass")).digest()


def searchable_path(source: SourceFile) -> str:
    """The part of a file's path that says something of it: below what was given to ingest. Records of collections have none."""
    if not source.is_file:
        return ""
    inside = source.root not in (".", source.path) and source.path.startswith(source.root + "/")
    return source.path[len(source.root) + 1 :] if inside else source.path


def entry_of(chunk: Chunk, path: str, language: str) -> Counter[str]:
    """Weighted term frequencies of a chunk: text once, header `HEADER_WEIGHT` times, `path` once."""
    counts = Counter(terms(chunk.text, language))
    for term, count in Counter(terms(chunk.header, language)).items():
        counts[term] += HEADER_WEIGHT * count
    counts.update(terms(path, language))
    return counts


def moved_chunk(chunk: Chunk, document_id: str) -> Chunk:
    """The same chunk of another document."""
    return replace(chunk, chunk_id=chunk_id(document_id, chunk.span.start, chunk.span.end, chunk.header, chunk.text),
                   document_id=document_id)  # fmt: skip


def moved_document(record: DocumentRecord, source: SourceFile) -> Document:
    """A known document as it is inserted for another source; its text lies in its chunks."""
    return Document(
        document_id=source.document_id,
        path=source.path,
        type=record.type,
        title=record.title,
        text="",
        blocks=(),
        page_starts=record.page_starts,
        has_lines=record.has_lines,
        metadata=record.metadata,
        language=record.language,
        partial=record.partial,
    )
