"""What a project's `rag.toml` may set before the user trusted it: whatever makes things stricter or only changes how answers
are found and worded. It may not send anything anywhere, read or write outside of its folder, or take away a limit.

A setting that this module does not name is refused, so that a new one is safe before somebody has thought about it.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ragcli.errors import SettingsError
from ragcli.settings import PROJECT_FILE, Resolved, find_upward, from_arguments, key_of, resolve

FREE = frozenset(
    """embedding_sentences chunking_strategy chunking_max_tokens retrieval_mode retrieval_fusion retrieval_weight
    retrieval_depth retrieval_k retrieval_correct retrieval_stitch_tokens retrieval_collapse retrieval_per_document
    retrieval_mmr retrieval_rerank_depth retrieval_decompose retrieval_expand retrieval_hyde retrieval_infer
    retrieval_prefer retrieval_engine answer_threshold answer_closest answer_closest_fails answer_max_sentences
    answer_fallback answer_threads answer_window answer_price_prompt answer_price_answer""".split()
)
STRICT: Mapping[str, bool] = {  # the value that is always allowed
    "offline": True,
    "ingest_hidden": False,
    "ingest_follow_symlinks": False,
    "ingest_cross_device": False,
    "ingest_chroma": False,
    "answer_cache": False,
}
LIMITS = frozenset(  # not above what holds without the file
    """history limits_file_mb limits_idle_seconds limits_seconds limits_cpu_seconds limits_memory_mb limits_characters
    retrieval_max_seconds answer_context_tokens answer_max_tokens answer_seconds answer_idle_seconds""".split()
)
STRICTER: Mapping[str, tuple[str, ...]] = {  # from the loosest to the strictest
    "answer_verify": ("warn", "drop", "fail"),
    "ingest_secrets": ("allow", "redact", "skip"),
    "ingest_pii": ("off", "redact"),
    "access_untagged": ("everyone", "nobody"),
}
PATHS = frozenset({"index", "retrieval_synonyms", "answer_templates"})
MODELS = frozenset({"embedding_model", "retrieval_rerank", "answer_judge"})  # directories, else fetched
WRITERS = frozenset({"answer_model", "answer_models"})
NEVER = frozenset(  # starts a program; runs code; decides who can reach the index
    """ingest_ocr trust_code serve_listen serve_allow_hosts serve_cors serve_threads serve_queue serve_seconds
    serve_drain_seconds serve_cache_mb serve_log_questions
    serve_keep_questions serve_roots serve_uploads serve_upload_mb serve_uploads_mb
    serve_jobs""".split()
)
RIGHTS = frozenset({"access_rules", "access_grants"})  # would show somebody what they do not see without the file
OWN = frozenset(
    """audit_file audit_required audit_questions audit_max_mb serve_keys serve_jwt_issuer serve_jwt_audience serve_jwt_keys
    serve_jwt_algorithms serve_jwt_principal serve_jwt_scopes""".split()
)  # not even of a trusted file
_BUILT_IN = frozenset({"", "hashing", "all-MiniLM-L6-v2", "sentence-transformers/all-MiniLM-L6-v2", "extractive"})
_FATAL = frozenset({"index", "embedding_model"})  # without it, another index would be read or made: a wrong result


class NotTrusted(SettingsError):
    """A project file says something, under `key`, that it may not before it is trusted, and that cannot be left out."""

    def __init__(self, message: str, *, hint: str, key: str) -> None:
        super().__init__(message, hint=hint)
        self.key = key


@dataclass(frozen=True, slots=True)
class Guarded:
    """Settings in which what the project `file` may not say is as it would be without the file, a line for the user on each
    kind of thing that was left out, and the keys of what was left out, sorted."""

    resolved: Resolved
    notes: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    file: Path | None = None


def resolve_guarded(
    flags: Mapping[str, object],
    *,
    environment: Mapping[str, str],
    directory: Path,
    user_file: Path,
    project_file: Path | None = None,
    trusts: Callable[[Path], bool],
) -> Guarded:
    """As `settings.resolve`, but the nearest `rag.toml` may only say what `looser` allows unless `trusts` holds for it. A file
    that was named (`project_file`) is trusted: the user chose it. Neither can undo `offline` of the user's file, or say
    anything of the audit file.

    Raises SettingsError as `resolve` does, and NotTrusted for a refused index or embedding model.
    """
    resolved = resolve(
        flags, environment=environment, directory=directory, user_file=user_file, project_file=project_file
    )
    file = project_file or find_upward(directory, PROJECT_FILE)
    by_file = [name for name, source in resolved.sources.items() if file is not None and source == str(file)]
    if file is None or not by_file:
        return Guarded(resolved, file=file)
    own = from_arguments({}, config=user_file)
    kept_offline = own.settings.offline and "offline" in by_file and not resolved.settings.offline
    trusted = project_file is not None or trusts(file)
    audit = [name for name in by_file if name in OWN]
    refused = [] if trusted else _refused(resolved, own, by_file, file, directory)
    fatal = next((name for name in refused if name in _FATAL), None)
    if fatal is not None:
        raise NotTrusted(
            f"{file} sets {key_of(fatal)} to {getattr(resolved.settings, fatal)!r}, which it may not before you trust it",
            hint=f"{command(file)} if you do, or give --{fatal.replace('_', '-')}",
            key=key_of(fatal),
        )
    notes = []
    if kept_offline:
        notes.append(f"offline = false in {file} is ignored: {own.sources['offline']} says offline = true")
    if audit:
        notes.append(f"ignored in {file}, trusted or not: {', '.join(map(key_of, audit))} (set it in {user_file})")
    others = [key_of(name) for name in refused if name not in OWN and not (name == "offline" and kept_offline)]
    if others:
        notes.append(f"ignored in {file} until you trust it: {', '.join(others)} ({command(file)})")
    left_out = {*refused, *audit, *(["offline"] if kept_offline else [])}
    keys = tuple(key_of(name) for name in sorted(left_out))
    return Guarded(_without(resolved, own, left_out), tuple(notes), keys, file)


def require_grants(guarded: Guarded) -> None:
    """For what is shown to somebody else, by name or by key. Raises NotTrusted when the file of grants is left out that a
    project file names, and no other is set: nothing would say then who may see what."""
    if guarded.file is not None and "access.grants" in guarded.left_out and not guarded.resolved.settings.access_grants:
        raise NotTrusted(
            f"{guarded.file} sets access.grants, which is ignored until you trust it: nothing says who may see what",
            hint=command(guarded.file),
            key="access.grants",
        )


def command(file: Path) -> str:
    """What to type to trust the file."""
    return f"rag trust {shlex.quote(str(file))}"


def looser(name: str, value: Any, own: Any, *, folder: Path, directory: Path) -> bool:
    """Whether `value` of the setting `name` in an untrusted project file in `folder` is refused. `own` is the value without the
    file; paths are taken from `directory`."""
    if value == own or name in FREE:
        return False
    if name in STRICT:
        return bool(value != STRICT[name])
    if name in LIMITS:
        return bool(value > own)
    if name in STRICTER:
        return STRICTER[name].index(value) < STRICTER[name].index(own)
    return name in NEVER | RIGHTS or _leads_out(name, value, folder, directory)


def _leads_out(name: str, value: Any, folder: Path, directory: Path) -> bool:
    """Whether a path lies outside of the folder, or a model has to be fetched, asked over HTTP, or read from a file that came
    with the project. True for settings that nobody has thought about."""
    if name in PATHS:
        return value != "" and not _inside(directory / os.path.expanduser(value), folder)
    if name in MODELS:
        return value not in _BUILT_IN and not _own_directory(directory / value, folder)
    models = [value] if isinstance(value, str) else value
    return name not in WRITERS or any(_leads_away(model, directory) for model in models)


def resolve_refused(resolved: Resolved, file: Path, directory: Path, user_file: Path) -> list[str]:
    """The names of the settings that the project file decides in `resolved` and that are refused until it is trusted."""
    names = [name for name, source in resolved.sources.items() if source == str(file)]
    return _refused(resolved, from_arguments({}, config=user_file), names, file, directory)


def _refused(resolved: Resolved, own: Resolved, names: list[str], file: Path, directory: Path) -> list[str]:
    folder = file.parent.resolve()
    values = {name: (getattr(resolved.settings, name), getattr(own.settings, name)) for name in names}
    return [
        name for name, (value, mine) in values.items() if looser(name, value, mine, folder=folder, directory=directory)
    ]


def _without(resolved: Resolved, own: Resolved, names: set[str]) -> Resolved:
    values: Any = {name: getattr(own.settings, name) for name in names}
    if "access_rules" in names:  # what they would have taken from everybody is shown to nobody
        values["access_untagged"] = "nobody"
    return Resolved(
        replace(resolved.settings, **values), {**resolved.sources, **{name: own.sources[name] for name in names}}
    )


def _inside(path: Path, folder: Path) -> bool:
    """Whether the path, with links followed, lies in the folder."""
    return Path(os.path.realpath(path)).is_relative_to(folder)


def _own_directory(path: Path, folder: Path) -> bool:
    return path.is_dir() and _inside(path, folder)


def _leads_away(model: str, directory: Path) -> bool:
    """Whether an answer model is neither built in nor one that the user pulled: behind HTTP, of a plug-in, or a model file,
    which a library that is not made for hostile files would read."""
    return model not in _BUILT_IN and (
        ":" in model or "/" in model or model.endswith(".gguf") or (directory / model).exists()
    )
