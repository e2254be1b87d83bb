"""`rag stats --server`: how long a server took, without Prometheus."""

from __future__ import annotations

import json
from collections import deque
from pathlib import Path

import pytest

from ragcli.serving.http.recent import durations
from ragcli.serving.keys import KeyFile
from tests.conftest import Rag
from tests.helpers.serving import QUESTION, client_of, index_of, served
from tests.helpers.web import web_site
from tests.schema_check import checked


def test_percentiles_are_times_that_were_measured() -> None:
    found = durations(deque(float(n) for n in range(1, 101)))
    assert (found.count, found.p50, found.p90, found.p99) == (100, 50.0, 90.0, 99.0)
    assert durations(deque([3.0])).p99 == 3.0


def test_the_command_shows_stages_routes_and_outcomes(
    tmp_path: Path, rag: Rag, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = KeyFile(tmp_path / "keys.json")
    with served(index_of(tmp_path)) as site, client_of(site) as client:
        for question in (QUESTION, "Which planets have rings?"):
            client.post("/ask", json={"question": question})
        document = checked(rag("stats", "--server", site.address, "--json").stdout)
        assert document["outcomes"] == {"answered": 1, "none": 1}
        assert document["routes"]["/ask"]["count"] == 2
        assert document["stages"]
        shown = rag("stats", "--server", site.address.removeprefix("http://")).stdout
        assert all(word in shown for word in ("p50 ms", "p99 ms", "/ask", *document["stages"]))
        assert max(map(len, shown.splitlines())) <= 80

        secret = keys.add("root", ["admin"])[1]
        refused = rag("stats", "--server", site.address, code=1)
        assert "RAG_SERVER_KEY" in refused.stderr
        monkeypatch.setenv("RAG_SERVER_KEY", secret)
        assert json.loads(rag("stats", "--server", site.address, "--json").stdout)["outcomes"]


@pytest.mark.parametrize("option", [["--gaps"], ["--as", "ann"], ["--index", "here"]])
def test_what_a_server_is_not_asked_for_is_refused(rag: Rag, option: list[str]) -> None:
    refused = rag("stats", "--server", "http://127.0.0.1:9", *option, code=2).stderr
    assert "--server asks a server" in refused
    assert "leave --gaps, --as and --index out" in refused


def test_what_is_no_server_is_an_error_that_says_so(rag: Rag) -> None:
    assert "no address" in rag("stats", "--server", "ftp://x", code=2).stderr
    assert "cannot be asked" in rag("stats", "--server", "http://127.0.0.1:9", code=1).stderr
    with web_site({"/stats": "{}", "/moved/stats": 302}) as origin:
        assert "no rag serve" in rag("stats", "--server", origin, code=1).stderr
        assert "302" in rag("stats", "--server", f"{origin}/moved", code=1).stderr
