"""The client's own key, against the example of RFC 8037, appendix A."""

import jwt
import pytest
from jwt.algorithms import OKPAlgorithm

from gateway.client.keys import SigningKey

PRIVATE_JWK = {
    "kty": "OKP",
    "crv": "Ed25519",
    "d": "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
    "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
}


def test_a_key_is_read_and_written_unchanged() -> None:
    assert SigningKey.from_jwk(PRIVATE_JWK).private_jwk == PRIVATE_JWK


def test_the_public_half_lacks_the_private_one() -> None:
    public = SigningKey.from_jwk(PRIVATE_JWK).public_jwk
    assert public == {name: PRIVATE_JWK[name] for name in ("kty", "crv", "x")}


def test_the_thumbprint_is_that_of_the_specification() -> None:
    assert SigningKey.from_jwk(PRIVATE_JWK).thumbprint == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"


@pytest.mark.parametrize("jwk", [{}, {"kty": "OKP"}, {k: v for k, v in PRIVATE_JWK.items() if k != "d"}])
def test_what_is_no_private_key_is_refused(jwk: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"."):
        SigningKey.from_jwk(jwk)


def test_a_key_does_not_show_itself() -> None:
    key = SigningKey.from_jwk(PRIVATE_JWK)
    assert PRIVATE_JWK["d"] not in repr(key)
    assert "object at" not in repr(key)


def test_what_it_signs_names_the_key_and_verifies() -> None:
    key = SigningKey.generate()
    signed = key.signed({"sub": "cli_1"})
    assert jwt.get_unverified_header(signed) == {"alg": "EdDSA", "typ": "JWT", "kid": key.thumbprint}
    public = OKPAlgorithm.from_jwk(key.public_jwk)
    assert jwt.decode(signed, public, algorithms=["EdDSA"]) == {"sub": "cli_1"}  # type: ignore[arg-type] # public
