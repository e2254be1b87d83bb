"""Secrets and personal data of documents stay out of the index, and everything else stays where it is."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragcli.datatypes import Block, Document
from ragcli.errors import NotADocument
from ragcli.redaction.checkdigits import is_card, is_iban, is_ssn, luhn
from ragcli.redaction.finding import Finding, without_overlaps
from ragcli.redaction.redacting import Policy, redacted
from tests.documents import make_docx, make_eml, pdf_of

Write = Callable[[str, str | bytes], Path]

BOTH = Policy("redact", "redact", "a key")
GITHUB = "ghp_" + "aB3dE6gH9" * 4
AWS = "AKIAIOSFODNN7EXAMPLE"
PEM_BODY = "MIIEpAIBAAKCAQEAx7Yv3kPqLm9w\nZtQ2rS8uVb1nC4dF6gH0jK5lP3oI"
PEM = f"-----BEGIN RSA PRIVATE KEY-----\n{PEM_BODY}\n-----END RSA PRIVATE KEY-----"
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NSJ9.sflKxwRJSMeKKF2QT4fwpMeJf36POk6y"


def kinds(text: str, policy: Policy = BOTH) -> list[tuple[str, str]]:
    """(kind, value) of what is found in a text."""
    return [(finding.kind, text[finding.start : finding.end]) for finding in policy.found(text)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (f"export GITHUB_TOKEN={GITHUB}", [("token", GITHUB)]),
        (f"the key {AWS}, which expired", [("token", AWS)]),
        (PEM, [("private-key", PEM_BODY)]),
        (PEM.replace("\n-----END RSA PRIVATE KEY-----", ""), [("private-key", PEM_BODY)]),
        (f"Cookie: session={JWT}; Path=/", [("jwt", JWT)]),
        ('password = "hunter2!"', [("password", "hunter2!")]),
        ("PASSWORD: Summer2024", [("password", "Summer2024")]),
        ('{"api_key": "9f8e7d6c5b4a"}', [("password", "9f8e7d6c5b4a")]),
        ("postgres://app:s3cr3t@db/app", [("password", "s3cr3t")]),
        ("postgres://app:s3cr3tpass@db.internal/app", [("password", "s3cr3tpass")]),
        ("Authorization: Bearer abcdef0123456789abcdef", [("token", "abcdef0123456789abcdef")]),
        ("Anna <anna.k+x@mail.example.org>", [("email", "anna.k+x@mail.example.org")]),
        ("Tel. 030 1234567, +49 30 7654321", [("phone", "030 1234567"), ("phone", "+49 30 7654321")]),
        ("call (212) 555-0123.", [("phone", "(212) 555-0123")]),
        ("IBAN DE89 3704 0044 0532 0130 00 BIC COBADEFF", [("iban", "DE89 3704 0044 0532 0130 00")]),
        ("4111 1111 1111 1111, exp 09/27", [("card", "4111 1111 1111 1111")]),
        ("SSN 078051120 and 219-09-9999", [("ssn", "078051120"), ("ssn", "219-09-9999")]),
    ],
)
def test_a_value_is_found_with_exactly_its_characters(text: str, found: list[tuple[str, str]]) -> None:
    assert kinds(text) == found


@pytest.mark.parametrize(
    "text",
    [
        "commit 9fceb02d0ae598e95dc970b74767f19372d61af8",
        "id: 123e4567-e89b-12d3-a456-426614174000",
        '<img src="data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk">',
        "password_encryption = 'scram-sha-256'",
        "key_algorithm: ecdsa-p256x2",
        "password = os.environ['DB_PASSWORD1']",
        'password: "{{ vault_password1 }}"',
        "api_key: <your-api-key-1>",
        'password = "${DB_PASSWORD1}"',
        "max_tokens: 4096",
        "secret_name: prod-database-1x",
        "mask_token='[MASK]'",
        "The password must have 12 characters.",
        "icon@2x.png",
        "git@github.com:acme/tool.git",
        "4111 1111 1111 1112",
        "Part no. 415-555-271, 000-12-3456",
        "Net sales $ 34,229 $ 35,355 $ 32,184",
        "DE00 3704 0044 0532 0130 00",
        "on 2024-01-15 at 10:30, version 1.22.333.4444",
        "-----BEGIN CERTIFICATE-----\nMIIEpAIBAAKCAQEAx7Yv3kPqLm9w\n-----END CERTIFICATE-----",
    ],
)
def test_what_only_looks_like_a_value_is_left_alone(text: str) -> None:
    assert kinds(text) == []


def test_check_digits_are_those_of_the_standards() -> None:
    assert is_iban("GB82WEST12345698765432")
    assert not is_iban("GB82WEST12345698765423")
    assert not is_iban("ZZ82WEST12345698765432")
    assert luhn("79927398713")
    assert not luhn("79927398710")
    assert is_card("378282246310005")
    assert not is_card("0000000000000000")
    assert is_ssn("078051120")
    assert not any(is_ssn(digits) for digits in ("000121234", "666121234", "900121234", "123001234", "123120000"))


def test_of_findings_that_overlap_secrets_stay_then_the_first_then_the_longest() -> None:
    found = [Finding(0, 9, "email"), Finding(4, 6, "token"), Finding(10, 12, "phone"), Finding(10, 14, "iban")]
    assert without_overlaps(found) == [Finding(4, 6, "token"), Finding(10, 14, "iban")]


def document(text: str, title: str = "", **metadata: str) -> Document:
    heading = text.partition("\n")[0]
    return Document(
        "d", "d.md", "markdown", title, text, (Block(0, len(text), "paragraph", (heading,)),), metadata=metadata
    )


def test_placeholders_are_as_long_as_what_they_stand_for_and_keep_its_lines() -> None:
    text = f"Keys\n\n{PEM}\nthen {GITHUB}, again {GITHUB}\nAnna: a@b.org, 4111-1111-1111-1111"
    shown = redacted(document(text), BOTH).text
    assert len(shown) == len(text)
    assert [len(line) for line in shown.splitlines()] == [len(line) for line in text.splitlines()]
    first, second = (part.split(",")[0] for part in shown.partition("then ")[2].split(", again ")[:2])
    assert first == second.partition("\n")[0]
    assert first.startswith("[token:")
    assert not any(value in shown for value in (GITHUB, "MIIE", "ZtQ2", "a@b.org", "4111"))


def test_the_same_value_has_the_same_placeholder_however_it_is_written_and_another_in_another_index() -> None:
    grouped, plain = (
        BOTH.placeholder("DE89 3704 0044 0532 0130 00", "iban"),
        BOTH.placeholder("DE89370400440532013000", "iban"),
    )
    assert grouped[:11] == plain[:11]
    assert BOTH.placeholder("A@b.example", "email") == BOTH.placeholder("a@B.example", "email")
    assert BOTH.placeholder(GITHUB, "token") != Policy("redact", "off", "another key").placeholder(GITHUB, "token")


def test_title_headings_and_metadata_are_redacted_also_where_only_the_text_shows_that_it_is_a_secret() -> None:
    text = 'Login Tr0ub4dor3x\n\npassword = "Tr0ub4dor3x"'
    shown = redacted(document(text, "Tr0ub4dor3x", author=f"Anna <a@mail.example> {AWS}"), BOTH)
    assert "Tr0ub4dor3x" not in shown.title + shown.blocks[0].headings[0] + shown.text.partition("\n\n")[2]
    assert shown.metadata["author"].startswith("Anna <[email:")
    assert AWS not in shown.metadata["author"]
    assert {(entry.kind, entry.place) for entry in shown.redactions} >= {
        ("password", ""),
        ("password", "title"),
        ("token", "author"),
    }


def test_a_document_with_a_secret_is_skipped_when_the_policy_says_so_and_personal_data_do_not_count() -> None:
    with pytest.raises(NotADocument):
        redacted(document(f"key {AWS}"), Policy("skip", "redact"))
    assert "a@b.example" not in redacted(document("write a@b.example"), Policy("skip", "redact")).text


@given(st.text(alphabet="aA1@.-+ :=/\n\"'_()keyEJBEGIN", max_size=300))
def test_any_text_keeps_its_length_and_its_line_breaks(text: str) -> None:
    shown = redacted(document(text), BOTH).text
    assert len(shown) == len(text)
    assert [i for i, c in enumerate(shown) if c == "\n"] == [i for i, c in enumerate(text) if c == "\n"]


@pytest.mark.parametrize(
    "piece",
    [
        "a@",
        "password: ",
        "password=a1",
        "+1 ",
        "1-",
        "eyJa.",
        "-----BEGIN PRIVATE KEY-----\n",
        "DE89 ",
        "://a:b",
        "key key_",
        "(0",
        "sk-a",
    ],
)
def test_a_long_hostile_text_is_searched_within_the_time_limit_of_a_test(piece: str) -> None:
    """A search whose time grew with the square of the length would take hours."""
    text = piece * (1_000_000 // len(piece))
    assert all(0 <= finding.start < finding.end <= len(text) for finding in BOTH.found(text))


# ---- ingest -------------------------------------------------------------------------------------------------------------

PLANTED = [GITHUB, AWS, PEM_BODY.splitlines()[0], PEM_BODY.splitlines()[1], JWT, "Tr0ub4dor3xZ", "s3cr3tpass9"]


def plant(write: Write) -> None:
    """Files of several types, each with several of the planted secrets."""
    write(
        "docs/a.md",
        f"---\ntitle: Setup {AWS}\nauthor: {GITHUB}\n---\n# Login {JWT}\n\npassword: Tr0ub4dor3xZ\n\n{PEM}\n",
    )
    write("docs/b.py", f'"""Connects."""\n\nURL = "postgres://app:s3cr3tpass9@db.internal/app"\nTOKEN = "{GITHUB}"\n')
    write("docs/c.json", json.dumps({"token": GITHUB, "note": f"key {AWS}"}))
    write("docs/d.json", f'{{"token": "{GITHUB}", broken')
    write("docs/e.pdf", pdf_of([[(f"The key is {AWS} for now.", 12)]]))
    write("docs/f.docx", make_docx())
    write("docs/g.eml", make_eml().replace(b"Subject:", f"Subject: {AWS}".encode()))


def test_no_planted_secret_reaches_a_file_of_the_index_the_caches_the_state_or_the_output(
    rag, write: Write, work: Path
) -> None:
    plant(write)
    printed = (
        rag("ingest", "docs", "--json", code=None).stdout
        + rag("ls").stdout
        + rag("query", "key login", "--json").stdout
    )
    printed += (
        rag("ask", "What is the key?", code=None).stdout
        + rag("chunks", "docs/a.md").stdout
        + rag("scan", "docs", code=3).stdout
    )
    outside = [path for path in work.parent.rglob("*") if path.is_file() and work / "docs" not in path.parents]
    assert any(path.name == "catalog.sqlite3" for path in outside)
    for value in PLANTED:
        assert value not in printed
        for path in outside:
            data = path.read_bytes()
            assert value.encode() not in data, path
            assert value.lower().encode() not in data, path


def test_ingest_and_stats_count_placeholders_and_allow_lets_everything_in(rag, write: Write) -> None:
    write("a.md", f"Key {AWS}, mail a@mail.example.\n")
    assert json.loads(rag("ingest", "a.md", "--json").stdout)["redacted"] == {"token": 1}
    assert json.loads(rag("stats", "--json").stdout)["redacted"] == {"token": 1}
    report = json.loads(rag("ingest", "a.md", "--secrets", "allow", "--json").stdout)
    assert (report["updated"], report["redacted"]) == (1, {})
    assert AWS in rag("query", "key", "--json").stdout
    report = json.loads(rag("ingest", "a.md", "--pii", "redact", "--json").stdout)
    assert (report["updated"], report["redacted"]) == (1, {"email": 1, "token": 1})
    assert json.loads(rag("ingest", "a.md", "--pii", "redact", "--json").stdout)["unchanged"] == 1


def test_a_changed_setting_reads_documents_and_their_copies_again(rag, write: Write) -> None:
    for name in ("a.md", "b.md", "c.md"):
        write(f"docs/{name}", f"The key is {AWS}.\n")
    assert json.loads(rag("ingest", "docs", "--secrets", "allow", "--json").stdout)["copies"] == 2
    report = json.loads(rag("ingest", "docs", "--json").stdout)
    assert (report["updated"], report["documents"]) == (3, 1)
    assert AWS not in rag("query", "key", "--json").stdout
    skipped = json.loads(rag("ingest", "docs", "--secrets", "skip", "--json").stdout)
    assert (skipped["removed"], skipped["documents"], list(skipped["skipped"].values())) == (3, 0, [3])
    assert json.loads(rag("ingest", "docs", "--json").stdout)["documents"] == 1
    assert rag("doctor").exit_code == 0


def test_the_same_value_has_the_same_placeholder_in_every_file_and_after_a_rebuild(rag, write: Write) -> None:
    def placeholders() -> set[str]:
        hits = json.loads(rag("query", "key", "--json", code=None).stdout)["hits"]
        return {hit["text"].partition("[")[2].partition("]")[0] for hit in hits}

    write("a.md", f"One key is {AWS}.\n")
    rag("ingest", "a.md")
    write(
        "b.md",
        f"The gardener wrote the same thing into her diary in spring, beside the roses: {AWS}, a key for the shed.\n",
    )
    rag("ingest", "a.md", "b.md")
    before = placeholders()
    assert len(before) == 1
    rag("ingest", "--rebuild")
    assert placeholders() == before


def test_scan_names_places_and_never_values_and_indexes_nothing(rag, write: Write, work: Path) -> None:
    write("docs/a.md", f"---\nauthor: {AWS}\n---\n\nkey {AWS}\nmail a@mail.example\n")
    write("docs/b.pdf", pdf_of([[("nothing", 12)], [(f"key {AWS}", 12)]]))
    report = json.loads(rag("scan", "docs", "--json", code=3).stdout)
    assert [(e["path"], e["kind"], e["line"], e["page"], e["place"]) for e in report["found"]] == [
        ("docs/a.md", "token", 2, None, ""),
        ("docs/a.md", "token", 5, None, ""),
        ("docs/a.md", "email", 6, None, ""),
        ("docs/a.md", "token", None, None, "author"),
        ("docs/b.pdf", "token", None, 2, ""),
    ]
    assert (report["files"], report["counts"]) == (2, {"email": 1, "token": 4})
    assert json.loads(rag("scan", "docs", "--no-pii", "--json", code=3).stdout)["counts"] == {"token": 4}
    write("clean/c.md", "Nothing of the kind.\n")
    assert "no keys" in rag("scan", "clean").stdout
    assert not (work / ".rag").exists()
    assert rag("scan", "nowhere", code=2).exit_code == 2


def test_a_file_cannot_declare_placeholders_that_it_does_not_have(rag, write: Write) -> None:
    write("a.md", "---\nredacted: token=5\n---\n\nText.\n")
    rag("ingest", "a.md")
    assert json.loads(rag("stats", "--json").stdout)["redacted"] == {}
