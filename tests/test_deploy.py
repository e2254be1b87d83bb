"""The files of deploy/: they are read as what they are, and name what the program has. No container engine is needed."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from dataclasses import fields
from pathlib import Path
from typing import Any

import click
import httpx
import pytest
import typer
import yaml

from ragcli.cli.main import command_line
from ragcli.serving.http.server import Site
from ragcli.settings import Settings
from tests.helpers.programs import PATIENCE
from tests.helpers.serving import client_of, index_of, served

ROOT = Path(__file__).resolve().parents[1]
DEPLOY = ROOT / "deploy"
FILES = sorted(path for path in DEPLOY.rglob("*") if path.is_file())
DOCKERFILE = (DEPLOY / "Dockerfile").read_text().replace("\\\n", " ")


def instructions(name: str) -> list[str]:
    return re.findall(rf"^{name} +(.*)$", DOCKERFILE, re.MULTILINE)


def documents(path: Path) -> list[Any]:
    return [document for document in yaml.safe_load_all(path.read_text()) if document is not None]


@pytest.mark.parametrize(
    "path", [path for path in FILES if path.suffix in (".yaml", ".yml", ".json")], ids=lambda path: path.name
)
def test_every_file_is_read_as_what_it_is(path: Path) -> None:
    found = [json.loads(path.read_text())] if path.suffix == ".json" else documents(path)
    assert found
    assert all(isinstance(document, dict) for document in found)
    if path.parent.name == "kubernetes":
        assert all({"apiVersion", "kind"} <= set(document) for document in found)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_variable_is_one_of_a_setting(path: Path) -> None:
    known = {f"RAGCLI_{entry.name.upper()}" for entry in fields(Settings)}
    assert set(re.findall(r"RAGCLI_\w+", path.read_text())) <= known


def unknown_options(words: list[str]) -> list[str]:
    """Options of a command line of `rag` that there are not, or the name of a command that there is not."""
    command: click.Command = typer.main.get_command(command_line())
    context = click.Context(command, info_name="rag")
    while isinstance(command, click.Group):
        found = command.get_command(context, words[0])
        if found is None:
            return [words[0]]
        command, words = found, words[1:]
    known = {option for entry in command.get_params(context) for option in (*entry.opts, *entry.secondary_opts)}
    return [word for word in words if word.startswith("--") and word.partition("=")[0] not in known]


def test_every_command_and_option_exists() -> None:
    lines = [line for path in FILES for line in path.read_text().splitlines()]
    typed = [
        match[1]
        for line in lines
        for match in [re.search(r"(?:bin/|--rm |: |`)?\brag ((?:keys add|serve|ingest) [^`]*)", line)]
        if match
    ]
    typed += [" ".join(json.loads(command)) for command in instructions("CMD")]
    assert len(typed) > 5
    wrong = {
        line: found
        for line in typed
        if (found := unknown_options(str.split(line.split("  #")[0].split(" (")[0].rstrip(","))))
    }
    assert wrong == {}


def test_the_image_runs_as_nobody_without_what_built_it() -> None:
    assert len(instructions("FROM")) == 2
    assert instructions("USER") == ["65532:65532"]
    assert instructions("STOPSIGNAL") == ["SIGTERM"]
    last = DOCKERFILE.rpartition("FROM ")[2]
    assert "pip" not in last
    assert "torch" not in " ".join(instructions("RUN"))
    kept = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    copied = [word for line in instructions("COPY") if "--from" not in line for word in line.split()[:-1]]
    assert set(copied) <= set(kept)
    assert all((ROOT / name).exists() for name in kept)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    wheel = project["tool"]["hatch"]["build"]["targets"]["wheel"]
    needed = [project["project"]["readme"], *project["project"]["license-files"], *wheel["packages"]]
    needed += wheel["force-include"]
    assert {*needed, "pyproject.toml"} <= set(copied), "the wheel cannot be built of what is copied"
    compose = documents(DEPLOY / "compose.yaml")[0]["services"]["rag"]
    assert compose["read_only"] is True
    assert compose["cap_drop"] == ["ALL"]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Any:
    with served(index_of(tmp_path_factory.mktemp("served"))) as site:
        yield site


def test_alerts_and_dashboard_ask_for_metrics_routes_and_labels_that_there_are(site: Site) -> None:
    with client_of(site) as client:
        client.post("/ask", json={"question": "How many days of leave?"})
        client.post("/query", json={"question": "leave"})
        told = client.get("/metrics").text
        routes = set(client.get("/openapi.json").json()["paths"])
    names = set(re.findall(r"^(rag_\w+)", told, re.MULTILINE))
    labels = set(re.findall(r"[{,](\w+)=", told))
    asked = [
        rule["expr"]
        for group in documents(DEPLOY / "prometheus" / "alerts.yml")[0]["groups"]
        for rule in group["rules"]
    ]
    board = json.loads((DEPLOY / "grafana" / "dashboards" / "rag.json").read_text())
    asked += [target["expr"] for panel in board["panels"] for target in panel["targets"]]
    for expression in asked:
        assert set(re.findall(r"\brag_\w+", expression)) <= names, expression
        assert set(re.findall(r'route="([^"]*)"', expression)) <= routes, expression
        assert set(re.findall(r"(\w+)=~?\"", expression)) - {"job"} <= labels, expression
        assert expression.count("(") == expression.count(")")


def test_the_health_check_of_the_image_tells_a_server_that_replies_from_none(site: Site) -> None:
    (check,) = re.findall(r"HEALTHCHECK .* CMD (\[.*\])", DOCKERFILE)
    _, *arguments = json.loads(check)
    here = [word.replace("http://127.0.0.1:8321", site.address) for word in arguments]
    assert here != arguments
    assert subprocess.run([sys.executable, *here], check=False, timeout=PATIENCE).returncode == 0
    nowhere = [word.replace(site.address, "http://127.0.0.1:9") for word in here]
    assert (
        subprocess.run([sys.executable, *nowhere], check=False, timeout=PATIENCE, capture_output=True).returncode != 0
    )


def test_what_the_image_starts_runs_in_a_bare_tree(tmp_path: Path) -> None:
    """With the variables of the image, whose folders are below another one; it refuses to be open to others without a key."""
    variables = dict(re.findall(r"(\w+)=(\S+)", " ".join(instructions("ENV"))))
    made = {
        name: value if not value.startswith("/") or name == "PATH" else str(tmp_path / value[1:])
        for name, value in variables.items()
    }
    made["PATH"] = os.environ["PATH"]
    made["RAGCLI_SERVE_LISTEN"] = variables["RAGCLI_SERVE_LISTEN"].replace("8321", "0")
    for folder in ("data", "state"):
        (tmp_path / folder).mkdir()
    index_of(tmp_path / "data")
    rag = [sys.executable, "-m", "ragcli"]

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*rag, *arguments],
            env=made,
            cwd=tmp_path / "data",
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE,
        )

    refused = run(*json.loads(instructions("CMD")[-1]))
    assert refused.returncode == 2
    assert "rag keys add" in refused.stderr
    key = run("keys", "add", "team").stdout.strip()
    assert (tmp_path / "state" / "ragcli" / "keys.json").exists()
    with subprocess.Popen(
        [*rag, "serve"], env=made, cwd=tmp_path / "data", stderr=subprocess.PIPE, text=True
    ) as server:
        try:
            assert server.stderr is not None
            told = ""
            while (address := re.search(r"http://\S+:(\d+)", told)) is None:
                line = server.stderr.readline()
                assert line, told
                told += line
            asked = {"question": "How many days of annual leave does every employee have?", "mode": "lexical"}
            reply = httpx.post(
                f"http://127.0.0.1:{address[1]}/query",
                json=asked,
                headers={"Authorization": f"Bearer {key}"},
                timeout=PATIENCE,
            )
            assert reply.json()["hits"][0]["path"] == "docs/leave.md"
        finally:
            server.terminate()
            assert server.wait(PATIENCE) in (0, 143), told
