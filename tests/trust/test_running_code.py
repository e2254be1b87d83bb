"""No index, settings file, saved run or model directory makes the program run code; nor does the working directory."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path

import pytest

from ragcli.embedding import bert, export
from ragcli.embedding.cross import get_reranker
from ragcli.embedding.models import prepare_model
from ragcli.embedding.vetting import refuse_code
from ragcli.errors import ModelUnavailable
from ragcli.processes import child_environment, child_python
from tests.conftest import Rag
from tests.helpers.hostile import code, model_with_code
from tests.helpers.indexes import altered
from tests.helpers.models import official


def model(folder: Path, **files: object) -> Path:
    """A directory with weights in the safe format and the given files, `_` standing for the dot of their names."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.safetensors").write_bytes(b"\x02\x00\x00\x00\x00\x00\x00\x00{}")
    for name, content in files.items():
        (folder / f"{name}.json").write_text(json.dumps(content))
    return folder


def modules(kind: str, path: str = "") -> list[dict[str, object]]:
    return [{"idx": 0, "name": "0", "path": path, "type": kind}]


@pytest.mark.parametrize(
    ("files", "named"),
    [
        ({"modules": modules("evil.Evil")}, "evil.Evil"),
        ({"modules": modules("sentence_transformers.models.Dense")}, "Dense"),
        ({"modules": modules("sentence_transformers.models.Transformer", "../elsewhere")}, "../elsewhere"),
        ({"config": {"auto_map": {"AutoModel": "evil.Evil"}}}, "auto_map"),
        ({"tokenizer_config": {"auto_map": {"AutoTokenizer": ["evil.Evil", None]}}}, "auto_map"),
        ({"config": {"text_config": {"auto_map": {"AutoModel": "evil.Evil"}}}}, "auto_map"),
        ({"config": {"sentence_transformers": {"activation_fn": "os.abort"}}}, "activation_fn"),
        ({"config": {"sbert_ce_default_activation_function": "torch.hub.list"}}, "activation_function"),
        ({"config": {"_attn_implementation": "owner/kernel"}}, "owner/kernel"),
    ],
)
def test_a_model_directory_that_names_code_is_refused_before_anything_of_it_is_loaded(
    tmp_path: Path, files: dict[str, object], named: str
) -> None:
    with pytest.raises(ModelUnavailable, match=named) as caught:
        refuse_code(model(tmp_path / "m", **files))
    assert f"--trust-code {tmp_path / 'm'}" in caught.value.hint


def test_pickled_weights_are_refused_wherever_they_would_be_loaded(tmp_path: Path) -> None:
    source = model(tmp_path / "m")
    (source / "pytorch_model.bin").write_bytes(b"")
    refuse_code(source)  # the safe file beside it is the one that is loaded
    (source / "0_Transformer").mkdir()
    (source / "0_Transformer" / "pytorch_model-00001.bin").write_bytes(b"")
    with pytest.raises(ModelUnavailable, match=r"0_Transformer.pytorch_model-00001.bin"):
        refuse_code(source)


def test_what_every_model_of_sentence_transformers_holds_is_not_refused(tmp_path: Path) -> None:
    kinds = [
        "sentence_transformers.models.Transformer",
        "sentence_transformers.sentence_transformer.modules.pooling.Pooling",
    ]
    listed = [entry for kind in kinds for entry in modules(kind, "1_Pooling")]
    settings = {"activation_fn": "torch.nn.modules.linear.Identity", "hidden_act": "gelu", "_attn_implementation": None}
    known = model(tmp_path / "m", modules=listed, config=settings, tokenizer_config={"model_max_length": 512})
    refuse_code(known)
    foreign = model(tmp_path / "n", modules=[*listed, *modules("evil.Evil", "m")], config=settings)
    with pytest.raises(ModelUnavailable):  # what is known does not hide what is not
        refuse_code(foreign)


def test_a_model_that_the_index_names_does_not_run_its_code(rag: Rag, work: Path, tmp_path: Path) -> None:
    (work / "a.md").write_text("# Leave\n\nEverybody has 28 days of leave.\n")
    rag("ingest", "a.md")
    trace = tmp_path / "ran"
    model_with_code(work / "m", trace)
    with altered(work / ".rag") as catalog:
        catalog.execute("UPDATE meta SET value = '\"m\"' WHERE key = 'model_source'")
        catalog.execute("UPDATE meta SET value = json_set(value, '$.name', 'm') WHERE key = 'embedder'")
    rag.monkeypatch.delenv("RAGCLI_EMBEDDING_MODEL")
    shown = rag("ask", "How much leave?", code=6)
    assert "can run code that comes with the model" in shown.stderr
    assert "--trust-code" in shown.stderr
    assert not trace.exists()


def test_a_model_that_only_the_index_names_is_not_fetched(rag: Rag, work: Path) -> None:
    (work / "a.md").write_text("# Leave\n\nEverybody has 28 days of leave.\n")
    rag("ingest", "a.md")
    with altered(work / ".rag") as catalog:
        catalog.execute("UPDATE meta SET value = '\"somebody/model\"' WHERE key = 'model_source'")
        catalog.execute("UPDATE meta SET value = json_set(value, '$.name', 'somebody/model') WHERE key = 'embedder'")
    rag.monkeypatch.delenv("RAGCLI_EMBEDDING_MODEL")
    shown = rag("ask", "How much leave?", code=6)
    assert "only the index names it" in shown.stderr
    assert "--embedding-model somebody/model" in shown.stderr


def test_only_the_command_line_trusts_the_code_of_a_model(rag: Rag, work: Path) -> None:
    (work / "rag.toml").write_text('trust_code = "m"\n')
    shown = rag("stats", code=2)
    assert "--trust-code" in shown.stderr
    (work / "rag.toml").unlink()
    rag.monkeypatch.setenv("RAGCLI_TRUST_CODE", "m")
    rag("stats", code=2)


def test_trust_is_for_the_very_directory_that_was_named(tmp_path: Path) -> None:
    evil = model_with_code(tmp_path / "evil", tmp_path / "ran")
    with pytest.raises(ModelUnavailable, match="code that comes with the model"):
        prepare_model(str(evil), cache=tmp_path / "cache", trust_code=str(tmp_path))
    with pytest.raises(ModelUnavailable, match="code that comes with the model"):
        get_reranker(str(evil), cache=tmp_path / "cache", trust_code=str(tmp_path / "evil" / "other"))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_a_model_with_pickled_weights_is_used_once_its_directory_is_trusted(tmp_path: Path) -> None:
    import torch
    from transformers import BertConfig, BertModel

    source = tmp_path / "tiny"
    shutil.copytree(
        official(), source, ignore=shutil.ignore_patterns("*.safetensors", "1_Pooling", "modules.json", "*sbert*")
    )
    shape = BertConfig(vocab_size=30522, hidden_size=32, num_hidden_layers=1, num_attention_heads=2)
    shape.save_pretrained(source)
    torch.save(BertModel(shape).state_dict(), source / "pytorch_model.bin")
    with pytest.raises(ModelUnavailable, match=r"pytorch_model\.bin holds pickled weights"):
        prepare_model(str(source), cache=tmp_path / "cache")
    made = prepare_model(str(source), cache=tmp_path / "cache", trust_code=str(source))
    assert made.dimension == 32


def test_a_plain_bert_that_names_code_is_refused_before_its_weights_are_written_as_onnx(tmp_path: Path) -> None:
    source = tmp_path / "plain"
    shutil.copytree(official(), source)
    config = json.loads((source / "config.json").read_text())
    (source / "config.json").write_text(json.dumps({**config, "auto_map": {"AutoModel": "evil.Evil"}}))
    assert bert.readable(source)
    with pytest.raises(ModelUnavailable, match="auto_map"):
        prepare_model(str(source), cache=tmp_path / "cache")
    assert not list(tmp_path.glob("cache/**/*.onnx"))


@pytest.mark.parametrize("trust", [False, True])
def test_the_writing_of_a_plain_bert_leaves_no_trusted_code_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trust: bool
) -> None:
    written: list[str] = []
    monkeypatch.setattr(export, "_export_bert", lambda source, _: written.append(source.name))
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)  # its import fails
    with pytest.raises(ImportError) if trust else nullcontext():
        export.export(official(), tmp_path, "plain", trust=trust)
    assert bool(written) is not trust


def test_the_identity_in_an_index_leads_to_no_directory_outside_the_cache(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    (cache / "m-").mkdir(parents=True)
    outside = tmp_path / "planted-v2"
    outside.mkdir()
    (outside / "model.json").write_text("{}")
    with pytest.raises(ModelUnavailable, match="nowhere"):
        prepare_model("nowhere", cache=cache, identity={"name": "m", "weights_sha256": "/../../planted"})


@pytest.mark.parametrize("module", ["ragcli.embedding.export", "ragcli.loaders.worker", "ragcli.index.sqlite.chroma"])
def test_a_child_process_never_imports_from_the_working_directory(module: str, work: Path, tmp_path: Path) -> None:
    trace = tmp_path / "ran"
    for name in ("torch", "json", "numpy", "sentence_transformers", "chromadb", "ragcli"):
        (work / f"{name}.py").write_text(code(trace))
    environment = child_environment({**os.environ, "PYTHONPATH": os.pathsep.join(["", ".", *sys.path[1:]])})
    subprocess.run([*child_python(module), "x", "1", "0", "x"], env=environment, capture_output=True, check=False)
    told = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'import torch'])"
    subprocess.run([sys.executable, "-c", told], env=environment, capture_output=True, check=False, cwd=work)
    assert not trace.exists()


def test_every_process_of_python_is_started_in_the_way_that_leaves_the_working_directory_out() -> None:
    package = Path(__file__).resolve().parents[2] / "ragcli"
    starting = [path for path in package.rglob("*.py") if "sys.executable" in path.read_text(encoding="utf-8")]
    assert sorted(path.name for path in starting) == [
        "clients.py",
        "overview.py",
        "processes.py",
    ]  # the first two only print it


def test_an_export_in_a_folder_with_modules_of_the_same_names_does_not_run_them(
    rag: Rag, work: Path, tmp_path: Path
) -> None:
    trace = tmp_path / "ran"
    for name in ("torch", "sentence_transformers", "numpy"):
        (work / f"{name}.py").write_text(code(trace))
    (work / "a.md").write_text("# Leave\n\nEverybody has 28 days of leave.\n")
    source = model(work / "m", config={"model_type": "nothing"})
    rag("ingest", "a.md", "--embedding-model", str(source), code=6)  # the export is started, and fails over the weights
    assert not trace.exists()


def test_settings_of_chroma_beside_the_documents_are_not_read(work: Path, tmp_path: Path) -> None:
    trace = tmp_path / "ran"
    (work / ".env").write_text("CHROMA_PRODUCT_TELEMETRY_IMPL=evil.Evil\nCHROMA_API_IMPL=evil.Evil\n")
    (work / "evil.py").write_text(code(trace))
    script = (
        "import sys; sys.path.insert(0, '.')\nfrom ragcli.index.sqlite.chroma import client\n"
        f"found = client({str(tmp_path / 'c')!r})\nfound.list_collections()\nfound.close()\n"
    )
    done = subprocess.run([sys.executable, "-P", "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert not trace.exists()
    shutil.rmtree(tmp_path / "c")
