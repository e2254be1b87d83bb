"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ragcli.cli import completing

Index = Annotated[
    str | None,
    typer.Option(
        "--index",
        "-i",
        metavar="DIR",
        help="The index directory [default: the nearest .rag upward].",
        show_default=False,
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Write one JSON document to stdout, also on errors.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no notes on stderr.")]
Model = Annotated[
    str | None,
    typer.Option(
        "--embedding-model",
        metavar="NAME",
        help="Embedding model: a name, a directory, a hub name or PLUGIN:MODEL [default: the index's own].",
        show_default=False,
    ),
]
TrustCode = Annotated[
    str | None,
    typer.Option(
        "--trust-code",
        metavar="MODEL",
        help="Let Python code that comes with this model run: its directory or hub name, as you name it elsewhere.",
        show_default=False,
    ),
]
Chunker = Annotated[
    str | None,
    typer.Option(
        "--chunker",
        metavar="NAME",
        autocompletion=completing.chunkers,
        help="How documents are cut: structure, hierarchical, clauses, sentence, fixed, semantic, document or the name "
        "of a plug-in's [default: the index's own].",
        show_default=False,
    ),
]
MaxTokens = Annotated[
    int | None,
    typer.Option(
        "--max-tokens",
        metavar="N",
        help="Largest chunk in the model's tokens [default: the index's own, else 200].",
        show_default=False,
    ),
]
Mode = Annotated[
    str | None,
    typer.Option(
        "--mode",
        "-m",
        metavar="MODE",
        autocompletion=completing.choices("retrieval_mode"),
        help="lexical, dense or hybrid [default: hybrid].",
        show_default=False,
    ),
]
Fusion = Annotated[
    str | None,
    typer.Option(
        "--fusion",
        metavar="METHOD",
        autocompletion=completing.choices("retrieval_fusion"),
        help="How hybrid joins rankings: convex or rrf [default: convex].",
        show_default=False,
    ),
]
Weight = Annotated[
    float | None,
    typer.Option("--weight", metavar="W", help="Share of the dense ranking in hybrid, 0 to 1.", show_default=False),
]
K = Annotated[
    int | None, typer.Option("-k", "--top-k", metavar="N", help="How many passages [default: 5].", show_default=False)
]
Words = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[QUESTION]...",
        help="The question, with or without quotes around it [default: standard input].",
        show_default=False,
    ),
]
Filters = Annotated[
    list[str] | None,
    typer.Option(
        "--filter",
        metavar="KEY=VALUE",
        autocompletion=completing.conditions,
        help="Only documents with path=GLOB, type=TYPE, modified>DATE, author=NAME, tag.NAME=VALUE …; repeatable.",
        show_default=False,
    ),
]
Paths = Annotated[
    list[Path] | None,
    typer.Argument(
        metavar="[PATH]...", help="Files, folders, or - [default: everything ingested before].", show_default=False
    ),
]
Patterns = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[PATH]...",
        autocompletion=completing.documents,
        help="Paths, folders or patterns [default: all].",
        show_default=False,
    ),
]
Include = Annotated[
    list[str] | None,
    typer.Option(
        "--include", metavar="GLOB", help="Only files like this; as in .gitignore; repeatable.", show_default=False
    ),
]
Exclude = Annotated[
    list[str] | None,
    typer.Option("--exclude", metavar="GLOB", help="No files or folders like this; repeatable.", show_default=False),
]
Hidden = Annotated[
    bool | None, typer.Option("--hidden", help="Also files and folders that begin with a dot.", show_default=False)
]
FollowSymlinks = Annotated[
    bool | None,
    typer.Option("--follow-symlinks", help="Follow links to what lies in the same folder.", show_default=False),
]
CrossDevice = Annotated[
    bool | None,
    typer.Option("--cross-device", help="Enter folders on other file systems.", show_default=False),
]
Tags = Annotated[
    list[str] | None,
    typer.Option("--tag", metavar="NAME=VALUE", help="Mark these documents, for --filter tag.NAME=VALUE; repeatable.",
                 show_default=False),
]  # fmt: skip
Urls = Annotated[
    list[str] | None,
    typer.Option("--url", metavar="URL", help="Fetch and index a web page; repeatable.", show_default=False),
]
Sitemaps = Annotated[
    list[str] | None,
    typer.Option("--sitemap", metavar="URL", help="Fetch and index the pages of a sitemap.", show_default=False),
]
AllowPrivate = Annotated[
    bool,
    typer.Option(
        "--allow-private",
        help="Fetch pages of this machine and the local network too, and use the proxy of the environment.",
    ),
]
Ocr = Annotated[
    str | None,
    typer.Option(
        "--ocr", metavar="LANG", help="Read pictures of text by Tesseract, such as eng+deu.", show_default=False
    ),
]
PasswordFile = Annotated[
    Path | None,
    typer.Option(
        "--password-file",
        metavar="FILE",
        help="Passwords to try on encrypted documents, one a line; - asks for one.",
        show_default=False,
    ),
]
Secrets = Annotated[
    str | None,
    typer.Option(
        "--secrets",
        metavar="MODE",
        autocompletion=completing.choices("ingest_secrets"),
        help="Keys, tokens and passwords: redact, skip the file, or allow [default: redact].",
        show_default=False,
    ),
]
Pii = Annotated[
    str | None,
    typer.Option(
        "--pii",
        metavar="MODE",
        autocompletion=completing.choices("ingest_pii"),
        help="E-mail addresses, telephone, account, card and social security numbers: off or redact [default: off].",
        show_default=False,
    ),
]
Sentences = Annotated[
    bool | None,
    typer.Option(
        "--sentences/--no-sentences",
        help="Whether each sentence gets a vector of its own [default: the index's own, else yes].",
        show_default=False,
    ),
]
PerDocument = Annotated[
    int | None,
    typer.Option("--per-document", metavar="N", help="Most passages of one document; 0: no limit.", show_default=False),
]
Mmr = Annotated[
    float | None,
    typer.Option(
        "--mmr", metavar="L", help="Prefer variety: 1 ranks by relevance alone, 0 by variety alone.", show_default=False
    ),
]
Rerank = Annotated[
    str | None,
    typer.Option(
        "--rerank", metavar="NAME", help="A cross-encoder that reads the best passages again.", show_default=False
    ),
]
MaxSeconds = Annotated[
    float | None,
    typer.Option("--max-seconds", metavar="S", help="Longest time for the reranker [default: 10].", show_default=False),
]
Synonyms = Annotated[
    str | None,
    typer.Option("--synonyms", metavar="FILE", help="Groups of words that mean the same.", show_default=False),
]
Decompose = Annotated[
    bool | None,
    typer.Option("--decompose", help="Also search for the parts of the question.", show_default=False),
]
Expand = Annotated[
    bool | None,
    typer.Option("--expand", help="Also search for other wordings, by the answer model.", show_default=False),
]
Hyde = Annotated[
    bool | None,
    typer.Option("--hyde", help="Embed an answer made up by the answer model.", show_default=False),
]
Infer = Annotated[
    bool | None,
    typer.Option(
        "--infer/--no-infer",
        help='Whether "since March" or "in the contracts folder" restricts the search [default: yes].',
        show_default=False,
    ),
]
Prefer = Annotated[
    str | None,
    typer.Option(
        "--prefer",
        metavar="WHAT",
        autocompletion=completing.choices("retrieval_prefer"),
        help="recent: rank newer documents a little higher.",
        show_default=False,
    ),
]
Engine = Annotated[
    str | None,
    typer.Option(
        "--engine",
        metavar="NAME",
        autocompletion=completing.choices("retrieval_engine"),
        help="Who finds the nearest vectors: exact or chroma [default: exact].",
        show_default=False,
    ),
]
Exact = Annotated[
    bool | None,
    typer.Option("--exact", help="Do not repair misspelt words.", show_default=False),
]
ExcludeTag = Annotated[
    list[str] | None,
    typer.Option("--exclude-tag", metavar="TAG", help="No questions with this tag; repeatable.", show_default=False),
]
MaxCharacters = Annotated[
    int,
    typer.Option(
        "--max-characters",
        metavar="N",
        help="Longest answer that counts as right, unless its question sets max_characters.",
        min=1,
    ),
]


def retrieval_flags(**given: object) -> dict[str, object]:
    """Options of a measuring command as settings of the section `retrieval`; None where one was not given."""
    return {f"retrieval_{name}": value for name, value in given.items()}
