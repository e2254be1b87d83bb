"""Bytes → Document, through the loader of their type."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib import import_module
from pathlib import Path
from typing import cast

from ragcli.datatypes import Document
from ragcli.errors import LoadError, NotADocument
from ragcli.loaders.formats import CONTAINERS, OLE, detect, shows_its_type
from ragcli.loaders.limits import TEXT_BYTES
from ragcli.loaders.locked import opened, passwords
from ragcli.loaders.zipped import DAMAGED
from ragcli.protocols import REDACTION, Loader

VERSION = "6"  # changes when loaders read more than before: failed files are then tried again
# Type → the version from which on its loader gives other text or other blocks: documents of an older one are read again.
CHANGED = {**dict.fromkeys(["html", "epub", "eml", "msg"], 5), "markdown": 3, "text": 3, "pdf": 6}
DETECTORS = "1"  # changes when `ragcli.redaction` finds other things than before: documents are then read again

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
    files are, and read none. `plugins`: the suffixes that plug-ins read, as `plugged_suffixes` gives them. `secrets`, `pii`
    and `redaction_key`: what placeholders stand for, as in `ragcli.redaction.redacting.Policy`. `passwords` are tried on what
    is encrypted, and kept nowhere."""

    ocr: str = ""
    only_detect: bool = False
    plugins: Mapping[str, str] = field(default_factory=dict)
    secrets: str = "allow"
    pii: str = "off"
    redaction_key: str = ""
    passwords: Sequence[str] = field(default=(), repr=False)

    @property
    def redaction(self) -> str:
        """Changes when documents would be read with other placeholders than before; empty when there are none."""
        return "" if (self.secrets, self.pii) == ("allow", "off") else f"{DETECTORS}:{self.secrets}:{self.pii}"

    @property
    def version(self) -> str:
        """Changes when files that could not be read may be readable. What `redaction` says stands at the end."""
        ocr = f"+ocr:{self.ocr}" if self.ocr else ""
        plugins = "".join(f"+{suffix}:{plugin}" for suffix, plugin in sorted(self.plugins.items()))
        return VERSION + ocr + plugins + (REDACTION + self.redaction if self.redaction else "")


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
    """The Document in `data`, a file that the catalog calls `path`, with placeholders for what the options hide. Raises
    LoadError with the reason."""
    if options.passwords:
        with passwords(options.passwords):
            return load_bytes(data, path, replace(options, passwords=()))
    if not options.redaction or options.only_detect:
        return _loaded(data, path, options)
    from ragcli.redaction.redacting import Policy, redacted

    policy = Policy(options.secrets, options.pii, options.redaction_key)
    try:
        return redacted(_loaded(data, path, options), policy)
    except LoadError as error:  # the reason may quote the file
        reason = redacted(Document("", "", "", "", error.reason, ()), replace(policy, secrets="redact")).text
        raise type(error)(reason) from None


def _loaded(data: bytes, path: Path, options: Options) -> Document:
    if not data.strip(b"\x00\t\r\n "):
        raise LoadError("empty file") if path.suffix.lower() in CONTAINERS else NotADocument("empty")
    try:
        if path.suffix.lower() in options.plugins and not shows_its_type(data):
            from ragcli.loaders.plugged import read_plugged

            return read_plugged(data, path, only_detect=options.only_detect)
        if data.startswith(OLE):
            data = opened(data)
        type_ = detect(data, path)
        if type_ in _PLAIN and len(data) > TEXT_BYTES:
            raise LoadError(f"limit: {type_} larger than {TEXT_BYTES / 1_000_000:g} MB")
        loader = get_loader(type_, options)
        if options.only_detect:
            return Document("", str(path), type_, "", "", ())
        return loader.load(data, path)
    except (LoadError, MemoryError):
        raise
    except (zipfile.BadZipFile, zlib.error) as error:
        raise LoadError(DAMAGED) from error
    except Exception as error:  # whatever a parser makes of a hostile file, it is that file's failure and no other's
        raise LoadError(f"cannot be read ({type(error).__name__}: {str(error)[:200]})") from error
