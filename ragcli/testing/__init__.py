"""Contract suites: what every loader, chunker, embedder, language model and store must do, as tests for anyone who writes one.

A suite is a class of test methods. Derive a class from it whose name begins with `Test`, say what is to be tested, and run
pytest:

    from ragcli.testing import LoaderContract

    class TestSubtitles(LoaderContract):
        name = "film.srt"
        data = b"1\\n00:00:01,000 --> 00:00:02,000\\nHello.\\n"
        expected = ("Hello.",)

        def loader(self):
            return SubtitleLoader()

The suites need nothing but rag itself; rag runs its own parts through the same ones.
"""

from __future__ import annotations

from ragcli.testing.chunkers import ChunkerContract
from ragcli.testing.embedders import EmbedderContract
from ragcli.testing.language_models import LanguageModelContract
from ragcli.testing.loaders import LoaderContract
from ragcli.testing.memory import MemoryStore
from ragcli.testing.stores import StoreContract

__all__ = [
    "ChunkerContract",
    "EmbedderContract",
    "LanguageModelContract",
    "LoaderContract",
    "MemoryStore",
    "StoreContract",
]
