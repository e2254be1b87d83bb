"""XLSX, XLSB, XLS and ODS through calamine: a visible sheet is a section, a run of rows without an empty one a table."""

from __future__ import annotations

import datetime
import io
import zipfile
from pathlib import Path
from typing import Any

from ragcli.datatypes import Document
from ragcli.errors import LoadError
from ragcli.loaders.decoding import clean
from ragcli.loaders.limits import spend
from ragcli.loaders.locked import encrypted
from ragcli.loaders.ooxml import attribute, core_properties, parse_xml
from ragcli.loaders.structure import TextBuilder
from ragcli.loaders.zipped import DAMAGED, open_zip, unreadable


class SpreadsheetLoader:
    """Values as a reader sees them, without formulas; comments of cells are marked. Hidden sheets are left out."""

    def load(self, data: bytes, path: Path) -> Document:
        import python_calamine as calamine

        metadata, comments = dict[str, str](), list[str]()
        if data[:2] == b"PK":
            with open_zip(data) as archive:
                metadata = core_properties(archive) or core_properties(archive, "meta.xml")
                comments = _comments(archive)
        builder = TextBuilder()
        try:
            workbook = calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))
            with builder.keep_what_was_read():
                for sheet in workbook.sheets_metadata:
                    if (
                        sheet.visible == calamine.SheetVisibleEnum.Visible
                        and sheet.typ == calamine.SheetTypeEnum.WorkSheet
                    ):
                        _add_sheet(builder, sheet.name, workbook.get_sheet_by_name(sheet.name))
                for comment in comments:
                    builder.add(comment, "paragraph")
        except calamine.PasswordError as error:
            raise encrypted() from error
        except (calamine.CalamineError, OSError, ValueError) as error:
            if "detect file format" in str(error):  # as the library says of what it cannot open at all
                raise LoadError(DAMAGED) from error
            raise unreadable("spreadsheet", error) from error
        suffix = path.suffix.lower()
        type_ = suffix[1:] if suffix in (".xls", ".ods", ".xlsb") else "xlsx"
        return builder.document(path, type_, "", metadata)


def _add_sheet(builder: TextBuilder, name: str, sheet: Any) -> None:
    builder.headings.enter(1, clean(name))
    table: list[str] = []
    for row in sheet.iter_rows():
        cells = [_shown(value) for value in row]
        while cells and not cells[-1]:
            cells.pop()
        line = " | ".join(cells)
        spend(len(line))
        if any(cells):
            table.append(line)
        elif table:
            _add_table(builder, table)
            table = []
    _add_table(builder, table)


def _add_table(builder: TextBuilder, rows: list[str]) -> None:
    """The rows as a table; a single cell on its own is a line of text."""
    if len(rows) == 1 and " | " not in rows[0]:
        builder.add(rows[0], "paragraph")
    elif rows:
        builder.add("\n".join(rows), "table")


def _shown(value: object) -> str:
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else f"{value:.10g}"
    if isinstance(value, datetime.datetime) and value.time() == datetime.time():
        return value.date().isoformat()
    if isinstance(value, (datetime.datetime, datetime.date, datetime.time)):
        return value.isoformat(*([" "] if isinstance(value, datetime.datetime) else []))
    return " ".join(clean(str(value)).split())


def _comments(archive: zipfile.ZipFile) -> list[str]:
    found = []
    for name in sorted(archive.namelist()):
        if name.startswith("xl/comments") and name.endswith(".xml"):
            for comment in parse_xml(archive.read(name)).iter("{*}comment"):
                text = " ".join(clean("".join(part.text or "" for part in comment.iter("{*}t"))).split())
                if text:
                    found.append(f"[Comment on {attribute(comment, 'ref')}: {text}]")
    return found
