"""Form fields and annotations of a PDF's page: what readers of its text leave out, each beside the text that it stands at."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from ragcli.loaders.decoding import clean
from ragcli.loaders.limits import spend
from ragcli.loaders.pdftext import Note

if TYPE_CHECKING:
    from ragcli.loaders.pdftables import Box

_MOST = 5_000  # annotations of a page
_INVISIBLE = 0x1 | 0x2 | 0x20  # flags: unknown kinds that are not shown, hidden, not for the screen
_PASSWORD = 1 << 13  # flag of a field whose value is a password
_KINDS = {"TEXT": "Note", "FREETEXT": "Note", "HIGHLIGHT": "Highlight", "UNDERLINE": "Underlined", "SQUIGGLY": "Underlined",
          "STRIKEOUT": "Struck out", "CARET": "Insertion", "STAMP": "Stamp", "LINE": "Note", "SQUARE": "Note",
          "CIRCLE": "Note", "POLYGON": "Note", "POLYLINE": "Note", "INK": "Note", "FILEATTACHMENT": "Attached file",
          "REDACT": "Note"}  # fmt: skip
_ABOVE = 4.0  # so much farther than beside it is a text that stands over or under a field


def notes_of(document: Any, page: Any, pieces: Sequence[Box], text_in: Callable[[Box], str]) -> list[Note]:
    """The filled fields and the comments of `page`, from the top. `pieces` are the places of its text, `text_in` reads one."""
    found = sorted(_found(document, page, text_in), key=lambda entry: (-entry[0].top, entry[0].left))
    return [
        Note(text, "".join(text_in(near).split()) if (near := _nearest(box, pieces, comment)) else "", comment)
        for box, text, comment in found
    ]


def _found(document: Any, page: Any, text_in: Callable[[Box], str]) -> Iterator[tuple[Box, str, bool]]:
    """The place of each, what is written for it, and whether it is a comment."""
    from pypdfium2 import raw

    from ragcli.loaders.pdftables import Box

    kinds = {getattr(raw, f"FPDF_ANNOT_{name}"): shown for name, shown in _KINDS.items()}
    for index in range(min(_MOST, raw.FPDFPage_GetAnnotCount(page.raw))):
        annotation = raw.FPDFPage_GetAnnot(page.raw, index)
        if not annotation:
            continue
        try:
            kind, bounds = raw.FPDFAnnot_GetSubtype(annotation), raw.FS_RECTF()
            raw.FPDFAnnot_GetRect(annotation, bounds)
            box = Box(bounds.left, min(bounds.bottom, bounds.top), bounds.right, max(bounds.bottom, bounds.top))
            comment = kind != raw.FPDF_ANNOT_WIDGET
            if raw.FPDFAnnot_GetFlags(annotation) & _INVISIBLE:
                text = ""
            elif not comment:
                text = _field(document.formenv.raw, annotation) if document.formenv else ""
            else:
                text = _comment(annotation, kinds[kind], _marked(annotation, text_in)) if kind in kinds else ""
        finally:
            raw.FPDFPage_CloseAnnot(annotation)
        if text:
            spend(len(text))
            yield box, text, comment


def _field(form: Any, field: Any) -> str:
    """`[Field Name: value]` of a field that is filled in or ticked, else nothing."""
    from pypdfium2 import raw

    kind = raw.FPDFAnnot_GetFormFieldType(form, field)
    name = _wide(raw.FPDFAnnot_GetFormFieldAlternateName, form, field) or _wide(
        raw.FPDFAnnot_GetFormFieldName, form, field
    )
    value = ""
    if kind in (raw.FPDF_FORMFIELD_CHECKBOX, raw.FPDF_FORMFIELD_RADIOBUTTON):
        if raw.FPDFAnnot_IsChecked(form, field):
            value = (
                "yes"
                if kind == raw.FPDF_FORMFIELD_CHECKBOX
                else _wide(raw.FPDFAnnot_GetFormFieldExportValue, form, field)
            )
    elif kind == raw.FPDF_FORMFIELD_LISTBOX:
        count = range(min(_MOST, max(0, raw.FPDFAnnot_GetOptionCount(form, field))))
        chosen = [i for i in count if raw.FPDFAnnot_IsOptionSelected(form, field, i)]
        value = ", ".join(_wide(raw.FPDFAnnot_GetOptionLabel, form, field, i) for i in chosen)
    elif kind in (raw.FPDF_FORMFIELD_TEXTFIELD, raw.FPDF_FORMFIELD_COMBOBOX):
        hidden = kind == raw.FPDF_FORMFIELD_TEXTFIELD and raw.FPDFAnnot_GetFormFieldFlags(form, field) & _PASSWORD
        value = "" if hidden else _wide(raw.FPDFAnnot_GetFormFieldValue, form, field)
    return f"[Field {name}: {value}]" if value and name else f"[Field: {value}]" if value else ""


def _comment(annotation: Any, kind: str, marked: str) -> str:
    """`[Note by Ann: what it says]`, with the text that is marked; nothing for a mark without words."""
    from pypdfium2 import raw

    said = _wide(raw.FPDFAnnot_GetStringValue, annotation, b"Contents")
    author = _wide(raw.FPDFAnnot_GetStringValue, annotation, b"T")
    if (not said and kind not in ("Highlight", "Struck out")) or not (said or marked):
        return ""
    start = f"{kind} by {author}" if author else kind
    return f"[{start}: {' — '.join(part for part in (f'“{marked}”' if marked else '', said) if part)}]"


def _marked(annotation: Any, text_in: Callable[[Box], str]) -> str:
    """The text that is highlighted, underlined or struck out."""
    from pypdfium2 import raw

    from ragcli.loaders.pdftables import Box

    parts = []
    for i in range(min(_MOST, raw.FPDFAnnot_CountAttachmentPoints(annotation))):
        quad = raw.FS_QUADPOINTSF()
        if raw.FPDFAnnot_GetAttachmentPoints(annotation, i, quad):
            across, up = (quad.x1, quad.x2, quad.x3, quad.x4), (quad.y1, quad.y2, quad.y3, quad.y4)
            parts.append(text_in(Box(min(across), min(up), max(across), max(up))))
    return " ".join(" ".join(parts).split())


def _nearest(box: Box, pieces: Sequence[Box], comment: bool) -> Box | None:
    """The text that a comment lies on, or that stands beside a field; before all others one at its left, on its height."""

    def distance(piece: Box) -> float:
        across = max(0.0, piece.left - box.right, box.left - piece.right)
        up = max(0.0, piece.bottom - box.top, box.bottom - piece.top)
        return across + _ABOVE * up + (0.1 if not comment and piece.left > box.left else 0.0)

    return min(pieces, key=distance, default=None)


def _wide(function: Callable[..., int], *arguments: Any) -> str:
    """The text that a function of pdfium writes as UTF-16 into a buffer of the size that it names."""
    from pypdfium2 import raw

    size = function(*arguments, None, 0)
    if size <= 2:
        return ""
    buffer = ctypes.create_string_buffer(size)
    function(*arguments, ctypes.cast(buffer, ctypes.POINTER(raw.FPDF_WCHAR)), size)
    return " ".join(clean(buffer.raw[: size - 2].decode("utf-16-le", "replace")).split())
