"""A day with the library: index a folder, search it, ask it, follow an answer while it is written, and measure.

python examples/library.py [FOLDER] [INDEX]
"""

from __future__ import annotations

import sys
from pathlib import Path

from ragcli import Answer, AnswerFinished, EvidenceFound, IndexNotFound, Rag, SentenceWritten

HERE = Path(__file__).resolve().parent


def opened(index: Path) -> Rag:
    """The index at a place, made when there is none."""
    try:
        return Rag(index)
    except IndexNotFound:
        return Rag.create(index)


def shown(answer: Answer) -> str:
    """An answer with its sources, or what comes closest to one."""
    if answer.answered:
        sources = [f"  [{c.marker}] {c.path}{f' p. {c.page}' if c.page else ''}: {c.quote}" for c in answer.citations]
        return "\n".join([answer.text, *sources])
    if answer.closest:
        return f"The closest passage says: {answer.closest.sentence.text}"
    return "Not in the documents."


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "documents"
    index = Path(sys.argv[2]) if len(sys.argv) > 2 else Path(".rag")
    with opened(index) as rag:
        report = rag.ingest(folder)
        print(f"{report.added} added, {report.unchanged} unchanged; {report.documents} documents in all")
        for failure in report.failed:
            print(f"not read: {failure.path}: {failure.reason}")

        for hit in rag.query("annual leave", k=3):
            print(f"{hit.rank}. {hit.path} ({hit.score:.2f})")

        print(shown(rag.ask("How many days of annual leave does an employee have?")))
        print(shown(rag.ask("Who won the chess championship of 1972?")))

        for event in rag.ask_stream("When does carried-over leave expire?"):
            match event:
                case EvidenceFound(hits, confidence):
                    print(f"{len(hits)} passages, confidence {confidence:.2f}")
                case SentenceWritten(sentence):
                    print("…", sentence.text)
                case AnswerFinished(answer):
                    print(f"done: {answer.outcome}")

        if folder == HERE / "documents":
            quality = rag.evaluate(HERE / "gold.jsonl", answers=False).metrics["hit@5"]
            print(f"hit@5 {quality:.3f}")


if __name__ == "__main__":
    main()
