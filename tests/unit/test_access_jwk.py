import base64
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from merchants.access import jwk
from merchants.access.errors import PublicKeyUnacceptable


def ed25519() -> dict[str, Any]:
    return dict(OKPAlgorithm.to_jwk(Ed25519PrivateKey.generate().public_key(), as_dict=True))


def p256() -> dict[str, Any]:
    return dict(ECAlgorithm.to_jwk(ec.generate_private_key(ec.SECP256R1()).public_key(), as_dict=True))


def rsa_of(bits: int, exponent: int = 65537) -> dict[str, Any]:
    public = rsa.generate_private_key(exponent, bits).public_key()
    return dict(RSAAlgorithm.to_jwk(public, as_dict=True))


@pytest.mark.parametrize(
    ("key", "algorithm"), [(ed25519(), "EdDSA"), (p256(), "ES256"), (rsa_of(2048), "PS256")]
)
def test_the_three_kinds_are_taken_each_with_its_algorithm(key: dict[str, Any], algorithm: str) -> None:
    assert jwk.accept(key).algorithm == algorithm


def test_only_the_members_that_make_the_key_are_kept() -> None:
    uploaded = {**ed25519(), "kid": "mine", "use": "sig", "key_ops": ["verify"], "alg": "EdDSA", "ext": True}
    assert set(jwk.accept(uploaded).jwk) == {"kty", "crv", "x"}


def test_the_thumbprint_is_that_of_rfc_7638_and_rfc_8037() -> None:
    appendix_a3 = {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}
    assert jwk.accept(appendix_a3).thumbprint == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"


@pytest.mark.parametrize(
    ("change", "member"),
    [
        ({"d": "AA"}, "d"),
        ({"kty": "oct", "k": "AA"}, "k"),
        ({"kty": "oct"}, "kty"),
        ({"kty": None}, "kty"),
        ({"crv": "Ed448"}, "crv"),
        ({"crv": "X25519"}, "crv"),
        ({"x": "AA"}, "x"),
        ({"x": "!" * 43}, "x"),
        ({"x": 7}, "x"),
        ({"x": base64.urlsafe_b64encode(bytes(32)).decode()}, "x"),
        ({"x": "A" * 43}, "x"),
        ({"x": "AQ" + "A" * 41}, "x"),
        ({"use": "enc"}, "use"),
        ({"key_ops": ["sign"]}, "key_ops"),
        ({"key_ops": ["verify", "sign"]}, "key_ops"),
        ({"key_ops": 5}, "key_ops"),
        ({"alg": "HS256"}, "alg"),
        ({"alg": "none"}, "alg"),
        ({"alg": ["EdDSA"]}, "alg"),
    ],
)
def test_what_is_no_sound_public_signing_key_is_refused(change: dict[str, Any], member: str) -> None:
    with pytest.raises(PublicKeyUnacceptable) as refusal:
        jwk.accept({**ed25519(), **change})
    assert refusal.value.pointer == f"/jwk/{member}"


def test_weak_and_odd_keys_of_other_kinds_are_refused() -> None:
    off_curve = {**p256(), "x": p256()["x"]}
    other_curve = dict(ECAlgorithm.to_jwk(ec.generate_private_key(ec.SECP384R1()).public_key(), as_dict=True))
    for weak in (
        rsa_of(1024),
        rsa_of(2048, exponent=3),
        off_curve,
        other_curve,
        {**rsa_of(2048), "alg": "RS256"},
    ):
        with pytest.raises(PublicKeyUnacceptable):
            jwk.accept(weak)


def test_a_till_has_an_ed25519_key_and_no_other() -> None:
    with pytest.raises(PublicKeyUnacceptable):
        jwk.accept(p256(), only="EdDSA")
