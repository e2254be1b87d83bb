"""What a part must do to take its place in the program. At most three methods each; implementations never see the edge
cases that the caller settles once (empty input, batching, order)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from ragcli.cancellation import NEVER, Cancellation

if TYPE_CHECKING:
    from ragcli.datatypes import Chunk, Document, Filter, Matrix, TokenStates, Vector
    from ragcli.drafts import DraftEvent, End, Limits
    from ragcli.prompts import Prompt
    from ragcli.results import Hit, QueryResult

REDACTION = "+redaction:"  # in the version of a reader: what follows, to the end, says what it put placeholders for


class Loader(Protocol):
    """Turns the bytes of one file into a Document."""

    def load(self, data: bytes, path: Path) -> Document:
        """Return the document in `data`; `path` gives a fallback title and is not opened.

        Raises LoadError when the bytes are not of the loader's format, are encrypted, or hold no text.
        """


class LoaderFactory(Protocol):
    """What an entry point of the group `ragcli.loaders` names. The entry point's own name is the suffix that the loader
    reads, without its dot; a loader of several suffixes has several entry points."""

    def __call__(self) -> Loader:
        """Make the loader; called once in each parser process."""


class TokenCounter(Protocol):
    """Counts tokens as the embedder does."""

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text, special tokens not included, nothing truncated."""


class Embedder(TokenCounter, Protocol):
    """Maps texts to unit vectors."""

    @property
    def identity(self) -> Mapping[str, object]:
        """Everything that must be equal for two vectors to be comparable; `name` and `dimension` are always there."""

    def embed_documents(self, texts: Sequence[str]) -> Matrix:
        """float32 [len(texts), dimension], rows in the order of `texts`, each of length 1 (or 0 for a text without tokens)."""

    def embed_query(self, text: str) -> Vector:
        """float32 [dimension], length 1."""


class TokenEmbedder(Protocol):
    """What some embedders can do besides: the states behind their vectors."""

    def __call__(self, texts: Sequence[str]) -> list[TokenStates]:
        """For each text the states of its tokens, special tokens left out; texts are cut at the model's window."""


class SpanEmbedder(Protocol):
    """What some embedders can do besides: parts of a text get vectors from the states behind the text's own."""

    def __call__(self, texts: Sequence[str], spans: Sequence[Sequence[tuple[int, int]]]) -> list[tuple[Vector, Matrix]]:
        """For each text its vector, as `embed_documents` gives it, and a vector of length 1 for each of its `spans` (places of
        characters, end exclusive), float32 [spans, dimension]. Raises ValueError unless each text has its list of spans."""


class Chunker(Protocol):
    """Cuts documents."""

    @property
    def parameters(self) -> Mapping[str, object]:
        """Everything that decides where cuts fall; stored with the index."""

    def split(self, document: Document) -> list[Chunk]:
        """Chunks in document order, without overlap, covering every character that is not white space."""


class ChunkerFactory(Protocol):
    """What an entry point of the group `ragcli.chunkers` names. The entry point's own name is that of the chunker."""

    def __call__(self, embedder: Embedder, max_tokens: int, /) -> Chunker:
        """Make a chunker whose chunks have at most `max_tokens` of the embedder's tokens, header and text together."""


class EmbedderFactory(Protocol):
    """What an entry point of the group `ragcli.embedders` names. The entry point's own name is what stands before the colon
    in the name of the embedding model."""

    def __call__(self, model: str, *, offline: bool) -> Embedder:
        """Make the embedder for what stands behind the colon. With `offline` it must open no connection beyond this machine.
        Raises ModelUnavailable."""


class Search(Protocol):
    """Finds passages for a question."""

    def __call__(self, question: str, k: int, where: Filter, cancel: Cancellation = NEVER, /) -> QueryResult:
        """At most `k` hits among what `where` leaves, best first. Raises Cancelled."""


class Write(Protocol):
    """Asks a language model."""

    def __call__(self, text: str, cancel: Cancellation = NEVER, /) -> str:
        """The reply to `text`, cut where it is once `cancel` has expired. Raises ModelUnavailable."""


class SentenceCosines(Protocol):
    """Looks sentence vectors up."""

    def __call__(self, chunk_ids: Sequence[str], vector: Vector) -> Mapping[str, Sequence[tuple[int, int, float]]]:
        """Chunk id → (start, end, cosine with `vector`) of its sentences, places in the document; empty without vectors."""


class Reranker(Protocol):
    """Judges passages together with the question."""

    @property
    def name(self) -> str:
        """Shown in the trace of what it reranked."""

    def score(self, question: str, passages: Sequence[str]) -> list[float]:
        """Relevance of each passage, 0 to 1, in their order."""


class Judge(Protocol):
    """Says whether one text follows from another (natural language inference)."""

    @property
    def name(self) -> str:
        """Shown beside what it decided."""

    def entails(self, pairs: Sequence[tuple[str, str]]) -> list[tuple[float, float]]:
        """For each pair (premise, hypothesis), in their order: the probabilities, 0 to 1, that the premise entails the
        hypothesis and that it contradicts it. Their sum is at most 1. A model that does not tell a contradiction from what
        merely does not follow gives 0 for it."""


class Generator(Protocol):
    """Writes an answer from evidence."""

    @property
    def name(self) -> str:
        """Shown as the answer's model."""

    @property
    def identity(self) -> str:
        """Everything that must be equal for the same question and hits to give the same answer."""

    def generate(self, question: str, hits: Sequence[Hit], cancel: Cancellation = NEVER) -> Iterator[DraftEvent]:
        """Claims as they are finished, tails in between where sentences take time, and one End; no claims when the hits hold no
        answer. Once `cancel` has expired, the draft ends where it is. Raises ModelUnavailable only before the first claim."""


class LanguageModel(Protocol):
    """Continues a prompt."""

    name: str
    identity: str  # names the weights and the parameters

    @property
    def context_tokens(self) -> int:
        """Tokens of prompt and reply together."""

    def count_tokens(self, text: str) -> int:
        """Tokens of a text; an estimate where the model's tokenizer is out of reach."""

    def stream(self, prompt: Prompt, limits: Limits) -> Iterator[str | End]:
        """The reply in pieces, then one End with the reason and what it took. It ends soon after `limits.cancel` has expired,
        if that is between two pieces. Raises ModelUnavailable."""


class LanguageModelFactory(Protocol):
    """What an entry point of the group `ragcli.language_models` names. The entry point's own name is what stands before the
    colon in the name of the answer model."""

    def __call__(self, model: str, *, context_tokens: int, offline: bool) -> LanguageModel:
        """Make the model for what stands behind the colon; `context_tokens` is the setting `answer.window`, for models that
        cannot tell theirs. With `offline` it must open no connection beyond this machine. Raises ModelUnavailable."""
