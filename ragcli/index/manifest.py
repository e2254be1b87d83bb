"""What an index says of itself, and whether that fits what was asked for."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ragcli.datatypes import POOLED
from ragcli.errors import IndexIncompatible
from ragcli.text.analyzer import ANALYZER_VERSION


@dataclass(frozen=True, slots=True)
class Identity:
    """The parts that an index is made with; `model_source` is what the user called the embedding model; `sentences` says
    whether sentences get vectors of their own, None: as before, in a new index yes. `redaction_key` is
    what placeholders are made with, in an index that has none yet."""

    embedder: Mapping[str, object]
    chunker: Mapping[str, object]
    model_source: str = ""
    sentences: bool | None = None
    redaction_key: str = ""


@dataclass(frozen=True, slots=True)
class Manifest:
    """Identities and counters, read in one transaction."""

    generation: int
    next_row: int
    embedder: Mapping[str, Any]
    chunker: Mapping[str, Any]
    analyzer: str
    created: str
    updated: str
    chroma: Mapping[str, Any]
    model_source: str  # what the user called the embedding model: a name or a directory
    id: str  # of this index, given when it is made
    languages: tuple[str, ...]  # of its documents, in the order of their codes
    sentences: bool  # whether sentences have vectors of their own
    redaction_key: str  # what placeholders are made with; empty before the first ingest that makes some

    @property
    def dimension(self) -> int:
        return int(self.embedder["dimension"])

    @property
    def sentence_share(self) -> float:
        """What the cosine of the best sentence counts in the score of a passage, the rest being the passage's own."""
        return 0.8 if self.embedder.get("sentences") == POOLED else 0.5

    @property
    def identity(self) -> Identity:
        """The parts that the index was made with, for a writer that changes none of them."""
        return Identity(self.embedder, self.chunker, self.model_source)

    def without_history(self) -> Manifest:
        """The same without what tells of other documents than one may see: when and how often the index was changed, and the
        languages in it."""
        return replace(self, generation=0, next_row=1, created="", updated="", chroma={}, languages=())

    def fingerprint(self, documents: Sequence[tuple[str, str]] | None) -> str:
        """See `ragcli.index.protocol.Catalog.fingerprint`; `documents` are (path, content hash), ordered by path."""
        parts: list[object] = [
            dict(self.embedder),
            dict(self.chunker),
            self.analyzer,
            self.sentences,
            *(documents or ()),
        ]
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode("utf-8", "surrogatepass")).hexdigest()[:16]


def check_identity(
    manifest: Manifest, *, embedder: Mapping[str, object], chunker: Mapping[str, object] | None = None
) -> None:
    """Raise IndexIncompatible, naming both sides and the fix, unless the index was made with these parts."""
    if dict(manifest.embedder) != dict(embedder):
        raise IndexIncompatible(
            f"the index was made with the embedding model {_describe(manifest.embedder, embedder)}, "
            f"and {_describe(embedder, manifest.embedder)} was asked for",
            hint="rag ingest --rebuild --embedding-model NAME changes it; without --embedding-model the index's own is used",
        )
    if chunker is not None and dict(manifest.chunker) != dict(chunker):
        raise IndexIncompatible(
            f"the index was made with chunks by {_describe(manifest.chunker, chunker)}, "
            f"and {_describe(chunker, manifest.chunker)} was asked for",
            hint="the same command with --rebuild changes them; without --chunker and --max-tokens the index's own are used",
        )


def check_analyzer(manifest: Manifest) -> None:
    """Raise IndexIncompatible unless the index's word lists were made by the analyzer that questions go through."""
    if manifest.analyzer != ANALYZER_VERSION:
        raise IndexIncompatible(
            f"the index was made with analyzer {manifest.analyzer}, this version of rag has {ANALYZER_VERSION}",
            hint="rag ingest brings it up to date, without embedding anything again",
        )


def _describe(one: Mapping[str, object], other: Mapping[str, object]) -> str:
    """The name of a part, and what of it differs from the other."""
    name = str(one.get("name") or one.get("strategy"))
    differing = [
        f"{key} {str(value)[:16]}"
        for key, value in one.items()
        if other.get(key) != value and key not in ("name", "strategy")
    ]
    return f"{name} ({', '.join(differing)})" if differing else name
