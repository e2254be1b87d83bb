"""Settings: defaults < user configuration < project `rag.toml` < `RAGCLI_*` < flags. Each value knows where it came from.

The names here are the keys of the configuration file: `[retrieval] weight` is `Settings.retrieval_weight`, the variable
RAGCLI_RETRIEVAL_WEIGHT, and is listed by `rag config show`. An unknown key is an error that names the nearest known one.
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from ragcli.access import section_of_settings
from ragcli.errors import SettingsError
from ragcli.files import read_text
from ragcli.plugins import scheme_of
from ragcli.serversettings import SERVER_RANGES, ServerSettings
from ragcli.settingvalues import CHOICES, RANGES

PROJECT_FILE = "rag.toml"
INDEX_DIRECTORY = ".rag"
PACK = ".ragpack"  # how the name of an index ends that is one file; see `ragcli.packs`
_PREFIX = "RAGCLI_"
_ARGUMENTS = "the arguments"


@dataclass(frozen=True, slots=True)
class Settings(ServerSettings):
    """Every setting with its default. An empty string means: decided elsewhere, as the comment says."""

    index: str = ""  # the nearest .rag upward, else ./.rag
    history: int = 500  # questions that rag history keeps; 0: none but the last
    offline: bool = False  # true: no socket but to an answer model on this machine
    trust_code: str = ""  # or a model whose own code may run: a directory or a hub name; from the command line alone
    embedding_model: str = ""  # the index's own, else all-MiniLM-L6-v2
    embedding_sentences: str = ""  # the index's own, else on
    ingest_ocr: str = ""  # no; or Tesseract's languages, such as eng+deu
    ingest_hidden: bool = False
    ingest_follow_symlinks: bool = False
    ingest_cross_device: bool = False
    ingest_secrets: str = "redact"  # keys, tokens and passwords
    ingest_pii: str = "off"  # e-mail addresses, telephone, account, card and social security numbers
    ingest_chroma: bool = True  # keep a copy of the index in a Chroma collection
    limits_file_mb: float = 100.0
    limits_idle_seconds: float = 30.0
    limits_seconds: float = 300.0
    limits_cpu_seconds: float = 120.0
    limits_memory_mb: int = 1024
    limits_characters: int = 20_000_000
    chunking_strategy: str = ""  # the index's own, else structure
    chunking_max_tokens: int = 0  # the index's own, else 200
    retrieval_mode: str = "hybrid"
    retrieval_fusion: str = "convex"
    retrieval_weight: float = 0.5
    retrieval_depth: int = 100
    retrieval_k: int = 5
    retrieval_correct: bool = True
    retrieval_synonyms: str = ""  # or the path of a file
    retrieval_stitch_tokens: int = 600  # 0: do not stitch
    retrieval_collapse: bool = True
    retrieval_per_document: int = 0  # no limit
    retrieval_mmr: float = 1.0  # 1: off
    retrieval_rerank: str = ""  # or a cross-encoder: a directory or a hub name
    retrieval_rerank_depth: int = 20
    retrieval_max_seconds: float = 10.0
    retrieval_decompose: bool = False
    retrieval_expand: bool = False
    retrieval_hyde: bool = False
    retrieval_infer: bool = True  # read filters out of questions
    retrieval_prefer: str = ""  # nothing; or recent
    retrieval_engine: str = "exact"  # who finds the nearest vectors
    answer_model: str = "extractive"  # or a GGUF file, the name of a pulled one, openai:MODEL, anthropic:MODEL
    answer_models: tuple[str, ...] = ()  # if set, instead of answer.model: the first that is available answers
    answer_threshold: float = 0.4
    answer_closest: float = 0.15
    answer_closest_fails: bool = True  # whether only the closest piece is exit code 4, else 0
    answer_max_sentences: int = 3  # of an extractive answer: sentences, items, lists, rows, paragraphs
    answer_verify: str = "warn"
    answer_judge: str = ""  # or an entailment model, which reads written sentences: a directory or a hub name
    answer_fallback: bool = True  # extractive when what a model wrote is no answer
    answer_context_tokens: int = 700
    answer_max_tokens: int = 512
    answer_seconds: float = 180.0
    answer_idle_seconds: float = 30.0
    answer_threads: int = 0  # as many as there are physical cores
    answer_templates: str = ""  # or a folder with system.txt, fact.txt, comparison.txt, procedure.txt, why.txt
    answer_window: int = 8192  # tokens that a model behind HTTP reads
    answer_cache: bool = True
    answer_price_prompt: float = 0.0  # of a million tokens; 0: costs are not counted
    answer_price_answer: float = 0.0
    access_rules: tuple[str, ...] = ()  # PATTERN=TAG+TAG; in files, tables with path and tags
    access_untagged: str = "nobody"  # who sees documents without tags, of those whose access is restricted
    access_grants: str = ""  # or the file that says who may see what
    audit_file: str = ""  # or the file that says who asked and changed what
    audit_required: bool = False  # whether nothing is done that cannot be recorded
    audit_questions: str = "hash"
    audit_max_mb: float = 100.0


@dataclass(frozen=True, slots=True)
class Resolved:
    """Settings and, for each name, the source that decided it."""

    settings: Settings
    sources: Mapping[str, str]

    def explicit(self, name: str) -> bool:
        """Whether somebody set the value, rather than the default standing."""
        return self.sources[name] != "default"


def key_of(name: str) -> str:
    """`retrieval_weight` → `retrieval.weight`, as in a configuration file."""
    section, _, rest = name.partition("_")
    return f"{section}.{rest}" if section in _SECTIONS else name


def resolve(
    flags: Mapping[str, object],
    *,
    environment: Mapping[str, str],
    directory: Path,
    user_file: Path,
    project_file: Path | None = None,
) -> Resolved:
    """Settings for a command run in `directory`; `flags` with the value None count as not given. `project_file` takes the place
    of the nearest `rag.toml`."""
    if project_file is not None and not project_file.is_file():
        raise SettingsError(f"no such file: {project_file}", hint="give the path of a configuration file")
    return _resolved(
        [
            *_from_file(user_file),
            *_from_file(project_file or find_upward(directory, PROJECT_FILE)),
            *_from_environment(environment),
            *((name, value, "flag") for name, value in flags.items() if value is not None),
        ]
    )


def from_arguments(arguments: Mapping[str, object], *, config: Path | None = None) -> Resolved:
    """Settings of a program that calls the library: its keyword arguments, over those of the file `config` if there is one.
    Neither the environment nor the files of the user or of a project are read."""
    given = [(_known(name, name, _ARGUMENTS), value, "argument") for name, value in arguments.items()]
    return _resolved([*_from_file(config), *given])


def _resolved(entries: Sequence[tuple[str, object, str]]) -> Resolved:
    """(name, value, source) of settings, the later before the earlier."""
    values: dict[str, Any] = {}
    sources = dict.fromkeys(_NAMES, "default")
    for name, value, source in entries:
        values[name] = _checked(name, value, source)
        sources[name] = source
    return Resolved(replace(Settings(), **values), sources)


def find_upward(directory: Path, name: str) -> Path | None:
    """The nearest `name` in `directory` or above it."""
    return next((folder / name for folder in [directory, *directory.parents] if (folder / name).exists()), None)


_NAMES = tuple(sorted((field.name for field in fields(Settings)), key=lambda name: name.startswith("serve_")))
_GIVEN_ONLY = frozenset({"trust_code"})  # what no file and no variable may say
_SECTIONS = frozenset({"ingest", "limits", "embedding", "chunking", "retrieval", "answer", "access", "audit", "serve"})


def _from_file(path: Path | None) -> list[tuple[str, object, str]]:
    if path is None or not path.is_file():
        return []
    try:
        content = tomllib.loads(read_text(path))
    except RecursionError as error:
        raise SettingsError(f"{path} is nested too deeply", hint=f"edit {path}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} is not valid TOML: {error}", hint=f"edit {path}") from error
    except OSError as error:
        raise SettingsError(f"cannot read {path}: {error.strerror}", hint=f"check the permissions of {path}") from error
    found: list[tuple[str, object, str]] = []
    if isinstance(content.get("index"), str) and not scheme_of(content["index"]):
        content["index"] = str(path.parent / content["index"])  # a path in a file is relative to the file
    content |= {"access": section_of_settings(content["access"], path)} if "access" in content else {}
    for key, value in content.items():
        if key in _SECTIONS and isinstance(value, dict):
            found += [
                (_known(f"{key}_{inner}", f"{key}.{inner}", str(path)), entry, str(path))
                for inner, entry in value.items()
            ]
        else:
            found.append((_known(key, key, str(path)), value, str(path)))
    return found


def _from_environment(environment: Mapping[str, str]) -> list[tuple[str, object, str]]:
    return [
        (_known(key[len(_PREFIX) :].lower(), key, "the environment"), value, key)
        for key, value in sorted(environment.items())
        if key.startswith(_PREFIX) and value != ""
    ]


def _known(name: str, written: str, source: str) -> str:
    if name in _NAMES:
        return name
    near = difflib.get_close_matches(name, _NAMES, n=1, cutoff=0.5)
    shown = _as_written(near[0], written, source) if near else ""
    raise SettingsError(
        f"unknown setting {written!r} in {source}",
        hint=f"did you mean {shown}?" if shown else "rag config show lists all settings",
    )


def _as_written(name: str, written: str, source: str) -> str:
    """The setting in the form in which the user wrote another one."""
    if written.startswith(_PREFIX):
        return f"{_PREFIX}{name.upper()}"
    return name if source == _ARGUMENTS else key_of(name)


def _checked(name: str, value: object, source: str) -> object:
    """`value` as the type of the setting `name`, within its range; variables of the environment are parsed."""
    if name in _GIVEN_ONLY and source not in ("flag", "argument"):
        raise SettingsError(
            f"{name} cannot be set in {source}", hint=f"give --{name.replace('_', '-')} on the command line"
        )
    default = getattr(Settings(), name)
    converted = _converted(value, type(default), parse=source.startswith(_PREFIX))
    where = f"{key_of(name)} = {value!r} ({source})"
    if converted is None:
        raise SettingsError(f"{where} is not {_KINDS[type(default)]}", hint="rag config show lists all settings")
    if name in CHOICES and converted not in CHOICES[name]:
        raise SettingsError(f"{where} is not known", hint=f"use one of: {', '.join(filter(None, CHOICES[name]))}")
    low, high = {**RANGES, **SERVER_RANGES}.get(name, (float("-inf"), float("inf")))
    if isinstance(converted, (int, float)) and not isinstance(converted, bool) and not low <= converted <= high:
        raise SettingsError(f"{where} is out of range", hint=f"use a value from {low:g} to {high:g}")
    return converted


_KINDS = {bool: "true or false", int: "a whole number", float: "a number", str: "a text", tuple: "a list of texts"}


def _converted(value: object, kind: type, *, parse: bool) -> object:
    if parse and isinstance(value, str) and kind is not str:
        return _parsed(value, kind)
    if kind is tuple and isinstance(value, list) and all(isinstance(entry, str) for entry in value):
        return tuple(value)
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    return value if type(value) is kind else None


def _parsed(text: str, kind: type) -> object:
    if kind is bool:
        return {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}.get(text.lower())
    if kind is tuple:
        return tuple(part.strip() for part in text.split(",") if part.strip())
    try:
        return kind(text)
    except ValueError:
        return None
