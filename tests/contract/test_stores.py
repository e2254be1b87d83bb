"""What every store promises; see `ragcli.testing.StoreContract`."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from ragcli.index import open_store
from ragcli.index.protocol import Store
from ragcli.testing import MemoryStore, StoreContract


class InDirectories(StoreContract):
    @pytest.fixture(autouse=True)
    def _folder(self, work: Path) -> None:
        self.folder = work

    def store(self) -> Store:
        return open_store(Path(tempfile.mkdtemp(dir=self.folder)) / ".rag")


class TestDirectoriesWithTheExactEngine(InDirectories):
    engine = "exact"


class TestDirectoriesWithTheEngineOfChroma(InDirectories):
    engine = "chroma"


class TestMemory(StoreContract):
    def store(self) -> Store:
        return MemoryStore()
