"""Bytes → Document, through the loader of their type."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import cast

from ragcli.datatypes import Document
from ragcli.errors import LoadError, NotADocument
from ragcli.loaders.formats import CONTAINERS, detect, shows_its_type
from ragcli.loaders.limits import TEXT_BYTES
from ragcli.protocols import Loader

VERSION = "3"  # changes when loaders read more than before: failed files are then tried again
# Type → the version from which on its loader gives other text or other blocks: documents of an older one are read again.
CHANGED = dict.fromkeys(["html", "epub", "eml", "msg", "markdown", "text"], 3)

_LOADERS = {
    "pdf": "pdf:PdfLoader",
    "docx": "docx:DocxLoader",
    "docm": "docx:DocxLoader",
    "dotx": "docx:DocxLoader",
    "pptx": "pptx:PptxLoader",
    "pptm": "pptx:PptxLoader",
    "ppsx": "pptx:PptxLoader",
    **dict.fromkeys(["xlsx", "xlsm", "xlsb", "xls", "ods"], "spreadsheet:SpreadsheetLoader"),
    "odt": "odt:OdtLoader",
    "odp": "odt:OdtLoader",
    "epub": "epub:EpubLoader",
    "html": "html:HtmlLoader",
    "markdown": "markdown:MarkdownLoader",
    "rst": "markup:RstLoader",
    "org": "markup:OrgLoader",
    "asciidoc": "markup:AsciiDocLoader",
    "csv": "delimited:CsvLoader",
    "tsv": "delimited:CsvLoader",
    "json": "structured:JsonLoader",
    "jsonl": "structured:JsonLinesLoader",
    "xml": "structured:XmlLoader",
    "ipynb": "notebook:NotebookLoader",
    "eml": "mail:EmlLoader",
    "msg": "mail:MsgLoader",
    "rtf": "rtf:RtfLoader",
    "code": "code:CodeLoader",
    "text": "plain:PlainTextLoader",
    "image": "ocr:ImageLoader",
}
_PLAIN = frozenset("markdown rst org asciidoc csv tsv json jsonl xml html code text ipynb".split())


@dataclass(frozen=True, slots=True)
class Options:
    """How to read. `ocr`: Tesseract's languages ("eng+deu") for pages without text, empty for none. `only_detect`: say what the
    files are, and read none. `plugins`: the suffixes that plug-ins read, as `plugged_suffixes` gives them."""

    ocr: str = ""
    only_detect: bool = False
    plugins: Mapping[str, str] = field(default_factory=dict)

    @property
    def version(self) -> str:
        """Changes when files that could not be read may be readable."""
        ocr = f"+ocr:{self.ocr}" if self.ocr else ""
        return VERSION + ocr + "".join(f"+{suffix}:{plugin}" for suffix, plugin in sorted(self.plugins.items()))


def get_loader(type_: str, options: Options = Options()) -> Loader:
    """The loader of a type that `detect` returns. Raises NotADocument for a type that is not read."""
    kind = type_.partition(" ")[0]
    if type_ in ("doc", "ppt"):
        raise LoadError(f"not a readable .{type_} file")
    if kind == "image" and not options.ocr:
        raise NotADocument(f"unsupported: {type_}, --ocr reads it")
    module, _, name = _LOADERS[kind].partition(":")
    loader = getattr(import_module(f"ragcli.loaders.{module}"), name)
    if kind in ("pdf", "image"):
        return cast(Loader, loader(ocr=options.ocr))
    return cast(Loader, loader())


def load_bytes(data: bytes, path: Path, options: Options = Options()) -> Document:
    """The Document in `data`, a file that the catalog calls `path`. Raises LoadError with the reason."""
    if not data.strip(b"\x00\t\r\n "):
        raise LoadError("empty file") if path.suffix.lower() in CONTAINERS else NotADocument("empty")
    try:
        if path.suffix.lower() in options.plugins and not shows_its_type(data):
            from ragcli.loaders.plugged import read_plugged

            return read_plugged(data, path, only_detect=options.only_detect)
        type_ = detect(data, path)
        if type_ in _PLAIN and len(data) > TEXT_BYTES:
            raise LoadError(f"limit: {type_} larger than {TEXT_BYTES / 1_000_000:g} MB")
        loader = get_loader(type_, options)
        if options.only_detect:
            return Document("", str(path), type_, "", "", ())
        return loader.load(data, path)
    except (LoadError, MemoryError):
        raise
    except Exception as error:  # whatever a parser makes of a hostile file, it is that file's failure and no other's
        raise LoadError(f"cannot be read ({type(error).__name__}: {str(error)[:200]})") from error
