"""The loader keeps rag's contract, and reads subtitles as people expect."""

from __future__ import annotations

from pathlib import Path

from rag_subtitles import SubtitleLoader

from ragcli.testing import LoaderContract

FILM = b"""1
00:00:05,000 --> 00:00:07,500
<i>The pump station</i>
opened in 1931.

2
00:01:10,250 --> 00:01:12,000
It supplies Ashby.
"""


class TestSubtitles(LoaderContract):
    name = "film.srt"
    data = FILM
    expected = ("The pump station\nopened in 1931.", "It supplies Ashby.")

    def loader(self) -> SubtitleLoader:
        return SubtitleLoader()


def test_each_minute_is_a_section_and_markup_and_numbers_are_left_out() -> None:
    document = SubtitleLoader().load(FILM, Path("film.srt"))
    assert document.text == "The pump station\nopened in 1931.\n\nIt supplies Ashby."
    assert [block.headings for block in document.blocks] == [("00:00",), ("00:01",)]
