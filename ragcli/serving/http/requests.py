"""What a request may hold, and how much of it."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import Path
from pydantic import BaseModel, ConfigDict, Field

from ragcli.errors import UsageError
from ragcli.text.followup import condense

MAX_BODY = 1_000_000  # bytes
MAX_QUESTION = 4_000  # characters
MAX_K = 50
MAX_BATCH = 64
MAX_TEXT = 20_000  # characters of a document in one reply
MAX_PAGE = 200  # documents in one reply

Question = Annotated[str, Field(min_length=1, max_length=MAX_QUESTION, description="The question.")]
Condition = Annotated[str, Field(min_length=1, max_length=200)]
Conditions = Annotated[
    list[Condition],
    Field(max_length=20, description="Conditions that must all hold, such as type=pdf; as --filter of rag query."),
]
PassageCount = Annotated[
    int | None, Field(ge=1, le=MAX_K, description="How many passages; null: the setting retrieval.k.")
]
Milliseconds = Annotated[
    int | None, Field(ge=50, le=3_600_000, description="The time for it, at most that of the server; null: just that.")
]


Identity = Annotated[
    str, Path(pattern="^[0-9a-f]{8,32}$", description="The identity of a document, or its first eight digits or more.")
]


class QueryRequest(BaseModel):
    """A question to search passages for."""

    model_config = ConfigDict(extra="forbid", strict=True)

    question: Question
    k: PassageCount = None
    mode: Annotated[
        Literal["lexical", "dense", "hybrid"] | None,
        Field(description="Search by words, by meaning, or by both; null: the setting retrieval.mode."),
    ] = None
    filter: Conditions = []
    deadline_ms: Milliseconds = None

    @property
    def asked(self) -> tuple[str | int | None, ...]:
        """All that the result depends on."""
        return self.question, self.k, self.mode, *self.filter


class AskRequest(QueryRequest):
    """A question to answer, which may lean on those before it."""

    before: Annotated[
        list[Question],
        Field(
            max_length=4, description="The questions before it, oldest first, each as its reply has it in `question`."
        ),
    ] = []

    def standalone(self) -> str:
        """The question as it can be understood alone, completed by rules from those before it."""
        return condense(self.question, self.before)[:MAX_QUESTION]


class FeedbackRequest(BaseModel):
    """What a caller thinks of an answer."""

    model_config = ConfigDict(extra="forbid", strict=True)

    answer: Annotated[
        str, Field(pattern=r"^[A-Za-z0-9-]{1,64}$", description="The X-Request-Id of the reply to POST /ask.")
    ]
    verdict: Annotated[Literal["up", "down"] | None, Field(description="Whether it was good.")] = None
    rating: Annotated[int | None, Field(ge=1, le=5, description="How good it was.")] = None
    comment: Annotated[str, Field(max_length=2_000, description="Why.")] = ""
    question: Annotated[
        str,
        Field(max_length=MAX_QUESTION, description="The question, if it, the answer and its quotations may be kept."),
    ] = ""


class IngestRequest(BaseModel):
    """Files and folders to bring the index up to date with; none: all that it was made from."""

    model_config = ConfigDict(extra="forbid", strict=True)

    paths: Annotated[
        list[Annotated[str, Field(min_length=1, max_length=1_000)]],
        Field(max_length=100, description="Files and folders, relative to the folder that holds the index."),
    ] = []
    prune: Annotated[bool, Field(description="Take documents out whose files are gone.")] = False
    retry: Annotated[bool, Field(description="Read files again that could not be read before.")] = False
    tags: Annotated[
        dict[
            Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")], Annotated[str, Field(min_length=1, max_length=200)]
        ],
        Field(max_length=20, description="Tags for everything that is seen."),
    ] = {}
    access: Annotated[
        list[Annotated[str, Field(min_length=1, max_length=64)]] | None,
        Field(max_length=50, description="Access tags for everything that is seen; null: as they are."),
    ] = None


class BatchRequest(BaseModel):
    """Questions to search passages for."""

    model_config = ConfigDict(extra="forbid", strict=True)

    queries: Annotated[list[QueryRequest], Field(min_length=1, max_length=MAX_BATCH, description="The questions.")]
    deadline_ms: Milliseconds = None


_FAR = 1_000_000_000
Offset = Annotated[int | None, Field(ge=0, le=_FAR)]
Count = Annotated[int | None, Field(ge=1, le=_FAR)]


class Part(BaseModel):
    """A part of a document."""

    model_config = ConfigDict(extra="forbid")

    start: Offset = None
    end: Offset = None
    page: Count = None
    line_from: Count = None
    line_to: Count = None

    @property
    def first(self) -> int | None:
        """The line that it begins with; None where it is not told by lines."""
        return self.line_from if self.line_from is not None else self.line_to


class TextPart(BaseModel):
    """A part of a message."""

    type: str
    text: str = ""


class Message(BaseModel):
    """A message of a chat."""

    role: str
    content: str | list[TextPart] | None = None

    @property
    def said(self) -> str:
        """Its text. Raises UsageError for pictures, sounds and files."""
        if not isinstance(self.content, list):
            return self.content or ""
        if any(part.type not in ("text", "input_text", "output_text") for part in self.content):
            raise UsageError("a question is text", hint="send parts of the type text alone")
        return "\n".join(part.text for part in self.content)


def _last(messages: list[Message]) -> str:
    said = next((message.said for message in reversed(messages) if message.role == "user"), "")
    if not said.strip():
        raise UsageError("there is no question", hint="a message of the role user")
    return said


class ChatRequest(BaseModel):
    """As OpenAI has it; what is not named here is passed over."""

    messages: Annotated[list[Message], Field(min_length=1, max_length=1_000)]
    model: str | None = None
    stream: bool | None = None
    stream_options: dict[str, bool] | None = None
    n: int | None = None

    def question(self) -> str:
        """The last message of the user. Raises UsageError when there is none."""
        return _last(self.messages)


class ResponseRequest(BaseModel):
    """As OpenAI has it; what is not named here is passed over."""

    input: str | list[Message]
    model: str | None = None
    stream: bool | None = None
    previous_response_id: str | None = None

    def question(self) -> str:
        """The last message of the user. Raises UsageError when there is none."""
        return _last([Message(role="user", content=self.input)] if isinstance(self.input, str) else self.input)


class EmbeddingRequest(BaseModel):
    """As OpenAI has it."""

    input: (
        Annotated[str, Field(min_length=1, max_length=MAX_TEXT)]
        | Annotated[
            list[Annotated[str, Field(min_length=1, max_length=MAX_TEXT)]], Field(min_length=1, max_length=MAX_BATCH)
        ]
    )
    model: str = ""
    encoding_format: Literal["float", "base64"] | None = None
    dimensions: int | None = None
