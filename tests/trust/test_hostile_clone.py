"""A folder from elsewhere with everything that an attacker can put into it: nothing runs, nothing is sent, nothing outside of it is
changed, and each refusal names the command that allows it."""

from __future__ import annotations

import hashlib
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.helpers.hostile import RAG, code, environment, model_with_code
from tests.helpers.indexes import altered, build

SHADOWS = ("torch", "json", "numpy", "sentence_transformers", "chromadb", "httpx", "openai", "sitecustomize", "evil")
QUESTION = "How many days of annual leave?"
COMMANDS = (
    ["ingest"],
    ["ingest", "."],
    ["ask", QUESTION],
    ["query", QUESTION],
    ["query", QUESTION, "--mode", "lexical", "--engine", "chroma"],
    ["open", "1"],
    ["replay", "run.json"],
    ["eval", "gold.jsonl"],
    ["chat"],
    ["doctor"],
    ["stats"],
)


@dataclass
class Clone:
    """The folder, what must stay as it is beside it, and a server that nobody may reach. `ran` appears when its code runs."""

    folder: Path
    home: Path
    ran: Path
    victim: Path
    server: socket.socket

    def rag(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        variables = environment(
            self.home, OPENAI_API_KEY="secret", EDITOR=str(self.home / "editor"), RAGCLI_ANSWER_CACHE="false"
        )
        return subprocess.run(
            [RAG, *arguments], cwd=self.folder, env=variables, input=QUESTION + "\n", capture_output=True, text=True,
            check=False, timeout=240,
        )  # fmt: skip

    def all_commands(self) -> str:
        """What all commands together said on stderr; none may end in a traceback, run code, send or change anything."""
        before = self.outside()
        told = []
        for command in COMMANDS:
            done = self.rag(*command)
            assert "Traceback" not in done.stderr, (command, done.stderr[-3000:])
            assert done.returncode in (0, 2, 3, 4, 5, 6), (command, done.stderr)
            told.append(done.stderr)
            assert not self.ran.exists(), command
            with pytest.raises(BlockingIOError):
                self.server.accept()
        assert self.outside() == before
        return "\n".join(told)

    def outside(self) -> dict[str, str]:
        """Content of every file of the user that is not the program's own."""
        own = (self.home / "cache", self.home / "state")
        files = [path for root in (self.home, self.victim) for path in root.rglob("*") if path.is_file()]
        return {
            str(path): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in files
            if not any(path.is_relative_to(folder) for folder in own)
        }

    def catalog(self, statement: str) -> None:
        with altered(self.folder / ".rag") as connection:
            connection.execute(statement)


@pytest.fixture
def clone(tmp_path: Path) -> Iterator[Clone]:
    folder, home, victim, ran = tmp_path / "clone", tmp_path / "user", tmp_path / "victim", tmp_path / "ran"
    for path in (folder, home / "config" / "ragcli", victim, home / ".ssh"):
        path.mkdir(parents=True)
    (home / "config" / "ragcli" / "config.toml").write_text("offline = true\n")
    (home / ".ssh" / "authorized_keys").write_text("mine\n")
    (home / "editor").write_text(
        f'#!/bin/sh\nfor word in "$@"; do case $word in *call*|*secret*) : > {ran};; esac; done\n'
    )
    (home / "editor").chmod(0o755)
    build(victim / ".rag", {"secret.md": "The secret number of the victim is 4711."})
    (victim / "secret.md").write_text("The secret number of the victim is 4711.")
    build(folder / ".rag", {"a.md": "Everybody has 28 days of annual leave."})
    (folder / "a.md").write_text("Everybody has 28 days of annual leave.")
    for name in SHADOWS:
        (folder / f"{name}.py").write_text(code(ran))
    (folder / ".env").write_text("CHROMA_PRODUCT_TELEMETRY_IMPL=evil.Evil\n")
    model_with_code(folder / "m", ran)
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        remote = f"openai:gpt-4o@http://127.0.0.1:{server.getsockname()[1]}/v1"
        (folder / "rag.toml").write_text(
            f'index = "../victim/.rag"\noffline = false\n[embedding]\nmodel = "m"\n[answer]\nmodel = "{remote}"\n'
            'templates = "/etc"\njudge = "somebody/model"\n[retrieval]\nrerank = "m"\nsynonyms = "/etc/passwd"\n[limits]\nmemory_mb = 100000\n'
        )
        settings = {"answer_model": remote, "retrieval_rerank": "m", "embedding_model": "m", "offline": False}
        run = {"schema": "rag.run/1", "question": QUESTION, "filters": [], "settings": settings, "index": {},
               "answer": {"question": QUESTION, "model": remote, "answer": "", "hits": [], "citations": []}}  # fmt: skip
        (folder / "run.json").write_text(json.dumps(run))
        gold = {"id": "a", "question": QUESTION, "answers": ["28"], "evidence": [{"path": "a.md", "quote": "28 days"}]}
        (folder / "gold.jsonl").write_text(json.dumps(gold) + "\n")
        yield Clone(folder, home, ran, victim, server)


def test_nothing_of_a_hostile_clone_has_an_effect_outside_of_it(clone: Clone) -> None:
    project = clone.folder / "rag.toml"
    clone.catalog("UPDATE meta SET value = '\"m\"' WHERE key = 'model_source'")
    clone.catalog("UPDATE meta SET value = json_set(value, '$.name', 'm') WHERE key = 'embedder'")
    clone.catalog(f"UPDATE chunks SET line_start = 'call system(\"touch {clone.ran}\")|q'")
    for name in ("lock", "vectors.f32", ".gitignore"):
        (clone.folder / ".rag" / name).unlink(missing_ok=True)
        (clone.folder / ".rag" / name).symlink_to(clone.home / ".ssh" / ("authorized_keys" if name == "lock" else name))

    told = clone.all_commands()
    assert f"rag trust {project}" in told

    lines = project.read_text().splitlines()
    project.write_text(
        "\n".join(line for line in lines if "victim" not in line and "embedding" not in line and line != 'model = "m"')
    )
    told = clone.all_commands()
    for name in ("answer.model", "answer.templates", "answer.judge", "retrieval.synonyms", "limits.memory_mb"):
        assert name in told
    assert "offline = true" in told
    assert f"rm {clone.folder / '.rag'}" in told

    for path in (clone.folder / ".rag").iterdir():
        if path.is_symlink():
            path.unlink()
    told = clone.all_commands()
    assert f"--trust-code {clone.folder / 'm'}" in told
    assert "--model changes it" in told

    project.unlink()
    clone.catalog("UPDATE meta SET value = '\"hashing\"' WHERE key = 'model_source'")
    told = clone.all_commands()
    assert "where a number belongs" in told

    clone.catalog("UPDATE chunks SET line_start = 1")
    clone.catalog("UPDATE documents SET path = '../victim/secret.md'")
    assert clone.rag("query", QUESTION, "--mode", "lexical", "--no-infer").returncode == 0
    refused = clone.rag("open", "1")
    assert refused.returncode == 2
    assert f"rag ingest {clone.victim / 'secret.md'}" in refused.stderr
    assert not clone.ran.exists()


def test_the_attacks_of_the_clone_would_work_if_nothing_stood_in_their_way(clone: Clone) -> None:
    """So that the test above cannot pass because its traps do not spring."""
    script = "import sys; sys.path.insert(0, ''); import torch"
    subprocess.run([sys.executable, "-c", script], cwd=clone.folder, check=True, env=environment(clone.home))
    assert clone.ran.exists()
    clone.ran.unlink()
    subprocess.run([str(clone.home / "editor"), "+call system('x')"], check=True)
    assert clone.ran.exists()
    with socket.create_connection(clone.server.getsockname()):
        clone.server.accept()[0].close()
    assert os.access(RAG, os.X_OK)
