"""Drafts that were written before, so that the same question over the same passages is not written twice.

What is kept is the draft, not the answer: retrieval and verification run every time, so a kept draft is held against what the
documents say now. Its key covers the writer with its weights and the words of its prompt, the question, and every passage,
so an ingest that changes what is found changes the key. Only complete drafts are kept.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

from ragcli.cancellation import NEVER, Cancellation
from ragcli.drafts import Claim, DraftEvent, End, Note, Usage
from ragcli.private import make_private_folder, replace_private
from ragcli.protocols import Generator
from ragcli.results import Hit

FORMAT = 3
_COMPLETE = ("end", "refused", "repeated")
MOST = 1_000  # drafts; the oldest go first


class CachingGenerator:
    """A Generator that asks `inner` only for what is not in `folder`. A folder that cannot be written to is no error."""

    def __init__(self, inner: Generator, folder: Path, *, most: int = MOST) -> None:
        self.inner = inner
        self._folder = folder
        self._most = most

    @property
    def name(self) -> str:
        return self.inner.name

    @property
    def identity(self) -> str:
        return self.inner.identity

    def generate(self, question: str, hits: Sequence[Hit], cancel: Cancellation = NEVER) -> Iterator[DraftEvent]:
        path = self._folder / f"{self._key(question, hits)}.json"
        kept = _read(path)
        if kept is not None:
            with suppress(OSError):
                os.utime(path)
            yield Note("written before; --no-cache writes it again")
            yield from kept
            return
        claims: list[Claim] = []
        for event in self.inner.generate(question, hits, cancel):
            if isinstance(event, Claim):
                claims.append(event)
            if isinstance(event, End) and event.stopped in _COMPLETE:
                self._keep(path, claims, event)
            yield event

    def _key(self, question: str, hits: Sequence[Hit]) -> str:
        passages = [
            [hit.rank, hit.passage.document.path, hit.passage.span.start, hit.passage.text, list(hit.passage.headings)]
            for hit in hits
        ]
        return hashlib.sha256(json.dumps([FORMAT, self.identity, question, passages]).encode()).hexdigest()

    def _keep(self, path: Path, claims: Sequence[Claim], end: End) -> None:
        content = {"claims": [asdict(claim) for claim in claims], "usage": asdict(end.usage) if end.usage else None,
                   "notes": end.notes, "stopped": end.stopped}  # fmt: skip
        with suppress(OSError):
            make_private_folder(self._folder)
            replace_private(path, json.dumps(content))
            kept = sorted(self._folder.glob("*.json"), key=lambda entry: entry.stat().st_mtime_ns)
            for old in kept[: -self._most]:
                old.unlink(missing_ok=True)


def _read(path: Path) -> list[DraftEvent] | None:
    """The draft in `path`; None when there is none or it cannot be read."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        claims: list[DraftEvent] = [
            Claim(
                c["text"], tuple((r, s, e) for r, s, e in c["evidence"]), c["lead"], c["named"], c["field"], c["value"]
            )
            for c in content["claims"]
        ]
        usage = Usage(**content["usage"]) if content["usage"] else None
        return [*claims, End(content["stopped"], usage, tuple(content["notes"]))]
    except (OSError, ValueError, KeyError, TypeError):
        return None
