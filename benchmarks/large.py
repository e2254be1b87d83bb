"""A large index, made by the real writer, and what each stage of a question takes in it.

    python benchmarks/large.py build FOLDER TEXTS... [--chunks 100000] [--commit 4096]
    python benchmarks/large.py measure FOLDER [--runs 30] [--commands]

`build` makes FOLDER/.rag, which must not be there. TEXTS are BEIR files (corpus.jsonl), text files, or folders of them; chunks
are six of their sentences each, by chance, eight chunks a document, with a team and a date. Vectors are made up: they lie about
centres, those of a document near each other, those of a sentence near its chunk's; no model is run, and no copy for Chroma is
made. Prints the seconds after each tenth.

`measure` prints, of each stage in one process, the median and the 95th percentile of its time and the median of its processor
time; for both legs the same of numpy and, where they are installed, of faiss and bm25s, over the same data; and whether each
vector search gave what comparing all vectors gives. With --commands it also runs commands of `rag` in FOLDER, each in a
process of its own, and prints their time and the peak of their memory.
"""

from __future__ import annotations

import argparse
import functools
import importlib.util
import itertools
import json
import os
import random
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ragcli.chunking import get_chunker
from ragcli.datatypes import (
    Block,
    Chunk,
    Condition,
    Document,
    Extent,
    Filter,
    NewDocument,
    SourceFile,
    Span,
    TextVectors,
    chunk_id,
    source_id,
)
from ragcli.engine.embedders import embedder_for, model_source
from ragcli.errors import RagError
from ragcli.evaluation.statistics import percentile
from ragcli.index.indexing import text_hash
from ragcli.index.manifest import Identity
from ragcli.index.ranking import cosines, top
from ragcli.index.sqlite.reader import IndexReader
from ragcli.index.sqlite.rounding import AFTER, BLOCK
from ragcli.index.sqlite.writer import open_writer
from ragcli.retrieval.retriever import RetrievalOptions, Retriever
from ragcli.settings import resolve
from ragcli.text.analyzer import stem, tokens
from ragcli.text.query import parse_query
from ragcli.workspace import workspace_at

if TYPE_CHECKING:
    from ragcli.datatypes import Vector

CHUNKS_OF_DOCUMENT, SENTENCES_OF_CHUNK, CENTRES = 8, 6, 500
STOP_WORDS = "what is it that they have been and are not to be of the in a with for on as by"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    make = commands.add_parser("build")
    make.add_argument("folder", type=Path)
    make.add_argument("texts", type=Path, nargs="+")
    make.add_argument("--chunks", type=int, default=100_000)
    make.add_argument("--commit", type=int, default=4096)
    take = commands.add_parser("measure")
    take.add_argument("folder", type=Path)
    take.add_argument("--runs", type=int, default=30)
    take.add_argument("--commands", action="store_true")
    given = parser.parse_args()
    if given.command == "build":
        build(given.folder, sentences_of(given.texts), given.chunks, given.commit)
        return
    if given.commands:  # first: a process that is started has the memory of this one as its least peak
        run_commands(given.folder)
    measure(given.folder / ".rag", given.runs)


def sentences_of(places: Iterable[Path]) -> list[str]:
    """The sentences of all texts, each once."""
    found: dict[str, None] = {}
    for place in places:
        for path in sorted(place.rglob("*")) if place.is_dir() else [place]:
            if path.suffix == ".jsonl":
                texts = [str(json.loads(line)["text"]) for line in path.read_text(encoding="utf-8").splitlines()]
            elif path.suffix in (".txt", ".md", ".rst"):
                texts = [path.read_text(encoding="utf-8", errors="replace")]
            else:
                continue
            for text in texts:
                parts = re.split(r"(?<=[.!?])\s+", " ".join(text.split()))
                found.update(dict.fromkeys(part for part in parts if 20 <= len(part) <= 400))
    return list(found)


class Vectors:
    """Vectors of length 1 that lie in clusters, as those of texts do."""

    def __init__(self, dimension: int) -> None:
        self._chance = np.random.default_rng(1)
        self._dimension = dimension
        self._centres = self._noise(CENTRES)

    def _noise(self, rows: int) -> Any:
        return self._chance.standard_normal((rows, self._dimension), dtype=np.float32) / np.sqrt(self._dimension)

    def of_document(self, chunks: int) -> Any:
        about = self._centres[self._chance.integers(CENTRES)] * 0.6 + self._noise(1) * 0.5
        return _unit(about + self._noise(chunks) * 0.6)

    def near(self, vector: Any, rows: int, noise: float = 0.5) -> Any:
        return _unit(vector + self._noise(rows) * noise)


def _unit(vectors: Any) -> Any:
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def build(folder: Path, sentences: Sequence[str], chunks: int, commit: int) -> None:
    if (folder / ".rag").exists():
        raise SystemExit(f"{folder / '.rag'} is there already")
    folder.mkdir(parents=True, exist_ok=True)
    resolved = resolve({"index": str(folder / ".rag")}, environment={}, directory=folder, user_file=Path("none"))
    workspace = workspace_at(folder, resolved)
    embedder = embedder_for(workspace, None)
    chunker = get_chunker("structure", 200, embedder)
    identity = Identity(embedder.identity, chunker.parameters, model_source(workspace, None))
    vectors, chance = Vectors(int(str(embedder.identity["dimension"]))), random.Random(1)
    made, begun, tenths = 0, time.perf_counter(), list[float]()
    with open_writer(folder / ".rag", identity) as writer:
        for first in itertools.count(0, max(1, commit // CHUNKS_OF_DOCUMENT)):
            if made >= chunks:
                break
            most = min(commit, chunks - made) // CHUNKS_OF_DOCUMENT or 1
            new = [document_of(number, sentences, chance) for number in range(first, first + most)]
            writer.store_embeddings({key: of for entry in new for key, of in embedded(entry.chunks, vectors)})
            writer.commit(new)
            made += sum(len(entry.chunks) for entry in new)
            if made * 10 // chunks > len(tenths):
                tenths.append(time.perf_counter() - begun)
    print(f"{made:,} chunks in {time.perf_counter() - begun:.0f} s; after each tenth: {[round(t) for t in tenths]}")


def document_of(number: int, sentences: Sequence[str], chance: random.Random) -> NewDocument:
    """A document of some of the sentences, as it would come out of the loaders and the chunker."""
    path = f"folder{number % 97}/document{number}.txt"
    identity, title = source_id(path), f"Document {number}"
    texts = [" ".join(chance.choices(sentences, k=SENTENCES_OF_CHUNK)) for _ in range(CHUNKS_OF_DOCUMENT)]
    starts = [0, *itertools.accumulate(len(text) + 2 for text in texts)]
    blocks = [Extent(start, start + len(text), "paragraph") for start, text in zip(starts, texts, strict=False)]
    chunks = [
        Chunk(
            chunk_id(identity, block.start, block.end, title, text), identity, ordinal, text, "\n\n",
            Span(block.start, block.end), (), title, len(text.split()) + 2, blocks=(block,),
        )
        for ordinal, (text, block) in enumerate(zip(texts, blocks, strict=True))
    ]  # fmt: skip
    month = f"20{10 + number % 15}-{1 + number % 12:02d}-{1 + number % 28:02d}"
    metadata = {"modified": month, "tag.team": f"team{number % 20}", "words": str(sum(len(t.split()) for t in texts))}
    text = "\n\n".join(texts)
    document = Document(identity, path, "text", title, text, tuple(Block(*b) for b in blocks), metadata=metadata)
    size = len(text.encode())
    return NewDocument(SourceFile(identity, path, "folder", size, 1, 1, f"content{number}"), document, chunks, "1")


def embedded(chunks: Sequence[Chunk], vectors: Vectors) -> Iterator[tuple[bytes, TextVectors]]:
    """The key of each chunk's text, and made up vectors of it and of its sentences."""
    for chunk, vector in zip(chunks, vectors.of_document(len(chunks)), strict=True):
        places = [(match.start(), match.end()) for match in re.finditer(r"\S.*?[.!?](?=\s|$)|\S.*$", chunk.text)]
        yield text_hash(chunk), TextVectors(vector, places, vectors.near(vector, len(places)))


def measure(index: Path, runs: int) -> None:
    chance = random.Random(2)
    with closing(IndexReader(index)) as reader, reader.snapshot():
        count = reader.manifest.next_row - 1
        vectors = Vectors(reader.manifest.dimension)
        rows = [chance.randrange(count) + 1 for _ in range(runs)]
        texts = {row: chunk.text for row, (chunk, _) in reader.chunks(rows).items()}
        questions = [" ".join(chance.sample(texts[row].split(), 10)) for row in rows]
        near = [vectors.near(vector, 1, 0.9)[0] for vector in reader.vectors(rows)]
        print(f"{count:,} chunks, {runs} questions, {threads()} threads of numpy")
        for name, stage in stages(reader, questions, near).items():
            timed(name, [functools.partial(stage, number) for number in range(runs)])
        wrong = sum(not as_if_all_were_compared(reader, vector) for vector in near)
        print(f"{'differs from comparing all':<34}{wrong:>9}")
        for name, search in others(reader, questions, near).items():
            timed(name, [functools.partial(search, number) for number in range(runs)])


def stages(reader: IndexReader, questions: Sequence[str], near: Sequence[Vector]) -> dict[str, Callable[[int], object]]:
    """What is measured, by name; each takes the number of a question."""

    def lexical(text: str) -> object:
        return reader.lexical_search(reader.resolve(parse_query(text)), 100, Filter())

    def filtered(where: Filter) -> object:
        reader._state.allowed.clear()
        return reader.dense_search(near[0], 100, where)

    found = [[entry.key for entry in reader.dense_search(vector, 100, Filter())] for vector in near]
    retriever = Retriever(reader, lambda question: near[questions.index(question)], RetrievalOptions())
    for _ in range(reader.manifest.next_row // BLOCK + AFTER):  # until all vectors are rounded
        reader.dense_search(near[0], 100, Filter())
    return {
        "dense, k = 100": lambda n: reader.dense_search(near[n], 100, Filter()),
        "understand": lambda n: reader.understand(questions[n]),
        "lexical, ten words, new": lambda n: lexical(questions[n]),
        "lexical, the same again": lambda n: lexical(questions[n]),
        "lexical, stop words only": lambda _: lexical(STOP_WORDS),
        "rescoring 100": lambda n: reader.rescore(near[n], found[n]),
        "hybrid, k = 10, without embedding": lambda n: retriever.retrieve(questions[n], 10),
        "first filter by a tag": lambda n: filtered(Filter(conditions=(Condition("tag.team", "=", f"team{n % 20}"),))),
        "first filter by a date": lambda n: filtered(
            Filter(conditions=(Condition("modified", ">", f"20{10 + n % 14}"),))
        ),
        'phrase "in vitro"': lambda _: filtered(Filter(phrases=("in vitro",))),
        'phrase "of the"': lambda _: filtered(Filter(phrases=("of the",))),
    }


def timed(name: str, calls: Sequence[Callable[[], object]], seconds: float = 20) -> None:
    """Print what the calls take, each of them; no further one begins when they took `seconds`."""
    walls, processor, begun = list[float](), list[float](), time.perf_counter()
    for call in calls:
        before, used = time.perf_counter(), time.process_time()
        try:
            call()
        except RagError as error:
            print(f"{name:<34}  {error.message}")
            return
        walls.append(1000 * (time.perf_counter() - before))
        processor.append(1000 * (time.process_time() - used))
        if time.perf_counter() - begun > seconds:
            break
    print(
        f"{name:<34}{percentile(walls, 0.5):>9.1f} ms (p50){percentile(walls, 0.95):>9.1f} (p95)"
        f"{percentile(processor, 0.5):>9.1f} of the processor"
    )


def as_if_all_were_compared(reader: IndexReader, vector: Vector) -> bool:
    every = reader.vectors(range(1, reader.manifest.next_row))
    return [tuple(entry[:2]) for entry in reader.dense_search(vector, 100, Filter())] == top(
        cosines(every, vector), 100
    )


def others(reader: IndexReader, questions: Sequence[str], near: Sequence[Vector]) -> dict[str, Callable[[int], object]]:
    """The same searches by others."""
    every = np.array(reader.vectors(range(1, reader.manifest.next_row)))
    found: dict[str, Callable[[int], object]] = {
        "numpy, einsum": lambda n: top(np.einsum("ij,j->i", every, near[n]), 100),
        "numpy, BLAS": lambda n: top(every @ near[n], 100),
    }
    if importlib.util.find_spec("faiss"):
        faiss: Any = importlib.import_module("faiss")
        faiss.omp_set_num_threads(1)
        for name in ("Flat", "SQ8"):
            index = faiss.index_factory(every.shape[1], name, faiss.METRIC_INNER_PRODUCT)
            index.train(every[:20_000])
            index.add(every)
            found[f"faiss, {name}"] = lambda n, index=index: index.search(near[n][None], 100)  # type: ignore[misc]
    if importlib.util.find_spec("bm25s"):
        bm25s: Any = importlib.import_module("bm25s")
        known = (f"{chunk.header} {chunk.text}" for rows in pages(reader) for chunk, _ in reader.chunks(rows).values())
        retriever = bm25s.BM25()
        retriever.index([[stem(token, "en") for token in tokens(text)] for text in known], show_progress=False)

        def search(text: str) -> object:
            words = [stem(token, "en") for token in tokens(text)]
            return retriever.retrieve([words], k=100, show_progress=False, n_threads=1)

        found["bm25s, ten words"] = lambda n: search(questions[n])
        found["bm25s, stop words only"] = lambda _: search(STOP_WORDS)
    return found


def pages(reader: IndexReader) -> Iterator[Sequence[int]]:
    for first in range(1, reader.manifest.next_row, 5000):
        yield range(first, min(first + 5000, reader.manifest.next_row))


def threads() -> str:
    return os.environ.get("OMP_NUM_THREADS", "all")


def run_commands(folder: Path) -> None:
    for arguments in (
        ("query", "cells in vitro", "--mode", "lexical"),
        ("query", "cells in vitro"),
        ("query", "cells in vitro", "--filter", "tag.team=team3"),
        ("ls",),
        ("ls", "folder3/document3.txt"),
        ("stats",),
        ("doctor",),
    ):
        begun = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, "-m", "ragcli", *arguments], cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        said = process.stderr.read().decode() if process.stderr else ""
        _, status, used = os.wait4(process.pid, 0)
        code = os.waitstatus_to_exitcode(status)
        print(
            f"rag {' '.join(arguments):<44}{time.perf_counter() - begun:>8.2f} s{used.ru_utime + used.ru_stime:>8.2f} s of the "
            f"processor{used.ru_maxrss / 1024:>8.0f} MB" + (f"  exit {code}: {said.strip()[:200]}" if code else "")
        )


if __name__ == "__main__":
    main()
