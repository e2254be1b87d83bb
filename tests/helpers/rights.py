"""Indexes that hold the same documents, which somebody may see, and others, which differ from index to index."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from ragcli import Rag
from ragcli.cancellation import Cancellation
from ragcli.cli.history import places_of
from ragcli.cli.opening import told
from ragcli.datatypes import Filter, NewDocument
from ragcli.embedding.hashing import HashingEmbedder
from ragcli.errors import IndexUnusable, RagError
from ragcli.index.manifest import Identity
from ragcli.index.protocol import Writer
from ragcli.index.sqlite.writer import open_writer
from ragcli.ingest.vectors import embed_chunks
from ragcli.metadata import AccessTags
from ragcli.render import jsonevaluation, jsonlibrary, jsonout
from ragcli.render.terminal import TerminalRenderer
from ragcli.schemas.program import RunDocument
from ragcli.serving.mcp.library import WORDS as BY_WORDS
from ragcli.serving.mcp.library import Library
from ragcli.serving.mcp.parts import Call
from ragcli.serving.mcp.resources import INDEX as STATE
from ragcli.serving.mcp.resources import content
from ragcli.serving.mcp.tools import offered
from ragcli.usecases.chatting import Conversation
from ragcli.usecases.diagnosis import diagnose
from ragcli.usecases.evaluation import EvalOptions
from ragcli.usecases.library import listed
from ragcli.usecases.prompting import make_prompt
from ragcli.usecases.runs import differences, run_document
from tests.helpers.indexes import CHUNKER, new

EMBEDDER = HashingEmbedder()
_IDENTITY = Identity(EMBEDDER.identity, CHUNKER.parameters, "hashing")
SEEN = {
    "hr/leave.md": "# Leave\n\nAnnual leave is 28 days. It lapses in March.\n\n## Sick leave\n\nCall the office before nine.",
    "hr/pay-2023.md": "# Standby pay\n\nDate: 2023-01-10\n\nStandby pay is 40 euros a night.",
    "hr/pay-2024.md": "# Standby pay\n\nDate: 2024-02-11\n\nStandby pay is 50 euros a night.",
    "site/pumps.txt": "The pump station pumps water to Ashby. Pumping stops when the pressure falls below 2 bar.",
    "site/urlaub.txt": "Der Urlaub beträgt dreißig Tage im Jahr. Der Antrag geht an die Leitung der Abteilung.",
    "site/permits.md": "# Permits\n\n- Visitors park in row A.\n- Annual permits are given out in March.\n",
    "z/tie-1.txt": "identical words stand here",
    "z/tie-2.txt": "identical words stand here too",
}
WORDS = (
    "leave leaves annual anual standby pay zorblatt zorblat pump pumping pressure euros nights march permits permit parking "
    "identical words Urlaub Tage secret salary board pumpen stamdby 40 50 28"
).split()
QUESTIONS = (
    "How many days of annual leave?", "what is standby pay", "anual leav", "zorblat bonus", "stamdby pay", "pum* pressure",
    '"identical words" stand', "leave -sick", "wie viele Tage Urlaub", "permits in the site folder", "secret salary",
    "How much is standby pay and when do permits come?", "presure below bar", "words since 2024",
)  # fmt: skip


def tagged(path: str, text: str, *tags: str) -> NewDocument:
    """A document with these access tags."""
    found = new(path, text)
    metadata = {**found.document.metadata, **AccessTags(frozenset(tags)).metadata}
    metadata = {key: value for key, value in metadata.items() if value}
    return replace(found, document=replace(found.document, metadata=metadata))


def build_alone(directory: Path, paths: Iterable[str], others: Sequence[NewDocument] = ()) -> None:
    """An index at `directory` of `others` and of these of the documents `SEEN`, in their order, and of nothing else."""
    with open_writer(directory, _IDENTITY) as writer:
        _put(writer, others)
        _put(writer, [tagged(path, text, tag_of(path)) for path, text in SEEN.items() if path in set(paths)])
        assert writer.finish() == []


def build_around(directory: Path, chance: random.Random, *, finish: bool = False) -> None:
    """An index at `directory` of `SEEN`, each document with a tag of its own, and of others between them."""
    documents: list[NewDocument] = []
    for path, text in SEEN.items():
        documents += [_other(chance, len(documents) + i) for i in range(chance.randrange(4))]
        documents.append(tagged(path, text, tag_of(path)))
    documents += [_other(chance, len(documents) + i) for i in range(chance.randrange(4))]
    with open_writer(directory, _IDENTITY) as writer:
        parts = chance.randrange(1, 4)
        for start in range(parts):
            size = -(-len(documents) // parts)
            _put(writer, documents[start * size : (start + 1) * size])
        if chance.random() < 0.5:
            writer.calibrate({"threshold": chance.random()})
        if finish:
            assert writer.finish() == []


def _put(writer: Writer, documents: Sequence[NewDocument]) -> None:
    missing = writer.without_embedding([chunk for entry in documents for chunk in entry.chunks])
    vectors = embed_chunks(EMBEDDER, [(chunk, "text") for chunk in missing.values()], sentences=writer.sentences)
    writer.store_embeddings(dict(zip(missing, vectors, strict=True)))
    writer.commit(documents)


def tag_of(path: str) -> str:
    return path.replace("/", "-")


def _other(chance: random.Random, number: int) -> NewDocument:
    text = " ".join(chance.choices(WORDS, k=chance.randrange(3, 30)))
    if chance.random() < 0.3:
        text = chance.choice(list(SEEN.values()))  # of the same content
    name = chance.choice(["secret/board", "hr/leave-of-the-board", "site/zorblatt", "z/tie"])
    tags = chance.choice([(), ("board",), ("board", "audit")])
    return tagged(f"{name}-{number}.{chance.choice(['md', 'txt', 'py'])}", text, *tags)


def seen_by(directory: Path, paths: Iterable[str], engine: str = "exact", whole: dict[Path, Rag] | None = None) -> Rag:
    """The index for somebody who has the tags of these of the documents `SEEN`; `whole` holds those that are open."""
    rag = (whole or {}).get(directory) or Rag(directory, retrieval_engine=engine)
    if whole is not None:
        whole[directory] = rag
    return rag.as_principal([tag_of(path) for path in paths])


def _query(rag: Rag, question: str) -> object:
    return jsonout.query(rag.query(question), lambda document: document.path)


def _ask(rag: Rag, question: str) -> object:
    return jsonout.ask(rag.ask(question), lambda document: document.path)


def _stats(rag: Rag, question: str) -> object:
    return jsonlibrary.stats(rag.stats())


def _list(rag: Rag, question: str) -> object:
    return jsonlibrary.documents(listed(rag._engine.workspace, rag._engine.index.catalog, []))


def _documents(rag: Rag, question: str) -> object:
    return [asdict(document) for document in rag.documents()], [d.path for d in rag.documents("path=hr/**")]


def _read(rag: Rag, question: str) -> object:
    found: list[object] = []
    for path in [*SEEN, "secret/board-1.md", "hr/leave-of-the-board-3.txt", "nowhere.md"]:
        found.append(_result(lambda: asdict(rag.read(path))))  # noqa: B023
    return found


def _why(rag: Rag, question: str) -> object:
    paths = ["hr/leave.md", "secret/board-1.md", "site/zorblatt-2.txt"]
    measured = rag._engine.measured()
    return [jsonevaluation.diagnosis(diagnose(measured, question, path)) for path in paths]


def _prompt(rag: Rag, question: str) -> object:
    prompt = make_prompt(rag._engine.search(), rag._engine.prompter(), question, 5, Filter())
    return jsonout.prompt(question, prompt, lambda document: document.path)


def _catalog(rag: Rag, question: str) -> object:
    catalog = rag._engine.index.catalog
    return [
        catalog.roots(), catalog.folders(), catalog.type_counts(), catalog.counts(8), catalog.fingerprint(),
        catalog.failures(skipped=True), catalog.partly_read(), catalog.redacted(), catalog.disk_usage(), catalog.calibration(),
        catalog.sources(["hr/leave.md", "secret/board-1.md"]),
    ]  # fmt: skip


def _eval(rag: Rag, question: str) -> object:
    gold = rag._engine.workspace.project / "gold.jsonl"
    if not gold.exists():
        paths = ("hr/leave.md", "site/pumps.txt", "secret/board-1.md")
        rows = [{"question": q, "evidence": [{"path": path}]} for q, path in zip(QUESTIONS[3:], paths, strict=False)]
        gold.write_text("".join(json.dumps(row) + "\n" for row in rows))
    options = EvalOptions(timing=False, why=True)
    return _result(lambda: jsonevaluation.evaluation(rag.evaluate(gold, options=options), timing=False))


def _chat(rag: Rag, question: str) -> object:
    chat = Conversation(rag.ask, lambda: None, Filter())
    turns = [chat.ask(typed, chat.standalone(typed)) for typed in (question, "and how many days?")]
    return [(turn.asked, jsonout.ask(turn.answer, lambda document: document.path)) for turn in turns]


def _open(rag: Rag, question: str) -> object:
    """The places that are shown, and of what somebody else was shown those that may be opened."""
    shown = places_of(rag.ask(question), rag._engine.workspace)
    others = [*SEEN, "secret/board-1.md", "site/zorblatt-2.txt", "nowhere.md"]
    seen = rag._engine.index.catalog.find(others)
    return [told(place) for place in shown], [path for path in others if path in seen]


def _replay(rag: Rag, question: str) -> object:
    settings, threshold, catalog = rag._engine.workspace.settings, rag._engine.threshold(), rag._engine.index.catalog

    def asked(text: str) -> RunDocument:
        answer = jsonout.ask(rag.ask(text), lambda document: document.path)
        return run_document(answer, [], settings, threshold, catalog)

    run, other = asked(question), asked("What is standby pay?")
    return run, [asdict(difference) for difference in differences(run, other)]


def _mcp(rag: Rag, question: str) -> object:
    """The tools and the resources that an agent is offered."""
    library = Library(rag._engine.workspace.index_directory, {})
    library._opened = {"": rag, BY_WORDS: rag}
    calls: list[tuple[str, dict[str, object]]] = [
        ("search", {"query": question}), ("ask", {"question": question}), ("list_documents", {}),
        ("list_documents", {"folder": "hr/**"}), ("read", {"document": "hr/leave.md"}), ("read", {"document": "secret/board-1.md"}),
    ]  # fmt: skip
    tools = offered(library)
    found = [_result(lambda: tools[name].run(library, arguments, Call(Cancellation()))) for name, arguments in calls]  # noqa: B023
    return [*found, _result(lambda: content(library, STATE).text)]


def _result(made: Callable[[], object]) -> object:
    try:
        return made()
    except IndexUnusable:
        raise
    except RagError as problem:
        return problem.message, problem.hint, problem.exit_code


def _screen(rag: Rag, question: str) -> object:
    """What a terminal shows of a query, with the trace of each score."""
    import io

    stream = io.StringIO()
    TerminalRenderer(stream).query(rag.query(question), explain=False)
    return stream.getvalue()


USES: Mapping[str, Callable[[Rag, str], object]] = {
    "query": _query, "ask": _ask, "stats": _stats, "ls": _list, "documents": _documents, "read": _read, "why": _why,
    "prompt": _prompt, "catalog": _catalog, "screen": _screen, "eval": _eval, "chat": _chat, "open": _open, "replay": _replay,
    "mcp": _mcp,
}  # fmt: skip


def outcome(rag: Rag, use: str, question: str) -> str:
    """All that the use case gives, but for times and for where the index lies."""
    where = str(rag._engine.workspace.index_directory)
    with closing(rag):
        found = USES[use](rag, question)
        return (
            json.dumps(_timeless(found), sort_keys=True, default=str)
            .replace(where, "INDEX")
            .replace(str(rag._engine.workspace.project), "PROJECT")
            .replace(os.path.relpath(rag._engine.workspace.project), "PROJECT")
        )


def _timeless(found: Any) -> Any:
    if isinstance(found, Mapping):
        return {key: _timeless(value) for key, value in found.items() if key not in ("milliseconds", "timings", "date")}
    if isinstance(found, list | tuple):
        return [_timeless(value) for value in found]
    return found
