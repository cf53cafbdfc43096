"""A client's own key and the assertions it signs, as a partner's software does it: with PyJWT alone."""

import time
import uuid
from dataclasses import dataclass, field
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from jwt.algorithms import OKPAlgorithm


@dataclass(frozen=True, slots=True)
class OwnKey:
    """An Ed25519 key whose private half never leaves its owner."""

    private: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)

    @property
    def public_jwk(self) -> dict[str, Any]:
        return dict(OKPAlgorithm.to_jwk(self.private.public_key(), as_dict=True))

    @property
    def private_jwk(self) -> dict[str, Any]:
        return dict(OKPAlgorithm.to_jwk(self.private, as_dict=True))

    def assertion(self, client_id: str, audience: str, **changes: Any) -> str:
        """A good `private_key_jwt` of this moment, but for what the test changes."""
        now = int(time.time())
        claims = {
            "iss": client_id,
            "sub": client_id,
            "aud": audience,
            "iat": now,
            "exp": now + 30,
            "jti": uuid.uuid4().hex,
        }
        header = changes.pop("header", None)
        return jwt.encode({**claims, **changes}, self.private, algorithm="EdDSA", headers=header)

    def upload(self, client_id: str, issuer: str) -> dict[str, Any]:
        """The body that adds this key to a client."""
        address = f"{issuer}/v1/clients/{client_id}/keys"
        return {"jwk": self.public_jwk, "proof": self.assertion(client_id, address)}

    def proof(self, method: str, url: str, **changes: Any) -> str:
        """A good DPoP proof of this moment, but for what the test changes; None leaves a claim out."""
        header = {"typ": "dpop+jwt", "jwk": self.public_jwk, **changes.pop("header", {})}
        algorithm, key = changes.pop("algorithm", "EdDSA"), changes.pop("key", self.private)
        claims = {"jti": uuid.uuid4().hex, "htm": method, "htu": url, "iat": int(time.time()), **changes}
        said = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode(said, key, algorithm=algorithm, headers=header)

    def statement(self, client_id: str, audience: str, **changes: Any) -> str:
        """A good `payer+jwt` of this moment, but for what the test changes."""
        now = int(time.time())
        claims = {"iss": client_id, "aud": audience, "iat": now, "exp": now + 30, "jti": uuid.uuid4().hex}
        header = {"typ": "payer+jwt", **changes.pop("header", {})}
        return jwt.encode({**claims, **changes}, self.private, algorithm="EdDSA", headers=header)
