"""Which modules a command must not load. Times are in benchmarks/; what is not imported cannot cost any."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.helpers.indexes import CHROMA

HEAVY = {"torch", "sentence_transformers", "transformers", "chromadb", "onnxruntime", "tokenizers", "llama_cpp", "pypdf",
         "docx", "bs4", "huggingface_hub", "rank_bm25", "lxml"}  # fmt: skip
RUN = """
import sys
from ragcli.cli import main
sys.argv = ["rag", *sys.argv[1:]]
try:
    main()
except SystemExit as stop:
    code = stop.code or 0
sys.stderr.write("MODULES " + " ".join(sorted({name.partition(".")[0] for name in sys.modules})) + "\\n")
raise SystemExit(code)
"""


def loaded_by(*arguments: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", RUN, *arguments], capture_output=True, text=True, env=os.environ, check=False
    )
    assert done.returncode == 0, done.stderr
    listing = next(line for line in done.stderr.splitlines() if line.startswith("MODULES "))
    return set(listing.split()[1:])


@pytest.fixture
def index(rag, write: Callable[[str, str], Path]) -> None:
    write("docs/a.md", "# Leave\n\nEmployees have 28 days of annual leave.\n")
    rag("ingest", "docs")


def test_help_loads_no_heavy_library_and_no_numpy() -> None:
    assert loaded_by("--help") & (HEAVY | {"numpy"}) == set()


def test_stats_loads_no_heavy_library_and_no_numpy(index: None) -> None:
    assert loaded_by("stats") & (HEAVY | {"numpy"}) == set()


def test_json_is_written_without_a_library_of_models(index: None) -> None:
    models = {"msgspec", "pydantic"}
    assert loaded_by("stats", "--json") & (HEAVY | models | {"numpy", "rich"}) == set()
    assert loaded_by("query", "annual leave", "--mode", "lexical", "--json") & (HEAVY | models) == set()


SERVING = {"mcp", "mcp_types", "fastapi", "pydantic", "starlette", "uvicorn", "anyio", "jsonschema"}


@pytest.mark.parametrize("command", [("--help",), ("stats",), ("query", "leave", "--mode", "lexical"), ("schema",)])
def test_no_other_command_loads_what_serves_agents(index: None, command: tuple[str, ...]) -> None:
    assert loaded_by(*command) & SERVING == set()


def test_what_is_pasted_into_a_client_is_printed_without_the_library_of_the_protocol(index: None) -> None:
    assert loaded_by("mcp", "--print-config", "claude") & (SERVING | HEAVY | {"numpy"}) == set()


def test_the_list_of_tools_is_given_before_numpy_or_a_model_is_loaded(index: None) -> None:
    code = (
        "import sys\nfrom pathlib import Path\nfrom ragcli.serving.mcp.library import Library\n"
        "from ragcli.serving.mcp.server import build\nfrom ragcli.serving.mcp.instructions import instructions\n"
        "library = Library(Path('.rag').absolute(), {})\nbuild(library)\nassert '1 documents' in instructions(library)\n"
        "print(*{name.partition('.')[0] for name in sys.modules})\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) & (HEAVY | {"numpy"}) == set()


def test_a_lexical_query_loads_no_heavy_library(index: None) -> None:
    assert loaded_by("query", "annual leave", "--mode", "lexical") & HEAVY == set()


def test_a_hybrid_query_loads_neither_torch_nor_chroma(
    rag_with_model, write: Callable[[str, str], Path], model_cache: Path
) -> None:
    write("docs/a.md", "# Leave\n\nEmployees have 28 days of annual leave.\n")
    rag_with_model("ingest", "docs")
    loaded = loaded_by("query", "annual leave")
    assert loaded & HEAVY == {"onnxruntime", "tokenizers"}


def test_an_ingest_that_keeps_no_collection_loads_neither_chroma_nor_a_parser_of_documents(
    rag, write: Callable[[str, str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    write("docs/a.md", "# Leave\n\nEmployees have 28 days of annual leave.\n")
    assert loaded_by("ingest", "docs") & (HEAVY | {"httpx", "pydantic"}) == set()
    monkeypatch.setenv(CHROMA, "true")
    assert "chromadb" in loaded_by("ingest", "docs")


@pytest.mark.parametrize(("text", "loaded"), [("# Leave\n", False), ("---\ntitle: Leave\n---\n", True)])
def test_a_page_of_markdown_is_read_without_yaml_unless_it_begins_with_some(text: str, loaded: bool) -> None:
    code = (
        "import sys\nfrom pathlib import Path\nfrom ragcli.loaders import load_bytes\n"
        "print(load_bytes(sys.argv[1].encode(), Path('a.md')).title, 'yaml' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, text], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["Leave", str(loaded)]
