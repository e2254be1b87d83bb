"""Everything that reaches a terminal passes here: an allow-list, because a list of dangerous characters is never complete.

Documents, file names, model output and error texts are all untrusted: an escape sequence in any of them could retitle the
window, write the clipboard, or move the cursor over what was printed before.
"""

from __future__ import annotations

import re
import unicodedata

_PLAIN = re.compile(r"[\n\t\x20-\x7e]*")
_REFUSED = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def sanitize(text: str) -> str:
    """`text` with every character that is not visible, a space, \\n or \\t written as an escape such as `\\x1b`."""
    if _PLAIN.fullmatch(text):
        return text
    return "".join(character if _allowed(character) else _escaped(character) for character in text)


def one_line(text: str) -> str:
    """`sanitize`, with white space of every kind as single spaces."""
    return sanitize(" ".join(text.split()))


def _allowed(character: str) -> bool:
    return character in "\n\t" or unicodedata.category(character) not in _REFUSED


def _escaped(character: str) -> str:
    if character == "\u00ad":
        return ""  # a soft hyphen is a typesetter's remark, not text
    return character.encode("unicode_escape").decode("ascii")
