"""Answers in the forms of OpenAI's API."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ragcli.render.jsonout import ask as ask_document
from ragcli.serving.http.service import shown

if TYPE_CHECKING:
    from ragcli.results import Answer, Citation, Sentence

Shape = dict[str, Any]


class Written:
    """The text of an answer as it grows, with the places of its markers. Deltas are those of a chat: `content`, and
    `annotations` behind it. `base` is the address of the page that shows a citation."""

    def __init__(self, base: str) -> None:
        self.text = ""
        self._base = base

    def sentence(self, sentence: Sentence, citations: Sequence[Citation]) -> Iterator[Shape]:
        """The deltas of a sentence."""
        yield self._more(sentence.lead + sentence.read if self.text else sentence.read)
        notes = []
        for marker in sentence.markers:
            yield self._more(f" [{marker}]")
            end = len(self.text)
            notes.append(self._note(citations[marker - 1], end - len(f"[{marker}]"), end))
        if notes:
            yield {"annotations": notes}

    def discarded(self, reason: str) -> Iterator[Shape]:
        """What is sent cannot be taken back, so it is said."""
        yield self._more(f"\n\n(What stands above is no part of the answer: {reason})\n\n")

    def rest(self, answer: Answer) -> Iterator[Shape]:
        """What an answer without sentences says."""
        if answer.answered:
            return
        if answer.closest is None:
            yield self._more("The documents do not answer this.")
            return
        yield self._more("The documents do not clearly answer this. The closest passage says:\n\n")
        yield self._more(answer.closest.sentence.read + " [1]")
        end = len(self.text)
        yield {"annotations": [self._note(answer.closest.citation, end - 3, end)]}

    def whole(self, answer: Answer) -> list[Shape]:
        """All annotations of an answer, whose text is then `text`."""
        deltas: list[Shape] = []
        for sentence in answer.sentences:
            deltas += self.sentence(sentence, answer.citations)
        deltas += self.rest(answer)
        return [note for delta in deltas for note in delta.get("annotations", ())]

    def _more(self, text: str) -> Shape:
        self.text += text
        return {"content": text}

    def _note(self, citation: Citation, start: int, end: int) -> Shape:
        place = f"?start={citation.span.start}&end={citation.span.end}"
        cited = {
            "start_index": start,
            "end_index": end,
            "url": f"{self._base}/#/documents/{citation.document.document_id}{place}",
            "title": citation.path,
        }
        return {"type": "url_citation", "url_citation": cited}


def finish(answer: Answer) -> str:
    """Why the text ends."""
    return "stop" if answer.stopped == "end" else "length"


def usage(answer: Answer) -> Shape:
    """The tokens that a language model took, none without one."""
    asked, written = (answer.usage.prompt_tokens, answer.usage.answer_tokens) if answer.usage else (0, 0)
    return {"prompt_tokens": asked, "completion_tokens": written, "total_tokens": asked + written}


def completion(head: Mapping[str, Any], answer: Answer, base: str) -> Shape:
    """An answer as a chat completion; the whole document is in `rag`."""
    written = Written(base)
    notes = written.whole(answer)
    message = {"role": "assistant", "content": written.text, "refusal": None, "annotations": notes}
    return {
        **head,
        "object": "chat.completion",
        "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": finish(answer)}],
        "usage": usage(answer),
        "rag": ask_document(answer, shown),
    }


def chunk(head: Mapping[str, Any], delta: Shape | None, reason: str | None = None) -> Shape:
    """A part of a streamed chat completion; without choices where `delta` is None."""
    choices = [] if delta is None else [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}]
    return {**head, "object": "chat.completion.chunk", "choices": choices}


def response(head: Mapping[str, Any], answer: Answer) -> Shape:
    """An answer as a response."""
    written = Written("")
    notes = [_file(note) for note in written.whole(answer)]
    return {
        **_response(head, "completed", [_message(head, written.text, notes, "completed")]),
        "usage": _response_usage(answer),
        "rag": ask_document(answer, shown),
    }


def _response(head: Mapping[str, Any], status: str, output: list[Shape]) -> Shape:
    return {
        **head,
        "object": "response",
        "status": status,
        "error": None,
        "incomplete_details": None,
        "instructions": None,
        "metadata": {},
        "output": output,
        "parallel_tool_calls": False,
        "temperature": None,
        "tool_choice": "none",
        "tools": [],
        "top_p": None,
    }


def _message(head: Mapping[str, Any], text: str, notes: list[Shape], status: str) -> Shape:
    content = [{"type": "output_text", "text": text, "annotations": notes}] if status == "completed" else []
    return {"type": "message", "id": _id(head), "role": "assistant", "status": status, "content": content}


def _id(head: Mapping[str, Any]) -> str:
    return str(head["id"]).replace("resp_", "msg_")


def _file(note: Shape) -> Shape:
    """A citation of a page as that of a file."""
    cited = note["url_citation"]
    identity = cited["url"].rpartition("/documents/")[2].partition("?")[0]
    return {"type": "file_citation", "index": cited["start_index"], "file_id": identity, "filename": cited["title"]}


def _response_usage(answer: Answer) -> Shape:
    used = usage(answer)
    return {
        "input_tokens": used["prompt_tokens"],
        "input_tokens_details": {"cached_tokens": 0},
        "output_tokens": used["completion_tokens"],
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": used["total_tokens"],
    }


class Numbered:
    """The events of a streamed response, in their order."""

    def __init__(self, head: Mapping[str, Any]) -> None:
        self._head = head
        self._number = -1
        self._notes: list[Shape] = []
        self._text = ""
        self._where = {"item_id": _id(head), "output_index": 0, "content_index": 0}

    def _event(self, kind: str, **fields: Any) -> Shape:
        self._number += 1
        return {"type": f"response.{kind}", "sequence_number": self._number, **fields}

    def begun(self) -> Iterator[Shape]:
        part = {"type": "output_text", "text": "", "annotations": []}
        yield self._event("created", response=_response(self._head, "in_progress", []))
        yield self._event("output_item.added", output_index=0, item=_message(self._head, "", [], "in_progress"))
        yield self._event("content_part.added", **self._where, part=part)

    def delta(self, delta: Shape) -> Iterator[Shape]:
        """The events of a delta of a chat."""
        if "content" in delta:
            self._text += delta["content"]
            yield self._event("output_text.delta", **self._where, delta=delta["content"], logprobs=[])
        for note in delta.get("annotations", ()):
            self._notes.append(_file(note))
            yield self._event(
                "output_text.annotation.added",
                **self._where,
                annotation_index=len(self._notes) - 1,
                annotation=self._notes[-1],
            )

    def completed(self, answer: Answer) -> Iterator[Shape]:
        part = {"type": "output_text", "text": self._text, "annotations": self._notes}
        item = _message(self._head, self._text, self._notes, "completed")
        yield self._event("output_text.done", **self._where, text=self._text, logprobs=[])
        yield self._event("content_part.done", **self._where, part=part)
        yield self._event("output_item.done", output_index=0, item=item)
        whole = {**_response(self._head, "completed", [item]), "usage": _response_usage(answer)}
        yield self._event("completed", response={**whole, "rag": ask_document(answer, shown)})
