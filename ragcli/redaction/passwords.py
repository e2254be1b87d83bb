"""Passwords and keys without a form of their own: what is assigned to a name that says so, or stands in an address."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ragcli.redaction.finding import Finding

_NAMES = (
    *("password", "passwd", "passwort", "kennwort", "passphrase", "passcode", "contraseña", "mot de passe", "pwd"),
    *("secret", "token", "key"),
)
_KEYS = (
    "api",
    "access",
    "auth",
    "account",
    "encryption",
    "signing",
    "storage",
    "private",
)  # before "key", or it is any key
# What a name may go on with before its value: the rest of the name, a closing quote or bracket, a sign, an opening quote.
_ASSIGNED = re.compile(
    r"""(?P<suffix>[\w-]{0,24})["'`\])]{0,2}[ \t]{0,4}
    (?:=>|:=|={1,3}|:|\|[ ]|[ ](?:is|ist|es|lautet)[ ]:?)[ \t]{0,4}
    (?:(?P<quote>["'`])(?P<quoted>[^"'`\s]{6,200})(?P=quote)
      |(?P<bare>[^\s"'`,;<>(){}\[\]|]{8,200})(?![(\[{]))""",
    re.VERBOSE,
)
_ADDRESS = re.compile(r"://[^\s:/@]{1,64}:([^\s:/@]{4,128})@")
_BEARER = re.compile(r"\b(?:Bearer|Basic)[ ]([A-Za-z0-9._~+/=-]{16,2000})", re.IGNORECASE)
# A name that ends like this holds something about the secret, not the secret.
_ABOUT = re.compile(
    r"(?:^|[_-])(?:s|id|ids|name|names|url|uri|file|path|dir|len|length|count|type|expir\w*|ttl|size|policy|min|max|age|field|label"
    r"|hint|env|ref|arn|version|limit|hash|sha\d*|digest|encryption|encoding|algorithm|method|scheme|hashers?|format|mode"
    r"|verifier|validators?|command|cmd|prompt)$",
    re.IGNORECASE,
)
_STANDS_IN = re.compile(  # for a value: a variable, a gap to fill in, a word for one
    r"^(?:\$[({]|\$\w+$|%\w+%$|%[sd(]|<|\[\w+\]$|\{\{|\.\.|your|my[_-]|xxx|\*\*\*|example|sample|dummy|placeholder|change|replace|insert|enter|todo|none|null|true|false"
    r"|undefined|redacted|sha\d{1,3}[:-]|md5:|https?:|file:|env:|arn:|vault:|process\.|os\.|self\.|this\.|config\.)",
    re.IGNORECASE,
)
_WORD_WITH_NUMBER = re.compile(r"[A-Za-z]?[a-z_.-]+\d{0,2}|[A-Z_.-]+\d{0,2}|v?\d+(?:[.:/-]\d+)*[a-zA-Z%]{0,3}")
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


def find_passwords(text: str) -> Iterator[Finding]:
    """Values behind names like `password`, passwords in addresses (scheme://user:password@host), and what an `Authorization`
    header carries."""
    for end in _ends_of_names(text):
        match = _ASSIGNED.match(text, end)
        if match and not _ABOUT.search(match["suffix"]):
            quoted = match["quoted"] is not None
            group = "quoted" if quoted else "bare"
            value = match[group] if quoted else match[group].rstrip(".:")
            if is_password(value, quoted=quoted):
                yield Finding(match.start(group), match.start(group) + len(value), "password")
    if "://" in text:
        for match in _ADDRESS.finditer(text):
            if not _STANDS_IN.match(match[1]) and match[1].lower() not in ("pass", "password", "secret", "pwd"):
                yield Finding(*match.span(1), "password")
    for match in _BEARER.finditer(text):
        if any(character.isdigit() for character in match[1]) and not _STANDS_IN.match(match[1]):
            yield Finding(*match.span(1), "token")


def _ends_of_names(text: str) -> Iterator[int]:
    """Where names of secrets end, in any case. Texts are searched for as they are: a pattern that ignores case takes ten times
    as long."""
    lower = text.lower()
    if len(lower) != len(text):  # some capitals, such as İ, have two small characters
        lower = "".join(small if len(small := character.lower()) == 1 else character for character in text)
    for name in _NAMES:
        position = lower.find(name)
        while position >= 0:
            end = position + len(name)
            if name != "key" or lower[max(0, position - 12) : position].rstrip("_ -").endswith(_KEYS):
                yield end
            position = lower.find(name, end)


def is_password(value: str, *, quoted: bool) -> bool:
    """Whether a value behind such a name can be one: no variable, no gap to fill in, no UUID, no plain word or number. Without
    quotes it has letters and digits, eight characters or more, and is no word with a number behind it."""
    if _STANDS_IN.match(value) or _UUID.fullmatch(value):
        return False
    letter = any(character.isalpha() for character in value)
    digit = any(character.isdigit() for character in value)
    symbol = any(not character.isalnum() and character not in "_-./:," for character in value)
    if not quoted and len(value) < 8:
        return False
    if _WORD_WITH_NUMBER.fullmatch(value) and not symbol:
        return False
    return letter and (digit or symbol)
