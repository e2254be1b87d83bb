"""What the authors of well-known embedding models ask for and their files do not say: prefixes, pooling, languages.

A model that declares prompts (`config_sentence_transformers.json`) or a pooling layer (`1_Pooling`) is believed; the rest is
looked up here by the model's name, the last part of its path. The instructions are those of the models' cards on the hub.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

MULTILINGUAL = "multilingual-e5-small"
_HUB = {
    "all-mpnet-base-v2": "sentence-transformers/all-mpnet-base-v2",
    **{f"e5-{size}-v2": f"intfloat/e5-{size}-v2" for size in ("small", "base", "large")},
    **{f"multilingual-e5-{size}": f"intfloat/multilingual-e5-{size}" for size in ("small", "base", "large")},
    **{f"bge-{size}-en-v1.5": f"BAAI/bge-{size}-en-v1.5" for size in ("small", "base", "large")},
    "bge-m3": "BAAI/bge-m3",
    **{f"gte-{size}": f"thenlper/gte-{size}" for size in ("small", "base", "large")},
    **{f"snowflake-arctic-embed-{size}": f"Snowflake/snowflake-arctic-embed-{size}" for size in ("xs", "s", "m", "l")},
}
_BGE = "Represent this sentence for searching relevant passages: "


@dataclass(frozen=True, slots=True)
class Preset:
    """What stands before a question and before a passage, how token states become a vector (mean, cls), and the language
    (ISO 639-1) that the model reads alone, "" when it reads several."""

    query: str = ""
    document: str = ""
    pooling: str = "mean"
    reads: str = ""


_FAMILIES = (  # the first that fits the name counts
    (r"multilingual-e5-.*instruct|e5-mistral", Preset("Instruct: Given a question, retrieve passages that answer it\nQuery: ")),
    (r"multilingual-e5-(?:small|base|large)", Preset("query: ", "passage: ")),
    (r"e5-(?:small|base|large)(?:-v2)?", Preset("query: ", "passage: ", reads="en")),
    (r"bge-m3", Preset(pooling="cls")),
    (r"bge-(?:small|base|large)-en(?:-v1(?:\.5)?)?", Preset(_BGE, pooling="cls", reads="en")),
    (r"gte-(?:small|base|large)", Preset(reads="en")),
    (r"gte-(?:base|large)-en-v1\.5", Preset(pooling="cls", reads="en")),
    (r"gte-multilingual-base", Preset(pooling="cls")),
    (r"(?:snowflake-)?arctic-embed-(?:m|l)-v2\.0", Preset("query: ", pooling="cls")),
    (r"(?:snowflake-)?arctic-embed-(?:xs|s|m|m-long|l|m-v1\.5)", Preset(_BGE, pooling="cls", reads="en")),
    (r"nomic-embed-text-v2-moe", Preset("search_query: ", "search_document: ")),
    (r"nomic-embed-text-v1(?:\.5)?", Preset("search_query: ", "search_document: ", reads="en")),
    (r"all-(?:MiniLM|mpnet|distilroberta)-.*|(?:paraphrase|multi-qa)-(?:MiniLM|mpnet|distilroberta)-.*", Preset(reads="en")),
)  # fmt: skip


def preset_of(name: str) -> Preset | None:
    """The preset of a model by its name or hub name, in any case; None for a model of no known family."""
    last = name.rstrip("/").rpartition("/")[2]
    return next((preset for pattern, preset in _FAMILIES if re.fullmatch(pattern, last, re.IGNORECASE)), None)


def hub_name(name: str) -> str:
    """Where the hub has a well-known model that is given by its short name; any other name as it is."""
    return _HUB.get(name, name)


def short_names() -> list[str]:
    """The names that `hub_name` knows, sorted."""
    return sorted(_HUB)
