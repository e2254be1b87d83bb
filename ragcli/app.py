"""The composition root: settings in, reports out. The one place that knows which part is used where."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from ragcli.answering import Answerer
from ragcli.datatypes import Answer, EvalReport, Filter, IndexStats, IngestReport, Item, Mode, QueryResult
from ragcli.embedding import DEFAULT_MODEL, HASHING, get_embedder
from ragcli.errors import IndexNotFound, UsageError
from ragcli.index.manifest import Manifest, check_identity
from ragcli.index.reader import IndexReader
from ragcli.protocols import Chunker, Embedder
from ragcli.retrieval.retriever import RetrievalOptions, Retriever
from ragcli.settings import INDEX_DIRECTORY, Resolved, Settings, find_upward, model_cache

if TYPE_CHECKING:
    from ragcli.datatypes import Matrix, Vector
    from ragcli.evaluating import Threshold
    from ragcli.ingest import Progress
    from ragcli.scanning import Skipped

MAX_QUESTION = 8_000


class App:
    """One command's view of settings, index and models. `note` receives lines for the user that are not results."""

    def __init__(self, resolved: Resolved, directory: Path, note: Callable[[str], None] = lambda _: None) -> None:
        self.resolved = resolved
        self.directory = directory
        self.note = note

    @property
    def settings(self) -> Settings:
        return self.resolved.settings

    @cached_property
    def index_directory(self) -> Path:
        if self.settings.index:
            return Path(os.path.abspath(self.directory / self.settings.index))
        return find_upward(self.directory, INDEX_DIRECTORY) or self.directory / INDEX_DIRECTORY

    @property
    def project(self) -> Path:
        """The folder that stored paths are relative to."""
        return self.index_directory.parent

    @cached_property
    def reader(self) -> IndexReader:
        """Raises IndexNotFound, IndexIncompatible, IndexDamaged or IndexLocked."""
        return IndexReader(self.index_directory, exact_limit=self.settings.retrieval_exact_limit)

    def close(self) -> None:
        """Let go of the index."""
        if "reader" in self.__dict__:
            self.reader.close()
            del self.__dict__["reader"]

    # ---- models ---------------------------------------------------------------------------------------------------

    def _existing_manifest(self) -> Manifest | None:
        try:
            return self.reader.manifest
        except IndexNotFound:
            return None
        finally:
            self.close()

    def _embedder(self, manifest: Manifest | None) -> Embedder:
        """The index's own embedder, or the one asked for (which may not fit; the index says so)."""
        asked = self.settings.embedding_model if self.resolved.explicit("embedding_model") else ""
        if asked and asked != HASHING and (self.directory / asked).is_dir():
            asked = str((self.directory / asked).resolve())
        source = asked or (manifest.model_source if manifest else DEFAULT_MODEL)
        own = manifest is not None and source == manifest.model_source
        return get_embedder(
            source,
            cache=model_cache(),
            identity=manifest.embedder if own and manifest else None,
            offline=self.settings.offline,
            note=self.note,
        )

    @cached_property
    def embedder(self) -> Embedder:
        """For questions: checked against the index."""
        embedder = self._embedder(self.reader.manifest)
        check_identity(self.reader.manifest, embedder=embedder.identity)
        return embedder

    def _chunker(self, embedder: Embedder, manifest: Manifest | None) -> Chunker:
        from ragcli.chunking import get_chunker

        own = manifest.chunker if manifest else {}
        strategy = self.settings.chunking_strategy or str(own.get("strategy", "structure"))
        limit = self.settings.chunking_max_tokens or int(own.get("max_tokens", 200))
        window = int(str(embedder.identity.get("max_tokens", 0)))
        if strategy == "structure" and window and limit > window - 2:
            raise UsageError(
                f"chunks of {limit} tokens do not fit the {window} tokens that {embedder.identity['name']} reads",
                hint=f"--max-tokens {window - 2} at most",
            )
        return get_chunker(strategy, limit, embedder)

    # ---- commands -------------------------------------------------------------------------------------------------

    def ingest(
        self,
        paths: Sequence[Path],
        *,
        prune: bool = False,
        rebuild: bool = False,
        on_progress: Callable[[Progress], None] = lambda _: None,
    ) -> IngestReport:
        """Bring the index up to date with the files at `paths`, or with everything ever ingested when there are none."""
        from ragcli.ingest import file_items
        from ragcli.loaders import load_bytes
        from ragcli.scanning import Found, Skipped, scan, stored_path

        roots = [Path(os.path.abspath(self.directory / path)) for path in paths] or self._known_roots()
        for root in roots:
            if not root.exists() and not prune:
                raise UsageError(
                    f"no such file or folder: {root}", hint="check the path, or drop its documents: rag ingest --prune"
                )
        entries = {
            str(getattr(e, "location", e)): e for root in roots for e in scan(root, self.project, self.index_directory)
        }
        found = [entry for entry in entries.values() if isinstance(entry, Found)]
        skipped = [entry for entry in entries.values() if isinstance(entry, Skipped)]
        covered = [stored_path(root, self.project) for root in roots]
        return self._ingest(
            list(file_items(found, load_bytes)), skipped, covered, prune=prune, rebuild=rebuild, on_progress=on_progress
        )

    def _known_roots(self) -> list[Path]:
        roots = sorted({file.root for file in self.reader.files() if file.ctime_ns})
        self.close()
        if not roots:
            raise UsageError("nothing to ingest", hint="rag ingest PATH")
        return [self.project / root for root in roots]

    def _ingest(
        self,
        items: Sequence[Item],
        skipped: Sequence[Skipped],
        covered: Sequence[str],
        *,
        prune: bool,
        rebuild: bool,
        on_progress: Callable[[Progress], None],
    ) -> IngestReport:
        from ragcli.index.writer import open_writer
        from ragcli.ingest import Ingest

        manifest = None if rebuild else self._existing_manifest()
        embedder = self._embedder(manifest)
        chunker = self._chunker(embedder, manifest)
        asked = self.settings.embedding_model
        if asked and asked != HASHING and (self.directory / asked).is_dir():
            asked = str((self.directory / asked).resolve())
        with open_writer(
            self.index_directory,
            embedder=embedder.identity,
            chunker=chunker.parameters,
            model_source=asked or (manifest.model_source if manifest else DEFAULT_MODEL),
            rebuild=rebuild,
            exact_limit=self.settings.retrieval_exact_limit,
        ) as writer:
            present = {item.source.path for item in items}
            known = {**writer.files(), **{path: entry[0] for path, entry in writer.failed_files().items()}}
            gone = [path for path in sorted(known) if path not in present and _below(path, covered)]
            return Ingest(writer, chunker, embedder, on_progress=on_progress).run(
                items, skipped, gone=gone, prune=prune
            )

    def query(self, question: str, *, where: Filter = Filter(), k: int | None = None) -> QueryResult:  # noqa: B008
        """The best passages; see `Retriever.retrieve`."""
        return self._retriever().retrieve(checked_question(question), k or self.settings.retrieval_k, where)

    def _retriever(self, **changes: object) -> Retriever:
        settings = self.settings
        mode: Mode = settings.retrieval_mode  # type: ignore[assignment]
        options = RetrievalOptions(mode, settings.retrieval_fusion, settings.retrieval_weight, settings.retrieval_depth)
        return Retriever(self.reader, self._embed_query, replace(options, **changes))  # type: ignore[arg-type]

    def _embed_query(self, question: str) -> Vector:
        return self.embedder.embed_query(question)

    def _embed_documents(self, texts: Sequence[str]) -> Matrix:
        return self.embedder.embed_documents(texts)

    def ask(self, question: str, *, where: Filter = Filter(), k: int | None = None) -> Answer:  # noqa: B008
        """An answer with citations, or an abstention."""
        return self._answerer().answer(checked_question(question), k or self.settings.retrieval_k, where)

    def _answerer(self) -> Answerer:
        from ragcli.generation import get_generator

        generator = get_generator(
            self.settings.answer_model,
            embed_documents=self._embed_documents,
            embed_query=self._embed_query,
            max_sentences=self.settings.answer_max_sentences,
        )
        return Answerer(
            retrieve=self._retriever().retrieve,
            inverse_frequencies=self.reader.inverse_frequencies,
            generator=generator,
            threshold=self.settings.answer_threshold,
        )

    def evaluate(
        self,
        target: Path,
        *,
        split: str = "test",
        thresholds: Sequence[Threshold] = (),
        answers: bool = True,
        on_progress: Callable[[str, int, int], None] = lambda _stage, _done, _of: None,
    ) -> EvalReport:
        """Measure a gold file against the index, or a BEIR folder after indexing its corpus."""
        from ragcli.evaluation.beir import is_collection
        from ragcli.evaluation.gold import load_gold

        target = Path(os.path.abspath(self.directory / target))
        if target.is_dir():
            if not is_collection(target):
                raise UsageError(
                    f"{target} holds no corpus.jsonl and queries.jsonl", hint="rag eval GOLD.jsonl or a BEIR folder"
                )
            return self._evaluate_collection(target, split, thresholds, on_progress)
        questions = load_gold(target)
        retriever = self._retriever()
        answerer = self._answerer() if answers else None
        from ragcli.evaluating import evaluate

        k = max(10, *(int(t.metric.partition("@")[2] or 0) for t in thresholds), 10)
        return evaluate(
            questions,
            retrieve=lambda question: retriever.retrieve(question, k).hits,
            answer=(lambda question: answerer.answer(question, self.settings.retrieval_k, Filter()))
            if answerer
            else None,
            resolve=self._resolver(target),
            thresholds=thresholds,
            config=self._eval_config(k),
            on_progress=lambda done, of: on_progress("questions", done, of),
        )

    def _evaluate_collection(
        self,
        folder: Path,
        split: str,
        thresholds: Sequence[Threshold],
        on_progress: Callable[[str, int, int], None],
    ) -> EvalReport:
        from ragcli.collection import collection_items
        from ragcli.evaluating import evaluate
        from ragcli.evaluation.beir import read_questions

        questions = read_questions(folder, split)
        root = str(folder)
        report = self._ingest(
            collection_items(folder), [], [root], prune=True, rebuild=False,
            on_progress=lambda progress: on_progress("documents", progress.done, progress.files),
        )  # fmt: skip
        if report.interrupted:
            raise KeyboardInterrupt
        retriever = self._retriever(stitch=False)
        deepest = max([100, *(int(t.metric.partition("@")[2] or 0) for t in thresholds)])
        return evaluate(
            questions,
            retrieve=lambda question: retriever.retrieve(question, 2 * deepest, Filter(roots=(root,))).hits,
            answer=None,
            resolve=lambda path: path,
            thresholds=thresholds,
            config={**self._eval_config(deepest), "collection": folder.name, "split": split},
            on_progress=lambda done, of: on_progress("questions", done, of),
        )

    def _eval_config(self, k: int) -> Mapping[str, object]:
        settings, manifest = self.settings, self.reader.manifest
        return {
            "mode": settings.retrieval_mode,
            "fusion": settings.retrieval_fusion,
            "weight": settings.retrieval_weight,
            "depth": settings.retrieval_depth,
            "k": k,
            "embedder": manifest.embedder["name"],
            "chunker": dict(manifest.chunker),
            "generation": manifest.generation,
        }

    def _resolver(self, gold: Path) -> Callable[[str], str | None]:
        """A gold path → the path in the index: as it stands, below a folder that was ingested, or beside the gold file."""
        from ragcli.scanning import stored_path

        by_name: dict[str, set[str]] = {}
        for document in self.reader.documents():
            names = {document.path}
            if document.path.startswith(document.root + "/"):
                names.add(document.path[len(document.root) + 1 :])
            for name in names:
                by_name.setdefault(name, set()).add(document.path)

        def resolve(path: str) -> str | None:
            for name in (stored_path(Path(os.path.abspath(gold.parent / path)), self.project), path):
                if len(by_name.get(name, ())) == 1:
                    return next(iter(by_name[name]))
            return None

        return resolve

    def stats(self) -> IndexStats:
        """The state of the index, read in one snapshot, and of the files behind it."""
        with self.reader.snapshot():
            manifest = self.reader.manifest
            documents, chunks, over = self.reader.counts(int(manifest.embedder.get("max_tokens", 2**31)))
            return IndexStats(
                path=str(self.index_directory),
                documents=documents,
                chunks=chunks,
                types=self.reader.type_counts(),
                disk=self.reader.disk_usage(),
                embedder=manifest.embedder,
                chunker=manifest.chunker,
                analyzer=manifest.analyzer,
                format=self.reader.format,
                generation=manifest.generation,
                created=manifest.created,
                updated=manifest.updated,
                truncated_chunks=over,
                failed=tuple(self.reader.failures()),
                freshness=self._freshness(),
                chroma=manifest.chroma,
            )

    def _freshness(self) -> Mapping[str, int]:
        """Files by what became of them since they were ingested: unchanged, changed or gone."""
        counts = {"unchanged": 0, "changed": 0, "gone": 0}
        for file in self.reader.files():
            if not file.ctime_ns:
                continue  # a record of a collection, not a file
            try:
                status = (self.project / file.path).stat()
                same = (status.st_size, status.st_mtime_ns) == (file.size, file.mtime_ns)
                counts["unchanged" if same else "changed"] += 1
            except OSError:
                counts["gone"] += 1
        return counts

    def check(self) -> list[str]:
        """Every contradiction in the index; see `IndexReader.check`."""
        return self.reader.check()

    def shown(self, path: str, *, is_file: bool = True) -> str:
        """A stored path as the user can type it: relative to the working directory when that is shorter."""
        if not is_file:
            return path
        absolute = os.path.join(self.project, path)
        return min(os.path.relpath(absolute, self.directory), absolute, key=len)


def checked_question(question: str) -> str:
    """The question without white space around it. Raises UsageError when it is empty or too long."""
    question = question.strip()
    if not question:
        raise UsageError("the question is empty", hint='rag ask "your question"')
    if len(question) > MAX_QUESTION:
        raise UsageError(
            f"the question has {len(question):,} characters, more than {MAX_QUESTION:,}",
            hint="ask about one thing at a time",
        )
    return question


def _below(path: str, roots: Sequence[str]) -> bool:
    return any(path == root or path.startswith(root + "/") or root in (".", "") for root in roots)
