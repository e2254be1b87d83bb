"""Text in pictures, by Tesseract, on request. Picture and text go through pipes; nothing touches the disk."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from ragcli.datatypes import Document
from ragcli.errors import LoadError, NotADocument
from ragcli.loaders.decoding import clean
from ragcli.loaders.limits import spend
from ragcli.loaders.structure import TextBuilder

PAGE_SECONDS = 25  # less than the time without progress that ends a parser


class ImageLoader:
    """A picture of a page."""

    def __init__(self, ocr: str) -> None:
        self._languages = ocr

    def load(self, data: bytes, path: Path) -> Document:
        builder = TextBuilder()
        for paragraph in recognise(data, self._languages).split("\n\n"):
            builder.add(paragraph, "paragraph")
        if not builder.blocks:
            raise NotADocument("no text in the picture")
        return builder.document(path, "image", "", {"reader": "tesseract"})


def recognise(picture: bytes, languages: str) -> str:
    """The text in a PNG, JPEG, TIFF, BMP or PNM. Raises LoadError when Tesseract is missing, fails, or takes too long."""
    program = shutil.which("tesseract")
    if program is None:
        raise LoadError("tesseract is not installed: apt install tesseract-ocr")
    try:
        done = subprocess.run(
            [program, "stdin", "stdout", "-l", languages],
            input=picture,
            capture_output=True,
            timeout=PAGE_SECONDS,
            check=False,
            env={"OMP_THREAD_LIMIT": "1", "PATH": ""},
        )
    except subprocess.TimeoutExpired as error:
        raise LoadError(f"limit: more than {PAGE_SECONDS} s to recognise a page") from error
    if done.returncode:
        last = done.stderr.decode("utf-8", errors="replace").strip().splitlines()[-1:] or ["no message"]
        raise LoadError(f"tesseract failed: {last[0][:200]}")
    text = clean(done.stdout.decode("utf-8", errors="replace")).strip()
    spend(len(text))
    return text
