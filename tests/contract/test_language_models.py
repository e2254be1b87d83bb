"""Every language model keeps the contract that plug-ins are held to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ragcli.generation import prompted_of
from ragcli.protocols import LanguageModel
from ragcli.testing import LanguageModelContract
from tests.helpers.answers import COPIER, generator
from tests.servers import Script, model_server


def model_called(name: str) -> LanguageModel:
    prompted = prompted_of(generator(name))
    assert prompted is not None
    return prompted.model


class TestEveryModel(LanguageModelContract):
    @pytest.fixture(autouse=True, params=["random gguf", "copying gguf", "openai", "anthropic"])
    def _kind(self, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[None]:
        kind = request.param
        if kind.endswith("gguf"):
            pytest.importorskip("llama_cpp", reason="needs the extra [llama]")
            pytest.importorskip("gguf", reason="needs the package gguf")
            from tests.make_gguf import write_tiny_gguf

            path = write_tiny_gguf(tmp_path / "tiny.gguf") if kind.startswith("random") else COPIER
            self.made = model_called(str(path))
            yield
            return
        pytest.importorskip(kind, reason=f"needs the extra [{kind}]")
        with model_server(Script()) as address:
            self.made = model_called(f"{kind}:m@{address}{'/v1' if kind == 'openai' else ''}")
            yield

    def model(self) -> LanguageModel:
        return self.made
