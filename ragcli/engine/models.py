"""The models that the settings name beside the embedding model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ragcli.errors import ModelUnavailable, UsageError
from ragcli.places import model_cache

if TYPE_CHECKING:
    from ragcli.generation.store import ModelStore
    from ragcli.protocols import Judge, Reranker
    from ragcli.settings import Resolved
    from ragcli.text.synonyms import Synonyms
    from ragcli.workspace import Workspace


def model_names(resolved: Resolved) -> tuple[str, ...]:
    """The answer models in the order in which they are tried; the flag --model replaces all of them."""
    by_flag = resolved.sources["answer_model"] == "flag"
    return (not by_flag and resolved.settings.answer_models) or (resolved.settings.answer_model,)


def model_store() -> ModelStore:
    """The answer models that were pulled."""
    from ragcli.generation.store import ModelStore

    return ModelStore(model_cache() / "gguf")


def build_reranker(workspace: Workspace) -> Reranker | None:
    """The cross-encoder that the settings name, which scores the same pair once. Raises ModelUnavailable."""
    if not workspace.settings.retrieval_rerank:
        return None
    from ragcli.embedding.cross import get_reranker
    from ragcli.retrieval.reranking import RememberingReranker

    reranker = get_reranker(
        _located(workspace, workspace.settings.retrieval_rerank),
        cache=model_cache(),
        offline=workspace.settings.offline,
        note=workspace.note,
        trust_code=workspace.settings.trust_code,
    )
    return RememberingReranker(reranker)


def build_judge(workspace: Workspace) -> Judge | None:
    """The entailment model that the settings name, if any. Raises ModelUnavailable, UsageError."""
    if not workspace.settings.answer_judge:
        return None
    from ragcli.embedding.entailment import get_judge

    return get_judge(
        _located(workspace, workspace.settings.answer_judge),
        cache=model_cache(),
        offline=workspace.settings.offline,
        note=workspace.note,
        trust_code=workspace.settings.trust_code,
    )


def check_model(workspace: Workspace) -> None:
    """Raises ModelUnavailable when the only answer model is a file or a pulled one that is not here, before anything slow is
    done for it."""
    from ragcli.generation import EXTRACTIVE, REMOTE, writes

    names = model_names(workspace.resolved)
    if len(names) != 1 or not writes(names[0]) or names[0].startswith(REMOTE):
        return
    name = names[0]
    path, _ = model_store().find(name, workspace.directory)
    if not path.is_file() and (":" not in name or path.suffix == ".gguf"):
        raise ModelUnavailable(
            f"there is no answer model {name!r}",
            hint=f"rag models list shows what rag models pull gets; or use --model {EXTRACTIVE}",
        )


def check_judge(resolved: Resolved) -> None:
    """Raises UsageError when --judge was given and no language model writes what it could decide on."""
    from ragcli.generation import writes

    given = resolved.settings.answer_judge and resolved.sources["answer_judge"] == "flag"
    if given and not any(writes(name) for name in model_names(resolved)):
        raise UsageError(
            "--judge decides on sentences that a language model wrote, and the answer model is extractive",
            hint="add --model PATH.gguf, or leave --judge out",
        )


def _located(workspace: Workspace, model: str) -> str:
    """The name of a model as a path from the working directory when it is a folder there."""
    path = workspace.directory / model
    return str(path) if path.is_dir() else model


def read_synonyms(workspace: Workspace) -> Synonyms | None:
    """The synonyms in the file that the settings name; None when they name none."""
    if not workspace.settings.retrieval_synonyms:
        return None
    from ragcli.text.synonyms import load_synonyms

    return load_synonyms(workspace.directory / workspace.settings.retrieval_synonyms)
