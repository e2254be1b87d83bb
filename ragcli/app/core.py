"""App: finds the index, chooses the parts, and runs one command."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ragcli.app.once import once
from ragcli.app.parts import Parts
from ragcli.cancellation import NEVER, Cancellation
from ragcli.datatypes import Filter
from ragcli.places import model_cache
from ragcli.settings import Resolved
from ragcli.text.query import checked_question

if TYPE_CHECKING:
    from ragcli.answering import Answerer
    from ragcli.app.calibration import Calibration
    from ragcli.app.evaluation import EvalOptions
    from ragcli.app.history import Last
    from ragcli.app.ingestion import IngestRequest
    from ragcli.generation.choosing import Chooser
    from ragcli.generation.drafting import Watcher
    from ragcli.generation.store import ModelStore
    from ragcli.ingest import Progress
    from ragcli.measurements import Diagnosis, EvalReport
    from ragcli.prompts import Prompt
    from ragcli.protocols import Generator, Judge, Reranker, Write
    from ragcli.reports import EngineState, IndexStats, IngestReport
    from ragcli.results import Answer, QueryResult
    from ragcli.retrieval.retriever import Retriever
    from ragcli.text.synonyms import Synonyms


class App(Parts):
    """The commands over the parts of one project; any number of threads may ask at the same time."""

    def ingest(
        self,
        request: IngestRequest,
        *,
        on_progress: Callable[[Progress], None] = lambda _: None,
    ) -> IngestReport:
        """Bring the index up to date with what the request names, or with everything ever ingested when it names nothing.
        Raises UsageError when there is nothing to ingest or a path does not exist."""
        from ragcli.app.ingestion import ingest_paths

        return ingest_paths(self, request, on_progress=on_progress)

    def query(
        self,
        question: str,
        *,
        where: Filter = Filter(),  # noqa: B008
        k: int | None = None,
        cancel: Cancellation = NEVER,
    ) -> QueryResult:
        """The best passages; see `Retriever.retrieve` and `ScopedSearch`. Raises Cancelled."""
        from ragcli.app.searching import build_search

        return build_search(self)(checked_question(question), k or self.settings.retrieval_k, where, cancel)

    def retriever(self, **changes: object) -> Retriever:
        """The retriever that the settings describe; `changes` replace fields of its RetrievalOptions."""
        from ragcli.app.searching import build_retriever

        return build_retriever(self, **changes)

    def ask(
        self,
        question: str,
        *,
        where: Filter = Filter(),  # noqa: B008
        k: int | None = None,
        watcher: Watcher | None = None,
        cancel: Cancellation = NEVER,
    ) -> Answer:
        """An answer with citations, or an abstention; see `Answerer.answer`."""
        from ragcli.app.freshness import stale

        question = checked_question(question)
        answer = self.answerer().answer(question, k or self.settings.retrieval_k, where, watcher, cancel)
        return replace(answer, stale=stale(self, [citation.document for citation in answer.citations]))

    def remember(self, result: QueryResult | Answer) -> Last:
        """Keep what a user was shown for `rag open` and `rag gold add --last`; returns its numbered places."""
        from ragcli.app.history import remember

        return remember(self.index_directory, self.project, result)

    @once
    def generator(self) -> Generator:
        """Who writes the answers; loaded once, when it is needed."""
        from ragcli.app.searching import build_generator

        return build_generator(self)

    @once
    def judge(self) -> Judge | None:
        """The entailment model that the settings name; loaded once, when a model has written something."""
        from ragcli.app.searching import build_judge

        return build_judge(self)

    @once
    def chooser(self) -> Chooser:
        """What chooses the pieces of an answer, and says how likely they hold it."""
        from ragcli.app.searching import build_chooser

        return build_chooser(self)

    @once
    def reranker(self) -> Reranker | None:
        """What reads the first passages again together with the question; None unless the settings ask for it."""
        from ragcli.app.searching import build_reranker

        return build_reranker(self)

    @once
    def synonyms(self) -> Synonyms | None:
        """The synonyms that the settings name, read once."""
        from ragcli.app.searching import read_synonyms

        return read_synonyms(self)

    @property
    def model_names(self) -> tuple[str, ...]:
        """The answer models in the order in which they are tried; the flag --model replaces all of them."""
        by_flag = self.resolved.sources["answer_model"] == "flag"
        return (not by_flag and self.settings.answer_models) or (self.settings.answer_model,)

    @property
    def models(self) -> ModelStore:
        """The models that were pulled."""
        from ragcli.generation.store import ModelStore

        return ModelStore(model_cache() / "gguf")

    def prompt(self, question: str, *, where: Filter = Filter(), k: int | None = None) -> Prompt:  # noqa: B008
        """What a language model would be asked; nothing is written."""
        from ragcli.app.searching import make_prompt

        return make_prompt(self, checked_question(question), where, k or self.settings.retrieval_k)

    @property
    def answer_threshold(self) -> float:
        """As set, else as calibrated on this index, else the default."""
        if self.resolved.explicit("answer_threshold"):
            return self.settings.answer_threshold
        fitted = self.calibration
        return fitted.threshold if fitted else self.settings.answer_threshold

    @property
    def calibration(self) -> Calibration | None:
        """What `rag calibrate` fitted to this index."""
        from ragcli.app.calibration import load_calibration

        return load_calibration(self.catalog)

    @property
    def write(self) -> Write | None:
        """The language model of the answers as a function from prompt to reply; None when answers are extractive."""
        from ragcli.app.searching import writing_model

        return writing_model(self)

    def answerer(self) -> Answerer:
        """The answerer that the settings describe; a language model is loaded with the first answer that is written."""
        from ragcli.app.searching import build_answerer

        return build_answerer(self)

    def with_settings(self, changes: Mapping[str, object], *, project: Path | None = None) -> App:
        """Another App over the same folder with some settings changed; `project` is what stored paths are relative to."""
        values: Any = changes
        resolved = Resolved(
            replace(self.settings, **values), {**self.resolved.sources, **dict.fromkeys(changes, "tune")}
        )
        return App(resolved, self.directory, self.note, project=project)

    def evaluate(
        self,
        target: Path,
        options: EvalOptions,
        *,
        on_progress: Callable[[str, int, int], None] = lambda _stage, _done, _of: None,
    ) -> EvalReport:
        """Measure a gold file or a BEIR folder; see `ragcli.app.evaluation.evaluate_target`."""
        from ragcli.app.evaluation import evaluate_target

        return evaluate_target(self, target, options, on_progress=on_progress)

    def why(self, question: str, path: str, quote: str = "") -> Diagnosis:
        """Which stage lost a document; see `ragcli.app.diagnosis.diagnose`."""
        from ragcli.app.diagnosis import diagnose

        return diagnose(self, checked_question(question), path, quote)

    def stats(self) -> IndexStats:
        """The state of the index and of the files behind it."""
        from ragcli.app.status import index_stats

        return index_stats(self)

    def check(self) -> list[str]:
        """Every contradiction in the index; see `IndexReader.check`."""
        return self.reader.check()

    def engine_state(self) -> EngineState:
        """Which engine answers dense searches, and how complete the Chroma collection is."""
        return self.catalog.engine_state(self.settings.retrieval_engine)

    def shown(self, path: str, *, is_file: bool = True) -> str:
        """A stored path as the user can type it: relative to the working directory when that is shorter."""
        if not is_file:
            return path
        absolute = os.path.join(self.project, path)
        return min(os.path.relpath(absolute, self.directory), absolute, key=len)

    def address(self, path: str) -> str:
        """A stored path as a file URL."""
        return Path(os.path.abspath(os.path.join(self.project, path))).as_uri()
