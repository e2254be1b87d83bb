"""The API below /v1, by the real `openai` client."""

from __future__ import annotations

from collections.abc import Iterator

import openai
import pytest

from ragcli.serving.http.server import Site
from tests.helpers.serving import QUESTION

UNKNOWN = "Which planets have rings?"


@pytest.fixture
def client(site: Site) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{site.address}/v1", api_key="any", max_retries=0) as client:
        yield client


def test_models_are_what_answers_and_what_embeds(client: openai.OpenAI) -> None:
    assert [model.id for model in client.models.list()] == ["rag", "hashing"]


def test_a_chat_gives_the_answer_with_markers_that_its_annotations_point_at(client: openai.OpenAI, site: Site) -> None:
    said = [
        {"role": "system", "content": "Be rude."},
        {"role": "user", "content": [{"type": "text", "text": QUESTION}]},
    ]
    found = client.chat.completions.create(model="rag", messages=said, temperature=0.1, tools=[])
    message = found.choices[0].message
    assert "28 days" in message.content
    (note, *_) = message.annotations
    cited = note.url_citation
    assert message.content[cited.start_index : cited.end_index] == "[1]"
    assert cited.title == "docs/leave.md"
    assert cited.url.startswith(f"{site.address}/#/documents/")
    assert found.choices[0].finish_reason == "stop"
    assert found.rag["citations"][0]["marker"] == 1


def test_a_streamed_chat_is_the_same_text(client: openai.OpenAI) -> None:
    messages = [{"role": "user", "content": QUESTION}]
    whole = client.chat.completions.create(model="rag", messages=messages).choices[0].message.content
    options = {"include_usage": True}
    chunks = list(client.chat.completions.create(model="rag", messages=messages, stream=True, stream_options=options))
    assert "".join(c.choices[0].delta.content or "" for c in chunks if c.choices) == whole
    assert [c.choices[0].finish_reason for c in chunks if c.choices][-1] == "stop"
    assert chunks[-1].usage.total_tokens == 0
    assert any(getattr(c.choices[0].delta, "annotations", None) for c in chunks if c.choices)


def test_a_response_gives_the_answer_with_the_files_that_it_cites(client: openai.OpenAI) -> None:
    found = client.responses.create(model="rag", input=QUESTION)
    assert "28 days" in found.output_text
    (note, *_) = found.output[0].content[0].annotations
    assert (note.type, note.filename) == ("file_citation", "docs/leave.md")
    events = list(client.responses.create(model="rag", input=[{"role": "user", "content": QUESTION}], stream=True))
    assert [event.sequence_number for event in events] == list(range(len(events)))
    assert "".join(e.delta for e in events if e.type == "response.output_text.delta") == found.output_text
    assert events[-1].type == "response.completed"
    assert events[-1].response.output_text == found.output_text


def test_a_question_without_an_answer_says_so(client: openai.OpenAI) -> None:
    found = client.chat.completions.create(model="rag", messages=[{"role": "user", "content": UNKNOWN}])
    assert found.choices[0].message.content.startswith("The documents do not")
    assert found.rag["answered"] is False


def test_embeddings_are_the_same_numbers_as_a_list_and_as_bytes(client: openai.OpenAI) -> None:
    texts = ["annual leave", "pay"]
    as_bytes = client.embeddings.create(model="hashing", input=texts)
    as_list = client.embeddings.create(model="hashing", input=texts, encoding_format="float")
    for one, other in zip(as_bytes.data, as_list.data, strict=True):
        assert one.embedding == pytest.approx(other.embedding, abs=1e-7)
        assert sum(value * value for value in one.embedding) == pytest.approx(1.0, abs=1e-5)


def test_errors_are_those_of_the_client(client: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError, match="one answer"):
        client.chat.completions.create(model="rag", messages=[{"role": "user", "content": "x"}], n=2)
    with pytest.raises(openai.BadRequestError, match="no question"):
        client.chat.completions.create(model="rag", messages=[{"role": "system", "content": "x"}])
    with pytest.raises(openai.BadRequestError, match="dimensions"):
        client.embeddings.create(model="hashing", input="x", dimensions=3)
    with pytest.raises(openai.UnprocessableEntityError):
        client.embeddings.create(model="hashing", input=[[1, 2]])
    with pytest.raises(openai.NotFoundError):
        client.post("/nowhere", cast_to=object, body={})
    with pytest.raises(openai.BadRequestError, match="not kept"):
        client.responses.create(model="rag", input="x", previous_response_id="resp_1")
