"""Mail: EML by the standard library, MSG by oxmsg. Headers are metadata, long quotations of earlier mails are collapsed, and
attachments are sections of the mail, read as files are."""

from __future__ import annotations

import email
import email.policy
import io
import re
from collections.abc import Iterable
from datetime import datetime
from email.message import EmailMessage, MIMEPart
from email.utils import parsedate_to_datetime
from pathlib import Path

from ragcli.datatypes import Document
from ragcli.errors import LoadError
from ragcli.loaders.decoding import clean, decode
from ragcli.loaders.html import add_html, parse_html
from ragcli.loaders.limits import nested
from ragcli.loaders.structure import TextBuilder

_QUOTED = re.compile(r"(?:^[ \t]*>[^\n]*(?:\n|\Z)){3,}", re.MULTILINE)
_SIGNATURE_PARTS = ("application/pkcs7-signature", "application/x-pkcs7-signature", "application/pgp-signature")

Attachment = tuple[str, bytes]


class EmlLoader:
    """A message as mail programs save it (RFC 5322)."""

    def load(self, data: bytes, path: Path) -> Document:
        message = email.message_from_bytes(data, policy=email.policy.default)
        assert isinstance(message, EmailMessage)
        headers = {name: _header(message, name) for name in ("From", "To", "Cc", "Date", "Subject")}
        body = message.get_body(("plain", "html"))
        builder = TextBuilder()
        with builder.keep_what_was_read():
            _add_headers(builder, headers)
            if body is not None:
                content = _content(body)
                if body.get_content_type() == "text/html":
                    _add_html(builder, content)
                else:
                    _add_text(builder, decode(content, declared=body.get_content_charset("")))
            _add_attachments(builder, _attachments(message, body))
        return _document(path, "eml", builder, headers)


class MsgLoader:
    """A message as Outlook saves it."""

    def load(self, data: bytes, path: Path) -> Document:
        from oxmsg import Message

        try:
            message = Message.load(io.BytesIO(data))
            fields = {key.title(): value for key, value in message.message_headers.items()}
            recipients = ", ".join(recipient.email_address or recipient.name for recipient in message.recipients)
            headers = {
                "From": message.sender or fields.get("From", ""),
                "To": fields.get("To") or recipients,
                "Date": message.sent_date.isoformat() if message.sent_date else fields.get("Date", ""),
                "Subject": message.subject or "",
            }
            plain, html = message.body, message.html_body
            attachments = [(a.file_name or "", a.file_bytes or b"") for a in message.attachments]
        except Exception as error:  # damaged streams make oxmsg and olefile raise errors of every kind
            raise LoadError(f"not a readable Outlook message ({type(error).__name__})") from error
        builder = TextBuilder()
        with builder.keep_what_was_read():
            _add_headers(builder, {name: clean(value).strip() for name, value in headers.items()})
            if plain and plain.strip():
                _add_text(builder, clean(plain))
            elif html:
                _add_html(builder, html.encode("utf-8") if isinstance(html, str) else html)
            _add_attachments(builder, attachments)
        return _document(path, "msg", builder, headers)


def _document(path: Path, type_: str, builder: TextBuilder, headers: dict[str, str]) -> Document:
    metadata = {"author": headers["From"], "to": headers["To"]}
    moment = _moment(headers["Date"])
    if moment:
        metadata["created"] = metadata["modified"] = moment.isoformat()
    return builder.document(path, type_, headers["Subject"], metadata)


def _header(message: EmailMessage, name: str) -> str:
    try:
        return " ".join(clean(str(message.get(name, ""))).split())
    except (
        ValueError,
        IndexError,
        AttributeError,
        TypeError,
    ):  # the parser of structured headers trips over broken ones
        return " ".join(clean(str(dict(message.raw_items()).get(name, ""))).split())


def _moment(date: str) -> datetime | None:
    for parse in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            return parse(date)
        except (ValueError, TypeError, IndexError):
            continue
    return None


def _content(part: MIMEPart) -> bytes:
    data = part.get_payload(decode=True)
    return data if isinstance(data, bytes) else b""


def _add_headers(builder: TextBuilder, headers: dict[str, str]) -> None:
    builder.add("\n".join(f"{name}: {value}" for name, value in headers.items() if value), "list")


def _add_text(builder: TextBuilder, text: str) -> None:
    """Paragraphs; three or more quoted lines in a row are replaced by their number."""
    text = _QUOTED.sub(lambda m: f"[{m.group().count(chr(10)) or 1} quoted lines]\n\n", text)
    for paragraph in re.split(r"\n[ \t]*\n", text):
        builder.add(paragraph, "paragraph")


def _add_html(builder: TextBuilder, data: bytes) -> None:
    soup = parse_html(data)
    for quote in soup.select("blockquote[type=cite], .gmail_quote, #divRplyFwdMsg ~ *, .moz-cite-prefix"):
        quote.decompose()
    add_html(builder, soup)


def _attachments(message: EmailMessage, body: MIMEPart | None) -> Iterable[Attachment]:
    inside = set(map(id, body.walk())) if body is not None else set()
    alternatives = {
        id(part)
        for container in message.walk()
        if container.get_content_type() == "multipart/alternative"
        for part in container.walk()
    }
    for part in message.walk():
        named = part.get_filename()
        kind = part.get_content_type()
        if part.is_multipart() and kind != "message/rfc822":
            continue
        if id(part) in inside or kind in _SIGNATURE_PARTS or (id(part) in alternatives and not named):
            continue
        if kind == "message/rfc822":
            inner = part.get_payload()
            if isinstance(inner, list) and inner and isinstance(inner[0], EmailMessage):
                yield named or "message.eml", inner[0].as_bytes()
        elif named or kind.startswith("text/"):
            assert isinstance(part, EmailMessage)
            yield named or ("part.html" if kind == "text/html" else "part.txt"), _content(part)


def _add_attachments(builder: TextBuilder, attachments: Iterable[Attachment]) -> None:
    """What can be read of them; what cannot is named with the reason."""
    from ragcli.loaders.reading import load_bytes

    for name, data in attachments:
        shown = " ".join(clean(name).split()) or "unnamed"
        try:
            with nested():
                document = load_bytes(data, Path(shown))
        except LoadError as error:
            builder.headings.enter(1, "")
            builder.add(f"[Attachment {shown}: {error.reason}]", "paragraph")
        else:
            builder.include(document, f"Attachment: {shown}")
    builder.headings.enter(1, "")
