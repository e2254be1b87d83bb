"""What trusting a project file means, in words."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from ragcli.settings import key_of, resolve
from ragcli.trust.policy import command, resolve_refused
from ragcli.trust.store import TrustStore

_KEYS = {"openai": "OPENAI_API_KEY", "anthropic": "ANTHROPIC_API_KEY"}


def allowed_lines(file: Path, directory: Path, user_file: Path) -> list[str]:
    """A line for each setting of the project file that holds only when it is trusted, with what leaves the machine by it; one
    line that says so when there is none. Raises SettingsError."""
    resolved = resolve({}, environment={}, directory=directory, user_file=user_file, project_file=file)
    lines = []
    for name in resolve_refused(resolved, file, directory, user_file):
        value = getattr(resolved.settings, name)
        lines.append(f"  {key_of(name)} = {value!r}")
        models = value if isinstance(value, tuple) else (value,)
        lines += [f"    {told}" for model in models if name.startswith("answer_model") and (told := _sent(str(model)))]
    return lines or ["  it says nothing that would have been ignored"]


def listed_lines(store: TrustStore) -> list[str]:
    """A line for each trusted file, with what became of it since."""
    return [f"{path} {_state(store, Path(path))}" for path in store.files()] or ["no rag.toml is trusted"]


def _state(store: TrustStore, file: Path) -> str:
    if not file.is_file():
        return "is gone"
    return "trusted" if store.trusts(file) else f"changed since; {command(file)} trusts it as it is now"


def _sent(model: str) -> str:
    """What goes where when a model behind HTTP answers; nothing for other models."""
    kind, _, rest = model.partition(":")
    if kind not in _KEYS:
        return ""
    host = urlsplit(rest.partition("@")[2]).netloc or f"the servers of {kind}"
    return f"questions, passages of your documents and the key in {_KEYS[kind]} go to {host}"
