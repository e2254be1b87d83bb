"""Whether a number can be an account, a card or a social security number: lengths, reserved ranges and check digits."""

from __future__ import annotations

# Characters of an IBAN by country, as SWIFT's IBAN registry lists them.
IBAN_LENGTHS = {
    entry[:2]: int(entry[2:])
    for entry in """AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DK18 DO28 EE20 EG29
    ES24 FI18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20
    LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MR27 MT31 MU30 NL18 NO15 PK24 PL28 PS29 PT25
    QA29 RO24 RS22 SA24 SC31 SD18 SE24 SI19 SK24 SM27 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20""".split()
}


def is_iban(text: str) -> bool:
    """Capitals and digits alone: a country's length, and the remainder 1 of ISO 7064 (MOD 97-10)."""
    if len(text) != IBAN_LENGTHS.get(text[:2]) or not (text.isascii() and text.isalnum() and text == text.upper()):
        return False
    return int("".join(str(int(character, 36)) for character in text[4:] + text[:4])) % 97 == 1


def is_card(digits: str) -> bool:
    """Digits alone: a number range and length of Visa, Mastercard, American Express, Diners, Discover or JCB, and Luhn's check
    digit (ISO/IEC 7812-1). A number of one repeated digit is none."""
    return _is_issued(digits) and len(set(digits)) > 1 and luhn(digits)


def luhn(digits: str) -> bool:
    """Whether the sum of the digits, every second one from the right doubled and its own digits added, is a multiple of 10."""
    values = [int(digit) for digit in reversed(digits)]
    return sum(v if i % 2 == 0 else v * 2 - 9 * (v > 4) for i, v in enumerate(values)) % 10 == 0


def _is_issued(digits: str) -> bool:
    length, first = len(digits), int(digits[:4])
    ranges = (
        (first // 1000 == 4, (13, 16, 19)),
        (5100 <= first <= 5599 or 2221 <= first <= 2720, (16,)),
        (first // 100 in (34, 37), (15,)),
        (first // 100 in (36, 38) or 3000 <= first <= 3059, (14,)),
        (first == 6011 or 6440 <= first <= 6599, (16, 17, 18, 19)),
        (3528 <= first <= 3589, (16,)),
    )
    return any(issued and length in lengths for issued, lengths in ranges)


def is_ssn(digits: str) -> bool:
    """Nine digits: no area 000, 666 or 9xx, no group 00, no serial 0000. The US Social Security Administration gives none of
    these out."""
    return digits[:3] not in ("000", "666") and digits[0] != "9" and digits[3:5] != "00" and digits[5:] != "0000"
