"""A loader of subtitles (SubRip, `.srt`) for rag: an example of a plug-in."""

from __future__ import annotations

import re
from pathlib import Path

from ragcli.datatypes import Document
from ragcli.errors import LoadError
from ragcli.loaders.decoding import decode
from ragcli.loaders.structure import TextBuilder

_TIME = re.compile(r"(\d+:\d\d:\d\d)[,.]\d{1,3}\s*-->\s*\d+:\d\d:\d\d[,.]\d{1,3}")
_MARKUP = re.compile(r"</?[a-z][^>]*>|\{\\[^}]*\}")


class SubtitleLoader:
    """What is said, without numbers and markup. Each minute that something is said in is a section named by its time, so that
    a citation says where in the film it stands."""

    def load(self, data: bytes, path: Path) -> Document:
        """Raises LoadError when there is not one subtitle."""
        said: dict[str, list[str]] = {}  # hour and minute → lines
        for cue in re.split(r"\n\s*\n", decode(data)):
            time = _TIME.search(cue)
            if time is None:
                continue
            minute = time[1].rpartition(":")[0]
            lines = _MARKUP.sub("", cue[time.end() :]).split("\n")
            said.setdefault(minute, []).extend(line.strip() for line in lines if line.strip())
        builder = TextBuilder()  # counts the text, so that rag's limits hold
        with builder.keep_what_was_read():
            for minute, lines in said.items():
                if lines:
                    builder.headings.enter(1, minute)
                    builder.add("\n".join(lines), "paragraph")
        if not builder.blocks:
            raise LoadError("no subtitles in it")
        return builder.document(path, "srt", "")
