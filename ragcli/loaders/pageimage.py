"""A page of a PDF as a picture (PNG) in which quoted words are marked: `python -m ragcli.loaders.pageimage FD PARENT`.

pdfium reads a file that anybody may have made, so it does so in a process of its own, which may write nothing, has little time
and memory, and dies with its parent. The request is JSON on standard input, the picture comes on standard output.
"""

from __future__ import annotations

import json
import os
import resource
import struct
import subprocess
import sys
import unicodedata
import zlib
from typing import Any

from ragcli.errors import LoadError
from ragcli.processes import child_environment, child_python, end_with

_SECONDS = 20.0
_MEMORY = 2 << 30
_WIDTH = 1_200  # pixels
_PIXELS = 6_000_000
_LARGEST_QUOTE = 20_000  # characters
_SHORTEST = 12  # characters of a part of a quotation that is marked when the whole is not on the page
_MARK = bytes(value * 2 // 5 for value in range(256))  # what a mark leaves of blue: white becomes yellow, black stays


def page_image(descriptor: int, page: int, quote: str) -> bytes:
    """The page (from 1) of the PDF file `descriptor` as PNG, in which the words of `quote` are marked where they stand there.
    Raises LoadError for what cannot be shown."""
    request = json.dumps({"page": page, "quote": quote[:_LARGEST_QUOTE]}).encode()
    command = child_python("ragcli.loaders.pageimage", str(descriptor), str(os.getpid()))
    try:
        done = subprocess.run(
            command,
            input=request,
            capture_output=True,
            pass_fds=(descriptor,),
            env=child_environment(os.environ),
            timeout=_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise LoadError(f"page {page} takes longer than {_SECONDS:g} s to draw") from None
    if done.returncode != 0 or not done.stdout.startswith(b"\x89PNG"):
        said = done.stderr.decode("utf-8", errors="replace").strip().splitlines()
        raise LoadError(
            f"page {page} cannot be drawn" + (f": {said[-1][:200]}" if done.returncode == 1 and said else "")
        )
    return done.stdout


def main() -> None:
    """Answer the one request."""
    end_with(int(sys.argv[2]))
    for kind, value in (
        (resource.RLIMIT_AS, _MEMORY),
        (resource.RLIMIT_CPU, int(_SECONDS)),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(kind, (value, resource.getrlimit(kind)[1]))
    request = json.loads(sys.stdin.buffer.read())
    with os.fdopen(int(sys.argv[1]), "rb") as file:
        file.seek(0)
        data = file.read()
    try:
        picture = drawn(data, request["page"], request["quote"])
    except LoadError as problem:
        sys.exit(problem.reason)
    sys.stdout.buffer.write(picture)


def drawn(data: bytes, number: int, quote: str) -> bytes:
    """The page as PNG. Raises LoadError."""
    import pypdfium2

    try:
        document = pypdfium2.PdfDocument(data)
        if not 1 <= number <= len(document):
            raise LoadError(f"there is no page {number}")
        document.init_forms()
        page = document[number - 1]
        width, height = page.get_size()
        scale = min(_WIDTH / max(width, 1.0), (_PIXELS / max(width * height, 1.0)) ** 0.5)
        picture = page.render(scale=scale, rev_byteorder=True, prefer_bgrx=False, draw_annots=True)
        rows = [
            bytearray(picture.buffer[y * picture.stride : y * picture.stride + picture.width * picture.n_channels])
            for y in range(picture.height)
        ]
        for box in boxes(page, quote):
            _mark(rows, picture, page, box, scale)
        return _png(rows, picture.width, picture.n_channels)
    except pypdfium2.PdfiumError as error:
        raise LoadError(f"pdfium cannot read it ({error})") from error


def boxes(page: Any, quote: str) -> list[tuple[float, float, float, float]]:
    """Where the words of `quote` stand on a page, a box (left, bottom, right, top) for each run of a line; white space, hyphens
    and the form of letters do not count. Of a quotation that goes on on another page, the part that is here."""
    text_page = page.get_textpage()
    count = text_page.count_chars()
    letters: list[tuple[str, int]] = []
    for i in range(count):
        letters += [(letter, i) for letter in _plain(text_page.get_text_range(i, 1))]
    start, end = _place("".join(letter for letter, _ in letters), _plain(quote))
    found: list[tuple[float, float, float, float]] = []
    for i in dict.fromkeys(index for _, index in letters[start:end]):
        left, bottom, right, top = text_page.get_charbox(i, loose=True)
        if right <= left or top <= bottom:
            continue
        last = found[-1] if found else None
        if last and min(last[3], top) - max(last[1], bottom) > 0.5 * (top - bottom) and left >= last[0]:
            found[-1] = (last[0], min(last[1], bottom), max(last[2], right), max(last[3], top))
        else:
            found.append((left, bottom, right, top))
    return found


def _plain(text: str) -> str:
    """Letters and digits alone, in one form."""
    return "".join(letter for letter in unicodedata.normalize("NFKC", text).casefold() if letter.isalnum())


def _place(text: str, quote: str) -> tuple[int, int]:
    """Where `quote` stands in `text`: all of it, else the longest beginning that the text ends with, or the longest end that it
    begins with, as far as one is long enough; (0, 0) for nothing."""
    if not quote:
        return 0, 0
    at = text.find(quote)
    if at >= 0:
        return at, at + len(quote)
    for length in range(min(len(quote), len(text)), _SHORTEST - 1, -1):
        if (at := text.find(quote[:length])) >= 0:
            return at, at + length
        if (at := text.find(quote[-length:])) >= 0:
            return at, at + length
    return 0, 0


def _mark(rows: list[bytearray], picture: Any, page: Any, box: tuple[float, float, float, float], scale: float) -> None:
    """Colour a box of the page in the picture."""
    converter = picture.get_posconv(page)
    (x0, y0), (x1, y1) = converter.to_bitmap(box[0], box[3]), converter.to_bitmap(box[2], box[1])
    left, right = max(0, min(x0, x1) - 1), min(picture.width, max(x0, x1) + 1)
    size = picture.n_channels
    for y in range(max(0, min(y0, y1)), min(picture.height, max(y0, y1) + 1)):
        blue = slice(left * size + 2, right * size, size)
        if size >= 3:
            rows[y][blue] = rows[y][blue].translate(_MARK)


def _png(rows: list[bytearray], width: int, channels: int) -> bytes:
    kind = {1: 0, 3: 2, 4: 6}[channels]
    header = struct.pack(">IIBBBBB", width, len(rows), 8, kind, 0, 0, 0)
    content = zlib.compress(b"".join(b"\0" + bytes(row) for row in rows), 6)

    def part(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    return b"\x89PNG\r\n\x1a\n" + part(b"IHDR", header) + part(b"IDAT", content) + part(b"IEND", b"")


if __name__ == "__main__":
    main()
