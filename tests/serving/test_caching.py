"""Replies that are kept, and what the server tells of itself."""

from __future__ import annotations

from pathlib import Path

from ragcli import Rag
from ragcli.serving.http.caching import Kept
from tests.helpers.serving import QUESTION, client_of, index_of, served


def test_a_reply_is_kept_until_the_index_changes(tmp_path: Path) -> None:
    index = index_of(tmp_path)
    with served(index) as site, client_of(site) as client:

        def asked(path: str = "/query", **more: object) -> tuple[str, str]:
            reply = client.post(path, json={"question": "new rule of parking", **more})
            return reply.headers["x-rag-cache"], reply.text

        first = asked()
        assert first[0] == "miss"
        assert asked() == ("hit", first[1])
        assert [asked(k=1)[0], asked(mode="lexical")[0], asked(filter=["type=markdown"])[0]] == ["miss"] * 3
        assert [asked("/ask")[0], asked("/ask")[0]] == ["miss", "hit"]
        (tmp_path / "docs" / "new.md").write_text("# Parking\n\nThe new rule of parking is simple.\n")
        with Rag(index, embedding_model="hashing") as rag:
            rag.ingest(tmp_path / "docs")
        outcome, text = asked()
        assert outcome == "miss"
        assert "docs/new.md" in text


def test_nothing_is_kept_when_that_is_not_wanted_or_every_question_must_be_recorded(tmp_path: Path) -> None:
    index, audit = index_of(tmp_path), tmp_path / "audit.jsonl"
    for settings in ({"serve_cache_mb": 0.0}, {"audit_file": str(audit)}):
        with served(index, **settings) as site, client_of(site) as client:
            replies = [client.post("/query", json={"question": "leave"}) for _ in range(2)]
            assert [reply.headers["x-rag-cache"] for reply in replies] == ["miss", "miss"]
    assert len(audit.read_text().splitlines()) == 2


def test_what_is_kept_has_a_size_and_a_time() -> None:
    kept = Kept(0.01)
    kept.keep("long", b"x" * 20_000)
    assert kept.find("long") is None
    for number in range(20):
        kept.keep(number, b"x" * 1_000)
    assert [kept.find(number) is not None for number in (0, 19)] == [False, True]
    kept.keep("past", b"", seconds=-1.0)
    assert kept.find("past") is None


def test_metrics_count_requests_stages_and_outcomes_and_hold_no_question(tmp_path: Path) -> None:
    with served(index_of(tmp_path)) as site, client_of(site) as client:
        client.post("/ask", json={"question": QUESTION})
        client.post("/ask", json={"question": "Which planets have rings?"})
        client.post("/query", json={"question": QUESTION})
        client.post("/query", json={"question": QUESTION})
        client.get("/nowhere/secret-path")
        client.request("BREW", "/query")
        text = client.get("/metrics").text
        assert 'rag_http_requests_total{method="POST",route="/query",status="200"} 2.0' in text
        assert 'rag_http_requests_total{method="other",route="none",status="415"} 0' not in text
        assert 'rag_stage_seconds_count{stage="lexical"}' in text
        assert 'rag_answers_total{outcome="answered"} 1.0' in text
        assert 'rag_cache_total{outcome="hit"} 1.0' in text
        assert "rag_queue_depth 0.0" in text
        for secret in ("annual", "planets", "secret-path", "leave.md", "BREW"):
            assert secret not in text
        keys = site.service.shelf.directory.parent / "keys.json"
        from ragcli.serving.keys import KeyFile

        reader = KeyFile(keys).add("reader", ["read", "ask"])[1]
        admin = KeyFile(keys).add("admin", ["admin"])[1]
        assert client.get("/metrics", headers={"X-Api-Key": reader}).status_code == 403
        assert client.get("/metrics", headers={"X-Api-Key": admin}).status_code == 200
