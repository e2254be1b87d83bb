"""`rag serve`: tokens (JWT) of an issuer, signed by real keys."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from ragcli.errors import RagError, UsageError
from ragcli.serving.tokens import Refusal, Tokens, Trusted
from tests.helpers.serving import client_of, index_of, served
from tests.helpers.web import web_site

RSA = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
STRANGER = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
EC = ec.generate_private_key(ec.SECP256R1())
ISSUER, AUDIENCE = "https://login.example.com", "rag"
Make = Callable[..., str]


def token(key: Any = RSA, algorithm: str = "RS256", kid: str | None = "rsa", **claims: Any) -> str:
    made = {"iss": ISSUER, "aud": AUDIENCE, "sub": "anna", "scope": "read ask", "exp": time.time() + 300, **claims}
    given = {name: value for name, value in made.items() if value is not None}
    return jwt.encode(given, key, algorithm, headers={"kid": kid} if kid else {})


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The public keys of the issuer."""
    path = tmp_path_factory.mktemp("keys") / "jwks.json"
    listed = [
        {**json.loads(RSAAlgorithm.to_jwk(RSA.public_key())), "kid": "rsa", "use": "sig"},
        {**json.loads(ECAlgorithm.to_jwk(EC.public_key())), "kid": "ec"},
        {"kty": "oct", "kid": "shared", "k": "c2VjcmV0"},
    ]
    path.write_text(json.dumps({"keys": listed}))
    return path


@pytest.fixture(scope="module")
def tokens(keys: Path) -> Tokens:
    return Tokens(Trusted(ISSUER, AUDIENCE, str(keys)))


@pytest.mark.parametrize(("key", "algorithm", "kid"), [(RSA, "RS256", "rsa"), (EC, "ES256", "ec")])
def test_a_token_says_who_it_is_and_what_they_may_do(tokens: Tokens, key: Any, algorithm: str, kid: str) -> None:
    found = tokens.principal(token(key, algorithm, kid))
    assert (found.name, sorted(found.scopes)) == ("anna", ["ask", "read"])
    assert tokens.principal(token(scope=["ingest", "openid", "administrator"])).scopes == {"ingest"}
    assert tokens.principal(token(scope=None)).scopes == frozenset()
    assert tokens.principal(token(aud=["other", AUDIENCE])).name == "anna"


def unsigned() -> str:
    return jwt.encode({"iss": ISSUER, "aud": AUDIENCE, "sub": "anna", "exp": time.time() + 300}, "", "none")


def by_the_public_key() -> str:
    """Signed with the public key as if it were a shared secret."""
    head = jwt.utils.base64url_encode(b'{"alg":"HS256","kid":"rsa"}')
    body = jwt.utils.base64url_encode(
        json.dumps({"iss": ISSUER, "aud": AUDIENCE, "sub": "anna", "exp": time.time() + 300}).encode()
    )
    return b".".join((head, body, jwt.utils.base64url_encode(b"x" * 32))).decode()


def changed() -> str:
    head, _, sign = token().split(".")
    return ".".join((head, token(sub="root").split(".")[1], sign))


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (unsigned, "signed by 'none'"),
        (by_the_public_key, "signed by 'HS256'"),
        (lambda: token(algorithm="RS512"), "signed by 'RS512'"),
        (lambda: token(STRANGER), "InvalidSignature"),
        (changed, "InvalidSignature"),
        (lambda: token(exp=time.time() - 60), "expired"),
        (lambda: token(exp=None), "MissingRequiredClaim"),
        (lambda: token(nbf=time.time() + 600), "ImmatureSignature"),
        (lambda: token(aud="other"), "somebody else"),
        (lambda: token(aud=None), "does not count"),
        (lambda: token(iss="https://evil.example"), "InvalidIssuer"),
        (lambda: token(kid="unknown"), "does not publish"),
        (lambda: token(kid="shared"), "does not publish"),
        (lambda: token(kid="ec"), "does not count"),
        (lambda: token(kid=None), "does not publish"),
        (lambda: token(sub=None), "whose it is"),
        (lambda: token(sub="a\nb"), "whose it is"),
        (lambda: "a.b.c", "does not count"),
    ],
)
def test_a_token_that_does_not_count_is_refused(tokens: Tokens, made: Callable[[], str], said: str) -> None:
    with pytest.raises(Refusal, match=said):
        tokens.principal(made())


def test_keys_of_a_file_that_changes_count_from_then_on(tmp_path: Path) -> None:
    def write(key: Any, kid: str) -> None:
        listed = [{**json.loads(RSAAlgorithm.to_jwk(key.public_key())), "kid": kid}]
        (tmp_path / "jwks.json").write_text(json.dumps({"keys": listed, "at": "x" * len(kid)}))

    write(RSA, "old")
    tokens = Tokens(Trusted(ISSUER, AUDIENCE, str(tmp_path / "jwks.json")))
    assert tokens.principal(token(kid="old")).name == "anna"
    write(STRANGER, "newer")
    assert tokens.principal(token(STRANGER, kid="newer")).name == "anna"
    with pytest.raises(Refusal):
        tokens.principal(token(kid="old"))


def test_settings_that_make_no_sense_are_refused(keys: Path, tmp_path: Path) -> None:
    (tmp_path / "none.json").write_text("{}")
    for trusted, error in (
        (Trusted(ISSUER, "", str(keys)), UsageError),
        (Trusted(ISSUER, AUDIENCE, ""), UsageError),
        (Trusted(ISSUER, AUDIENCE, str(keys), ("HS256",)), UsageError),
        (Trusted(ISSUER, AUDIENCE, str(keys), ("none",)), UsageError),
        (Trusted(ISSUER, AUDIENCE, str(keys), ()), UsageError),
        (Trusted(ISSUER, AUDIENCE, "http://login.example.com/keys"), UsageError),
        (Trusted(ISSUER, AUDIENCE, str(tmp_path / "missing.json")), RagError),
        (Trusted(ISSUER, AUDIENCE, str(tmp_path / "none.json")), RagError),
    ):
        with pytest.raises(error):
            Tokens(trusted)


@pytest.fixture(scope="module")
def client(keys: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    named = {"serve_jwt_issuer": ISSUER, "serve_jwt_audience": AUDIENCE, "serve_jwt_keys": str(keys)}
    with served(index_of(tmp_path_factory.mktemp("served")), **named) as site, client_of(site) as client:
        yield client


def test_a_server_with_an_issuer_lets_in_its_tokens_alone(client: httpx.Client) -> None:
    def documents(given: str) -> httpx.Response:
        return client.get("/documents", headers={"Authorization": f"Bearer {given}"} if given else {})

    assert documents("").status_code == 401
    assert documents(token()).status_code == 200
    assert documents(token(EC, "ES256", "ec")).status_code == 200
    assert documents(token(scope="ask")).status_code == 403
    refused = documents(token(STRANGER))
    assert refused.status_code == 401
    assert refused.headers["www-authenticate"] == "Bearer"
    assert documents(unsigned()).status_code == 401
    assert client.get("/jobs", headers={"Authorization": f"Bearer {token()}"}).status_code == 403


def test_keys_can_be_at_an_address(keys: Path) -> None:
    with web_site({"/jwks.json": keys.read_text()}) as origin:
        tokens = Tokens(Trusted(ISSUER, AUDIENCE, f"{origin}/jwks.json"))
        assert tokens.principal(token()).name == "anna"
        with pytest.raises(RagError, match="cannot get the keys"):
            Tokens(Trusted(ISSUER, AUDIENCE, f"{origin}/missing.json"))
    assert tokens.principal(token()).name == "anna", "the address is not asked for keys that are known"
