"""A file of synonyms: one group a line, its members separated by commas; `a => b, c` works in that direction only.

    annual leave, holiday, vacation
    PTO => paid time off

Blank lines and what follows `#` are ignored.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from ragcli.errors import SettingsError
from ragcli.files import read_text
from ragcli.text.analyzer import tokens
from ragcli.text.query import Query

Words = tuple[str, ...]


class Synonyms:
    """Maps a run of tokens to others that mean the same."""

    def __init__(self, groups: Iterable[tuple[Iterable[str], Iterable[str]]]) -> None:
        self._map: dict[Words, list[Words]] = {}
        for left, right in groups:
            for one in left:
                key = tuple(tokens(one))
                others = [words for other in right if (words := tuple(tokens(other))) != key and words]
                if key and others:
                    known = self._map.setdefault(key, [])
                    known += [words for words in others if words not in known]

    def apply(self, query: Query, question: str) -> Query:
        """`query` with the synonyms of the runs of words in `question`.

        A single word's single-word synonyms count as the word itself; those of several words are searched as well.
        """
        asked = list(tokens(question))
        same: dict[str, Words] = {}
        related: list[str] = []
        for start in range(len(asked)):
            for end in range(start + 1, min(len(asked), start + 6) + 1):
                run = tuple(asked[start:end])
                others = self._map.get(run, [])
                single = tuple(other[0] for other in others if len(other) == 1)
                if len(run) == 1 and single:
                    same[run[0]] = single
                related += [word for other in others if len(run) > 1 or len(other) > 1 for word in other]
        extra = tuple(word for word in dict.fromkeys(related) if word not in query.tokens)
        return replace(query, synonyms=same, related=extra)


def load_synonyms(path: Path) -> Synonyms:
    """Raises SettingsError, naming the line, when the file cannot be read or a line is no group."""
    try:
        lines = read_text(path).splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise SettingsError(f"cannot read the synonyms in {path}: {reason}", hint="check retrieval.synonyms") from error
    groups = []
    for number, line in enumerate(lines, start=1):
        content = line.partition("#")[0].strip()
        if not content:
            continue
        left, arrow, right = content.partition("=>")
        one = [part.strip() for part in left.split(",") if part.strip()]
        other = [part.strip() for part in right.split(",") if part.strip()] if arrow else one
        if not one or not other or (not arrow and len(one) < 2):
            raise SettingsError(
                f"{path}, line {number}: expected words separated by commas, or WORDS => WORDS", hint=f"edit {path}"
            )
        groups.append((one, other))
    return Synonyms(groups)
