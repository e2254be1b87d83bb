"""The documents of `rag query` and `rag ask`."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypedDict

from ragcli.datatypes import Mode
from ragcli.drafts import Stopped
from ragcli.results import CitationStatus
from ragcli.schemas.fields import Place, says

Collection = Annotated[
    str | None, says("The name of the collection that it is in; null where none was chosen by name.")
]


class Repair(TypedDict):
    """A misspelt word of a question."""

    word: Annotated[str, says("The word as it was asked, in lower case.")]
    read_as: Annotated[str, says("What it was read as.")]


class Understanding(TypedDict):
    """How a question was read."""

    searched_as: Annotated[str, says("The question that was searched, with misspelt words repaired.")]
    repaired: Annotated[list[Repair], says("The words that were repaired, in their order.")]
    language: Annotated[str | None, says("The language of the question (ISO 639-1); null where it shows none.")]
    language_gap: Annotated[
        list[str] | None,
        says("The languages of what was found, where none is that of the question and the search cannot bridge them."),
    ]


class Leg(TypedDict):
    """What one ranking said of a passage."""

    leg: Annotated[str, says("The ranking: lexical (BM25) or dense (vectors).")]
    rank: Annotated[int | None, says("The rank in it, from 1; null when the passage was not among its candidates.")]
    score: Annotated[float | None, says("The score in it, a weighted mean of `parts`; null when there is none.")]
    normalised: Annotated[float, says("The score on the scale on which the rankings are added.")]
    weight: Annotated[float, says("The weight of the ranking.")]
    contribution: Annotated[float, says("weight × normalised.")]
    parts: Annotated[dict[str, float], says("The numbers that the score is a weighted mean of, by name.")]


class Trace(TypedDict):
    """Where the score of a hit comes from."""

    fusion: Annotated[str, says("How the rankings were put together.")]
    total: Annotated[float, says("The sum of the contributions.")]
    legs: Annotated[list[Leg], says("The rankings.")]


class OtherPlace(Place):
    """Another place that says nearly the same."""

    path: Annotated[str, says("The document.")]
    collection: Collection


class Hit(Place):
    """A passage that was found."""

    rank: Annotated[int, says("The rank, from 1.")]
    document_id: Annotated[str, says("The identity of the document.")]
    collection: Collection
    score: Annotated[float, says("The score; larger is better, and scores of different questions do not compare.")]
    path: Annotated[str, says("The document.")]
    title: Annotated[str, says("The title of the document.")]
    type: Annotated[str, says("The type of the document, such as markdown or pdf.")]
    date: Annotated[str | None, says("The date of the document as far as it is known: 2024, 2024-03 or 2024-03-15.")]
    metadata: Annotated[
        dict[str, str], says("What else is known of the document; the tags that ingest gave are tag.NAME.")
    ]
    headings: Annotated[list[str], says("The section path, outermost first.")]
    text: Annotated[str, says("The text of the passage.")]
    chunk_ids: Annotated[list[str], says("The chunks of the index that the passage is made of.")]
    also_at: Annotated[list[OtherPlace], says("Passages that say nearly the same and are not shown.")]
    trace: Annotated[Trace, says("Where the score comes from.")]


class QueryDocument(TypedDict):
    """The passages that fit a question best (`rag query`)."""

    schema: Literal["rag.query/1"]
    question: Annotated[str, says("The question as it was asked.")]
    understood: Annotated[Understanding, says("How it was read.")]
    mode: Annotated[Mode, says("Which rankings were used.")]
    hits: Annotated[list[Hit], says("The passages, best first.")]
    notes: Annotated[list[str], says("Remarks for a reader, in words.")]
    timings: Annotated[dict[str, float], says("Milliseconds by stage.")]


class Judgement(TypedDict):
    """What an entailment model (`--judge`) says of a sentence and the place that it cites."""

    model: Annotated[str, says("The model.")]
    entailment: Annotated[float, says("The probability that the place entails the sentence, 0 to 1.")]
    contradiction: Annotated[float, says("The probability that the place contradicts it, 0 to 1.")]
    decided: Annotated[bool, says("Whether this changed what the rules said.")]


class Citation(Place):
    """The place that supports a sentence of an answer."""

    marker: Annotated[int, says("The number by which sentences name it.")]
    document_id: Annotated[str, says("The identity of the document.")]
    collection: Collection
    path: Annotated[str, says("The document.")]
    date: Annotated[str | None, says("The date of the document as far as it is known.")]
    headings: Annotated[list[str], says("The section path, outermost first.")]
    quote: Annotated[str, says("The quotation, copied from the document.")]
    status: Annotated[
        CitationStatus,
        says(
            "How the sentence stands in it: character by character (exact); but for white space, case and typography "
            "(normalised); most of its words and every figure and name (paraphrase); here although the writer named another "
            "place (misattributed); not supported by it (unsupported)."
        ),
    ]
    score: Annotated[float, says("The share of the sentence's terms that the quotation holds, 0 to 1.")]
    problems: Annotated[list[str], says("What of the sentence the source does not bear out.")]
    flags: Annotated[list[str], says("What is suspicious about the text of the source itself.")]
    judgement: Annotated[Judgement | None, says("What an entailment model says of it, where one was asked.")]
    hit: Annotated[int, says("The rank of the hit in which it stands.")]


class Closest(TypedDict):
    """The piece that comes closest to an answer, when it is too uncertain to be one."""

    text: Annotated[str, says("The piece.")]
    citation: Annotated[Citation, says("Where it stands.")]


class AnswerSentence(TypedDict):
    """A piece of an answer: a sentence, a list, a row of a table, code, or a short section."""

    text: Annotated[str, says("The text; it may have several lines.")]
    citations: Annotated[list[int], says("The markers of the citations behind it.")]
    row: Annotated[list[tuple[str, str]] | None, says("(column, cell) pairs, when it is one row of a table.")]


class AnswerField(TypedDict):
    """A field of a structured answer (`--schema`)."""

    value: Annotated[
        Any, says("The value, of the type that the given schema asks for; null when the documents lack it.")
    ]
    citations: Annotated[list[int] | None, says("The markers of the citations behind it.")]


class Dispute(Place):
    """A sentence of another document that says nearly the same as a citation, with other figures."""

    marker: Annotated[int, says("The citation that it disputes.")]
    other: Annotated[int | None, says("Its own marker, when it is cited as well.")]
    collection: Collection
    path: Annotated[str, says("The document.")]
    date: Annotated[str | None, says("The date of the document as far as it is known.")]
    older: Annotated[bool, says("Whether it is an older version of the cited document.")]
    headings: Annotated[list[str], says("The section path, outermost first.")]
    quote: Annotated[str, says("The sentence.")]


class StaleFile(TypedDict):
    """A cited file that is not what was ingested any more."""

    path: Annotated[str, says("The file.")]
    collection: Collection
    kind: Annotated[Literal["changed", "gone"], says("What became of it.")]


class Usage(TypedDict):
    """What a language model took."""

    prompt_tokens: Annotated[int, says("Tokens of the prompt.")]
    reused_tokens: Annotated[int, says("Those of them that had not to be evaluated again.")]
    answer_tokens: Annotated[int, says("Tokens that were written.")]
    first_token_ms: Annotated[float, says("Milliseconds until the first of them.")]
    total_ms: Annotated[float, says("Milliseconds in all.")]
    load_ms: Annotated[float, says("Milliseconds of loading the model.")]
    cost: Annotated[float | None, says("In the currency of the configured prices; null without prices.")]


class AskDocument(TypedDict):
    """An answer with its citations, or what comes closest, or that there is none (`rag ask`)."""

    schema: Literal["rag.ask/1"]
    question: Annotated[str, says("The question as it was asked.")]
    understood: Annotated[Understanding, says("How it was read.")]
    answer: Annotated[str | None, says("The whole answer, without markers; null when there is none.")]
    answered: Annotated[bool, says("Whether there is an answer.")]
    outcome: Annotated[Literal["answered", "closest", "none"], says("What this is: see `answer` and `closest`.")]
    closest: Annotated[Closest | None, says("What comes closest to an answer, when `outcome` is closest.")]
    sentences: Annotated[list[AnswerSentence], says("The pieces of the answer, in order.")]
    fields: Annotated[
        dict[str, AnswerField], says("The fields of a structured answer, by name; empty without `--schema`.")
    ]
    mode: Annotated[
        str,
        says(
            "Who wrote it: extractive (copied from the documents), generated (by `model`), fallback (copied, because what "
            "`model` wrote was no answer), or none."
        ),
    ]
    model: Annotated[str, says("The language model or the method that wrote it.")]
    confidence: Annotated[float, says("How sure it is that the documents answer the question, 0 to 1.")]
    citations: Annotated[list[Citation], says("The places that support the answer.")]
    disputes: Annotated[list[Dispute], says("What speaks against its citations.")]
    hits: Annotated[list[Hit], says("The passages that were found, best first.")]
    dropped: Annotated[int, says("Sentences left out because nothing supports them.")]
    stopped: Annotated[Stopped, says("Why the writer stopped.")]
    stale: Annotated[list[StaleFile], says("Cited files that changed or vanished since they were ingested.")]
    usage: Annotated[Usage | None, says("What a language model took; null without one.")]
    notes: Annotated[list[str], says("Remarks for a reader, in words.")]
    timings: Annotated[dict[str, float], says("Milliseconds by stage.")]


class PromptSource(Place):
    """A passage of a prompt."""

    number: Annotated[int, says("The number by which the model is to cite it, from 1.")]
    rank: Annotated[int, says("The rank of its hit.")]
    collection: Collection
    path: Annotated[str, says("The document.")]
    headings: Annotated[list[str], says("The section path, outermost first.")]
    text: Annotated[str, says("What the prompt holds of the passage.")]


class PromptDocument(TypedDict):
    """What a language model would be asked (`rag ask --show-prompt`, `--context-only`)."""

    schema: Literal["rag.prompt/1"]
    question: Annotated[str, says("The question.")]
    system: Annotated[str, says("The system message.")]
    user: Annotated[str, says("The user message, with the sources in it.")]
    sources: Annotated[list[PromptSource], says("The passages that fit the prompt, in its order.")]


class ShownPlace(TypedDict):
    """A citation of an answer that was kept, or a passage of a query."""

    number: Annotated[int, says("The number that it was shown with.")]
    path: Annotated[str, says("The document, as the index lists it.")]
    page: Annotated[int | None, says("The page on which it begins; null where there are none.")]
    line: Annotated[int | None, says("The line on which it begins; null where there are none.")]
    quote: Annotated[str, says("The words that were cited, or the beginning of the passage.")]


class KeptQuestion(TypedDict):
    """A question that was asked."""

    number: Annotated[int, says("What `rag ask --again`, `rag export` and `rag gold add --entry` call it.")]
    asked: Annotated[str, says("When, as a time of ISO 8601.")]
    question: Annotated[str, says("The question.")]
    index: Annotated[str, says("The index that was asked.")]
    answered: Annotated[bool | None, says("Whether there was an answer; null for a query.")]
    text: Annotated[str, says("The answer, or what came closest, with the numbers of its citations.")]
    places: Annotated[list[ShownPlace], says("What was shown with a number.")]


class HistoryDocument(TypedDict):
    """What was asked before (`rag history`)."""

    schema: Literal["rag.history/1"]
    questions: Annotated[list[KeptQuestion], says("The questions, the newest last.")]
