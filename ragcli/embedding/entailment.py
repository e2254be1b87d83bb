"""Entailment models: cross-encoders that say whether one text follows from another (Williams et al. 2018).

They are sequence classifiers in the layout of Hugging Face; what their classes mean stands in the `config.json`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

from ragcli.embedding.cross import OnnxCrossEncoder
from ragcli.embedding.models import locate, prepare_directory
from ragcli.errors import UsageError

_ENTAILMENT = "entailment"
_CONTRADICTION = "contradiction"


def get_judge(
    model: str,
    *,
    cache: Path,
    offline: bool = False,
    note: Callable[[str], None] = lambda _: None,
    trust_code: str = "",
) -> OnnxJudge:
    """The entailment model in a directory or of a hub name, exported once. Raises ModelUnavailable, and UsageError when its
    configuration names no class `entailment`."""
    labels = read_labels(locate(model, cache=cache, offline=offline, note=note), model)
    directory, name = prepare_directory(
        model, cache=cache, offline=offline, note=note, kind="judge", trust_code=trust_code
    )
    return OnnxJudge(directory, name, labels)


def read_labels(source: Path, model: str) -> list[str]:
    """The names of the classes in lower case, in the order of the outputs: `id2label` in the `config.json` of `source`.

    Raises UsageError, which names the `model` and its labels, unless one of them is `entailment`.
    """
    try:
        named = json.loads((source / "config.json").read_text(encoding="utf-8")).get("id2label") or {}
        labels = [str(named[key]).lower() for key in sorted(named, key=int)]
    except (OSError, ValueError, AttributeError, TypeError):
        labels = []
    if _ENTAILMENT in labels:
        return labels
    told = f"the labels {', '.join(labels)}" if labels else "no labels in its config.json"
    raise UsageError(
        f"{model} is no entailment model: it has {told}, and needs one called entailment",
        hint="give --judge a sequence classifier trained on natural language inference (NLI), or leave it out",
    )


class OnnxJudge:
    """A Judge. `labels` are the classes of the model in `directory` in the order of its outputs. Pairs beyond the model's
    window lose the end of the longer text."""

    def __init__(self, directory: Path, name: str, labels: Sequence[str]) -> None:
        self._model = OnnxCrossEncoder(directory, "longest_first")
        self._name = name
        self._entailment = labels.index(_ENTAILMENT)
        self._contradiction = labels.index(_CONTRADICTION) if _CONTRADICTION in labels else None

    @property
    def name(self) -> str:
        return self._name

    def entails(self, pairs: Sequence[tuple[str, str]]) -> list[tuple[float, float]]:
        return [
            (float(row[self._entailment]), 0.0 if self._contradiction is None else float(row[self._contradiction]))
            for row in self._model.probabilities(pairs)
        ]
