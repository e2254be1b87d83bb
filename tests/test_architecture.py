"""The arrows between modules point down; see ARCHITECTURE.md, "Layers"."""

from __future__ import annotations

import ast
from collections import defaultdict
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1] / "ragcli"
LAYERS = [
    {
        "errors",
        "installing",
        "early",
        "logs",
        "tracing",
        "cancellation",
        "datatypes",
        "drafts",
        "files",
        "prompts",
        "results",
        "scores",
        "reports",
        "measurements",
    },
    {
        "protocols",
        "text",
        "metadata",
        "hub",
        "localruntime",
        "processes",
        "private",
        "remains",
        "schemas",
        "plugins",
        "redaction",
        "serversettings",
        "settingvalues",
    },
    {"loaders", "chunking", "embedding", "index", "retrieval", "generation", "evaluation", "sources", "access"},
    {"settings", "places", "packs", "audit", "ingest", "answering", "evaluating", "collection"},
    {"trust"},
    {"workspace", "filters", "render", "testing"},
    {"engine"},
    {"usecases"},
    {"streaming", "changing", "reading"},
    {"api"},
    {"serving"},
    {"cli"},
    {"__main__"},
]
HOMES = {
    "torch": set(),
    "sentence_transformers": {"embedding.export"},
    "onnxruntime": {"localruntime", "embedding.export"},
    "onnx": {"embedding.bert"},
    "safetensors": {"embedding.bert"},
    "tokenizers": {"embedding.onnx", "embedding.cross"},
    "py3langid": {"text.language"},
    "rapidfuzz": {"index.spelling"},
    "Stemmer": {"text.analyzer"},
    "huggingface_hub": {"embedding.models", "generation.pulling"},
    "openai": {"generation.openaihttp"},
    "anthropic": {"generation.anthropichttp"},
    "jinja2": {"generation.chatformats"},
    "chromadb": {"index.sqlite.chroma"},
    "msgspec": {"schemas.fields", "schemas.registry"},
    "sqlite3": {"index.sqlite.catalog", "index.sqlite.contents", "index.sqlite.embeddings", "index.sqlite.schema", "index.sqlite.chroma", "index.sqlite.failures", "index.sqlite.lexical", "index.sqlite.reader",
                "index.sqlite.rows", "index.sqlite.vectors", "index.sqlite.writer", "index.sqlite.preparing", "index.sqlite.reindexing", "index.sqlite.words", "index.sqlite.filtering", "index.sqlite.columns", "index.sqlite.phrases", "index.sqlite.merging",
                "index.sqlite.pool", "index.sqlite.state", "index.sqlite.checking", "index.sqlite.copies", "index.sqlite.listing", "index.sqlite.tagging",
                "index.sqlite.approximate", "index.sqlite.copystate", "index.sqlite.records", "index.sqlite.checksums", "index.sqlite.termlists", "index.sqlite.rebuilding",
                "index.sqlite.remembered", "index.sqlite.calibration", "index.sqlite.traces", "index.sqlite.erasing", "index.sqlite.restricting"},
    "llama_cpp": {"generation.llama"},
    "rank_bm25": {"generation.scoring"},
    "pypdf": {"loaders.pdf"},
    "pypdfium2": {"loaders.pageimage", "loaders.pdfium", "loaders.pdfnotes"},
    "msoffcrypto": {"loaders.locked"},
    "brotli": {"loaders.decoding"},
    "docx": {"loaders.docx"},
    "pptx": {"loaders.pptx"},
    "python_calamine": {"loaders.spreadsheet"},
    "striprtf": {"loaders.rtf"},
    "oxmsg": {"loaders.mail"},
    "tree_sitter": {"loaders.code"},
    "bs4": {"loaders.html", "loaders.navigation"},
    "lxml": {"loaders.epub", "loaders.ooxml", "loaders.structured", "sources.fetching"},
    "watchfiles": {"cli.watching"},
    "jwt": {"serving.tokens"},
    "httpx": {"serving.tokens", "sources.fetching", "sources.addresses", "generation.pulling", "embedding.weights"},
    "markdown_it": {"loaders.markdown"},
    "charset_normalizer": {"loaders.decoding"},
    "typer": {"cli.main", "cli.answer_options", "cli.audit", "cli.choosing", "cli.collections", "cli.cutting", "cli.demo", "cli.status", "cli.options", "cli.packing", "cli.session", "cli.search", "cli.evaluation", "cli.gold", "cli.library", "cli.forgetting",
              "cli.answers", "cli.chat", "cli.keys", "cli.models", "cli.rights", "cli.runs", "cli.scan", "cli.serve", "cli.trust", "cli.tuning", "cli.mcp",
              "cli.group", "cli.helping", "cli.recall"},
    "click": {"cli.group", "cli.usage", "cli.helping", "cli.manual"},
    "rich": {"render.answers", "render.overview", "render.recall", "render.audit", "render.inline", "render.models", "render.plugins", "render.runs", "render.schemas", "render.evaluation", "render.library", "render.passages", "render.progress", "render.terminal"},
    "mcp": {"serving.mcp.server", "serving.mcp.stdio", "serving.mcp.http"},
    "mcp_types": {"serving.mcp.server", "serving.mcp.stdio"},
    "anyio": {"serving.mcp.server", "serving.mcp.stdio"},
    "pydantic": {"serving.mcp.stdio", "serving.http.ingesting", "serving.http.requests"},
    "fastapi": {"serving.http.app", "serving.http.asking", "serving.http.compatible", "serving.http.documents", "serving.http.health",
                "serving.http.ingesting", "serving.http.metrics", "serving.http.openapi", "serving.http.pages", "serving.http.rating", "serving.http.recent", "serving.http.requests", "serving.http.searching",
                "serving.http.service"},
    "starlette": {"serving.mcp.http", "serving.http.compatible", "serving.http.app", "serving.http.asking", "serving.http.documents",
                  "serving.http.doorkeeper", "serving.http.envelope", "serving.http.health", "serving.http.ingesting", "serving.http.metrics", "serving.http.pages", "serving.http.problems", "serving.http.rating", "serving.http.recent", "serving.http.searching",
                  "serving.http.service"},
    "cachetools": {"serving.http.caching"},
    "prometheus_client": {"serving.http.metrics"},
    "limits": {"serving.http.doorkeeper"},
    "uvicorn": {"serving.mcp.http", "serving.http.server"},
    "jsonschema": {"serving.mcp.tools"},
    "yaml": {"evaluation.importing", "loaders.frontmatter"},
}  # fmt: skip
DECLARED = {"index.protocol"}  # what an index must do, for every stage that reads one
# Pure modules of a stage that the pipelines may know; everything else they are given, and know by its protocol.
PURE = {
    "answering": {
        "generation.abstention",
        "generation.citations",
        "generation.conflicts",
        "generation.drafting",
        "generation.pieces",
        "generation.recency",
        "generation.relevance",
    },
    "evaluating": {
        "evaluation.answers",
        "evaluation.gating",
        "evaluation.gold",
        "evaluation.judging",
        "evaluation.matching",
        "evaluation.metrics",
        "evaluation.spans",
        "evaluation.statistics",
    },
    "collection": {"evaluation.beir"},
    "ingest": {"sources.scanning", "sources.changes"},
    "settings": {"access"},
}


def module_name(path: Path) -> str:
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def imports() -> dict[str, set[tuple[str, bool]]]:
    """Module → (imported name, whether only for type checking), imports inside functions included."""
    found: dict[str, set[tuple[str, bool]]] = defaultdict(set)
    for path in PACKAGE.rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        typing_only = {
            id(node)
            for branch in ast.walk(tree)
            if isinstance(branch, ast.If) and "TYPE_CHECKING" in ast.dump(branch.test)
            for node in ast.walk(branch)
        }
        for node in ast.walk(tree):
            names: list[str] = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{path}: relative import"
                names = [_submodule(str(node.module), alias.name) for alias in node.names]
            found[module_name(path)] |= {(name, id(node) in typing_only) for name in names}
    return found


def _submodule(module: str, name: str) -> str:
    """`from ragcli.cli import options` imports ragcli.cli.options; other names come out of the module itself."""
    folder = PACKAGE.parent.joinpath(*module.split("."))
    return f"{module}.{name}" if (folder / f"{name}.py").exists() or (folder / name).is_dir() else module


def layer_of(module: str) -> int:
    top = module.partition(".")[0]
    return next(level for level, names in enumerate(LAYERS) if top in names)


def internal() -> list[tuple[str, str]]:
    """(module, imported module of the package), imports for type checking included."""
    return [
        (module, name.removeprefix("ragcli."))
        for module, names in imports().items()
        for name, _ in names
        if name.startswith("ragcli.")
    ]


def test_every_module_has_a_layer() -> None:
    modules = {module_name(path).partition(".")[0] for path in PACKAGE.rglob("*.py")} - {""}
    assert modules == set().union(*LAYERS)


def test_imports_point_to_a_lower_layer_or_stay_within_their_package() -> None:
    wrong = [
        f"{module} → {target}"
        for module, target in internal()
        if module
        and module.partition(".")[0] != target.partition(".")[0]
        and layer_of(target) >= layer_of(module)
        and not (layer_of(target) == 0 and layer_of(module) == 0)
        and target not in DECLARED
    ]
    assert wrong == []


def test_pipelines_know_only_the_pure_modules_of_stages() -> None:
    wrong = [
        f"{module} → {target}"
        for module, target in internal()
        if module.partition(".")[0] in LAYERS[3]
        and layer_of(target) == 2
        and target not in PURE.get(module.partition(".")[0], set())
        and target not in DECLARED
    ]
    assert wrong == []


def test_the_index_is_entered_by_its_protocol_alone() -> None:
    """`open_store` is in `index` itself; conditions and patterns are what a user writes in a filter; links are
    refused before anything is opened."""
    seam = {
        "index",
        "index.protocol",
        "index.manifest",
        "index.conditions",
        "index.pages",
        "index.entries",
        "index.links",
    }
    others = [(module, target) for module, target in internal() if not module.startswith(("index", "testing"))]
    assert [pair for pair in others if pair[1].startswith("index") and pair[1] not in seam] == []


def test_the_seam_of_the_index_and_other_stores_know_nothing_of_the_sqlite_store() -> None:
    """`index` itself chooses the store of an address."""
    inside = [(module, target) for module, target in internal() if module.startswith(("index.", "testing"))]
    assert [
        pair for pair in inside if pair[1].startswith("index.sqlite") and not pair[0].startswith("index.sqlite")
    ] == []


def test_nobody_imports_the_package_root_but_for_its_version() -> None:
    importers = {module for module, names in imports().items() if ("ragcli", False) in names}
    assert importers <= {
        "cli.main",
        "cli.manual",
        "cli.overview",
        "engine.auditing",
        "render.html",
        "serving.http.app",
        "serving.mcp.server",
    }


def test_there_is_no_cycle_between_modules() -> None:
    """Imports for type checking count: two modules that name each other's types cannot be understood one after the other."""
    graph: dict[str, set[str]] = defaultdict(set)
    for module, target in internal():
        graph[module].add(target)
    state: dict[str, int] = {}
    cycles: list[str] = []

    def visit(module: str, trail: tuple[str, ...]) -> None:
        if state.get(module) == 1:
            cycles.append(" → ".join([*trail, module]))
        if module in state:
            return
        state[module] = 1
        for target in sorted(graph[module]):
            visit(target, (*trail, module))
        state[module] = 2

    for module in sorted(graph):
        visit(module, ())
    assert cycles == []


def test_only_the_fronts_hold_an_engine() -> None:
    holders = {module for module, target in internal() if target == "engine.wiring"}
    assert {holder.partition(".")[0] for holder in holders} == {"api", "cli"}


def test_a_use_case_is_given_the_parts_that_it_uses_by_their_own_types() -> None:
    """Neither the engine nor a front, and nothing whose type would let either through."""
    wrong = [
        f"{path.name}: {node.name}({argument.arg})"
        for path in (PACKAGE / "usecases").glob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef)
        for argument in [*node.args.args, *node.args.kwonlyargs]
        if argument.arg != "self" and _is_too_wide(argument.annotation)
    ]
    assert wrong == []


def _is_too_wide(annotation: ast.expr | None) -> bool:
    return annotation is None or (
        isinstance(annotation, ast.Name) and annotation.id in {"Any", "object", "Engine", "Rag"}
    )


def test_heavy_libraries_are_imported_in_their_home_alone() -> None:
    strays = {
        f"{name} in {module}"
        for module, names in imports().items()
        for name, only_types in names
        if not only_types and name.partition(".")[0] in HOMES and module not in HOMES[name.partition(".")[0]]
    }
    assert not strays, strays


def test_installed_distributions_are_looked_at_in_one_place() -> None:
    """`index.sqlite.copystate` asks for the version of one distribution."""
    users = {module for module, names in imports().items() if "importlib.metadata" in {name for name, _ in names}}
    assert users == {"plugins", "index.sqlite.copystate"}


def test_one_module_of_the_server_opens_the_index() -> None:
    """What a caller may not see is left out there."""
    openers = {
        module
        for module, names in imports().items()
        for name, only_types in names
        if name == "ragcli.api" and not only_types and module.startswith("serving.http")
    }
    assert openers == {"serving.http.shelf"}


def test_the_contract_suites_are_for_tests_alone() -> None:
    assert [pair for pair in internal() if pair[1].startswith("testing") and not pair[0].startswith("testing")] == []


def test_nothing_pickles_or_prints() -> None:
    for module, names in imports().items():
        assert not {"pickle", "marshal", "shelve", "joblib"} & {name for name, _ in names}, module
