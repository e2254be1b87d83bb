"""Files → Documents. What a file is is decided by its first bytes; the suffix only tells kinds of text apart."""

from __future__ import annotations

import re
import zipfile
from io import BytesIO
from pathlib import Path

from ragcli.datatypes import Document
from ragcli.errors import LoadError, NotADocument
from ragcli.protocols import Loader

MARKDOWN = frozenset({".md", ".markdown", ".mdown", ".mkd", ".qmd"})
HTML = frozenset({".html", ".htm", ".xhtml"})
CODE = frozenset(
    [
        ".py",
        ".pyi",
        ".js",
        ".mjs",
        ".cjs",
        ".jsx",
        ".ts",
        ".tsx",
        ".java",
        ".kt",
        ".kts",
        ".scala",
        ".go",
        ".rs",
        ".c",
        ".h",
        ".cc",
        ".cpp",
        ".cxx",
        ".hpp",
        ".hh",
        ".cs",
        ".swift",
        ".m",
        ".mm",
        ".rb",
        ".php",
        ".pl",
        ".pm",
        ".lua",
        ".r",
        ".jl",
        ".sh",
        ".bash",
        ".zsh",
        ".fish",
        ".ps1",
        ".sql",
        ".css",
        ".scss",
        ".less",
        ".vue",
        ".svelte",
        ".dart",
        ".ex",
        ".exs",
        ".erl",
        ".hs",
        ".clj",
        ".ml",
        ".fs",
        ".vb",
        ".asm",
        ".s",
        ".zig",
        ".nim",
        ".tf",
        ".proto",
        ".graphql",
        ".gradle",
        ".cmake",
        ".mk",
    ]
)
TEXT = frozenset(
    [
        ".txt",
        ".text",
        ".log",
        ".rst",
        ".org",
        ".adoc",
        ".asciidoc",
        ".tex",
        ".json",
        ".jsonl",
        ".ndjson",
        ".yaml",
        ".yml",
        ".toml",
        ".ini",
        ".cfg",
        ".conf",
        ".properties",
        ".xml",
        ".csv",
        ".tsv",
        ".srt",
        ".vtt",
        ".eml",
        ".env",
        ".diff",
        ".patch",
    ]
)
_PDF = re.compile(rb"(?:\A|[\r\n])[ \t]*%PDF-\d")
_CONTAINERS = frozenset({".pdf", ".docx", ".epub"})
_OTHER_CONTAINERS = {"ppt/presentation.xml": "pptx", "xl/workbook.xml": "xlsx", "content.xml": "odf"}


def detect(data: bytes, path: Path) -> str:
    """The type of `data`: pdf, docx, epub, html, markdown, code or text.

    Raises NotADocument("unsupported: …") for containers and binary formats that nothing here reads.
    """
    suffix = path.suffix.lower()
    head = data[:1024].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if _PDF.search(data[:1024]):
        return "pdf"
    if data[:4] == b"PK\x03\x04":
        return _container(data)
    if suffix in HTML or head.startswith((b"<!doctype html", b"<html")):
        return "html"
    if suffix in _CONTAINERS:
        return suffix[1:]  # damaged or mislabelled: its loader says what is wrong
    return _kind_of_text(suffix, head)


def _kind_of_text(suffix: str, head: bytes) -> str:
    if suffix in MARKDOWN:
        return "markdown"
    return "code" if suffix in CODE or head.startswith(b"#!") else "text"


def _container(data: bytes) -> str:
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            names = set(archive.namelist())
            mimetype = archive.read("mimetype")[:64] if "mimetype" in names else b""
    except (zipfile.BadZipFile, OSError, RuntimeError, ValueError) as error:
        raise LoadError(f"not a readable container ({error})") from error
    if "word/document.xml" in names:
        return "docx"
    if mimetype.startswith(b"application/epub") or "META-INF/container.xml" in names:
        return "epub"
    kind = next((kind for name, kind in _OTHER_CONTAINERS.items() if name in names), "zip archive")
    raise NotADocument(f"unsupported: {kind}")


def get_loader(type_: str) -> Loader:
    """The loader of a type that `detect` returns."""
    loader: Loader
    match type_:
        case "pdf":
            from ragcli.loaders.pdf import PdfLoader

            loader = PdfLoader()
        case "docx":
            from ragcli.loaders.docx import DocxLoader

            loader = DocxLoader()
        case "epub":
            from ragcli.loaders.epub import EpubLoader

            loader = EpubLoader()
        case "html":
            from ragcli.loaders.html import HtmlLoader

            loader = HtmlLoader()
        case "markdown":
            from ragcli.loaders.markdown import MarkdownLoader

            loader = MarkdownLoader()
        case "text" | "code":
            from ragcli.loaders.plain import PlainTextLoader

            loader = PlainTextLoader(type_)
        case _:
            raise NotADocument(f"unsupported: {type_} (known: pdf, docx, epub, html, markdown, text, code)")
    return loader


def load_bytes(data: bytes, path: Path) -> Document:
    """The Document in `data`, a file that the catalog calls `path`. Raises LoadError with the reason."""
    if not data.strip(b"\x00\t\r\n "):
        raise LoadError("empty file") if path.suffix.lower() in _CONTAINERS else NotADocument("empty")
    try:
        return get_loader(detect(data, path)).load(data, path)
    except LoadError:
        raise
    except Exception as error:  # whatever a parser makes of a hostile file, it is that file's failure and no other's
        raise LoadError(f"cannot be read ({type(error).__name__}: {error})") from error
