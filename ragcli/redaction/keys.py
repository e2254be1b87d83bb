"""Keys, tokens and passwords in a text.

Tokens are known by the prefix and the length that their issuers give them, passwords by the name that stands before them. That
a text looks random is no sign: hashes, identifiers and encoded pictures do as well (`benchmarks/redaction.py` compares).

Every pattern starts with a literal, repeats within bounds, and runs only where its literal occurs, so the time grows with the
length of the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from ragcli.redaction.finding import Finding
from ragcli.redaction.passwords import find_passwords

_MAX_KEY = 20_000  # characters of a private key in PEM


class _Rule(NamedTuple):
    """`pattern` may match only where one of the texts `hints` occurs. What is found is its group 1, if it has one."""

    hints: tuple[str, ...]
    pattern: re.Pattern[str]


def _rule(hints: str, pattern: str) -> _Rule:
    return _Rule(tuple(hints.split()), re.compile(rf"(?<![A-Za-z0-9_]){pattern}(?![A-Za-z0-9_])"))


_TOKENS = (
    _rule("AKIA ASIA ABIA ACCA", r"(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}"),  # AWS
    _rule("ghp_ gho_ ghu_ ghs_ ghr_", r"gh[pousr]_[A-Za-z0-9]{36,255}"),  # GitHub
    _rule("github_pat_", r"github_pat_[A-Za-z0-9_]{22,255}"),
    _rule("glpat- gldt- glrt- glcbt- glptt- glft- glsoat-", r"gl(?:pat|dt|rt|cbt|ptt|ft|soat)-[A-Za-z0-9_.-]{20,128}"),
    _rule("xoxa- xoxb- xoxe- xoxo- xoxp- xoxr- xoxs-", r"xox[abeoprs]-[A-Za-z0-9-]{10,250}"),  # Slack
    _rule("xapp-", r"xapp-[0-9]-[A-Za-z0-9-]{20,250}"),
    _rule("hooks.slack.com/", r"hooks\.slack\.com/(?:services|workflows)/([A-Za-z0-9/]{30,100})"),
    _rule("discord", r"discord(?:app)?\.com/api/webhooks/([0-9]{15,20}/[A-Za-z0-9_-]{60,90})"),
    _rule("_live_ _test_", r"[sr]k_(?:live|test)_[A-Za-z0-9]{16,128}"),  # Stripe
    _rule("whsec_", r"whsec_[A-Za-z0-9+/]{32,128}={0,2}"),
    _rule("sk-ant-", r"sk-ant-[A-Za-z0-9_-]{32,200}"),  # Anthropic
    _rule("sk-", r"sk-(?=[A-Za-z_-]{0,64}[0-9])(?=[a-z0-9_-]{0,64}[A-Z])[A-Za-z0-9_-]{32,200}"),  # OpenAI
    _rule("AIza", r"AIza[A-Za-z0-9_-]{35}"),  # Google
    _rule("GOCSPX-", r"GOCSPX-[A-Za-z0-9_-]{28}"),
    _rule("ya29.", r"ya29\.[A-Za-z0-9_-]{20,250}"),
    _rule("SG.", r"SG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}"),  # SendGrid
    _rule("npm_", r"npm_[A-Za-z0-9]{36}"),
    _rule("pypi-AgE", r"pypi-AgE[A-Za-z0-9_-]{50,250}"),
    _rule("hf_", r"hf_[A-Za-z0-9]{34,40}"),  # Hugging Face
    _rule("_v1_", r"do[opr]_v1_[a-f0-9]{64}"),  # DigitalOcean
    _rule("shp", r"shp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}"),  # Shopify
    _rule("SK", r"SK[0-9a-f]{32}"),  # Twilio
    _rule(":AA", r"[0-9]{8,10}:AA[A-Za-z0-9_-]{33}"),  # Telegram
    _rule("key-", r"key-[0-9a-f]{32}"),  # Mailgun
    _rule("-us", r"[0-9a-f]{32}-us[0-9]{1,2}"),  # Mailchimp
    _rule("sq0", r"sq0(?:atp|csp)-[A-Za-z0-9_-]{22,43}"),  # Square
    _rule(".", r"[MNO][A-Za-z0-9_-]{23,25}\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27,38}"),  # Discord
    _rule("dapi", r"dapi[0-9a-f]{32}"),  # Databricks
    _rule("glsa_", r"glsa_[A-Za-z0-9]{32}_[0-9a-f]{8}"),  # Grafana
    _rule("lin_api_", r"lin_api_[A-Za-z0-9]{40}"),  # Linear
    _rule("PMAK-", r"PMAK-[a-f0-9]{24}-[a-f0-9]{34}"),  # Postman
    _rule("ATATT3", r"ATATT3[A-Za-z0-9_=-]{150,250}"),  # Atlassian
    _rule("hvs.", r"hvs\.[A-Za-z0-9_-]{24,200}"),  # Vault
    _rule("dckr_pat_", r"dckr_pat_[A-Za-z0-9_-]{27}"),  # Docker
    _rule("rubygems_", r"rubygems_[a-f0-9]{48}"),
    _rule("xkeysib-", r"xkeysib-[a-f0-9]{64}-[A-Za-z0-9]{16}"),  # Brevo
    _rule("NRAK-", r"NRAK-[A-Z0-9]{27}"),  # New Relic
    _rule("AGE-SECRET-KEY-1", r"AGE-SECRET-KEY-1[A-Z0-9]{58}"),
    _rule("AccountKey=", r"AccountKey=([A-Za-z0-9+/]{86}==)"),  # Azure Storage
)
_JWT = _rule("eyJ", r"eyJ[A-Za-z0-9_-]{8,2000}\.eyJ[A-Za-z0-9_-]{8,8000}\.[A-Za-z0-9_-]{16,2000}")
_BEGIN = re.compile(r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----")
_BODY = re.compile(r"[A-Za-z0-9+/=\s\\]{16,20000}")


def find_secrets(text: str) -> Iterator[Finding]:
    """Tokens, private keys, JSON Web Tokens and passwords; findings may overlap."""
    for kind, rules in (("token", _TOKENS), ("jwt", (_JWT,))):
        for rule in rules:
            if any(hint in text for hint in rule.hints):
                for match in rule.pattern.finditer(text):
                    yield Finding(*match.span(match.lastindex or 0), kind)
    if "PRIVATE KEY" in text:
        yield from _private_keys(text)
    yield from find_passwords(text)


def _private_keys(text: str) -> Iterator[Finding]:
    """What stands between the two lines that fence a key in PEM; without the second one, what looks like its Base64."""
    position, fence = 0, 0
    while match := _BEGIN.search(text, position):
        start = match.end()
        if fence < start:
            fence = text.find("-----END", start)
            fence = len(text) + _MAX_KEY if fence < 0 else fence
        body = _BODY.match(text, start)
        position = fence if fence - start <= _MAX_KEY else body.end() if body else start
        inner = text[start:position]
        if stripped := inner.strip():
            first = start + inner.index(stripped)
            yield Finding(first, first + len(stripped), "private-key")
