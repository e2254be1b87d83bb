"""Every test runs in an empty home with a clean environment; nothing reaches the network."""

from __future__ import annotations

import compileall
import os
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from ragcli.api import rag_over
from ragcli.cli.main import command_line
from ragcli.engine.wiring import Engine
from tests.helpers.indexes import CHROMA, engine_of
from tests.schema_check import check_output

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
CLI = command_line()
PACKAGE = Path(__file__).resolve().parents[1] / "ragcli"
EXAMPLES = Path(__file__).resolve().parents[1] / "examples"


SLOW_SECONDS = 3600  # a test marked slow may take this long; `timeout` in pyproject.toml is the limit of the others


def pytest_configure(config: pytest.Config) -> None:
    """Byte code is made once: where PYTHONDONTWRITEBYTECODE is set, each program that a test starts would compile the package."""
    if not hasattr(config, "workerinput"):
        compileall.compile_dir(PACKAGE, quiet=2)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Those that take longest come first: with several processes, none works alone at the end."""
    items.sort(key=lambda item: item.get_closest_marker("longest") is None)
    for item in items:
        if item.get_closest_marker("slow") and not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(SLOW_SECONDS))


@pytest.fixture(scope="session", autouse=True)
def _home_of_the_run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What programs that serve a whole module write at home stays in the run's own folder."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith(("RAGCLI_", "XDG_"))]:
            patch.delenv(name)
        patch.setenv("HOME", str(tmp_path_factory.mktemp("home")))
        patch.setenv(CHROMA, "false")
        yield


@pytest.fixture(autouse=True)
def _clean_environment(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith(("RAGCLI_", "HF_", "XDG_")) or name in ("NO_COLOR", "FORCE_COLOR", "COLUMNS"):
            monkeypatch.delenv(name)
    if request.node.get_closest_marker("chroma") is None:
        monkeypatch.setenv(CHROMA, "false")
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / "config"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(home / "cache"))
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)


@pytest.fixture(autouse=True)
def _only_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: object) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6):
            host = str(address[0]) if isinstance(address, tuple) else str(address)
            assert host in ("127.0.0.1", "::1", "localhost"), f"a test opened a socket to {host}"
        connect(self, address)  # type: ignore[arg-type]

    monkeypatch.setattr(socket.socket, "connect", guarded)


@pytest.fixture
def work() -> Path:
    """The empty working directory of the test."""
    return Path.cwd()


@dataclass
class Rag:
    """Runs `rag` in this process, with the hashing embedder unless a test says otherwise."""

    monkeypatch: pytest.MonkeyPatch

    def __call__(self, *arguments: str, code: int | None = 0, stdin: bytes | None = None) -> Result:
        result = CliRunner().invoke(CLI, list(arguments), input=stdin)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        if code is not None:
            assert result.exit_code == code, f"exit {result.exit_code}\n{result.stdout}\n{result.stderr}"
        check_output(arguments, result.stdout)
        return result


@pytest.fixture
def rag(monkeypatch: pytest.MonkeyPatch) -> Rag:
    monkeypatch.setenv("RAGCLI_EMBEDDING_MODEL", "hashing")
    return Rag(monkeypatch)


def folder_of_the_run(factory: pytest.TempPathFactory) -> Path:
    """A temporary folder that all processes of one run of the tests share."""
    base = factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


@pytest.fixture(scope="session")
def model_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache into which the real embedding model is exported once, by the process that needs it first."""
    cache = folder_of_the_run(tmp_path_factory) / "models"
    cache.mkdir(exist_ok=True)
    return cache


@pytest.fixture
def rag_with_model(monkeypatch: pytest.MonkeyPatch, model_cache: Path) -> Rag:
    """`rag` with the real embedding model."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(model_cache))
    return Rag(monkeypatch)


@pytest.fixture
def write(work: Path) -> Callable[[str, str | bytes], Path]:
    """write(name, content) makes a file below the working directory."""

    def make(name: str, content: str | bytes) -> Path:
        path = work / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
        return path

    return make


def heed_interrupts() -> None:
    """For `preexec_fn`: a program started in the background of a shell ignores the interrupt, and so would what it starts."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def shared_data(*parts: str) -> Path:
    """A path of the collections beside the project; skips the test where they are absent."""
    path = SHARED.joinpath(*parts)
    if not path.exists():
        pytest.skip(f"needs the collection {'/'.join(parts)}, which is not part of the project")
    return path


def pytest_sessionfinish() -> None:
    """llama_cpp leaves two files open for the life of the process; the interpreter would warn about them at its end."""
    utilities = sys.modules.get("llama_cpp._utils")
    for name in ("outnull_file", "errnull_file"):
        file = getattr(utilities, name, None)
        if file is not None:
            file.close()


@pytest.fixture
def engine(work: Path, write: Callable[[str, str], Path]) -> Iterator[Engine]:
    """An engine over twelve small documents."""
    for i in range(12):
        write(f"docs/{i:02}.md", f"# Topic {i}\n\nThe topic {i} costs {i * 7} euros. It is paid in month {i % 5}.\n")
    opened = engine_of(work)
    rag_over(opened).ingest(work / "docs")
    yield opened
    opened.close()
