"""Bytes → text: byte-order marks, UTF-8, UTF-16 without a mark, then a guess; control characters removed."""

from __future__ import annotations

import codecs
import re

from ragcli.errors import NotADocument

_BOMS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_SNIFF = 256 * 1024
_CONTROL = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff\ud800-\udfff]")
_NEWLINES = re.compile("\r\n?|[\x0c\x85\u2028\u2029]")
_MAX_REPLACED = 0.3
_TOO_FEW_TO_GUESS = 24  # bytes beyond ASCII; below this, statistics guess worse than the commonest legacy encoding


def clean(text: str) -> str:
    """`text` with every line break as \\n and without control characters (tabs stay), NULs or lone surrogates."""
    return _CONTROL.sub("", _NEWLINES.sub("\n", text))


def decode(data: bytes) -> str:
    """The text in `data`, cleaned. Raises NotADocument("binary") when it is not text in any encoding we know."""
    for bom, encoding in _BOMS:
        if data.startswith(bom):
            return clean(data[len(bom) :].decode(encoding, errors="replace"))
    wide = _wide_encoding(data)
    if wide:
        return clean(data.decode(wide, errors="replace"))
    if b"\x00" in data[:65536]:
        raise NotADocument("binary")
    try:
        return clean(data.decode("utf-8"))
    except UnicodeDecodeError:
        return clean(_guess(data))


def _wide_encoding(data: bytes) -> str | None:
    """UTF-16 without a byte-order mark: nearly every second byte of Western text is NUL."""
    sample = data[:4096]
    if len(sample) < 4 or len(sample) % 2:
        sample = sample[: len(sample) // 2 * 2]
    half = max(1, len(sample) // 2)
    even, odd = sample[0::2].count(0) / half, sample[1::2].count(0) / half
    if odd > 0.7 and even < 0.1:
        return "utf-16-le"
    if even > 0.7 and odd < 0.1:
        return "utf-16-be"
    return None


def _guess(data: bytes) -> str:
    replaced = data.decode("utf-8", errors="replace")
    bad = replaced.count("\ufffd")
    if bad * 1000 < len(replaced):
        return replaced  # UTF-8 with a few broken bytes
    if (
        bad > _MAX_REPLACED * len(replaced)
        and not data[:_SNIFF].translate(None, bytes(range(0x20, 0x100)) + b"\t\r\n") == b""
    ):
        raise NotADocument("binary")
    if sum(byte >= 0x80 for byte in data[:_SNIFF]) < _TOO_FEW_TO_GUESS:
        return data.decode("cp1252", errors="replace")
    from charset_normalizer import from_bytes

    best = from_bytes(data[:_SNIFF]).best()
    if best is not None:
        return data.decode(best.encoding, errors="replace")
    if bad > _MAX_REPLACED * len(replaced):
        raise NotADocument("binary")
    return data.decode("cp1252", errors="replace")
