"""Numbers, dates and names of a text in a form in which they can be compared.

Figures are canonical strings: `1,200`, `1200` and `1 200` are "1200", `2.50` is "2.5", `07` is "7", "twelve" is "12", "fourth"
is "4", `−5` and `minus 5` are "-5"; a month is "month 3" whether it is a word or the middle of an ISO date, and a date is read
as day, month, year. Text is read as a list of tokens, so that the neighbours of a figure or a name can be compared too.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from ragcli.text.analyzer import fold, stem
from ragcli.text.query import STOP_WORDS

_TOKEN = re.compile(r"\d+(?:[.,:\u202f\u00a0]\d+)*|[^\W\d_]+(?:['’][^\W\d_]+)?")
_GROUPED = re.compile(r"\d{1,3}(?:[,.\u202f\u00a0]\d{3})+$")
_SPACED = re.compile(r"(?<![\d.,])(\d{1,3})((?: \d{3})+)(?![\d])")
_ISO = re.compile(r"(?<!\d)(\d{4})-(\d{2})-(\d{2})(?!\d)")
_SIGN = re.compile(r"(?:(?<![^\s(\[\"'“‘|:=<>~])[-−–][€$£]?|\b(?:minus|moins|menos) [€$£]?)\Z", re.IGNORECASE)
_SUBTRACTED = re.compile(r"\d[%°)\]]?\s*\Z")  # what stands before a sign that is the dash of a range or a subtraction
MONTHS = {
    name: f"month {number}"
    for number, names in enumerate(
        """january jan januar janvier enero|february feb februar fevrier febrero|march mar marz mars marzo|april apr avril
        abril|may mai mayo|june jun juni juin junio|july jul juli juillet julio|august aug aout agosto|september sep sept
        septembre septiembre|october oct oktober okt octobre octubre|november nov novembre noviembre|december dec dezember
        dez decembre diciembre""".split("|"),
        start=1,
    )
    for name in names.split()
}
_MONTH_FIRST = re.compile(  # March 31, 2024 is read as 31 March 2024
    r"\b(" + "|".join(name.title() for name in MONTHS) + r")\.? (\d{1,2})(?:st|nd|rd|th)?\b,?(?![.:]?\d)"
)
_WORDS = {
    word: str(number)
    for number, words in {
        2: "two zwei deux dos", 3: "three third drei trois tres", 4: "four fourth vier quatre cuatro",
        5: "five fifth funf cinq cinco", 6: "six sixth sechs seis", 7: "seven seventh sieben sept siete",
        8: "eight eighth acht huit ocho", 9: "nine ninth neun neuf nueve", 10: "ten tenth zehn dix diez",
        11: "eleven elf onze once", 12: "twelve zwolf douze doce", 13: "thirteen", 14: "fourteen",
        15: "fifteen", 16: "sixteen", 17: "seventeen", 18: "eighteen", 19: "nineteen", 20: "twenty zwanzig", 30: "thirty",
        40: "forty", 50: "fifty", 60: "sixty", 70: "seventy", 80: "eighty", 90: "ninety", 100: "hundred", 1000: "thousand",
        1000000: "million",
    }.items()
    for word in words.split()
}  # fmt: skip
_AMBIGUOUS = frozenset(
    {"may", "mar", "mars", "sept", "once", "six", "dos"}
)  # words of another meaning in some language
_MINUS = frozenset({"minus", "moin", "moins", "meno", "menos"})  # stems
_WINDOW = 3


@dataclass(frozen=True, slots=True)
class Token:
    """A word (`text` is its stem), a figure (`text` is canonical) or a name (`text` is its stem, `shown` as written)."""

    text: str
    shown: str
    kind: Literal["word", "figure", "name"]


def read_tokens(text: str, language: str = "en") -> list[Token]:
    """The tokens of `text` in order. A name is a capitalised word that does not begin a sentence and is no stop word; German,
    which capitalises every noun, has none."""
    text = _SPACED.sub(lambda match: match.group().replace(" ", "\u202f"), text)
    text = _ISO.sub(lambda match: f"{match[3]} \x00{int(match[2])} {match[1]}", text)
    text = _MONTH_FIRST.sub(r"\2 \1", text)
    found: list[Token] = []
    for match in _TOKEN.finditer(text):
        shown = match.group()
        if shown[0].isdigit():
            iso_month = match.start() > 0 and text[match.start() - 1] == "\x00"
            if iso_month:
                found.append(Token(f"month {shown}", shown, "figure"))
                continue
            sign = "-" if _negative(text, match.start()) else ""
            if sign and found and found[-1].text in _MINUS:
                found.pop()
            found.append(Token(sign + canonical(shown), sign + shown, "figure"))
        else:
            found.append(_word(shown, text, match.start(), language))
    return found


def _negative(text: str, start: int) -> bool:
    """Whether the number that begins at `start` has a sign of its own: not the dash of a range, a date or a word."""
    sign = _SIGN.search(text[max(0, start - 12) : start])
    if sign is None:
        return False
    return not _SUBTRACTED.search(text[: start - len(sign.group())])


def _word(shown: str, text: str, start: int, language: str) -> Token:
    folded = fold(shown)
    if folded in MONTHS and (folded not in _AMBIGUOUS or (shown[0].isupper() and not _begins(text, start))):
        return Token(MONTHS[folded], shown, "figure")
    if folded in _WORDS and folded not in _AMBIGUOUS:
        return Token(_WORDS[folded], shown, "figure")
    base = folded.split("'")[0].split("’")[0]
    capital = shown[0].isupper() and len(shown) > 1 and base not in STOP_WORDS and language != "de"
    name = capital and (not _begins(text, start) or shown.isupper())
    return Token(stem(base, language), shown, "name" if name else "word")


def canonical_word(shown: str, language: str = "en") -> str:
    """What a word or number outside any text is compared as: a figure in canonical form, or a stem."""
    if shown[0].isdigit():
        return canonical(shown)
    folded = fold(shown)
    if folded in _WORDS and folded not in _AMBIGUOUS:
        return _WORDS[folded]
    return stem(folded.split("'")[0].split("’")[0], language)


def _begins(text: str, start: int) -> bool:
    before = text[:start].rstrip("\"'“‘«([*_ \t")
    return not before or before[-1] in ".!?:;\n|>#-–•"


def canonical(number: str) -> str:
    """A number without separators of thousands, leading zeros, and zeros after the decimal point."""
    if _GROUPED.match(number):
        return re.sub(r"\D", "", number).lstrip("0") or "0"
    parts = [part.lstrip("0") or "0" for part in re.split(r"[,.\u202f\u00a0:]", number)]
    if len(parts) == 2 and ":" not in number:
        fraction = re.split(r"[,.]", number)[1].rstrip("0")
        return f"{parts[0]}.{fraction}" if fraction else parts[0]
    return ".".join(parts)


def misplaced(said: Sequence[Token], there: Sequence[Token], kind: str) -> list[tuple[str, str]]:
    """Figures (or names) of `said` that `there` lacks, has less often, or has in another place: (as said, what stands there).

    The second is empty when nothing stands in its place. A token stands in another place when some other token of its kind
    shares more of its neighbours than every equal one does.
    """
    positions = [i for i, token in enumerate(there) if token.kind == kind]
    left = {token.text: 0 for token in there}
    for i in positions:
        left[there[i].text] += 1
    wrong: list[tuple[str, str]] = []
    for i, token in enumerate(said):
        if token.kind != kind:
            continue
        known = token.text in left if kind == "name" else left.get(token.text, 0) > 0
        alike = {j: _agreement(said, i, there, j) for j in positions}
        own = max((score for j, score in alike.items() if there[j].text == token.text), default=-1)
        rival = max(alike, key=lambda j: (alike[j], -j), default=None)
        better = rival is not None and there[rival].text != token.text and alike[rival] > max(own, 0)
        if not known or better:
            wrong.append((token.shown, there[rival].shown if rival is not None and better else ""))
        elif kind == "figure":
            left[token.text] -= 1
    return wrong


def _agreement(said: Sequence[Token], i: int, there: Sequence[Token], j: int) -> int:
    """How many tokens beside i and j, going outward while they are equal, are the same; figures count as equal."""
    count = 0
    for step in (-1, 1):
        for distance in range(1, _WINDOW + 1):
            a, b = i + step * distance, j + step * distance
            if not (0 <= a < len(said) and 0 <= b < len(there)):
                break
            same = said[a].text == there[b].text or (said[a].kind == there[b].kind == "figure")
            if not same:
                break
            count += 1
    return count
