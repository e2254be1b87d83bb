"""`rag serve`: what requests get, from a real server on the loopback interface."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from jsonschema import Draft202012Validator

from ragcli import Rag
from ragcli.errors import RagError
from ragcli.render import jsonout
from ragcli.schemas.registry import documents
from ragcli.serving.http import problems
from ragcli.serving.http.server import Site
from tests.helpers.serving import QUESTION, client_of, events_of, index_of, served
from tests.schema_check import checked


def problem(reply: httpx.Response, status: int) -> dict[str, Any]:
    assert reply.status_code == status, reply.text
    assert reply.headers["content-type"] == "application/problem+json"
    found = checked(reply.text)
    assert found["status"] == status
    assert found["instance"] == reply.headers["x-request-id"]
    return found


def without_times(document: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in document.items() if key != "timings"}


def test_a_query_is_replied_to_with_the_document_of_the_command(client: httpx.Client, site: Site) -> None:
    reply = client.post("/query", json={"question": QUESTION, "k": 2})
    with Rag(site.service.shelf.directory) as rag:
        expected = jsonout.query(rag.query(QUESTION, k=2), lambda document: document.path)
    assert without_times(checked(reply.text)) == without_times(json.loads(jsonout.dumps(expected)))


def test_the_mode_and_conditions_of_a_query_hold(client: httpx.Client) -> None:
    found = client.post("/query", json={"question": "paid", "mode": "lexical", "filter": ["path=docs/pay.md"]}).json()
    assert found["mode"] == "lexical"
    assert {hit["path"] for hit in found["hits"]} == {"docs/pay.md"}


def test_a_batch_has_a_reply_for_each_question_also_when_one_of_them_fails(client: httpx.Client) -> None:
    questions = [{"question": QUESTION}, {"question": "leave", "filter": ["nonsense"]}, {"question": "paid", "k": 1}]
    results = checked(client.post("/query/batch", json={"queries": questions}).text)["results"]
    assert results[0]["found"]["question"] == QUESTION
    assert results[1]["found"] is None
    assert results[1]["problem"]["type"] == "urn:ragcli:problem:usage-error"
    assert len(results[2]["found"]["hits"]) == 1


def test_an_answer_is_the_document_of_the_command(client: httpx.Client) -> None:
    answer = checked(client.post("/ask", json={"question": QUESTION}).text)
    assert answer["outcome"] == "answered"
    assert answer["citations"][0]["path"] == "docs/leave.md"


def test_a_streamed_answer_ends_with_the_same_document(client: httpx.Client) -> None:
    whole = client.post("/ask", json={"question": QUESTION}).json()
    reply = client.post("/ask", json={"question": QUESTION}, headers={"Accept": "text/event-stream"})
    assert reply.headers["content-type"].startswith("text/event-stream")
    events = events_of(reply.text)
    assert [event.number for event in events] == list(range(1, len(events) + 1))
    assert [events[0].name, events[-1].name] == ["evidence", "done"]
    for event in events:
        checked(json.dumps(event.document))
    sentences = [event.document for event in events if event.name == "sentence"]
    assert [each["text"] for each in sentences] == [each["text"] for each in whole["sentences"]]
    assert [new["marker"] for each in sentences for new in each["new"]] == [c["marker"] for c in whole["citations"]]
    assert without_times(events[-1].document) == without_times(whole)


def test_no_answer_is_a_reply_and_no_error(client: httpx.Client) -> None:
    reply = client.post("/ask", json={"question": "Which planets have rings?"})
    assert reply.status_code == 200
    assert reply.json()["answered"] is False


def test_what_fails_before_the_first_event_of_a_stream_has_its_own_status(client: httpx.Client) -> None:
    asked = {"question": "leave", "filter": ["nonsense"]}
    found = problem(client.post("/ask", json=asked, headers={"Accept": "text/event-stream"}), 400)
    assert "path" in found["hint"]


def test_documents_are_listed_in_pages(client: httpx.Client) -> None:
    first = checked(client.get("/documents", params={"limit": 2}).text)
    assert [each["path"] for each in first["documents"]] == ["docs/leave.md", "docs/pay.md"]
    assert first["total"] == 3
    rest = checked(client.get("/documents", params={"limit": 2, "cursor": first["next_cursor"]}).text)
    assert [each["path"] for each in rest["documents"]] == ["docs/travel/rules.txt"]
    assert rest["next_cursor"] is None
    some = client.get("/documents", params={"filter": ["type=markdown", "path=docs/pay.md"]}).json()
    assert [each["path"] for each in some["documents"]] == ["docs/pay.md"]


def test_a_document_and_its_text_are_found_by_its_identity(client: httpx.Client) -> None:
    (listed,) = client.get("/documents", params={"filter": "path=docs/leave.md"}).json()["documents"]
    assert checked(client.get(f"/documents/{listed['id']}").text)["document"] == listed
    assert client.get(f"/documents/{listed['id'][:8]}").json()["document"] == listed
    line = checked(client.get(f"/documents/{listed['id']}/text", params={"line_from": 3}).text)
    assert line["text"] == "Every employee has 28 days of annual leave.\n"
    assert line["headings"] == ["Leave"]
    part = client.get(f"/documents/{listed['id']}/text", params={"start": 2, "end": 7}).json()
    assert (part["text"], part["start"], part["end"]) == ("Leave", 2, 7)


def test_a_long_document_is_read_in_parts(client: httpx.Client) -> None:
    (listed,) = client.get("/documents", params={"filter": "path=docs/travel/rules.txt"}).json()["documents"]
    text, start, parts = "", 0, 0
    while start is not None:
        part = client.get(f"/documents/{listed['id']}/text", params={"start": start}).json()
        assert len(part["text"]) <= 20_000
        text, start, parts = text + part["text"], part["next"], parts + 1
    assert parts == 3
    assert text.count("Rule ") == 900


def test_places_that_there_are_not_are_not_found(client: httpx.Client) -> None:
    problem(client.get("/documents/ffffffffffff"), 404)
    problem(client.get("/documents/ffffffffffff/text"), 404)
    (listed,) = client.get("/documents", params={"filter": "path=docs/leave.md"}).json()["documents"]
    problem(client.get(f"/documents/{listed['id']}/text", params={"line_from": 99}), 404)
    found = problem(client.get(f"/documents/{listed['id']}/text", params={"page": 1}), 400)
    assert "no pages" in found["detail"]
    problem(client.get(f"/documents/{listed['id']}/text", params={"page": 1, "start": 3}), 400)
    problem(client.get("/nowhere"), 404)
    assert problem(client.get("/query"), 405)
    assert client.get("/query").headers["allow"] == "POST"


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"question": ""}, "body/question"),
        ({"question": "x" * 4_001}, "body/question"),
        ({"question": "leave", "k": 51}, "body/k"),
        ({"question": "leave", "k": "5"}, "body/k"),
        ({"question": "leave", "filter": ["type=pdf"] * 21}, "body/filter"),
        ({"question": "leave", "unknown": 1}, "body/unknown"),
        ({}, "body/question"),
        ([], "body"),
    ],
)
def test_a_request_of_another_form_is_refused_and_told_where(client: httpx.Client, body: object, pointer: str) -> None:
    found = problem(client.post("/query", json=body), 422)
    assert pointer in [each["pointer"] for each in found["errors"]]


def test_what_is_no_json_or_too_long_is_refused(client: httpx.Client) -> None:
    json_type = {"Content-Type": "application/json"}
    problem(client.post("/query", content=b"{", headers=json_type), 400)
    problem(client.post("/query", content=b'{"question": "leave"}', headers={"Content-Type": "text/plain"}), 415)
    problem(client.post("/query", content=b" " * 1_000_001, headers=json_type), 413)
    problem(client.post("/query", content=iter([b" " * 600_000] * 2), headers=json_type), 413)
    assert client.post("/query", content=b'{"question": "\\ud800"}', headers=json_type).status_code == 422
    assert client.post("/query", content=b'{"question": "   "}', headers=json_type).status_code == 400


def test_health_tells_a_server_that_runs_from_one_that_can_reply(client: httpx.Client) -> None:
    assert checked(client.get("/health/live").text)["status"] == "ok"
    assert checked(client.get("/health/ready").text)["status"] == "ok"


def test_a_server_without_an_index_says_so_and_uses_one_that_is_made_later(tmp_path) -> None:
    with served(tmp_path / "site" / ".rag") as site, client_of(site) as client:
        assert client.get("/health/live").status_code == 200
        assert client.get("/health/ready").status_code == 503
        found = problem(client.post("/query", json={"question": "leave"}), 503)
        assert found["type"] == "urn:ragcli:problem:index-not-found"
        assert f"rag ingest FOLDER --index {tmp_path}" in found["hint"]
        index_of(tmp_path / "site")
        assert client.post("/query", json={"question": "leave"}).status_code == 200


def test_a_request_keeps_its_identity_and_gets_one_otherwise(client: httpx.Client) -> None:
    assert client.get("/health/live", headers={"X-Request-Id": "abc-1"}).headers["x-request-id"] == "abc-1"
    for unfit in ("a b", "x" * 65, "ü"):
        reply = client.get("/health/live", headers={b"X-Request-Id": unfit.encode()})
        assert len(reply.headers["x-request-id"]) == 32


def test_every_reply_has_headers_that_keep_browsers_from_doing_more_with_it(client: httpx.Client) -> None:
    for path in ("/health/live", "/openapi.json", "/nowhere"):
        headers = client.get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == "no-store"
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "server" not in headers


def test_the_openapi_document_declares_what_is_replied(client: httpx.Client) -> None:
    declared = client.get("/openapi.json").json()
    assert declared["openapi"].startswith("3.1")
    schemas = declared["components"]["schemas"]
    assert {each.__name__ for each in documents().values()} <= set(schemas)
    reply = client.post("/ask", json={"question": QUESTION})
    named = declared["paths"]["/ask"]["post"]["responses"]["200"]["content"]["application/json"]["schema"]["$ref"]
    Draft202012Validator({"$ref": named, "components": {"schemas": schemas}}).validate(reply.json())
    assert "HTTPValidationError" not in json.dumps(declared)


def test_every_error_of_the_project_has_a_status() -> None:
    def kinds(of: type[RagError]) -> Iterator[type[RagError]]:
        for kind in of.__subclasses__():
            yield kind
            yield from kinds(kind)

    for kind in kinds(RagError):
        if kind.__module__.startswith(("ragcli.cli", "tests")) or kind is problems.Refused:
            continue  # is never raised in a server
        assert any(parent in problems.STATUS and parent is not RagError for parent in kind.__mro__), kind
    assert problems.status_of(RagError("x")) == 500


def test_what_may_name_folders_of_the_server_is_told_to_administrators_alone() -> None:
    error = RagError("catalog of /srv/secret is damaged", hint="delete /srv/secret")
    told = jsonout.dumps(problems.document(error, "1", openly=False))
    assert "secret" not in told
    assert "secret" in jsonout.dumps(problems.document(error, "1", openly=True))


def test_many_callers_at_once_get_what_one_gets(site: Site, client: httpx.Client) -> None:
    asked = [{"question": QUESTION, "k": k, "mode": mode} for k in (1, 2, 3) for mode in ("lexical", "hybrid")] * 4
    expected = [without_times(client.post("/query", json=each).json()) for each in asked]
    found: list[object] = [None] * len(asked)

    def work(i: int) -> None:
        found[i] = without_times(httpx.post(f"{site.address}/query", json=asked[i], timeout=60).json())

    threads = [threading.Thread(target=work, args=(i,)) for i in range(len(asked))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == expected
