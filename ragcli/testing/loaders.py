"""The contract of loaders."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path

from ragcli.datatypes import Document, source_id
from ragcli.errors import LoadError
from ragcli.loaders.frames import as_json, from_json
from ragcli.loaders.limits import Limits, budget
from ragcli.loaders.plugged import fault
from ragcli.protocols import Loader

_DAMAGES = 20


class LoaderContract:
    """Set `name`, a file name with a suffix that the loader reads; `data`, the content of such a file; and `expected`, pieces
    of text that it holds. `loader` makes what is tested."""

    name: str
    data: bytes
    expected: tuple[str, ...]

    def loader(self) -> Loader:
        """A new loader."""
        raise NotImplementedError

    def load(self, data: bytes, name: str = "") -> Document:
        """What the loader makes of `data`."""
        return self.loader().load(data, Path(name or self.name))

    def test_the_text_of_the_sample_is_there(self) -> None:
        document = self.load(self.data)
        for piece in self.expected:
            assert piece in document.text, f"{piece!r} is not in {document.text[:200]!r}"

    def test_blocks_are_in_order_and_cover_all_text(self) -> None:
        assert fault(self.load(self.data)) == ""

    def test_loading_is_deterministic_and_the_id_is_that_of_the_path(self) -> None:
        document = self.load(self.data)
        assert document == self.load(self.data), "the same bytes gave two different documents"
        for path in (self.name, f"elsewhere/{self.name}"):
            document = self.load(self.data, path)
            assert (document.path, document.document_id) == (path, source_id(path))

    def test_a_document_passes_between_processes_unchanged(self) -> None:
        document = self.load(self.data)
        frame = json.loads(json.dumps(as_json(document)))
        assert from_json(frame, document.document_id, document.path) == document

    def test_damaged_bytes_are_read_or_are_a_load_error_with_a_reason(self) -> None:
        for data in self.damaged():
            reason = ""
            try:
                wrong = fault(self.load(data))
            except LoadError as error:
                wrong, reason = "", error.reason or "(none)"
            assert wrong == "", data[:100]
            assert reason != "(none)", "a LoadError must say why"

    def test_a_limit_of_text_ends_the_reading_with_a_partial_document_or_a_reason(self) -> None:
        """Loaders report text to `ragcli.loaders.limits.spend` as they read it; else no limit holds."""
        with budget(Limits(characters=8), len(self.data)):
            try:
                document = self.load(self.data)
            except LoadError as error:
                reason = error.reason
            else:
                reason = document.partial
                assert len(document.text) <= 8, "more text than the limit allows"
        assert reason == "limit: more than 8 characters"

    def damaged(self) -> Iterator[bytes]:
        """Other bytes than those of a proper file, the same in every run: random ones, and the sample with its end missing,
        with bytes changed, or with a piece taken out."""
        chance = random.Random(0)
        yield b"\x00\xff" * 50
        yield bytes(chance.randrange(256) for _ in range(500))
        yield "Just a line of text.\n".encode("utf-16")
        for _ in range(_DAMAGES):
            changed = bytearray(self.data[: chance.randint(1, len(self.data))])
            for _ in range(chance.choice((0, 1, 5))):
                changed[chance.randrange(len(changed))] = chance.randrange(256)
            start = chance.randrange(len(changed))
            yield bytes(changed[:start] + changed[start + chance.randrange(8) :]) or b"\x00"
