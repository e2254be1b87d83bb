"""Bytes → text: byte-order marks, UTF-8, UTF-16 without a mark, then a guess; control characters removed."""

from __future__ import annotations

import codecs
import re
import unicodedata

from ragcli.errors import NotADocument

_BOMS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_BROTLI = "unsupported: compressed with Brotli, brotli -d unpacks it"
_SNIFF = 256 * 1024
_CONTROL = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff\ud800-\udfff]")
_NEWLINES = re.compile("\r\n?|[\x0c\x85\u2028\u2029]")
_MAX_REPLACED = 0.3
_TOO_FEW_TO_GUESS = 24  # bytes beyond ASCII; below this, statistics guess worse than the commonest legacy encoding
# Invisible in print, and a trap for search and for readers: soft hyphen, zero-width space, word joiner, bidirectional
# overrides, byte-order mark, the tag block.
_INVISIBLE = re.compile("[\u00ad\u200b\u2060\u202a-\u202e\u2066-\u2069\ufeff\U000e0000-\U000e007f]")
_BLOB = re.compile(r"[A-Za-z0-9+/_-]{2000,}={0,2}")


def clean(text: str) -> str:
    """`text` in NFC, every line break as \\n, without control and invisible characters (tabs stay) and lone surrogates."""
    return unicodedata.normalize("NFC", _INVISIBLE.sub("", _CONTROL.sub("", _NEWLINES.sub("\n", text))))


def decode(data: bytes, *, declared: str | None = "") -> str:
    """The text in `data`, cleaned; `declared` is the encoding that its source claims, and is tried first. Runs of 2,000 and
    more characters as base64 has them become `[n characters]`.

    Raises NotADocument("binary") when it is not text in any encoding we know.
    """
    text = _declared(data, declared) if declared else None
    return _BLOB.sub(lambda blob: f"[{len(blob.group()):,} characters]", _decode(data) if text is None else text)


def _declared(data: bytes, encoding: str) -> str | None:
    try:
        return clean(data.decode(encoding))
    except (UnicodeDecodeError, LookupError):
        return None


def _decode(data: bytes) -> str:
    for bom, encoding in _BOMS:
        if data.startswith(bom):
            return clean(data[len(bom) :].decode(encoding, errors="replace"))
    wide = _wide_encoding(data)
    if wide:
        return clean(data.decode(wide, errors="replace"))
    if b"\x00" in data[:65536]:
        raise NotADocument(_BROTLI if _is_brotli(data) else "binary")
    try:
        return clean(data.decode("utf-8"))
    except UnicodeDecodeError:
        if _is_brotli(data):
            raise NotADocument(_BROTLI) from None
        return clean(_guess(data))


def _is_brotli(data: bytes) -> bool:
    """Whether the bytes are a Brotli stream, which has no mark at its start: a whole one, or one of more than a megabyte."""
    import brotli

    decompressor, position, unpacked = brotli.Decompressor(), 0, 0
    try:
        while unpacked < 1_000_000 and not decompressor.is_finished():
            piece = data[position : position + 4096] if decompressor.can_accept_more_data() else b""
            found = decompressor.process(piece, output_buffer_limit=100_000)
            if not piece and not found:
                return False
            position, unpacked = position + len(piece), unpacked + len(found)
    except brotli.error:
        return False
    return True


def _wide_encoding(data: bytes) -> str | None:
    """UTF-16 without a byte-order mark: there are NULs, and read so, nearly all characters are printable."""
    sample = data[:4096]
    sample = sample[: len(sample) // 2 * 2]
    if b"\x00" not in sample:
        return None
    for encoding in ("utf-16-le", "utf-16-be"):
        text = sample.decode(encoding, errors="replace")
        printable = sum(character.isprintable() or character in "\t\r\n" for character in text)
        if printable - text.count("\ufffd") >= 0.98 * len(text) and any(character in " \n" for character in text):
            return encoding
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
