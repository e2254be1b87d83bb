"""Personal data in a text: e-mail addresses, telephone numbers, IBANs, card numbers, US social security numbers.

Names and postal addresses are not looked for: they need a language model, and no rule tells them from other words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ragcli.redaction.checkdigits import IBAN_LENGTHS, is_card, is_iban, is_ssn
from ragcli.redaction.finding import Finding

_EMAIL = re.compile(r"(?<![\w.%+'-])[\w.%+'-]{1,64}@(?:[\w-]{1,63}\.){1,8}([A-Za-z]{2,24})(?![\w-])")
_NO_DOMAINS = frozenset("png jpg jpeg gif svg webp css js py md html json".split())  # icon@2x.png is a file
_IBAN = re.compile(r"(?<![A-Za-z0-9])[A-Z]{2}[0-9]{2}")
_CARD = re.compile(r"(?<![\w.+-])[2-6][0-9]{3}(?:[ -]?[0-9]{1,6}){2,4}(?![\w]|[.,-][0-9])")
_CARD_GROUPS = re.compile(
    r"[0-9]{13,19}|[0-9]{4}(?:[ -][0-9]{4}){3}(?:[ -][0-9]{3})?|[0-9]{4}[ -][0-9]{6}[ -][0-9]{4,5}"
)
_SSN = re.compile(r"(?<![\w.+-])[0-9]{3}([ -]?)[0-9]{2}\1[0-9]{4}(?![\w]|[.,-][0-9])")
_SSN_BEFORE = re.compile(r"\b(?:ssn|social security)\b[^.\n]{0,24}$", re.IGNORECASE)
_PHONE = re.compile(r"(?<![\w.,+/#=:$€£-])(?:\+|\()?[0-9][0-9 ()./\u00a0-]{5,22}[0-9](?![\w]|[.,/-][0-9])")
_NORTH_AMERICA = re.compile(r"(?:\+?1[ .-])?(?:\([2-9][0-9]{2}\) ?|[2-9][0-9]{2}[ .-])[2-9][0-9]{2}[ .-][0-9]{4}")
_INTERNATIONAL = re.compile(r"\+[1-9][0-9]{0,2}[ (./\u00a0-]{0,2}[0-9][0-9 ()./\u00a0-]+")
_NATIONAL = re.compile(r"\(?0[1-9][0-9]{0,4}\)?[ ./\u00a0-]{0,2}[0-9][0-9 ./\u00a0-]+")
_PHONE_BEFORE = re.compile(
    r"(?:\b(?:tel|phone|telephone|mobile|mob|cell|fax|telefax|telefon|fon|handy|mobil|rufnummer|t[ée]l[ée]phone|portable|tel[ée]fono"
    r"|m[óo]vil|cellulare|call|hotline|whatsapp)\b)[^\n0-9]{0,16}$",
    re.IGNORECASE,
)
_BEFORE = 40  # characters before a number that may say what it is


def find_personal(text: str) -> Iterator[Finding]:
    """Every kind of the module's first sentence; findings may overlap."""
    if "@" in text:
        for match in _EMAIL.finditer(text):
            if match[1].lower() not in _NO_DOMAINS and not match[0].startswith("git@"):
                yield Finding(*match.span(), "email")
    yield from _ibans(text)
    yield from _cards(text)
    for match in _SSN.finditer(text):
        digits = re.sub("[^0-9]", "", match[0])
        named = match[1] == "-" or _SSN_BEFORE.search(text, max(0, match.start() - _BEFORE), match.start())
        if named and is_ssn(digits):
            yield Finding(*match.span(), "ssn")
    for match in _PHONE.finditer(text):
        if _is_phone(match[0], text[max(0, match.start() - _BEFORE) : match.start()]):
            yield Finding(*match.span(), "phone")


def _ibans(text: str) -> Iterator[Finding]:
    """Of a country's length, in one piece or in groups that spaces or hyphens part."""
    for match in _IBAN.finditer(text):
        length = IBAN_LENGTHS.get(match[0][:2])
        if length is None:
            continue
        whole = re.compile(rf"(?:[A-Z0-9][ \u00a0-]?){{{length - 1}}}[A-Z0-9](?![A-Za-z0-9])")
        written = whole.match(text, match.start())
        if written and is_iban(re.sub("[^A-Z0-9]", "", written[0])):
            yield Finding(*written.span(), "iban")


def _cards(text: str) -> Iterator[Finding]:
    """In one piece, or in the groups that are printed on a card."""
    for match in _CARD.finditer(text):
        if _CARD_GROUPS.fullmatch(match[0]) and is_card(re.sub("[^0-9]", "", match[0])):
            yield Finding(*match.span(), "card")


def _is_phone(written: str, before: str) -> bool:
    """A number with its country, one of North America in its usual groups, or a national one behind a word for telephone."""
    digits = sum(character.isdigit() for character in written)
    if written.startswith("+"):
        return 8 <= digits <= 15 and _INTERNATIONAL.fullmatch(written) is not None
    if _NORTH_AMERICA.fullmatch(written):
        return True
    said = _PHONE_BEFORE.search(before) is not None
    return said and 7 <= digits <= 13 and (_NATIONAL.fullmatch(written) is not None or written.startswith("00"))
