"""Language models of plug-ins; see `ragcli.plugins`."""

from __future__ import annotations

from collections.abc import Iterator

from ragcli.drafts import End, Limits
from ragcli.errors import ModelUnavailable
from ragcli.plugins import Plugin, blamed, load
from ragcli.prompts import Prompt
from ragcli.protocols import LanguageModel


class PluggedModel:
    """A language model that a plug-in made. What it raises becomes ModelUnavailable, which names the plug-in."""

    def __init__(self, plugin: Plugin, model: str, *, context_tokens: int, offline: bool) -> None:
        self._plugin = plugin
        factory = load(plugin)
        with blamed(plugin, ModelUnavailable):
            self._model: LanguageModel = factory(model, context_tokens=context_tokens, offline=offline)
            self.name = f"{plugin.name}:{model}"
            self.identity = f"{plugin} {self.name} {self._model.identity}"

    @property
    def context_tokens(self) -> int:
        return self._model.context_tokens

    def count_tokens(self, text: str) -> int:
        with blamed(self._plugin, ModelUnavailable):
            return self._model.count_tokens(text)

    def stream(self, prompt: Prompt, limits: Limits) -> Iterator[str | End]:
        with blamed(self._plugin, ModelUnavailable):
            yield from self._model.stream(prompt, limits)
