import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from merchants.access import assertion, jwk
from merchants.access.errors import (
    AssertionAlgorithmRefused,
    AssertionAudienceRefused,
    AssertionExpired,
    AssertionHeaderRefused,
    AssertionKeyPurposeRefused,
    AssertionMalformed,
    AssertionNotVerified,
    AssertionNotYetValid,
    AssertionTooLongLived,
    AssertionTypeRefused,
    GrantRefused,
)
from merchants.access.principal import ClientKey, KeyPurpose

NOW = 1_800_000_000
ISSUER = "https://gateway.bank.example"
CLIENT = "cli_018f0000000070008000000000000007"
PRIVATE = Ed25519PrivateKey.generate()
CLAIMS = {"iss": CLIENT, "sub": CLIENT, "aud": ISSUER, "iat": NOW, "exp": NOW + 30, "jti": "j-1"}


def stored(private: Any = PRIVATE, key_id: str = "key_1", purpose: KeyPurpose = "assertion") -> ClientKey:
    writer = {Ed25519PrivateKey: OKPAlgorithm, ec.EllipticCurvePrivateKey: ECAlgorithm}
    kind = next((one for known, one in writer.items() if isinstance(private, known)), RSAAlgorithm)
    key = jwk.accept(kind.to_jwk(private.public_key(), as_dict=True))  # type: ignore[attr-defined]
    return ClientKey(
        key_id=key_id,
        client_id=CLIENT,
        purpose=purpose,
        algorithm=key.algorithm,
        jwk=key.jwk,
        thumbprint=key.thumbprint,
        created_at=datetime.now(UTC),
    )


def signed(
    private: Any = PRIVATE, algorithm: str = "EdDSA", header: dict[str, Any] | None = None, **claims: Any
) -> str:
    body = {name: value for name, value in {**CLAIMS, **claims}.items() if value is not None}
    return jwt.encode(body, private, algorithm=algorithm, headers=header)


def forged(header: dict[str, Any], signature: bytes = b"") -> str:
    parts = [json.dumps(header).encode(), json.dumps(CLAIMS).encode(), signature]
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)


def verify(text: str, *keys: ClientKey) -> assertion.Verified:
    return assertion.verify(
        assertion.read(text), keys or (stored(),), audience=ISSUER, now=datetime.fromtimestamp(NOW, UTC)
    )


@pytest.mark.parametrize(
    ("private", "algorithm"),
    [
        (PRIVATE, "EdDSA"),
        (ec.generate_private_key(ec.SECP256R1()), "ES256"),
        (rsa.generate_private_key(65537, 2048), "PS256"),
    ],
)
def test_a_good_assertion_of_each_algorithm_is_verified(private: Any, algorithm: str) -> None:
    verified = verify(signed(private, algorithm), stored(private))
    assert (verified.client_id, verified.key_id, verified.jti) == (CLIENT, "key_1", "j-1")
    assert verified.expires_at == datetime.fromtimestamp(NOW + 30, UTC)


def test_the_key_may_be_named_by_our_id_or_by_its_thumbprint_and_is_found_without() -> None:
    other = stored(Ed25519PrivateKey.generate(), "key_0")
    for kid in ("key_1", stored().thumbprint, None):
        header = {"kid": kid} if kid else None
        assert verify(signed(header=header), other, stored()).key_id == "key_1"


def test_clocks_may_differ_by_ten_seconds() -> None:
    assert verify(signed(iat=NOW + 10, nbf=NOW + 10, exp=NOW + 70)).jti == "j-1"


@pytest.mark.parametrize(
    ("text", "refusal"),
    [
        (forged({"alg": "none", "typ": "JWT"}), AssertionAlgorithmRefused),
        (forged({"alg": "None"}, b"x"), AssertionAlgorithmRefused),
        (forged({"typ": "JWT"}), AssertionAlgorithmRefused),
        (forged({"alg": ["EdDSA"]}, b"x"), AssertionAlgorithmRefused),
        (forged({"alg": "EdDSA"}), AssertionNotVerified),
        (forged({"alg": "EdDSA"}, bytes(64)), AssertionNotVerified),
        (signed(Ed25519PrivateKey.generate()), AssertionNotVerified),
        (signed(header={"kid": "key_of_somebody"}), AssertionNotVerified),
        (signed(header={"kid": "../../dev/null"}), AssertionNotVerified),
        (signed(header={"kid": "' OR 1=1 --"}), AssertionNotVerified),
        (signed(header={"jwk": dict(stored().jwk)}), AssertionHeaderRefused),
        (signed(header={"jku": "https://attacker.example/jwks"}), AssertionHeaderRefused),
        (signed(header={"x5u": "https://attacker.example/cert"}), AssertionHeaderRefused),
        (signed(header={"x5c": ["MII"]}), AssertionHeaderRefused),
        (forged({"alg": "EdDSA", "crit": ["exp"], "exp": 1}, bytes(64)), AssertionMalformed),
        (forged({"alg": "EdDSA", "crit": ["b64"], "b64": True}, bytes(64)), AssertionHeaderRefused),
        (forged({"alg": "EdDSA", "b64": True}, bytes(64)), AssertionHeaderRefused),
        (signed(header={"typ": "at+jwt"}), AssertionTypeRefused),
        (signed(header={"typ": "dpop+jwt"}), AssertionTypeRefused),
        (signed(aud=[ISSUER]), AssertionAudienceRefused),
        (signed(aud=[ISSUER, "https://other.example"]), AssertionAudienceRefused),
        (signed(aud=ISSUER + "/oauth/token"), AssertionAudienceRefused),
        (signed(exp=NOW), AssertionExpired),
        (signed(iat=NOW - 90, exp=NOW - 30), AssertionExpired),
        (signed(iat=NOW + 11), AssertionNotYetValid),
        (signed(nbf=NOW + 11), AssertionNotYetValid),
        (signed(exp=NOW + 61), AssertionTooLongLived),
        (signed(iat=None, exp=NOW + 61), AssertionTooLongLived),
        (signed(iat=NOW - 40, exp=NOW + 21), AssertionTooLongLived),
        (signed(exp=1e300), AssertionTooLongLived),
    ],
)
def test_attacks_on_the_assertion_are_refused(text: str, refusal: type[GrantRefused]) -> None:
    with pytest.raises(refusal):
        verify(text)


@pytest.mark.parametrize("algorithm", ["HS256", "HS512"])
def test_the_public_key_is_no_hmac_secret(algorithm: str) -> None:
    public = base64.urlsafe_b64decode(stored().jwk["x"] + "=")
    text = forged({"alg": algorithm, "typ": "JWT"}).removesuffix(".")
    digest = hmac.digest(public, text.encode(), getattr(hashlib, "sha" + algorithm[2:]))
    with pytest.raises(AssertionAlgorithmRefused):
        verify(text + "." + base64.urlsafe_b64encode(digest).rstrip(b"=").decode())


def test_an_rsa_key_signs_with_pss_and_not_with_its_older_padding() -> None:
    private = rsa.generate_private_key(65537, 2048)
    with pytest.raises(AssertionAlgorithmRefused):
        verify(signed(private, "RS256"), stored(private))


def test_a_key_of_another_purpose_signs_no_assertion() -> None:
    with pytest.raises(AssertionKeyPurposeRefused):
        verify(signed(), stored(purpose="agreement"))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a.b",
        "a.b.c",
        "é.é.é",
        "x" * 5000,
        signed(jti=None),
        signed(jti=""),
        signed(jti="a b"),
        signed(jti="x" * 129),
        signed(exp=None),
        signed(sub="cli_somebody_else"),
        signed(iss=None),
        signed(exp="soon"),
        signed(aud=None),
        signed(iss="cli\x00", sub="cli\x00"),
        forged({"alg": "EdDSA", "kid": 7}, bytes(64)),
    ],
)
def test_what_is_no_assertion_is_malformed(text: str) -> None:
    with pytest.raises(AssertionMalformed):
        verify(text)
