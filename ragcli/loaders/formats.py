"""What a file is. Its first bytes decide where they can; the suffix tells kinds of text apart."""

from __future__ import annotations

import re
import zipfile
from io import BytesIO
from pathlib import Path

from ragcli.errors import LoadError, NotADocument
from ragcli.loaders.locked import encrypted
from ragcli.loaders.zipped import CUT_OFF, no_archive

# Suffix → type, for what is text to the eye.
_SUFFIXES: dict[str, str] = {
    **dict.fromkeys([".md", ".markdown", ".mdown", ".mkd", ".qmd", ".mdx"], "markdown"),
    **dict.fromkeys([".html", ".htm", ".xhtml"], "html"),
    **dict.fromkeys([".rst", ".rest"], "rst"),
    **dict.fromkeys([".adoc", ".asciidoc"], "asciidoc"),
    **dict.fromkeys([".jsonl", ".ndjson"], "jsonl"),
    **dict.fromkeys([".xml", ".xsl", ".xsd", ".xslt", ".rss", ".atom", ".docbook", ".dita"], "xml"),
    **dict.fromkeys(
        """.py .pyi .js .mjs .cjs .jsx .ts .tsx .java .kt .kts .scala .go .rs .c .h .cc .cpp .cxx .hpp .hh .hxx .cs .swift .m
        .mm .rb .php .pl .pm .lua .r .jl .sh .bash .zsh .fish .ps1 .sql .css .scss .less .vue .svelte .dart .ex .exs .erl .hs
        .clj .ml .fs .vb .asm .s .zig .nim .tf .proto .graphql .gradle .cmake .mk""".split(),
        "code",
    ),
    ".org": "org",
    ".csv": "csv",
    ".tsv": "tsv",
    ".json": "json",
    ".ipynb": "ipynb",
    ".eml": "eml",
}
CONTAINERS = frozenset(
    ".pdf .docx .docm .dotx .pptx .pptm .ppsx .xlsx .xlsm .xlsb .ods .odt .odp .epub .msg .xls .doc .ppt .rtf".split()
)
_TEXT_SUFFIXES = frozenset(".txt .text .log".split())
_PARTS = frozenset(".inc .in .example .sample .dist".split())  # what stands before says the type of the text
_IMAGE_SUFFIXES = frozenset(".png .jpg .jpeg .tif .tiff .gif .bmp".split())
# What plug-ins cannot claim. Any other suffix is read as text when no plug-in reads it.
OWN_SUFFIXES = frozenset(_SUFFIXES) | CONTAINERS | _TEXT_SUFFIXES | _IMAGE_SUFFIXES
_BLANK = b"\xef\xbb\xbf \t\r\n"  # the byte-order mark of UTF-8, and white space
_PDF = re.compile(rb"(?:\A|[\r\n])[ \t]*%PDF-\d")
_MAIL = re.compile(rb"(?:Return-Path|Received|Delivered-To|Message-ID|MIME-Version|X-[A-Za-z-]+): ", re.IGNORECASE)
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_IN_OLE = {
    "EncryptedPackage": "encrypted",
    "__properties_version1.0": "msg",
    "Workbook": "xls",
    "WordDocument": "doc",
    "PowerPoint Document": "ppt",
    "Book": "xls",
}
_IMAGES = ((b"\x89PNG\r\n", "png"), (b"\xff\xd8\xff", "jpeg"), (b"II*\x00", "tiff"), (b"MM\x00*", "tiff"), (b"GIF8", "gif"),
           (b"BM", "bmp"))  # fmt: skip
_BINARIES = ((b"\x1f\x8b", "gzip archive"), (b"7z\xbc\xaf\x27\x1c", "7z archive"), (b"Rar!\x1a\x07", "rar archive"),
             (b"\x7fELF", "program"), (b"SQLite format 3\x00", "SQLite database"))  # fmt: skip
_OLD_OFFICE = {"doc": "Word 97, save it as .docx", "ppt": "PowerPoint 97, save it as .pptx"}
_MIMETYPES = {
    b"application/epub": "epub",
    b"application/vnd.oasis.opendocument.text": "odt",
    b"application/vnd.oasis.opendocument.spreadsheet": "ods",
    b"application/vnd.oasis.opendocument.presentation": "odp",
}
_FOLDERS = {"word/": "docx", "ppt/": "pptx", "xl/workbook.bin": "xlsb", "xl/": "xlsx", "META-INF/container.xml": "epub"}


def detect(data: bytes, path: Path) -> str:
    """The type of `data`: a name that `ragcli.loaders.reading.get_loader` knows.

    Raises NotADocument("unsupported: …") for binary formats that nothing here reads, LoadError for damaged or encrypted ones.
    """
    suffix = path.suffix.lower()
    head = data[:1024].lstrip(_BLANK)
    kind = _by_magic(data, head)
    if kind:
        return kind
    if suffix in (".html", ".htm", ".xhtml") or head.lower().startswith((b"<!doctype html", b"<html")):
        return "html"
    if suffix in CONTAINERS:
        _refuse_text(data, path)
        return suffix[1:]  # damaged: its loader says what is wrong
    return _kind_of_text(path, head)


def _refuse_text(data: bytes, path: Path) -> None:
    """Raises LoadError when the content is text, whatever the name says."""
    text = data[:4096].decode("utf-8", "replace").rstrip("\ufffd")  # a letter may be cut off at the end
    if "\ufffd" not in text and all(letter.isprintable() or letter in "\t\r\n\f" for letter in text):
        raise LoadError(
            f"not a readable {path.suffix[1:].upper()}: it holds text, and would be read as {path.stem}.txt"
        )


def shows_its_type(data: bytes) -> bool:
    """Whether the first bytes alone tell that `data` is of a type that rag itself reads, whatever the file is called."""
    try:
        return bool(_by_magic(data, data[:1024].lstrip(_BLANK)))
    except LoadError:
        return False


def _by_magic(data: bytes, head: bytes) -> str:
    if _PDF.search(data[:1024]):
        return "pdf"
    if data[:4] == b"PK\x03\x04":
        return _container(data)
    if data[:8] == OLE:
        return _compound(data)
    return "rtf" if head[:5] == b"{\\rtf" else _binary(data)


def _binary(data: bytes) -> str:
    for magic, name in _IMAGES:
        if data.startswith(magic) and (name != "bmp" or data[6:10] == b"\x00\x00\x00\x00"):
            return f"image ({name})"
    for magic, name in _BINARIES:
        if data.startswith(magic):
            raise NotADocument(f"unsupported: {name}")
    return ""


def _kind_of_text(path: Path, head: bytes) -> str:
    suffix = path.suffix.lower()
    if suffix in _PARTS:  # usage.rst.inc is of the type of usage.rst
        suffix = Path(path.stem).suffix.lower()
    if suffix not in _SUFFIXES:
        if head.startswith(b"#!"):
            return "code"
        if head.startswith(b"<?xml"):
            return "html" if b"<html" in head.lower() else "xml"
        if _MAIL.match(head) and suffix in ("", ".txt", ".mail", ".mbox"):
            return "eml"
    return _SUFFIXES.get(suffix, "text")


def _container(data: bytes) -> str:
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            names = archive.namelist()
            mimetype = archive.read("mimetype")[:64] if "mimetype" in names[:50] else b""
    except (zipfile.BadZipFile, OSError, RuntimeError, ValueError, NotImplementedError, EOFError) as error:
        raise no_archive(data) from error
    for prefix, kind in _MIMETYPES.items():
        if mimetype.startswith(prefix):
            return kind
    for start, kind in _FOLDERS.items():
        if any(name.startswith(start) for name in names):
            return kind
    raise NotADocument("unsupported: zip archive")


def _compound(data: bytes) -> str:
    """What an OLE compound file holds, by the names of its streams, which stand in it as UTF-16."""
    sector = 1 << min(int.from_bytes(data[30:32], "little"), 16)
    if len(data) < (int.from_bytes(data[48:52], "little") + 1) * sector:  # where its list of streams begins
        raise LoadError(CUT_OFF)
    kind = next(
        (kind for name, kind in _IN_OLE.items() if name.encode("utf-16-le") in data),
        "an OLE compound file of another program",
    )
    if kind == "encrypted":
        raise encrypted()
    if kind in ("msg", "xls"):
        return kind
    raise NotADocument(f"unsupported: {_OLD_OFFICE.get(kind, kind)}")
