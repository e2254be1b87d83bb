"""The tool `ask`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ragcli.serving.mcp.library import Library
from ragcli.serving.mcp.parts import Arguments, Call, Result, path, place, present
from ragcli.serving.mcp.refs import passage_ref

if TYPE_CHECKING:
    from ragcli.results import Answer


def ask(library: Library, arguments: Arguments, call: Call) -> Result:
    from ragcli.streaming import AnswerFinished, EvidenceFound, SentenceWritten

    answer: Answer | None = None
    where = arguments.get("filter", ())
    for event in library.rag().ask_stream(arguments["question"], where=where, cancel=call.cancel):
        match event:
            case EvidenceFound():
                call.told("passages found")
            case SentenceWritten(sentence=sentence):
                call.told(sentence.read)
            case AnswerFinished(answer=finished):
                answer = finished
    assert answer is not None, "a stream of an answer ends with it or raises"
    return answered(answer)


def answered(answer: Answer) -> Result:
    """The structured result of `ask`."""
    from ragcli.render import jsonout

    made = jsonout.ask(answer, path)
    cited = answer.citations or ((answer.closest.citation,) if answer.closest else ())
    notes = list(answer.notes) + [f"{entry.path} has {entry.kind} since it was ingested" for entry in answer.stale]
    if answer.stopped == "time":
        notes.append("stopped when the time for an answer was over; what is missing is not known to be absent")
    if made["dropped"]:
        notes.append(f"{made['dropped']} sentences were left out because no passage supports them")
    return present(
        {
            "answered": answer.answered,
            "outcome": answer.outcome,
            "confidence": min(1.0, max(0.0, answer.confidence)),
            "answer": _marked(answer) if answer.answered else None,
            "closest": made["closest"]["text"] if made["closest"] else None,
            "citations": [
                present(
                    {
                        "n": entry.marker,
                        "ref": passage_ref(entry.document, entry.span, entry.quote),
                        "path": entry.path,
                        **place(jsonout.citation(entry, path)),
                        "quote": entry.quote,
                        "status": entry.status,
                    }
                )
                for entry in cited
            ],
            "disputes": [
                present({"n": d["marker"], "path": d["path"], **place(d), "quote": d["quote"], "older": d["older"]})
                for d in made["disputes"]
            ],
            "notes": notes,
        },
        "citations disputes notes",
    )


def _marked(answer: Answer) -> str:
    """The answer with the numbers of its citations behind each sentence."""
    sentences = (s.lead + s.read + "".join(f" [{marker}]" for marker in s.markers) for s in answer.sentences)
    return "".join(sentences).strip()
