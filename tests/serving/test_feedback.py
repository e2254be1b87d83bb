"""`rag serve`: ratings of answers, gold questions out of them, and the gaps that answers show."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from ragcli import Rag
from ragcli.errors import NotFound
from ragcli.evaluation.gold import parse_gold
from ragcli.render import jsonlibrary
from ragcli.render.jsonout import dumps
from ragcli.serving.http.server import Site
from ragcli.serving.keys import KeyFile
from ragcli.usecases.feedback import FEEDBACK, USAGE, add_rated, gaps
from tests.helpers.serving import QUESTION, client_of, index_of, served, state_of
from tests.schema_check import checked

UNKNOWN = "Which planets have rings?"


def folder_of(site: Site) -> Path:
    return state_of(site.service.shelf.directory)


def asked(client: httpx.Client, question: str = QUESTION, **options: Any) -> str:
    return client.post("/ask", json={"question": question}, **options).headers["x-request-id"]


def rated(site: Site) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder_of(site) / FEEDBACK).read_text().splitlines()]


def test_a_rating_is_kept_without_question_and_text_unless_the_caller_sends_them(
    client: httpx.Client, site: Site
) -> None:
    identity = asked(client)
    assert client.post("/feedback", json={"answer": identity, "verdict": "up"}).status_code == 204
    entry = rated(site)[-1]
    assert (entry["by"], entry["verdict"], entry["outcome"]) == ("local", "up", "answered")
    assert entry["documents"] == ["docs/leave.md"]
    assert "annual" not in json.dumps(entry)
    sent = {"answer": identity, "rating": 2, "comment": "old", "question": QUESTION}
    assert client.post("/feedback", json=sent).status_code == 204
    first, second = rated(site)[-2:]
    assert first == entry, "it is only appended to"
    assert (second["rating"], second["comment"], second["question"]) == (2, "old", QUESTION)
    assert "28 days" in second["places"][0]["quote"]
    assert (folder_of(site) / FEEDBACK).stat().st_mode & 0o077 == 0


def test_streamed_and_kept_answers_can_be_rated(client: httpx.Client) -> None:
    streamed = asked(client, headers={"Accept": "text/event-stream"})
    kept = asked(client)
    for identity in (streamed, kept):
        assert client.post("/feedback", json={"answer": identity, "rating": 5}).status_code == 204


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"verdict": "up"}, 422),
        ({"answer": "unknown", "verdict": "up"}, 404),
        ({"answer": "ID"}, 400),
        ({"answer": "ID", "rating": 6}, 422),
        ({"answer": "ID", "verdict": "maybe"}, 422),
        ({"answer": "ID", "comment": "x" * 2_001}, 422),
        ({"answer": "ID", "verdict": "up", "more": 1}, 422),
    ],
)
def test_what_is_no_rating_is_refused(client: httpx.Client, body: dict[str, Any], status: int) -> None:
    identity = asked(client)
    made = {key: identity if value == "ID" else value for key, value in body.items()}
    assert client.post("/feedback", json=made).status_code == status


def test_an_answer_is_rated_by_the_key_that_got_it_alone(tmp_path: Path) -> None:
    keys = KeyFile(tmp_path / "keys.json")
    heads = {
        name: {"Authorization": f"Bearer {keys.add(name, scopes)[1]}"}
        for name, scopes in (("anna", ["ask"]), ("otto", ["ask"]), ("reader", ["read"]))
    }
    with served(index_of(tmp_path)) as site, client_of(site) as client:
        identity = asked(client, headers=heads["anna"])
        body = {"answer": identity, "verdict": "down"}
        assert client.post("/feedback", json=body, headers=heads["otto"]).status_code == 404
        assert client.post("/feedback", json=body, headers=heads["reader"]).status_code == 403
        assert client.post("/feedback", json=body, headers=heads["anna"]).status_code == 204


def test_rated_questions_become_gold_questions_once(tmp_path: Path) -> None:
    index = index_of(tmp_path)
    folder, gold = state_of(index), tmp_path / "gold.jsonl"
    with pytest.raises(NotFound, match="nobody rated"):
        add_rated(folder, gold, tmp_path)
    ratings: list[tuple[str, dict[str, Any]]] = [
        (QUESTION, {"verdict": "down"}),
        (QUESTION, {"verdict": "up"}),  # the last one counts
        (UNKNOWN, {"rating": 5}),
        ("When are salaries paid?", {"rating": 1}),
        ("How are trains booked?", {"rating": 3}),  # neither good nor bad
    ]
    with served(index) as site, client_of(site) as client:
        for question, rating in ratings:
            body = {"answer": asked(client, question), "question": question, **rating}
            assert client.post("/feedback", json=body).status_code == 204
    with (folder / FEEDBACK).open("a") as file:
        file.write('{"cut off')
    rows, known = add_rated(folder, gold, tmp_path)
    assert (len(rows), known) == (3, 0)
    questions, malformed = parse_gold(gold)
    assert malformed == []
    good, none, bad = questions
    assert (good.question, good.answerable, good.evidence[0].path) == (QUESTION, True, "docs/leave.md")
    assert (none.question, none.answerable) == (UNKNOWN, False)
    assert (bad.question, bad.tags) == ("When are salaries paid?", ("bad",))
    assert add_rated(folder, gold, tmp_path) == ([], 3)


def test_gaps_are_declined_questions_and_documents_that_were_never_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    index = index_of(tmp_path)
    folder = state_of(index)
    with Rag(index) as rag:
        catalog = rag._engine.index.catalog
        with pytest.raises(NotFound, match="no server answered"):
            gaps(folder, catalog)
        for keeps in (False, True):
            with served(index, serve_keep_questions=keeps, retrieval_k=1) as site, client_of(site) as client:
                for question in (QUESTION, UNKNOWN):
                    asked(client, question)
                    asked(client, question)  # a kept reply is not counted again
            found = gaps(folder, catalog)
            assert (found.asked, found.declined) == ((4, 2) if keeps else (2, 1))
            assert found.questions == (((UNKNOWN, 1),) if keeps else ())
            assert "planets" not in (folder / USAGE).read_text() or keeps
        assert "docs/leave.md" not in found.documents
        assert set(found.documents) < {"docs/pay.md", "docs/travel/rules.txt", "docs/leave.md"}
        assert checked(dumps(jsonlibrary.gaps(found)))["never_found"] == len(found.documents)
        rag.forget("docs/pay.md")
    assert list(folder.iterdir()) == []
