"""Which part is given to which: the one place where an engine is put together."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from ragcli.engine.auditing import IndexFacts, build_trail
from ragcli.engine.embedders import QuestionEmbedder
from ragcli.engine.index import index_of
from ragcli.engine.models import build_judge, build_reranker, model_names, read_synonyms
from ragcli.engine.once import once
from ragcli.engine.pipeline import Measured, Pipeline
from ragcli.workspace import with_settings

if TYPE_CHECKING:
    from ragcli.access import Principal
    from ragcli.answering import Answerer
    from ragcli.audit.trail import Trail
    from ragcli.generation import GeneratorConfig
    from ragcli.generation.choosing import Chooser
    from ragcli.generation.prompted import PromptedGenerator
    from ragcli.protocols import Generator, Judge, Reranker, Search, Write
    from ragcli.reports import Calibration
    from ragcli.retrieval.retriever import Retriever
    from ragcli.text.synonyms import Synonyms
    from ragcli.workspace import Workspace


class Engine:
    """The parts over one index, each made when it is first needed and once, for any number of threads.

    Only the fronts (`ragcli.Rag`, the command line) hold an engine. What they call is given the parts that it uses.
    `schema` is the JSON schema that answers must have, checked; None for answers in prose. With a `principal`, the index is as
    if it held only what they may see. `embedding` is that of another engine, whose model is used where it is the one of this
    index.
    """

    def __init__(
        self,
        workspace: Workspace,
        *,
        schema: Mapping[str, Any] | None = None,
        principal: Principal | None = None,
        embedding: QuestionEmbedder | None = None,
    ) -> None:
        self.making = threading.RLock()
        self.workspace = workspace
        self.principal = principal
        access = principal.access if principal else None
        self.index = index_of(workspace, access, engine=workspace.settings.retrieval_engine)
        self.embedding = QuestionEmbedder(workspace, self.index, embedding)
        self._schema = schema
        self._beside: Engine | None = None
        self._same: Engine | None = None

    def seen_by(self, principal: Principal) -> Engine:
        """What somebody may see of the same index. The models that know no documents are shared."""
        made = Engine(self.workspace, schema=self._schema, principal=principal)
        made.embedding, made._beside = self.embedding, self
        return made

    def searching(self, mode: str) -> Engine:
        """The same with another `retrieval.mode`: index, models and writers are those of this one."""
        made = Engine(
            with_settings(self.workspace, {"retrieval_mode": mode}), schema=self._schema, principal=self.principal
        )
        made.index, made.embedding, made._beside, made._same = self.index, self.embedding, self, self
        return made

    def close(self) -> None:
        """Close the files of the index; the next use opens them again."""
        self.index.close()

    @once
    def trail(self) -> Trail | None:
        """What records who asked and changed what; None unless the settings name an audit file."""
        return build_trail(self.workspace.settings, self.workspace.note)

    @once
    def index_facts(self) -> IndexFacts:
        """What the audit file says of the index, all of it."""
        whole = self.index if self.principal is None else index_of(self.workspace)
        directories = self.workspace.collections.values() or [self.workspace.index_directory]
        return IndexFacts(" ".join(map(str, directories)), lambda: whole.catalog)

    @once
    def reranker(self) -> Reranker | None:
        """What reads the first passages again together with the question; None unless the settings ask for it."""
        return self._beside.reranker if self._beside else build_reranker(self.workspace)

    @once
    def judge(self) -> Judge | None:
        """The entailment model that the settings name."""
        return self._beside.judge if self._beside else build_judge(self.workspace)

    @once
    def synonyms(self) -> Synonyms | None:
        """The synonyms that the settings name."""
        return read_synonyms(self.workspace)

    @once
    def chooser(self) -> Chooser:
        """What chooses the pieces of an answer, and says how likely they hold it."""
        from ragcli.engine.writing import build_chooser

        if self._same:
            return self._same.chooser
        return build_chooser(self.index.reader, self.embedding)

    @once
    def generator(self) -> Generator:
        """Who writes the answers. Raises ModelUnavailable, UsageError."""
        from ragcli.generation import get_generator

        if self._same:
            return self._same.generator
        return get_generator(model_names(self.workspace.resolved), self._writing())

    def _writing(self) -> GeneratorConfig:
        from ragcli.engine.writing import writing_parts

        parts = writing_parts(self.workspace, self.index.reader, self.embedding, self.chooser, self._schema)
        return parts if self.principal is None else replace(parts, cache=None)  # others may have asked the same

    def language_model(self) -> Write | None:
        """The language model of the answers as a function from prompt to reply; None when answers are extractive."""
        from ragcli.engine.writing import writing_model

        return writing_model(model_names(self.workspace.resolved), lambda: self.generator)

    def prompter(self) -> PromptedGenerator:
        """What makes prompts for the language model, or for one whose tokens are estimated when none is set."""
        from ragcli.engine.writing import build_prompter

        return build_prompter(model_names(self.workspace.resolved), lambda: self.generator, self._writing())

    def retriever(self, **changes: object) -> Retriever:
        """See `ragcli.engine.pipeline.MakeRetriever`."""
        from ragcli.engine.searching import build_transform, retrieval_options
        from ragcli.retrieval.retriever import Retriever

        reranker = changes.pop("reranker") if "reranker" in changes else self.reranker
        options = retrieval_options(self.workspace.settings, self.index.reader.manifest)
        return Retriever(
            self.index.reader,
            self.embedding.embed_query,
            replace(options, **changes),  # type: ignore[arg-type]
            reranker=reranker,  # type: ignore[arg-type]
            transform=build_transform(self.workspace.settings, self.language_model),
            synonyms=self.synonyms,
        )

    def search(self) -> Search:
        """What finds the passages of a question, as `rag query` does."""
        from ragcli.engine.searching import build_search

        retrieve = self.retriever().retrieve
        if not self.workspace.settings.retrieval_infer:
            return retrieve
        return build_search(retrieve, self.index.reader, lambda: self.chooser)

    def calibration(self) -> Calibration | None:
        """What `rag calibrate` fitted to this index."""
        from ragcli.engine.calibration import load_calibration

        return load_calibration(self.index.catalog)

    def threshold(self) -> float:
        """The confidence from which on questions are answered: as set, else as calibrated on this index, else the default."""
        settings = self.workspace.settings
        fitted = None if self.workspace.resolved.explicit("answer_threshold") else self.calibration()
        return fitted.threshold if fitted else settings.answer_threshold

    def answerer(self) -> Answerer:
        """The whole way from a question to an answer; a language model is loaded with the first answer that is written."""
        from ragcli.answering import EXTRACTIVE, Answerer
        from ragcli.engine.searching import with_surroundings
        from ragcli.generation import get_generator

        settings, fitted = self.workspace.settings, self.calibration()
        copies_instead = settings.answer_fallback and self._schema is None
        return Answerer(
            retrieve=self.search(),
            widen=partial(with_surroundings, self.index.reader),
            choose=self.chooser,
            writer=lambda: self.generator,
            threshold=self.threshold(),
            closest=settings.answer_closest,
            verify=settings.answer_verify,  # type: ignore[arg-type]
            judge=lambda: self.judge,
            scaling=(fitted.slope, fitted.intercept) if fitted else (1.0, 0.0),
            fallback=(lambda: get_generator([EXTRACTIVE], self._writing())) if copies_instead else None,
            generation=self.index.reader.generation,
        )

    def measured(self) -> Measured:
        """What evaluations look at."""
        embed, restricted = self.embedding.embed_documents, self.principal is not None
        return Measured(self.workspace, self.index, self.pipeline(), embed, restricted)

    def pipeline(self) -> Pipeline:
        """The steps of a question, for what measures them one by one."""
        return Pipeline(self.retriever, self.search, self.answerer)
