"""Parts of other distributions: the example in a real installation, and what is said of those that do not work."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ragcli.installing import install_command
from ragcli.plugins import missing
from tests.conftest import EXAMPLES
from tests.schema_check import checked

FILM = "1\n00:00:05,000 --> 00:00:07,500\n<i>The pump station</i> opened in 1931.\n\n2\n00:01:10,250 --> 00:01:12,000\nIt supplies Ashby.\n"
Write = Callable[[str, str | bytes], Path]


@dataclass
class Site:
    """A folder that distributions are installed in, and `rag` as a program that sees it."""

    folder: Path

    def add(self, name: str, source: str, version: str = "1.0", **entry_points: str) -> None:
        """Install a distribution of one module, as pip leaves it. Keywords are groups; their values `NAME = ATTRIBUTE`, one a
        line."""
        module = name.replace("-", "_")
        for old in self.folder.glob(f"{module}-*.dist-info"):
            shutil.rmtree(old)
        info = self.folder / f"{module}-{version}.dist-info"
        info.mkdir(parents=True)
        (self.folder / f"{module}.py").write_text(source)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        sections = [
            f"[ragcli.{group}]\n" + points.replace(" = ", f" = {module}:") + "\n"
            for group, points in entry_points.items()
        ]
        (info / "entry_points.txt").write_text("\n".join(sections))

    def remove(self, name: str) -> None:
        for path in self.folder.glob(name.replace("-", "_") + "*"):
            shutil.rmtree(path) if path.is_dir() else path.unlink()

    def rag(self, *arguments: str, code: int = 0, model: str = "hashing", path: str = "") -> str:
        """What `rag` writes to stdout; with --json, a document that fits its schema."""
        done = subprocess.run(
            [sys.executable, "-m", "ragcli", *arguments],
            env={
                **os.environ,
                "RAGCLI_EMBEDDING_MODEL": model,
                "PYTHONPATH": path or str(self.folder),
                "PYTHONDONTWRITEBYTECODE": "1",
            },
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout

    def json(self, *arguments: str, code: int = 0, model: str = "hashing", path: str = "") -> dict[str, Any]:
        return checked(self.rag(*arguments, "--json", code=code, model=model, path=path))


@pytest.fixture
def site(tmp_path: Path) -> Site:
    folder = tmp_path / "site"
    folder.mkdir()
    return Site(folder)


LOADER = """
from ragcli.loaders.plain import PlainTextLoader
Loader = lambda: PlainTextLoader("{kind}")
"""


# ---- the example ------------------------------------------------------------------------------------------------------


def test_the_example_is_installed_by_pip_and_rag_reads_subtitles_with_it(
    site: Site, write: Write, tmp_path: Path
) -> None:
    for name in ("pip", "setuptools"):
        if importlib.util.find_spec(name) is None:
            pytest.skip(f"installs with pip and builds with setuptools; {name} is not installed")
    source = tmp_path / "plugin"
    shutil.copytree(EXAMPLES / "plugin", source, ignore=shutil.ignore_patterns("__pycache__", "build", "*.egg-info"))
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--quiet", "--no-deps"]
    install = [*pip, "--no-build-isolation", "--no-index", "--target", str(site.folder), str(source)]
    subprocess.run(install, check=True, capture_output=True)
    assert "rag-subtitles 1.0.0" in site.rag("plugins")
    write("films/ashby.srt", FILM)
    write("films/note.md", "# Films\n\nAll films are silent.\n")
    assert {entry["path"]: entry["detail"] for entry in site.json("ingest", "films", "--dry-run")["files"]} == {
        "films/ashby.srt": "srt",
        "films/note.md": "markdown",
    }
    assert site.json("ingest", "films")["added"] == 2
    hit = site.json("query", "When did the pump station open?", "-k", "1")["hits"][0]
    assert (hit["path"], hit["type"]) == ("films/ashby.srt", "srt")
    assert "The pump station opened in 1931." in hit["text"]


def test_the_example_passes_the_contract_suite_that_it_imports(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(EXAMPLES / "plugin" / "tests")],
        env={**os.environ, "PYTHONPATH": str(EXAMPLES / "plugin"), "PYTHONDONTWRITEBYTECODE": "1"},
        cwd=EXAMPLES / "plugin",
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


# ---- loaders ----------------------------------------------------------------------------------------------------------


def test_a_loader_that_raises_or_cannot_be_imported_fails_its_files_alone_and_is_named(
    site: Site, write: Write
) -> None:
    site.add(
        "rag-raises",
        "class Loader:\n    def load(self, data, path):\n        return {}[path.name]\n",
        loaders="one = Loader",
    )
    site.add("rag-broken", "import no_such_module\n", loaders="two = Loader")
    site.add(
        "rag-exits",
        "import sys\nclass Loader:\n    def load(self, data, path):\n        sys.exit(3)\n",
        loaders="three = Loader",
    )
    site.add(
        "rag-returns",
        "class Loader:\n    def load(self, data, path):\n        return 'text'\n",
        loaders="four = Loader",
    )
    odd = (
        LOADER.format(kind="five")
        + "from dataclasses import replace\nclass Odd:\n    def load(self, data, path):\n        return replace(Loader().load(data, path), metadata=None)\n"
    )
    site.add("rag-odd", odd, loaders="five = Odd")
    for name in ("a.one", "a.two", "a.three", "a.four", "a.five", "b.md"):
        write(f"docs/{name}", "Some text.\n")
    report = site.json("ingest", "docs")
    assert report["added"] == 1
    assert {failure["path"]: failure["reason"] for failure in report["failed"]} == {
        "docs/a.one": "the plug-in rag-raises 1.0 failed (KeyError: 'a.one')",
        "docs/a.two": "the plug-in rag-broken 1.0 failed (ModuleNotFoundError: No module named 'no_such_module')",
        "docs/a.three": "the plug-in rag-exits 1.0 failed (SystemExit: 3)",
        "docs/a.four": "the plug-in rag-returns 1.0 failed: it returned str, not Document",
        "docs/a.five": "the plug-in rag-odd 1.0 failed (AttributeError: 'NoneType' object has no attribute 'items')",
    }


def test_what_failed_in_one_version_of_a_plug_in_is_read_again_by_the_next(site: Site, write: Write) -> None:
    site.add(
        "rag-one", "class Loader:\n    def load(self, data, path):\n        raise OSError\n", loaders="one = Loader"
    )
    write("docs/a.one", "Some text.\n")
    assert len(site.json("ingest", "docs", code=1)["failed"]) == 1
    site.add("rag-one", LOADER.format(kind="one"), version="1.1", loaders="one = Loader")
    assert site.json("ingest", "docs")["added"] == 1


def test_plug_ins_never_take_the_place_of_what_rag_has_itself_and_that_is_said(site: Site, write: Write) -> None:
    site.add(
        "rag-greedy",
        LOADER.format(kind="greedy") + "Chunker = Model = Loader",
        loaders="md = Loader",
        chunkers="sentence = Chunker",
        language_models="openai = Model",
    )
    write("docs/a.md", "# Leave\n\nSome text.\n")
    site.rag("ingest", "docs", "--chunker", "sentence")
    assert site.json("ls")["documents"][0]["type"] == "markdown"
    assert "distribution" not in site.json("stats")["chunker"]
    problems = {entry["name"]: entry["problem"] for entry in site.json("plugins", code=1)["plugins"]}
    assert problems == {
        "md": "not used: rag reads .md itself, and a plug-in cannot take its place",
        "sentence": "not used: rag has a chunker sentence itself, and a plug-in cannot take its place",
        "openai": "not used: rag has models openai:… itself, and a plug-in cannot take its place",
    }


def test_first_bytes_come_before_the_suffix_of_a_plug_in(site: Site, write: Write) -> None:
    site.add("rag-one", LOADER.format(kind="one"), loaders="one = Loader")
    write("docs/a.one", "Some text.\n")
    write("docs/b.one", b"{\\rtf1 Other text.}")
    write("docs/c.ONE", "Third text.\n")
    site.rag("ingest", "docs")
    types = {entry["path"]: entry["type"] for entry in site.json("ls")["documents"]}
    assert types == {"docs/a.one": "one", "docs/b.one": "rtf", "docs/c.ONE": "one"}


def test_two_plug_ins_for_one_suffix_are_an_error_that_names_both(site: Site, write: Write) -> None:
    for name in ("rag-a", "rag-b"):
        site.add(name, LOADER.format(kind="one"), loaders="one = Loader")
    write("docs/a.one", "Some text.\n")
    (failure,) = site.json("ingest", "docs", code=1)["failed"]
    assert failure["reason"] == "rag-a 1.0 and rag-b 1.0 both bring 'one' (ragcli.loaders)"
    assert {entry["problem"] for entry in site.json("plugins", code=1)["plugins"]} == {failure["reason"]}


def test_a_loader_of_a_plug_in_has_the_limits_of_every_parser(site: Site, write: Write) -> None:
    hungry = "class Loader:\n    def load(self, data, path):\n        return bytearray(1 << 40)\n"
    writes = "class Loader:\n    def load(self, data, path):\n        path.with_suffix('.out').write_text('x')\n"
    site.add("rag-hungry", hungry, loaders="one = Loader")
    site.add("rag-writes", writes, loaders="two = Loader")
    write("docs/a.one", "Some text.\n")
    write("docs/b.two", "Some text.\n")
    reasons = {failure["path"]: failure["reason"] for failure in site.json("ingest", "docs", code=1)["failed"]}
    assert reasons["docs/a.one"].startswith("limit: more than 1,024 MiB of memory")
    assert "rag-writes 1.0 failed (OSError" in reasons["docs/b.two"]


# ---- chunkers, embedders, language models -----------------------------------------------------------------------------

CHUNKER = """
from ragcli.chunking import get_chunker
def make(embedder, max_tokens):
    return get_chunker("fixed", max_tokens, embedder)
"""
EMBEDDER = """
from ragcli.embedding.hashing import HashingEmbedder
def make(model, *, offline):
    return HashingEmbedder(int(model))
"""
MODEL = """
from ragcli.drafts import End
class make:
    name = identity = "parrot"
    def __init__(self, model, *, context_tokens, offline):
        self.context_tokens = context_tokens
        self.says = {"well": "Employees have 28 days of annual leave. [1]", "badly": None}[model]
    def count_tokens(self, text):
        return len(text.split()) + 1
    def stream(self, prompt, limits):
        yield self.says.strip()
        yield End()
"""


def test_an_index_remembers_the_chunker_of_a_plug_in_and_its_version(site: Site, write: Write) -> None:
    site.add("rag-cuts", CHUNKER, chunkers="halves = make")
    write("docs/a.md", "# Leave\n\nEmployees have 28 days of annual leave.\n")
    site.rag("ingest", "docs", "--chunker", "halves")
    chunker = site.json("stats")["chunker"]
    assert (chunker["strategy"], chunker["distribution"], chunker["version"]) == ("halves", "rag-cuts", "1.0")
    assert site.json("ingest", "docs")["unchanged"] == 1
    site.add("rag-cuts", CHUNKER, version="2.0", chunkers="halves = make")
    error = site.json("ingest", "docs", code=5)
    assert "halves (version 1.0), and halves (version 2.0)" in error["error"]
    assert "--rebuild" in error["hint"]
    site.remove("rag-cuts")
    error = site.json("ingest", "docs", code=1)
    assert error["error"] == "the index was made with the chunker 'halves' of rag-cuts 1.0, which is not installed"
    assert error["hint"].endswith("pip install rag-cuts")
    assert site.json("query", "annual leave")["hits"], "to search, a chunker is not needed"


def test_chunks_that_do_not_give_the_document_back_fail_it_and_name_the_plug_in(site: Site, write: Write) -> None:
    drops = CHUNKER + "whole = make\ndef make(embedder, max_tokens):\n    chunker = whole(embedder, max_tokens)\n"
    drops += "    split = chunker.split\n    chunker.split = lambda d: split(d)[:-1] if 'lost' in d.text else split(d)\n    return chunker\n"
    site.add("rag-drops", drops, chunkers="drops = make")
    write("docs/a.md", "Some text.\n")
    write("docs/b.md", "This is lost.\n")
    report = site.json("ingest", "docs", "--chunker", "drops")
    assert report["added"] == 1
    assert report["failed"][0]["reason"] == "the plug-in rag-drops 1.0 failed: it returned no chunk"


def test_an_index_remembers_the_embedder_of_a_plug_in_and_its_version(site: Site, write: Write) -> None:
    site.add("rag-hashes", EMBEDDER, embedders="hashes = make")
    write("docs/a.md", "# Leave\n\nEmployees have 28 days of annual leave.\n")
    site.rag("ingest", "docs", "--embedding-model", "hashes:64", model="")
    kept = site.json("stats", model="")["embedder"]
    assert (kept["name"], kept["dimension"], kept["version"]) == ("hashes:64", 64, "1.0")
    assert site.json("query", "annual leave", "--mode", "dense", model="")["hits"]
    site.add("rag-hashes", EMBEDDER, version="2.0", embedders="hashes = make")
    assert "(version 1.0)" in site.json("query", "annual leave", code=5, model="")["error"]
    site.remove("rag-hashes")
    error = site.json("query", "annual leave", code=1, model="")
    assert error["hint"].endswith("pip install rag-hashes")
    assert "rag-hashes 1.0" in error["error"]
    error = site.json("ingest", "docs", "--rebuild", "--embedding-model", "other:64", code=6)
    assert "other:" in error["error"]


def test_a_language_model_of_a_plug_in_writes_answers_and_one_that_fails_is_passed_over(
    site: Site, write: Write
) -> None:
    site.add("rag-parrot", MODEL, language_models="parrot = make")
    write("docs/a.md", "# Leave\n\nEmployees have 28 days of annual leave.\n")
    site.rag("ingest", "docs")
    question = ("ask", "How many days of annual leave do employees have?", "--threshold", "0")
    answer = site.json(*question, "--model", "parrot:well")
    assert answer["model"] == "parrot:well"
    assert answer["sentences"][0]["text"] == "Employees have 28 days of annual leave."
    error = site.json(*question, "--model", "parrot:unheard-of", code=6)
    assert "the plug-in rag-parrot 1.0 failed (KeyError" in error["error"]
    write("rag.toml", '[answer]\nmodels = ["parrot:badly", "extractive"]\n')
    site.rag("trust")
    assert site.json(*question)["model"] == "extractive"


# ---- what may be imported ---------------------------------------------------------------------------------------------


def test_what_lies_in_the_working_directory_is_not_installed(site: Site, write: Write, work: Path) -> None:
    Site(work).add("rag-evil", "open('ran', 'w')\n" + LOADER.format(kind="one"), loaders="one = Loader")
    write("docs/a.one", "Some text.\n")
    assert site.json("plugins", path=f"{work}{os.pathsep}{site.folder}")["plugins"] == []
    site.rag("ingest", "docs")
    assert site.json("ls")["documents"][0]["type"] == "text"
    assert not (work / "ran").exists()


def test_what_an_index_says_is_no_command_unless_it_is_the_name_of_a_distribution() -> None:
    assert missing("a part", "rag-cuts", "1.0").hint == install_command("rag-cuts")
    assert missing("a part", "x; rm -rf ~", "1.0").hint == ""


def test_a_distribution_that_is_half_removed_is_passed_over(site: Site) -> None:
    site.add("rag-one", LOADER.format(kind="one"), loaders="one = Loader")
    (site.folder / "torn-1.0.dist-info").mkdir()
    (site.folder / "torn-1.0.dist-info" / "entry_points.txt").write_bytes(b"[ragcli.loaders]\n\xff\xfe no line\n")
    assert [entry["distribution"] for entry in site.json("plugins")["plugins"]] == ["rag-one"]


PROBE = "import sys\nfrom ragcli.cli import main\nsys.argv[0] = 'rag'\ntry:\n    main()\nfinally:\n    print('importlib.metadata' in sys.modules, file=sys.stderr)\n"


def test_installed_distributions_are_looked_at_only_when_something_is_unknown(write: Write) -> None:
    def looked(*arguments: str) -> bool:
        done = subprocess.run(
            [sys.executable, "-c", PROBE, *arguments],
            env={**os.environ, "RAGCLI_EMBEDDING_MODEL": "hashing"},
            capture_output=True,
            text=True,
            check=True,
        )
        return json.loads(done.stderr.splitlines()[-1].lower()) is True

    write("docs/a.md", "Some text.\n")
    write("docs/b.txt", "Other text.\n")
    write("other/c.unknown", "Third text.\n")
    assert not looked("chunks", "docs/a.md")
    assert looked("chunks", "other/c.unknown")
    looked("ingest", "docs")
    assert not looked("stats")
    assert not looked("query", "text", "--mode", "lexical")


# ---- stores -----------------------------------------------------------------------------------------------------------

IN_ANOTHER_STORE = """
from ragcli import Rag
from ragcli.errors import UsageError
with Rag.create("memory:notes", embedding_model="hashing") as rag:
    rag.ingest("docs")
    print(rag.stats().documents, rag.query("standby pay", k=1).hits[0].passage.document.path)
try:
    Rag("nowhere:notes")
except UsageError as error:
    print(error.message)
"""


def test_an_index_lies_in_the_store_that_its_address_names(site: Site, write: Write) -> None:
    site.add("rag-memory", "from ragcli.testing.memory import open_memory\n", stores="memory = open_memory")
    write("docs/pay.md", "# Pay\n\nStandby pay is 40 euros.\n")
    write("docs/leave.md", "# Leave\n\nAnnual leave is 28 days.\n")
    environment = {**os.environ, "PYTHONPATH": str(site.folder)}
    done = subprocess.run(
        [sys.executable, "-c", IN_ANOTHER_STORE], env=environment, capture_output=True, text=True, check=False
    )
    assert done.stdout.splitlines() == [
        "2 docs/pay.md",
        "no installed plug-in brings the store 'nowhere' of nowhere:notes",
    ], done.stderr
    assert not Path("memory:notes").exists()
