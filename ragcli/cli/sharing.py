"""Options that stand for settings, declared once for all commands that take them."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from ragcli.cli import answer_options, choosing, options
from ragcli.cli.session import Output, failing

Flags = Mapping[str, object]
NONE_GIVEN: Flags = MappingProxyType({})
Group = Mapping[str, tuple[Any, str]]  # name of the option → its declaration, and the setting that it stands for

SEARCHING: Group = {
    "k": (options.K, "retrieval_k"),
    "mode": (options.Mode, "retrieval_mode"),
    "fusion": (options.Fusion, "retrieval_fusion"),
    "weight": (options.Weight, "retrieval_weight"),
    "exact": (options.Exact, "retrieval_correct"),
    "per_document": (options.PerDocument, "retrieval_per_document"),
    "mmr": (options.Mmr, "retrieval_mmr"),
    "rerank": (options.Rerank, "retrieval_rerank"),
    "max_seconds": (options.MaxSeconds, "retrieval_max_seconds"),
    "synonyms": (options.Synonyms, "retrieval_synonyms"),
    "decompose": (options.Decompose, "retrieval_decompose"),
    "expand": (options.Expand, "retrieval_expand"),
    "hyde": (options.Hyde, "retrieval_hyde"),
    "infer": (options.Infer, "retrieval_infer"),
    "prefer": (options.Prefer, "retrieval_prefer"),
    "engine": (options.Engine, "retrieval_engine"),
    "embedding_model": (options.Model, "embedding_model"),
    "trust_code": (options.TrustCode, "trust_code"),
    "index": (options.Index, "index"),
    "collection": (choosing.Several, choosing.COLLECTIONS),
}
ANSWERING: Group = {
    "model": (answer_options.AnswerModel, "answer_model"),
    "threshold": (answer_options.Threshold, "answer_threshold"),
    "verify": (answer_options.Verify, "answer_verify"),
    "judge": (answer_options.Judge, "answer_judge"),
    "context_tokens": (answer_options.ContextTokens, "answer_context_tokens"),
}
_NEGATED = "exact"  # the option says what is not to be done


def taking(*groups: Group) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """A command with the options of `groups` in the place of its parameter `flags`, which gets them as settings; None where an
    option was not given."""
    shared = {name: entry for group in groups for name, entry in group.items()}

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        parameters: list[inspect.Parameter] = []
        for parameter in inspect.signature(command, eval_str=True).parameters.values():
            keyword = parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY)
            if parameter.name != "flags":
                parameters.append(keyword)
                continue
            for name, (declaration, _) in shared.items():
                parameters.append(keyword.replace(name=name, annotation=declaration, default=None))

        @functools.wraps(command)
        def run(**given: Any) -> None:
            flags = {setting: _value(name, given.pop(name)) for name, (_, setting) in shared.items()}
            command(**given, flags=flags)

        run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
        return run

    return decorate


def on_index(command: Callable[..., None]) -> Callable[..., None]:
    """A command with the parameter `index` that also takes `--collection`, whose index is then given to it."""
    parameters: list[inspect.Parameter] = []
    for parameter in inspect.signature(command, eval_str=True).parameters.values():
        parameters.append(parameter)
        if parameter.name == "index":
            parameters.append(parameter.replace(name="collection", annotation=choosing.One))

    @functools.wraps(command)
    def run(*, collection: str | None = None, **given: Any) -> None:
        if collection is not None:
            with failing(Output(as_json=bool(given.get("as_json")), quiet=False)):
                given["index"] = str(choosing.chosen_collections([collection], given["index"])[collection])
        command(**given)

    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return run


def _value(name: str, given: object) -> object:
    return not given if name == _NEGATED and given is not None else given
