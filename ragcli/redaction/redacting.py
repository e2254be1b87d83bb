"""A document in which placeholders stand for what the detectors find, as long as what they stand for."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from ragcli.datatypes import Document, Redaction
from ragcli.errors import NotADocument
from ragcli.redaction.finding import PERSONAL, SECRETS, Finding, without_overlaps
from ragcli.redaction.keys import find_secrets
from ragcli.redaction.personal import find_personal

SKIPPED = "holds keys or tokens (--secrets skip)"
_BAR = "█"
_KEPT = "\n\r\f\v\x85\u2028\u2029"  # line and page breaks, which places are counted by
_PIECE = re.compile(r"[^\s\"'`,;<>(){}\[\]|]{6,200}")


@dataclass(frozen=True, slots=True)
class Policy:
    """What is looked for: `secrets` is skip, redact or allow, `pii` redact or off. `key` makes the placeholders of one index
    differ from those of another."""

    secrets: str
    pii: str
    key: str = ""

    def found(self, text: str) -> list[Finding]:
        """What the policy hides in a text, in order, without overlaps."""
        secrets = [] if self.secrets == "allow" else list(find_secrets(text))
        return without_overlaps([*secrets, *(find_personal(text) if self.pii == "redact" else ())])

    def placeholder(self, value: str, kind: str) -> str:
        """Of the length of `value`, with its line breaks: kind and four hexadecimal digits in brackets, then bars.

        The digits are the first of HMAC-SHA-256 over the value, so equal values have equal placeholders, and one pair of
        different ones in 65,536 has. For numbers only letters and digits count; for e-mail addresses, upper and lower case are
        the same. Where that does not fit the first line, the kind is left out, then the digits.
        """
        counted = value
        if kind in PERSONAL:
            counted = value.lower() if kind == "email" else re.sub(r"\W", "", value)
        digits = hmac.new(self.key.encode(), counted.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()[:4]
        mark = next((m for m in (f"[{kind}:{digits}]", f"[{digits}]") if len(m) <= len(_first_line(value))), "")
        return mark + "".join(c if c in _KEPT else _BAR for c in value[len(mark) :])


class _Redactor:
    """Hides values in the texts of one document, and remembers which."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._placeholders: dict[str, tuple[str, str]] = {}  # value → placeholder and kind
        self.redactions: list[Redaction] = []

    def text(self, text: str, place: str = "") -> str:
        """`text` without what the policy hides; it is recorded with `place`."""
        found = self._policy.found(text)
        if place:
            found = without_overlaps([*found, *self._known(text)])
        if not found:
            return text
        parts, position = [], 0
        for start, end, kind in found:
            value = text[start:end]
            placeholder, _ = self._placeholders.setdefault(value, (self._policy.placeholder(value, kind), kind))
            parts += [text[position:start], placeholder]
            position = end
            self.redactions.append(Redaction(kind, start, end, place))
        return "".join([*parts, text[position:]])

    def _known(self, text: str) -> list[Finding]:
        """Values that the document's text showed to be secret: a title or a heading lacks what told so there."""
        return [
            Finding(match.start(), match.end(), self._placeholders[match[0]][1])
            for match in _PIECE.finditer(text)
            if match[0] in self._placeholders
        ]


def redacted(document: Document, policy: Policy) -> Document:
    """The document with placeholders in its text, title, headings and metadata; `redactions` lists them. All places stay what
    they are, for no text changes its length.

    Raises NotADocument when it holds a secret and the policy is to skip such documents.
    """
    redactor = _Redactor(policy)
    text = redactor.text(document.text)
    title = redactor.text(document.title, "title")
    metadata = {name: redactor.text(value, name) for name, value in document.metadata.items()}
    titles = {title for block in document.blocks for title in block.headings}
    recorded = len(redactor.redactions)
    hidden = {title: redactor.text(title, "heading") for title in titles}
    del redactor.redactions[recorded:]  # headings are part of the text
    if policy.secrets == "skip" and any(redaction.kind in SECRETS for redaction in redactor.redactions):
        raise NotADocument(SKIPPED)
    if not redactor.redactions and not any(title != shown for title, shown in hidden.items()):
        return document
    return replace(
        document,
        text=text,
        title=title,
        metadata=metadata,
        blocks=tuple(replace(b, headings=_all(b.headings, hidden)) for b in document.blocks),
        redactions=tuple(redactor.redactions),
    )


def _all(headings: Sequence[str], hidden: dict[str, str]) -> tuple[str, ...]:
    return tuple(hidden[title] for title in headings)


def _first_line(value: str) -> str:
    return value.splitlines()[0] if value else ""
